/**
 * The books as they stood: the log up to an earlier place, folded into a throw-away store by the same fold. Nothing is copied but the rows, and what is
 * held in memory does not grow with the log.
 */
import type { LogStore, OpRecord, Scope as ScopeName } from '@tallystick/oplog';
import { isDay } from '@tallystick/sign';
import { businessDays, dayOpen, hqMark, marks } from './builtin.ts';
import type { BookDigest } from './digest.ts';
import type { BookStore, SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import type { Stop } from './verdict.ts';
import { HQ } from './genesis.ts';
import { mustBeEmpty } from './replay.ts';
import { Replica } from './replica.ts';
import { PENDING_PLACE } from './schema.ts';
import type { Scope } from './scope.ts';
import { inOrder } from './scope-order.ts';
import type { Verb } from './verb.ts';
import { fetchOlder, type OlderOps, wholeLog } from './whole-log.ts';

/**
 * `day`: the end of that business day, that is before the first op that opens a later one, in each scope. `sizes`: the first so many ops of each scope
 * that is named, in the order in which they are folded here; of `hq` all unless it is named, of other scopes none.
 */
export type AsOfPlace = { readonly day: string } | { readonly sizes: Readonly<Record<string, number>> };

export interface AsOf {
  /** How many ops of each scope are folded; `stop` says where one needs more of `hq` than was asked for. */
  readonly scopes: readonly { readonly scope: ScopeName; readonly size: number; readonly stop: Stop | undefined }[];
  /** Plain SQL over the rows as they were. */
  query<Row extends Readonly<Record<string, SqlValue>> = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params?: readonly SqlValue[],
  ): readonly Row[];
  digest(): BookDigest;
}

/** A scope's ops up to a place: so many of its settled prefix, and these of its tail. */
interface Cut {
  readonly settled: number;
  readonly pending: readonly OpRecord[];
}

/** Ops that are folded in one transaction, whose sums are held in memory. */
const STEP = 20_000;

/**
 * Folds into `into`, an empty store whose database the caller closes. Throws `kernel/as-of` for a place that is not here, and `archive/*` where the log
 * begins later and the ops before are not in `older`.
 */
export async function asOf(
  live: Replica,
  verbs: readonly Verb[],
  place: AsOfPlace,
  { into, older = {} }: { readonly into: Pick<BookStore, 'sql'>; readonly older?: OlderOps },
): Promise<AsOf> {
  if ('day' in place && !isDay(place.day))
    throw new KernelError('kernel/as-of', `"${String(place.day)}" is no day like 2026-11-21`);
  const findCuts = (): Map<ScopeName, Cut> =>
    'day' in place ? cutByDay(live, place.day) : cutBySize(live, place.sizes);
  // A place that is not here asks nobody for anything.
  const held = await fetchOlder(live, older, findCuts().keys());
  const cut = await live.exclusive(async () => {
    const cuts = findCuts();
    return createCutLog(await wholeLog(live, held, [...cuts.keys()]), cuts);
  });
  mustBeEmpty(into);
  const replica = await Replica.open({ log: cut.log, sql: into.sql, close: () => undefined }, verbs, live.crypto);
  while (cut.revealMore()) await replica.inSteps(() => replica.catchUp());
  return {
    scopes: replica.scopes().map(({ name, folded, tailSize, waiting, stop = missingHq(waiting) }) => {
      return { scope: name as ScopeName, size: folded + tailSize, stop };
    }),
    query: <Row extends Readonly<Record<string, SqlValue>>>(sql: string, params: readonly SqlValue[] = []) =>
      into.sql.query(sql, params) as readonly Row[],
    digest: () => replica.digest(),
  };
}

function cutBySize(live: Replica, sizes: Readonly<Record<string, number>>): Map<ScopeName, Cut> {
  const cuts = new Map<ScopeName, Cut>();
  const known = new Map(live.scopes().map((scope) => [scope.name, scope]));
  for (const name of [HQ, ...Object.keys(sizes).sort()]) {
    const scope = known.get(name);
    const all = scope === undefined ? 0 : scope.folded + scope.tailSize;
    const size = sizes[name] ?? all;
    if (scope === undefined || !Number.isSafeInteger(size) || size < 0 || size > all)
      throw new KernelError('kernel/as-of', `scope ${name} has ${all} ops here, not ${size}`);
    cuts.set(name as ScopeName, cutAt(scope, size));
  }
  return cuts;
}

