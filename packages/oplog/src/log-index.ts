// What a log store must know to answer without a body: which ops there are, their positions, heads and tips. Held in memory by
// the memory and file stores; an op is an ordinal, its place in the order of arrival.
import type { DeviceId, OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { type ChainHead, emptyTip, type ReceiptLine, type Tip } from './log-store.ts';
import type { OpRecord } from './record.ts';

interface ScopeIndex {
  readonly headByDevice: Map<DeviceId, ChainHead>;
  /** Ordinals by position. */
  readonly settled: number[];
  /** Ordinals without a position, in order of arrival. */
  readonly pending: Set<number>;
  tip: Tip;
}

export interface LogIndex {
  ordinalOf(hash: OpHash): number | undefined;
  hashOf(ordinal: number): OpHash;
  positionOf(ordinal: number): number | undefined;
  head(device: DeviceId, scope: Scope): ChainHead | undefined;
  scopes(): Scope[];
  tip(scope: Scope): Tip;
  settled(scope: Scope, from: number, limit: number): readonly number[];
  pending(scope: Scope): readonly number[];
  receiptPosition(hash: OpHash): number | undefined;
  /** Takes in a record whose hash is new and returns its ordinal. */
  add(record: Pick<OpRecord, 'op' | 'hash'>): number;
  /** The ordinals that `LogStore.settle` would give positions, or throws as it must; changes nothing. */
  checkSettle(scope: Scope, from: number, hashes: readonly OpHash[], tip: Tip): number[];
  settle(scope: Scope, ordinals: readonly number[], tip: Tip): void;
  addReceiptLines(lines: readonly ReceiptLine[]): void;
}

/** Throws unless positions `from` to `tip.size` continue a log of `size` ops and number `count`. */
export function checkTip(scope: Scope, size: number, from: number, count: number, tip: Tip): void {
  if (from !== size) {
    throw new OplogError('store/position', `${scope} has ${size} positions, so the next is not ${from}`);
  }
  if (tip.size !== from + count) {
    throw new OplogError('store/position', `${count} ops from ${from} do not make a tip of ${tip.size} in ${scope}`);
  }
}

export function missingRecord(hash: OpHash, scope: Scope): OplogError {
  return new OplogError('store/missing', `${hash} is not stored in ${scope}`);
}

export function alreadySettled(hash: OpHash): OplogError {
  return new OplogError('store/position', `${hash} has a position already, or is named twice`);
}

export function createLogIndex(): LogIndex {
  const hashes: OpHash[] = [];
  const positions: (number | undefined)[] = [];
  const ordinalByHash = new Map<OpHash, number>();
  const scopes = new Map<Scope, ScopeIndex>();
  const positionByReceiptedHash = new Map<OpHash, number>();

  function open(scope: Scope): ScopeIndex {
    const known = scopes.get(scope);
    if (known !== undefined) return known;
    const fresh: ScopeIndex = { headByDevice: new Map(), settled: [], pending: new Set(), tip: emptyTip };
    scopes.set(scope, fresh);
    return fresh;
  }

  function add({ op, hash }: Pick<OpRecord, 'op' | 'hash'>): number {
    const ordinal = hashes.push(hash) - 1;
    positions.push(undefined);
    ordinalByHash.set(hash, ordinal);
    const { headByDevice, pending } = open(op.scope);
    pending.add(ordinal);
    const head = headByDevice.get(op.device);
    if (head === undefined || op.seq > head.seq) headByDevice.set(op.device, { seq: op.seq, hash });
    return ordinal;
  }

  function checkSettle(scope: Scope, from: number, hashesToSettle: readonly OpHash[], tip: Tip): number[] {
    const index = scopes.get(scope);
    checkTip(scope, index?.tip.size ?? 0, from, hashesToSettle.length, tip);
    const ordinals = new Set<number>();
    for (const hash of hashesToSettle) {
      const ordinal = ordinalByHash.get(hash);
      if (ordinal === undefined || !isIn(index, ordinal)) throw missingRecord(hash, scope);
      if (positions[ordinal] !== undefined || ordinals.has(ordinal)) throw alreadySettled(hash);
      ordinals.add(ordinal);
    }
    return [...ordinals];
  }

  function isIn(index: ScopeIndex | undefined, ordinal: number): boolean {
    const position = positions[ordinal];
    return (
      index !== undefined &&
      (index.pending.has(ordinal) || (position !== undefined && index.settled[position] === ordinal))
    );
  }

  function settle(scope: Scope, ordinals: readonly number[], tip: Tip): void {
    const index = open(scope);
    for (const ordinal of ordinals) {
      positions[ordinal] = index.settled.push(ordinal) - 1;
      index.pending.delete(ordinal);
    }
    index.tip = { size: tip.size, frontier: [...tip.frontier], note: tip.note };
  }

  function addReceiptLines(lines: readonly ReceiptLine[]): void {
    for (const { hash, position } of lines) {
      if (!positionByReceiptedHash.has(hash)) positionByReceiptedHash.set(hash, position);
    }
  }

  return {
    ordinalOf: (hash) => ordinalByHash.get(hash),
    hashOf: (ordinal) => hashes[ordinal] as OpHash,
    positionOf: (ordinal) => positions[ordinal],
    head: (device, scope) => scopes.get(scope)?.headByDevice.get(device),
    scopes: () => [...scopes.keys()].sort(),
    tip: (scope) => scopes.get(scope)?.tip ?? emptyTip,
    settled: (scope, from, limit) => scopes.get(scope)?.settled.slice(from, from + limit) ?? [],
    pending: (scope) => [...(scopes.get(scope)?.pending ?? [])],
    receiptPosition: (hash) => positionByReceiptedHash.get(hash),
    add,
    checkSettle,
    settle,
    addReceiptLines,
  };
}
