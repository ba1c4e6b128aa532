/** What every device does about a shred, whether or not it ever had a key: destroy, once it is settled, and say so. */
import type { Keyring, SubjectId } from '@tallystick/erasure';
import type { LogStore, OpHash, Scope as ScopeName } from '@tallystick/oplog';
import type { Commit } from './commit.ts';
import type { SqlValue } from './driver.ts';

/** What is needed of a `Book` whose verbs hold `subjectVerbs`. */
export interface SubjectBook {
  readonly id: string;
  readonly device: string;
  readonly log: Pick<LogStore, 'base' | 'get' | 'pending' | 'scopes' | 'tip'>;
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

/** Shreds whose op is settled and whose keys are destroyed here, and which this device has not acknowledged yet. */
interface Destroyed {
  readonly subjects: readonly SubjectId[];
  readonly shredded: number;
  readonly waiting: number;
}

/**
 * Destroys the keys of whoever is to be forgotten. That cannot be undone, so it waits until nothing can come before the op any more. Costs one look at the
 * shreds, however long the log is.
 */
export async function destroyShredded({
  book,
  keyring,
}: Pick<AcknowledgeOptions, 'book' | 'keyring'>): Promise<Destroyed> {
  const due = book.query<{ subject: SubjectId; op: OpHash }>(
    `SELECT s.subject, s.op FROM shreds s WHERE s.scope = 'hq'
     AND NOT EXISTS (SELECT 1 FROM shredAcks a WHERE a.subject = s.subject AND a.device = ?) ORDER BY s.subject`,
    [book.device],
  );
  const subjects: SubjectId[] = [];
  let shredded = 0;
  for (const { subject, op } of due) {
    if (!(await isSettled(book, op))) continue;
    if (keyring !== undefined && (await keyring.shred(subject)) > 0) shredded += 1;
    subjects.push(subject);
  }
  if (keyring !== undefined) shredded += await destroyReturned(book, keyring);
  return { subjects, shredded, waiting: due.length - subjects.length };
}

/** Keys of who was forgotten before, and acknowledged by this device: they come back with a copy of its disk from before. Answers of how many. */
async function destroyReturned(book: SubjectBook, keyring: Keyring): Promise<number> {
  const here = await keyring.subjects();
  if (here.length === 0) return 0;
  const acknowledged = book.query<{ subject: SubjectId; op: OpHash }>(
    `SELECT s.subject, s.op FROM shreds s WHERE s.scope = 'hq'
     AND EXISTS (SELECT 1 FROM shredAcks a WHERE a.subject = s.subject AND a.device = ?)`,
    [book.device],
  );
  const opBySubject = new Map(acknowledged.map(({ subject, op }) => [subject, op]));
  let destroyed = 0;
  for (const subject of here) {
    const op = opBySubject.get(subject);
    if (op !== undefined && (await isSettled(book, op)) && (await keyring.shred(subject)) > 0) destroyed += 1;
  }
  return destroyed;
}

/** Of an op that has effect: one that waits for its position is in the log, and one that is not there any more went into an archive, or stands in the snapshot that this replica began from. */
export async function isSettled({ log }: Pick<SubjectBook, 'log'>, op: OpHash): Promise<boolean> {
  const stored = await log.get(op);
  return stored === undefined || stored.position !== undefined;
}

/** Says by one op that nothing is left here of `subjects`, nor where this device can bring it back from. Answers of how many. */
export async function sayDestroyed(
  { book, day, scope }: Omit<AcknowledgeOptions, 'keyring'>,
  subjects: readonly SubjectId[],
): Promise<number> {
  const options = scope === undefined ? {} : { scope };
  let acknowledged = 0;
  for (let from = 0; from < subjects.length; from += MAX_AT_ONCE) {
    const args = { subjects: subjects.slice(from, from + MAX_AT_ONCE), day: day() };
    const commit = await book.commit('subject.acknowledge' as never, args as never, options);
    if (commit.ok) acknowledged += args.subjects.length;
  }
  return acknowledged;
}

/** Both at once, for a device that has no wrapped keys anywhere, such as a till. */
export async function acknowledgeShreds(options: AcknowledgeOptions): Promise<Acknowledged> {
  const { subjects, shredded, waiting } = await destroyShredded(options);
  return { shredded, acknowledged: await sayDestroyed(options, subjects), waiting };
}
