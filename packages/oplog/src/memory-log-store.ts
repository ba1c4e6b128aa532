// A log store that lives as long as its process: for tests, tools and replicas that are fetched again.
import { asideKey, copiesOf } from './aside-key.ts';
import type { OpHash, Scope } from './brands.ts';
import { checkBegin, checkSettle, checkUnsettle, hashesElsewhere } from './log-checks.ts';
import { LogIndex } from './log-index.ts';
import type { Aside, LogBase, ReceiptNote, StoredRecord, SyncLogStore, Tip } from './log-store.ts';
import type { OpRecord } from './record.ts';

export function createMemoryLogStore(): SyncLogStore {
  const index = new LogIndex();
  const records: (OpRecord | undefined)[] = [];
  let receipts: ReceiptNote[] = [];
  const asidesByKey = new Map<string, Aside>();
  const metaByName = new Map<string, string>();

  const recordAt = (ordinal: number): OpRecord => records[ordinal] as OpRecord;

  function append(batch: readonly OpRecord[]): void {
    for (const record of batch) {
      if (index.ordinalOf(record.hash) !== undefined) continue;
      index.add(record);
      records.push(record);
    }
  }

  function replace(batch: readonly OpRecord[]): void {
    const ordinals = batch.map(({ hash, op }) => index.mustFind(hash, op.scope));
    batch.forEach((record, i) => (records[ordinals[i] as number] = record));
  }

  function settle(scope: Scope, from: number, ops: readonly (OpHash | OpRecord)[], tip: Tip): void {
    const { fresh, ordinals } = checkSettle(index, scope, from, ops, tip);
    append(fresh);
    index.settle(scope, ordinals, tip);
  }

  function begin(scope: Scope, base: LogBase, note = ''): void {
    if (!checkBegin(index, scope, base)) return;
    for (const ordinal of index.begin(scope, base, note)) records[ordinal] = undefined;
  }

  function unsettle(scope: Scope, tip: Tip): void {
    checkUnsettle(scope, index.base(scope).size, index.tip(scope).size, tip);
    const going = receipts.filter((receipt) => receipt.scope === scope);
    receipts = receipts.filter((receipt) => receipt.scope !== scope);
    index.unsettle(scope, tip, hashesElsewhere(going, index));
  }

  function get(hash: OpHash): StoredRecord | undefined {
    const ordinal = index.ordinalOf(hash);
    return ordinal === undefined ? undefined : { record: recordAt(ordinal), position: index.positionOf(ordinal) };
  }

  function addReceipt(receipt: ReceiptNote): void {
    receipts.push(receipt);
    index.addReceiptLines(receipt.lines);
  }

  return {
    append,
    replace,
    settle,
    unsettle,
    has: (hash) => index.ordinalOf(hash) !== undefined,
    get,
    head: (device, scope) => index.head(device, scope),
    scopes: () => index.scopes(),
    tip: (scope) => index.tip(scope),
    base: (scope) => index.base(scope),
    begin,
    settled: (scope, from, limit) => index.settled(scope, from, limit).map(recordAt),
    pending: (scope) => index.pending(scope).map(recordAt),
    addReceipt,
    receipts: (scope) => receipts.filter((receipt) => receipt.scope === scope),
    receiptPosition: (hash) => index.receiptPosition(hash),
    setAside: (entries) => entries.forEach((entry) => asidesByKey.set(asideKey(entry), entry)),
    asides: (scope) => [...asidesByKey.values()].filter((entry) => scope === undefined || entry.scope === scope),
    dropAsides: (hashes) => {
      if (asidesByKey.size > 0) copiesOf(hashes, asidesByKey.keys()).forEach((key) => asidesByKey.delete(key));
    },
    meta: (name) => metaByName.get(name),
    setMeta: (name, value) => void metaByName.set(name, value),
    refresh: () => undefined,
    close: () => undefined,
  };
}
