/**
 * Records that come without a position: what verifies is stored and folded, the rest is kept aside with the reason. What is aside is judged again
 * with everything that comes, so the reason that stands beside it is always the one of now.
 */
import type { Aside, LogBase, LogStore, OpRecord, Scope } from '@tallystick/oplog';
import { admit, openRecords } from './admit.ts';
import type { Replica } from './replica.ts';

export interface Merged {
  readonly refolded: number;
  readonly aside: readonly Pick<Aside, 'hash' | 'code' | 'message'>[];
}

/** Takes in records together with those kept aside. Call inside `exclusive`. */
export async function mergeRecords(replica: Replica, records: readonly OpRecord[]): Promise<Merged> {
  const before = await storedAsides(replica);
  // A death between storing an op and dropping it here leaves it in both.
  const stored = before.filter((record) => replica.log.has(record.hash)).map((record) => record.hash);
  const news = [...records, ...before].filter((record) => !replica.log.has(record.hash));
  const baseOf = createBaseOf(replica.log);
  const offered = news.filter((record) => !isBeforeBase(baseOf(record.op.scope), record));
  const admission = await admit(replica.admitter.door, offered);
  const aside = admission.notAccepted.map(
    ({ record, code, message }) =>
      ({ hash: record.hash, scope: record.op.scope, code, message, bytes: record.bytes }) satisfies Aside,
  );
  const refolded = await replica.transaction(async () => {
    const count = await replica.mergePending(admission.accepted);
    if (stored.length > 0) await replica.log.dropAsides(stored);
    await replica.log.setAside(aside);
    return count;
  });
  return { refolded, aside: aside.map(({ hash, code, message }) => ({ hash, code, message })) };
}

/**
 * At or before the place of its chain where the stored log begins: an op that is archived, or a second one on a place of those. Only the archive tells
 * which, so it is left alone here; a fork gets its position from the relay and shows then.
 */
function isBeforeBase({ heads }: LogBase, { op }: OpRecord): boolean {
  const head = heads.find(({ device }) => device === op.device);
  return head !== undefined && op.seq <= head.seq;
}

/** Where the log of each scope begins, asked once. */
function createBaseOf(log: LogStore): (scope: Scope) => LogBase {
  const known = new Map<Scope, LogBase>();
  return (scope) => {
    const base = known.get(scope) ?? log.base(scope);
    known.set(scope, base);
    return base;
  };
}

/** What was held back before may fit now. Call inside `exclusive`, after anything was stored. */
export async function mergeAsides(replica: Replica): Promise<Merged> {
  return (await replica.log.asides()).length === 0 ? { refolded: 0, aside: [] } : mergeRecords(replica, []);
}

async function storedAsides(replica: Replica): Promise<OpRecord[]> {
  const asides = await replica.log.asides();
  return openRecords(
    asides.map((entry) => entry.bytes),
    replica.crypto.hasher,
  ).records;
}