function cutAt({ folded, tail }: Scope, size: number): Cut {
  return { settled: Math.min(folded, size), pending: tail.slice(0, Math.max(0, size - folded)) };
}

/** A scope's day is its own or that of `hq` as it has marked it, so it ends at the first op that brings a later one of either. */
function cutByDay(live: Replica, day: string): Map<ScopeName, Cut> {
  const cuts = new Map<ScopeName, Cut>();
  const isLater = ({ op }: OpRecord): boolean => op.verb === dayOpen.ref && (op.args['day'] as string) > day;
  for (const scope of live.scopes()) {
    const size = firstOf(
      scope,
      live,
      isLater,
      `SELECT min(place) FROM "${businessDays.name}_history" WHERE day > ?`,
      day,
    );
    if (scope.name === HQ) {
      cuts.set(HQ, cutAt(scope, size));
      continue;
    }
    const { settled } = cuts.get(HQ) ?? { settled: 0 };
    const isAhead = ({ op }: OpRecord): boolean => op.verb === hqMark.ref && Number(op.args['size']) > settled;
    const marked = firstOf(
      scope,
      live,
      isAhead,
      `SELECT min(place) FROM "${marks.name}_history" WHERE size > ?`,
      settled,
    );
    cuts.set(scope.name as ScopeName, cutAt(scope, Math.min(size, marked)));
  }
  return cuts;
}

/** How many ops come before the first that did this, by the history of what it writes, else by the tail itself. */
function firstOf(
  scope: Scope,
  live: Replica,
  isIt: (record: OpRecord) => boolean,
  sql: string,
  value: SqlValue,
): number {
  const [row] = [...live.sql.prepare(`${sql} AND scope = ? AND place < ?`).iterate([value, scope.name, PENDING_PLACE])];
  const settled: unknown = row?.[0];
  if (typeof settled === 'number') return settled;
  const at = scope.tail.findIndex((record) => isIt(record) && !scope.isRefused(record.hash));
  return scope.folded + (at < 0 ? scope.tailSize : at);
}

/** The log as far as the cuts go, and at first nothing of it: `revealMore` shows the next step, `hq` before what marks it. */
function createCutLog(log: LogStore, cuts: ReadonlyMap<ScopeName, Cut>): { log: LogStore; revealMore(): boolean } {
  const shown = new Map<string, number>();
  const whole = new Set<ScopeName>();
  const order = inOrder(cuts.keys());
  const sizeOf = (scope: string): number => shown.get(scope) ?? 0;
  const readOnly = (): never => {
    throw new KernelError('kernel/as-of', 'books as they stood are for reading');
  };
  return {
    log: {
      append: readOnly,
      replace: readOnly,
      settle: readOnly,
      unsettle: readOnly,
      begin: readOnly,
      addReceipt: readOnly,
      setAside: readOnly,
      dropAsides: readOnly,
      setMeta: readOnly,
      has: (hash) => log.has(hash),
      get: (hash) => log.get(hash),
      head: (device, scope) => log.head(device, scope),
      base: (scope) => log.base(scope),
      scopes: () => order.filter((scope) => shown.has(scope)),
      tip: (scope) => ({ size: sizeOf(scope), frontier: [], note: '' }),
      settled: (scope, from, limit) => log.settled(scope, from, Math.max(0, Math.min(limit, sizeOf(scope) - from))),
      pending: (scope) => (whole.has(scope) ? (cuts.get(scope)?.pending ?? []) : []),
      receipts: () => [],
      receiptPosition: () => undefined,
      asides: () => [],
      meta: (name) => log.meta(name),
      refresh: () => undefined,
      close: () => undefined,
    },
    revealMore() {
      const next = order.find((scope) => !whole.has(scope));
      if (next === undefined) return false;
      const { settled } = cuts.get(next) as Cut;
      shown.set(next, Math.min(settled, sizeOf(next) + STEP));
      if (sizeOf(next) === settled) whole.add(next);
      return true;
    },
  };
}

/** What the first of these waits for, as a fold says it that stops there. */
function missingHq(waiting: readonly OpRecord[]): Stop | undefined {
  const mark = waiting.find(({ op }) => op.verb === hqMark.ref);
  return mark && { code: 'kernel/needs-hq', size: mark.op.args['size'] as number, hash: mark.hash };
}
