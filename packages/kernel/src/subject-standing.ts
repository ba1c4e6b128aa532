/** How far an erasure has come: who has acknowledged the order, and who is left, by what this replica has of the book. Spec: docs/erasure.md. */
import type { OpHash } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { isSettled, type SubjectBook } from './subject-shred.ts';

export interface Acknowledgement {
  readonly device: string;
  readonly op: OpHash;
  readonly day: string;
}

/** A device that has not said yet that it destroyed what it had. One that was revoked, for it was lost or stolen, is named where keys were ever wrapped for it, or it made one of the subject's. */
export interface Outstanding {
  readonly device: string;
  readonly role: Role;
  readonly status: 'active' | 'revoked';
}

export interface ErasureStanding {
  readonly subject: string;
  readonly op: OpHash;
  readonly basis: string;
  readonly day: string;
  /** Nothing is destroyed before. */
  readonly isSettled: boolean;
  /** In `hq`; undefined until it is settled, and where the op is in an archive, or before the snapshot that this replica began from. */
  readonly position: number | undefined;
  /** Each device once, in the order of their ids, as is `outstanding`. Both know the devices of those scopes alone that are replicated here. */
  readonly acknowledged: readonly Acknowledgement[];
  readonly outstanding: readonly Outstanding[];
}

/** Undefined where nobody has ordered the subject to be forgotten. */
export async function readErasure(book: SubjectBook, subject: string): Promise<ErasureStanding | undefined> {
  const [shred] = book.query<{ op: OpHash; basis: string; day: string }>(
    "SELECT op, basis, day FROM shreds WHERE scope = 'hq' AND subject = ?",
    [subject],
  );
  if (shred === undefined) return undefined;
  const acknowledged = book.query<Acknowledgement>(
    'SELECT device, min(op) AS op, min(day) AS day FROM shredAcks WHERE subject = ? GROUP BY device ORDER BY device',
    [subject],
  );
  // A root key that opened the book, enrolled the first device, and has written nothing else is in nobody's hands: it is no replica.
  const outstanding = book.query<Outstanding>(
    `SELECT d.device, min(d.role) AS role, CASE WHEN min(d.status <> 'active') = 1
       OR EXISTS (SELECT 1 FROM revocations r WHERE r.device = d.device AND r.status = 'revoked') THEN 'revoked' ELSE 'active' END AS status
     FROM devices d WHERE NOT EXISTS (SELECT 1 FROM shredAcks a WHERE a.subject = ? AND a.device = d.device)
     AND NOT (d.enrolment = ? AND NOT EXISTS (SELECT 1 FROM chains c WHERE c.device = d.device AND c.seq > 2))
     GROUP BY d.device HAVING status = 'active' OR EXISTS (SELECT 1 FROM readers o WHERE o.device = d.device)
       OR EXISTS (SELECT 1 FROM subjectKeys k WHERE k.subject = ? AND k.device = d.device) ORDER BY d.device`,
    [subject, book.id, subject],
  );
  const position = (await book.log.get(shred.op))?.position;
  return { subject, ...shred, isSettled: await isSettled(book, shred.op), position, acknowledged, outstanding };
}
