/**
 * The log of a replica that is made from another log and thrown away: it counts what is put into it (positions, heads, tips) and copies no record. Whoever asks for
 * one is given it by the log that it came from.
 */
import type { ChainHead, DeviceId, LogStore, OpHash, OpRecord, Scope as ScopeName, Tip } from '@tallystick/oplog';
import { KernelError } from './errors.ts';

interface Counted {
  tip: Tip;
  readonly pending: OpRecord[];
  readonly heads: Map<DeviceId, ChainHead>;
}

const emptyTip: Tip = { size: 0, frontier: [], note: '' };

/** An empty log. Only records of `from` may be put into it, settled ones in the order that they have there. */
export function createReplayedLog(from: LogStore): LogStore {
  const scopes = new Map<ScopeName, Counted>();
  const metaByName = new Map<string, string>();

  function counted(scope: ScopeName): Counted {
    let found = scopes.get(scope);
    if (found === undefined) scopes.set(scope, (found = { tip: emptyTip, pending: [], heads: new Map() }));
    return found;
  }

  function count({ heads }: Counted, records: readonly OpRecord[]): void {
    for (const { op, hash } of records)
      if (op.seq > (heads.get(op.device)?.seq ?? 0)) heads.set(op.device, { seq: op.seq, hash });
  }

  function append(records: readonly OpRecord[]): void {
    for (const record of records) {
      const scope = counted(record.op.scope);
      scope.pending.push(record);
      count(scope, [record]);
    }
  }

  function settle(name: ScopeName, at: number, ops: readonly (OpHash | OpRecord)[], tip: Tip): void {
    const scope = counted(name);
    if (scope.tip.size !== at || at + ops.length !== tip.size)
      throw new KernelError('kernel/invalid-log', `scope ${name} is replayed up to ${scope.tip.size}, not to ${at}`);
    count(scope, ops as readonly OpRecord[]);
    scope.tip = tip;
  }

  const tip = (scope: ScopeName): Tip => scopes.get(scope)?.tip ?? emptyTip;
  const neverAsked = (): never => {
    throw new KernelError('kernel/invalid-log', 'a replay takes in ops, and nothing else');
  };
  return {
    append,
    settle,
    replace: neverAsked,
    unsettle: neverAsked,
    begin: neverAsked,
    addReceipt: neverAsked,
    setAside: neverAsked,
    dropAsides: () => undefined,
    has: (hash) => from.has(hash),
    get: (hash) => from.get(hash),
    head: (device, scope) => scopes.get(scope)?.heads.get(device),
    scopes: () => [...scopes.keys()].sort(),
    tip,
    base: () => ({ size: 0, frontier: [], heads: [] }),
    settled: (scope, at, limit) => {
      const count = Math.min(limit, tip(scope).size - at);
      return count > 0 ? from.settled(scope, at, count) : [];
    },
    pending: (scope) => scopes.get(scope)?.pending ?? [],
    receipts: () => [],
    receiptPosition: () => undefined,
    asides: () => [],
    meta: (name) => metaByName.get(name),
    setMeta: (name, value) => void metaByName.set(name, value),
    refresh: () => undefined,
    close: () => undefined,
  };
}
