/** What comes from outside taken into a replica, stored and folded: with the part `exchange`, or whatever folds a log anew. */
import type { MaybePromise, OpRecord, Scope as ScopeName, Tip } from '@tallystick/oplog';
import { loadActsFor } from './acts.ts';
import { HQ } from './genesis.ts';
import type { Replica } from './replica.ts';
import type { MergeReport, Scope } from './scope.ts';
import { inOrder } from './scope-order.ts';
import { finish, type Steps } from './steps.ts';

/** Stores and folds records that have no position yet. Call inside a transaction. Answers how many ops were folded again. */
export function* mergePending(replica: Replica, records: readonly OpRecord[]): Steps<number> {
  yield loadActsFor(records);
  yield replica.log.append(records);
  yield* noteStored(replica, records);
  let refolded = 0;
  for (const [name, group] of groupByScope(records)) {
    const { size } = replica.log.tip(name);
    refolded += yield* foldNew(replica, replica.change(name), size, (scope) => scope.merge(group));
  }
  yield* resumeWaiting(replica);
  return refolded;
}

/**
 * Stores records, gives them the positions after the settled prefix, and folds them. `changed` are those that are stored already under other
 * bytes: a position fixes the bytes, so these take the place of the old ones. Call inside a transaction.
 */
export function* settle(
  replica: Replica,
  name: ScopeName,
  records: readonly OpRecord[],
  tip: Tip,
  changed: readonly OpRecord[] = [],
): Steps<number> {
  yield loadActsFor(records);
  const { log } = replica;
  const from = log.tip(name).size;
  if (changed.length > 0) yield log.replace(changed);
  yield log.settle(name, from, records, tip);
  yield* noteStored(replica, records);
  const refolded = yield* foldNew(replica, replica.change(name), from, (scope) => scope.settle(records));
  yield* resumeWaiting(replica);
  return refolded;
}

/** Reads the rows as they are without the pending tail, and puts the tail back; others who read meanwhile have it. Call inside `exclusive`, outside a transaction. */
export function settledOnly<T>(replica: Replica, name: ScopeName, read: (scope: Scope) => MaybePromise<T>): Promise<T> {
  const { log, transactions } = replica;
  const run = (sql: string): unknown => transactions.driver.prepare(sql).run([]);
  return replica.transaction(async () => {
    const scope = replica.scope(name);
    transactions.flush();
    if (scope.tailSize === 0) return read(scope);
    const pending = await log.pending(name);
    run('SAVEPOINT settled');
    const tail = {
      hide() {
        scope.rewind();
        scope.projection.flush();
      },
      show() {
        run('ROLLBACK TO settled');
        scope.load(pending, (hash) => log.has(hash));
      },
    };
    try {
      tail.hide();
      transactions.hidden = tail;
      return await read(scope);
    } finally {
      transactions.hidden = undefined;
      tail.show();
      run('RELEASE settled');
      // A tail that had stopped stops again.
      await finish(replica.catchUpScope(scope));
    }
  });
}

/** Records by scope, `hq` first. */
export function groupByScope(records: readonly OpRecord[]): [ScopeName, OpRecord[]][] {
  const groups = new Map<ScopeName, OpRecord[]>();
  for (const record of records) {
    const group = groups.get(record.op.scope);
    if (group === undefined) groups.set(record.op.scope, [record]);
    else group.push(record);
  }
  return inOrder(groups.keys()).map((scope) => [scope, groups.get(scope) as OpRecord[]]);
}

/** What is stored is no longer kept aside, whichever way it came. */
function* noteStored(replica: Replica, records: readonly OpRecord[]): Steps<void> {
  yield replica.log.dropAsides(records.map((record) => record.hash));
  replica.admitter.remember(records);
  yield* replica.prefixOfHq().lookUpMarks(records);
}

/**
 * Folds what has just been stored: by `quick` as a rule, in order from the settled prefix on where the tail had stopped, for the new ops may come
 * before the stop. A scope that stopped within its settled prefix stays there. `size` is how many were settled before.
 */
function* foldNew(replica: Replica, scope: Scope, size: number, quick: (scope: Scope) => MergeReport): Steps<number> {
  if (scope.folded < size) return 0;
  yield* replica.prefixOfHq().lookUpMarks(scope.waiting);
  if (scope.stop === undefined) {
    const { refolded: count } = quick(scope);
    if (yield* replica.fetchFor(scope)) yield* replica.catchUpScope(scope);
    return count;
  }
  const refolded = scope.tailSize;
  scope.rewind();
  yield* replica.catchUpScope(scope);
  return refolded;
}

/** Scopes that waited for more of `hq` go on when it has come, and so do the ops of a tail that did. */
function* resumeWaiting(replica: Replica): Steps<void> {
  const folded = replica.scope(HQ).folded;
  for (const scope of replica.scopes()) {
    const { stop } = scope;
    const name = scope.name as ScopeName;
    if (scope.waiting.length > 0 && stop === undefined)
      yield* foldNew(replica, replica.change(name), scope.folded, (one) => one.merge([]));
    if (stop?.code !== 'kernel/needs-hq' || stop.size > folded) continue;
    replica.change(name).rewind();
    yield* replica.catchUpScope(scope);
  }
}
