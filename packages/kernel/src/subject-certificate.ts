/**
 * How far an erasure has come, and the certificate that says so: words for people, the signed ops that they rest on, and the signature of who issues it. Whoever has the keys of
 * the book's devices checks it with no server. Spec: docs/erasure.md, "Certificate".
 */
import { type Hasher, nobleHasher, openRecord } from '@tallystick/chain';
import {
  type BookId,
  decodeHex,
  encodeCanonical,
  encodeHex,
  type Json,
  type OpHash,
  type OpRecord,
  parseCanonical,
} from '@tallystick/oplog';
import { createRecordVerifier, type DeviceKey, type RecordVerifierOptions } from '@tallystick/sign';
import { isExactly, isHash } from './builtin-tables.ts';
import type { SubjectBook } from './subject-shred.ts';

export interface Acknowledgement {
  readonly device: string;
  readonly op: OpHash;
  readonly day: string;
}

/** A device that has not said yet that it destroyed what it had. One that was revoked, for it was lost or stolen, is named where keys were ever wrapped for it, or it made one of the subject's. */
export interface Outstanding {
  readonly device: string;
  readonly role: string;
  readonly status: 'active' | 'revoked';
}

export interface ErasureStanding {
  readonly subject: string;
  readonly op: OpHash;
  readonly basis: string;
  readonly day: string;
  /** In `hq`; undefined until it is settled, and nothing is destroyed before. */
  readonly position: number | undefined;
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
  const acknowledged = book.query<{ device: string; op: OpHash; day: string }>(
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
  const stored = await book.log.get(shred.op);
  return { subject, ...shred, position: stored?.position, acknowledged, outstanding };
}

export interface CertificateOptions {
  readonly book: SubjectBook;
  readonly subject: string;
  readonly day: string;
  /** Who issues it; a device of the book. */
  readonly key: Pick<DeviceKey, 'keyId' | 'sign'>;
}

/** The part that programs read. */
interface Facts {
  readonly book: string;
  readonly day: string;
  readonly outstanding: readonly Outstanding[];
  readonly position: number;
  /** Records in hex: of the shred, and of each op that acknowledges it. */
  readonly records: readonly string[];
  readonly subject: string;
}

const preamble = 'tallystick/erasure-certificate/1\n';
const factsMark = '\nFor programs: ';
const signatureMark = '\nSigned: ';

/** The certificate as text, or undefined while the shred is not ordered or not settled. */
export async function certifyErasure({ book, subject, day, key }: CertificateOptions): Promise<string | undefined> {
  const standing = await readErasure(book, subject);
  if (standing?.position === undefined) return undefined;
  const { acknowledged, op, outstanding, position } = standing;
  const hashes = [op, ...new Set(acknowledged.map((one) => one.op))];
  const records: OpRecord[] = [];
  for (const hash of hashes) {
    const stored = await book.log.get(hash);
    if (stored !== undefined) records.push(stored.record);
  }
  const outstandingFacts = outstanding.map(({ device, role, status }) => ({ device, role, status }));
  const facts: Facts = {
    book: book.id,
    day,
    outstanding: outstandingFacts,
    position,
    records: records.map(({ bytes }) => encodeHex(bytes)),
    subject,
  };
  const signed = wordsOf(facts, records) + factsMark + encodeFacts(facts);
  const signature = await key.sign(new TextEncoder().encode(preamble + signed));
  return `${signed}${signatureMark}${key.keyId} ${encodeHex(signature)}\n`;
}

export type CertificateCode =
  | 'erasure/certificate-form'
  | 'erasure/certificate-order'
  | 'erasure/certificate-record'
  | 'erasure/certificate-words'
  | 'erasure/certificate-signature';

export type CertificateCheck =
  | {
      readonly ok: true;
      readonly subject: string;
      readonly op: OpHash;
      readonly position: number;
      /** Id of the key that issued it. */
      readonly issuer: string;
      readonly acknowledged: readonly string[];
      readonly outstanding: readonly Outstanding[];
    }
  | { readonly ok: false; readonly code: CertificateCode; readonly message: string };

export interface CertificateVerifier extends RecordVerifierOptions {
  /** The raw key of a device of the book, by its id. */
  keyOf(keyId: string): Uint8Array | undefined;
  readonly hasher?: Hasher;
}

/**
 * Whether a text is a whole certificate: each op in it signed by its device, and its words those of the ops. Whether the order took effect, and whether its issuer may
 * say who is left, only the book knows: `verifyByBook`. Never throws for a text.
 */
export async function verifyCertificate(text: string, verifier: CertificateVerifier): Promise<CertificateCheck> {
  const { hasher = nobleHasher, ed25519 } = verifier;
  const parts = /^(.*)\nSigned: ([0-9a-f]{64}) ([0-9a-f]{128})\n$/s.exec(text);
  const [, signed = '', keyId = '', signature = ''] = parts ?? [];
  const at = signed.lastIndexOf(factsMark);
  const facts = at < 0 ? undefined : parseFacts(signed.slice(at + factsMark.length));
  if (facts === undefined || facts.book !== verifier.book) return failed('form', 'this is no certificate of this book');
  const opened = facts.records.map((hex) => openRecord(decodeHex(hex), hasher));
  const records = opened.flatMap((one) => (one.ok ? [one.value] : []));
  const [shred, ...acks] = records;
  if (shred === undefined || records.length !== opened.length || !saysSo(facts.subject, shred, acks))
    return failed('record', 'an op in it is damaged, or about something else');
  const verify = createRecordVerifier(verifier);
  for (const record of records)
    if (!(await verify(record))) return failed('record', `op ${record.hash} is not validly signed by its device`);
  if (signed.slice(0, at) !== wordsOf(facts, records)) return failed('words', 'its words are not those of its ops');
  const key = verifier.keyOf(keyId);
  const message = new TextEncoder().encode(preamble + signed);
  if (key === undefined || !(await ed25519.verify(key, message, decodeHex(signature))))
    return failed('signature', 'it is not signed by a device of the book');
  const acknowledged = acks.map(({ op }) => op.device);
  const { outstanding, position, subject } = facts;
  return { ok: true, subject, op: shred.hash, position, issuer: keyId, acknowledged, outstanding };
}

/** As `verifyCertificate`, with the keys of a book, and whether that book has the order at that position, and an owner or manager issued the certificate. */
export async function verifyByBook(
  text: string,
  book: SubjectBook,
  ed25519: CertificateVerifier['ed25519'],
): Promise<CertificateCheck> {
  const rawKey = (rows: readonly { readonly key: string }[]): Uint8Array | undefined =>
    rows[0] === undefined ? undefined : decodeHex(rows[0].key);
  const checked = await verifyCertificate(text, {
    book: book.id as BookId,
    ed25519,
    keyOf: (keyId) => rawKey(book.query('SELECT key FROM devices_history WHERE keyId = ? LIMIT 1', [keyId])),
    // Only its own key signs for a device: whoever has one key could else acknowledge for all.
    publicKeyOf: (keyId, device) =>
      rawKey(book.query('SELECT key FROM devices_history WHERE keyId = ? AND device = ? LIMIT 1', [keyId, device])),
  });
  if (!checked.ok) return checked;
  const standing = await readErasure(book, checked.subject);
  if (standing?.op !== checked.op || standing.position !== checked.position)
    return failed('order', 'the book here has no such order: nobody who may has given it, or it is not here yet');
  const mayIssue = book.query(
    "SELECT 1 FROM devices_history WHERE keyId = ? AND role IN ('owner', 'manager') LIMIT 1",
    [checked.issuer],
  );
  return mayIssue.length > 0 ? checked : failed('signature', 'it is not signed by an owner or manager of the book');
}

function saysSo(subject: string, shred: OpRecord, acks: readonly OpRecord[]): boolean {
  const isShred =
    shred.op.verb === 'subject.shred@1' && shred.op.args['subject'] === subject && shred.op.scope === 'hq';
  const acknowledges = ({ op }: OpRecord): boolean => {
    const subjects = op.args['subjects'];
    return op.verb === 'subject.acknowledge@1' && Array.isArray(subjects) && subjects.includes(subject);
  };
  return isShred && acks.every(acknowledges) && new Set(acks.map(({ hash }) => hash)).size === acks.length;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The same words for the same facts, so that neither can say more than the other. */
function wordsOf({ book, day, outstanding, position, subject }: Facts, records: readonly OpRecord[]): string {
  const [shred, ...acks] = records;
  const { args, device } = (shred as OpRecord).op;
  return [
    'CERTIFICATE OF ERASURE',
    '',
    `Book      ${book}`,
    `Subject   ${subject}`,
    `Ordered   on ${textOf(args['day'])} (${textOf(args['basis'])}) by device ${device}`,
    `          op ${(shred as OpRecord).hash}, at position ${position} of hq`,
    `Issued    on ${day}`,
    '',
    `${acks.length} acknowledged: the keys of the subject's data are destroyed there.`,
    ...acks.map(({ op, hash }) => `  device ${op.device} on ${textOf(op.args['day'])}, op ${hash}`),
    '',
    outstanding.length === 0
      ? 'Nobody is left who has not acknowledged.'
      : `${outstanding.length} have NOT acknowledged yet, and may still have keys:`,
    ...outstanding.map(
      ({ device: left, role, status }) => `  device ${left} (${role}${status === 'revoked' ? ', revoked' : ''})`,
    ),
    '',
  ].join('\n');
}

function encodeFacts(facts: Facts): string {
  const { records, outstanding, ...rest } = facts;
  // Records are longer than an op may be, so this text is not one op's: canonical, line by line.
  const head = encodeCanonical({ ...rest, outstanding: outstanding as unknown as Json });
  return [head, ...records].join('\n');
}

function parseFacts(text: string): Facts | undefined {
  const [head = '', ...records] = text.split('\n');
  const parsed = parseCanonical(head);
  if (!parsed.ok || !isExactly(parsed.value, ['book', 'day', 'outstanding', 'position', 'subject'])) return undefined;
  const { book, day, outstanding, position, subject } = parsed.value;
  const isLeft = (one: unknown): boolean =>
    isExactly(one, ['device', 'role', 'status']) &&
    isHash(one['device']) &&
    /^[a-z]{1,20}$/.test(String(one['role'])) &&
    (one['status'] === 'active' || one['status'] === 'revoked');
  const isWhole =
    typeof book === 'string' &&
    typeof day === 'string' &&
    typeof subject === 'string' &&
    Number.isSafeInteger(position) &&
    Array.isArray(outstanding) &&
    outstanding.every(isLeft) &&
    records.every((hex) => /^(?:[0-9a-f]{2})+$/.test(hex));
  if (!isWhole) return undefined;
  return {
    book,
    day,
    outstanding: outstanding as unknown as Outstanding[],
    position: position as number,
    records,
    subject,
  };
}

function failed(code: 'form' | 'order' | 'record' | 'words' | 'signature', message: string): CertificateCheck {
  return { ok: false, code: `erasure/certificate-${code}`, message };
}
