// A log store that lives as long as its process: for tests, tools and replicas that are fetched again.
import type { OpHash, Scope } from './brands.ts';
import { createLogIndex } from './log-index.ts';
import type { Aside, ReceiptNote, StoredRecord, SyncLogStore, Tip } from './log-store.ts';
import type { OpRecord } from './record.ts';

export function createMemoryLogStore(): SyncLogStore {
  const index = createLogIndex();
  const records: OpRecord[] = [];
  const receipts: ReceiptNote[] = [];
  const asidesByHash = new Map<OpHash, Aside>();
  const metaByName = new Map<string, string>();

  const recordAt = (ordinal: number): OpRecord => records[ordinal] as OpRecord;

  function append(batch: readonly OpRecord[]): void {
    for (const record of batch) {
      if (index.ordinalOf(record.hash) !== undefined) continue;
      index.add(record);
      records.push(record);
    }
  }

  function settle(scope: Scope, from: number, hashes: readonly OpHash[], tip: Tip): void {
    index.settle(scope, index.checkSettle(scope, from, hashes, tip), tip);
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
    settle,
    has: (hash) => index.ordinalOf(hash) !== undefined,
    get,
    head: index.head,
    scopes: index.scopes,
    tip: index.tip,
    settled: (scope, from, limit) => index.settled(scope, from, limit).map(recordAt),
    pending: (scope) => index.pending(scope).map(recordAt),
    addReceipt,
    receipts: (scope) => receipts.filter((receipt) => receipt.scope === scope),
    receiptPosition: index.receiptPosition,
    setAside: (entries) => entries.forEach((entry) => asidesByHash.set(entry.hash, entry)),
    asides: (scope) => [...asidesByHash.values()].filter((entry) => scope === undefined || entry.scope === scope),
    dropAsides: (hashes) => hashes.forEach((hash) => asidesByHash.delete(hash)),
    meta: (name) => metaByName.get(name),
    setMeta: (name, value) => void metaByName.set(name, value),
    refresh: () => undefined,
    close: () => undefined,
  };
}
