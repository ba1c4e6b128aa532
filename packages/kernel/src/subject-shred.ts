/** What every device does about a shred, whether or not it ever had a key: destroy, once it is settled, and say so. */
import type { Keyring, SubjectId } from '@tallystick/erasure';
import type { LogStore, OpHash, Scope as ScopeName } from '@tallystick/oplog';
import type { Commit } from './commit.ts';
import type { SqlValue } from './driver.ts';

/** What is needed of a `Book` whose verbs hold `subjectVerbs`. */
export interface SubjectBook {
  readonly id: string;
  readonly device: string;
  readonly log: LogStore;
  query<R extends object>(sql: string, params?: readonly SqlValue[]): readonly R[];
  commit(verb: never, args: never, options?: { readonly scope?: ScopeName }): Promise<Commit>;
}

export interface AcknowledgeOptions {
  readonly book: SubjectBook;
  /** Left out by a device that keeps no keys of persons, such as a till that may not read. */
  readonly keyring?: Keyring;
  day(): string;
  /** Where this device writes; its book's own by default. */
  readonly scope?: ScopeName;
}

export interface Acknowledged {
  /** Subjects whose keys were destroyed here now. */
  readonly shredded: number;
  /** Shreds that this device has acknowledged now. */
  readonly acknowledged: number;
  /** Shreds that wait until their op is settled. */
  readonly waiting: number;
}

const MAX_AT_ONCE = 500;

/**
 * Destroys the keys of whoever is to be forgotten and acknowledges all by one op. Destroying cannot be undone, so it waits until nothing can come before the op any
 * more. Costs one look at the open shreds, however long the log is.
 */
export async function acknowledgeShreds({ book, keyring, day, scope }: AcknowledgeOptions): Promise<Acknowledged> {
  const due = book.query<{ subject: SubjectId; op: OpHash }>(
    `SELECT s.subject, s.op FROM shreds s WHERE s.scope = 'hq'
     AND NOT EXISTS (SELECT 1 FROM shredAcks a WHERE a.subject = s.subject AND a.device = ?) ORDER BY s.subject`,
    [book.device],
  );
  const settled: SubjectId[] = [];
  let [shredded, acknowledged] = [0, 0];
  for (const { subject, op } of due) {
    if ((await book.log.get(op))?.position === undefined) continue;
    if (keyring !== undefined && (await keyring.shred(subject)) > 0) shredded += 1;
    settled.push(subject);
  }
  const options = scope === undefined ? {} : { scope };
  for (let from = 0; from < settled.length; from += MAX_AT_ONCE) {
    const args = { subjects: settled.slice(from, from + MAX_AT_ONCE), day: day() };
    const commit = await book.commit('subject.acknowledge' as never, args as never, options);
    if (commit.ok) acknowledged += args.subjects.length;
  }
  return { shredded, acknowledged, waiting: due.length - settled.length };
}
