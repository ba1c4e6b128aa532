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

export interface Settling {
  /** What must be appended first, in this order. */
  readonly fresh: readonly OpRecord[];
  /** Of the ops that get positions, in the order of positions; those of `fresh` as appending will give them. */
  readonly ordinals: readonly number[];
}

/** Everything an index holds, as plain lists. */
export interface IndexContent {
  /** By ordinal. */
  readonly hashes: readonly OpHash[];
  readonly scopes: readonly ScopeContent[];
  /** Positions that receipts gave, the first of each hash. */
  readonly receipted: ReadonlyMap<OpHash, number>;
}

export interface ScopeContent {
  readonly scope: Scope;
  readonly heads: readonly (readonly [device: DeviceId, seq: number, hash: OpHash])[];
  /** Ordinals by position. */
  readonly settled: readonly number[];
  /** Ordinals without a position, in order of arrival. */
  readonly pending: readonly number[];
  readonly tip: Tip;
}

export class LogIndex {
  readonly #hashes: OpHash[] = [];
  readonly #positions: (number | undefined)[] = [];
  readonly #ordinalByHash = new Map<OpHash, number>();
  readonly #scopes = new Map<Scope, ScopeIndex>();
  readonly #positionByReceiptedHash = new Map<OpHash, number>();

  /** The index that held `content`. */
  static from({ hashes, scopes, receipted }: IndexContent): LogIndex {
    const index = new LogIndex();
    for (const hash of hashes) {
      index.#ordinalByHash.set(hash, index.#hashes.push(hash) - 1);
      index.#positions.push(undefined);
    }
    for (const { scope, heads, settled, pending, tip } of scopes) {
      const opened = index.#open(scope);
      for (const [device, seq, hash] of heads) opened.headByDevice.set(device, { seq, hash });
      for (const ordinal of pending) opened.pending.add(ordinal);
      index.settle(scope, settled, tip);
    }
    for (const [hash, position] of receipted) index.#positionByReceiptedHash.set(hash, position);
    return index;
  }

  content(): IndexContent {
    const scopes = [...this.#scopes].map(([scope, { headByDevice, settled, pending, tip }]): ScopeContent => {
      const heads = [...headByDevice].map(([device, { seq, hash }]) => [device, seq, hash] as const);
      return { scope, heads, settled, pending: [...pending], tip };
    });
    return { hashes: this.#hashes, scopes, receipted: this.#positionByReceiptedHash };
  }

  ordinalOf(hash: OpHash): number | undefined {
    return this.#ordinalByHash.get(hash);
  }

  /** Throws `store/missing` for an op that is not stored. */
  mustFind(hash: OpHash, scope: Scope): number {
    const ordinal = this.#ordinalByHash.get(hash);
    if (ordinal === undefined) throw missingRecord(hash, scope);
    return ordinal;
  }

  hashOf(ordinal: number): OpHash {
    return this.#hashes[ordinal] as OpHash;
  }

  positionOf(ordinal: number): number | undefined {
    return this.#positions[ordinal];
  }

  head(device: DeviceId, scope: Scope): ChainHead | undefined {
    return this.#scopes.get(scope)?.headByDevice.get(device);
  }

  scopes(): Scope[] {
    return [...this.#scopes.keys()].sort();
  }

  tip(scope: Scope): Tip {
    return this.#scopes.get(scope)?.tip ?? emptyTip;
  }

  settled(scope: Scope, from: number, limit: number): readonly number[] {
    return this.#scopes.get(scope)?.settled.slice(from, from + limit) ?? [];
  }

  pending(scope: Scope): readonly number[] {
    return [...(this.#scopes.get(scope)?.pending ?? [])];
  }

  receiptPosition(hash: OpHash): number | undefined {
    return this.#positionByReceiptedHash.get(hash);
  }

  /** Takes in an op whose hash is new and returns its ordinal. */
  add({ op, hash }: Pick<OpRecord, 'op' | 'hash'>): number {
    const ordinal = this.#hashes.push(hash) - 1;
    this.#positions.push(undefined);
    this.#ordinalByHash.set(hash, ordinal);
    const { headByDevice, pending } = this.#open(op.scope);
    pending.add(ordinal);
    const head = headByDevice.get(op.device);
    if (head === undefined || op.seq > head.seq) headByDevice.set(op.device, { seq: op.seq, hash });
    return ordinal;
  }

  /** What `LogStore.settle` would do, or throws as it must; changes nothing. */
  checkSettle(scope: Scope, from: number, ops: readonly (OpHash | OpRecord)[], tip: Tip): Settling {
    const index = this.#scopes.get(scope);
    checkTip(scope, index?.tip.size ?? 0, from, ops.length, tip);
    const ordinals = new Set<number>();
    const freshByHash = new Map<OpHash, OpRecord>();
    for (const op of ops) {
      const hash = typeof op === 'string' ? op : op.hash;
      const ordinal = this.#ordinalByHash.get(hash);
      if (freshByHash.has(hash)) throw alreadySettled(hash);
      if (ordinal === undefined && typeof op !== 'string' && op.op.scope === scope) {
        ordinals.add(this.#hashes.length + freshByHash.size);
        freshByHash.set(hash, op);
        continue;
      }
      if (ordinal === undefined || !this.#isIn(index, ordinal)) throw missingRecord(hash, scope);
      if (this.#positions[ordinal] !== undefined || ordinals.has(ordinal)) throw alreadySettled(hash);
      ordinals.add(ordinal);
    }
    return { fresh: [...freshByHash.values()], ordinals: [...ordinals] };
  }

  settle(scope: Scope, ordinals: readonly number[], tip: Tip): void {
    const index = this.#open(scope);
    for (const ordinal of ordinals) {
      this.#positions[ordinal] = index.settled.push(ordinal) - 1;
      index.pending.delete(ordinal);
    }
    index.tip = { size: tip.size, frontier: [...tip.frontier], note: tip.note };
  }

  addReceiptLines(lines: readonly ReceiptLine[]): void {
    for (const { hash, position } of lines) {
      if (!this.#positionByReceiptedHash.has(hash)) this.#positionByReceiptedHash.set(hash, position);
    }
  }

  #open(scope: Scope): ScopeIndex {
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    const fresh: ScopeIndex = { headByDevice: new Map(), settled: [], pending: new Set(), tip: emptyTip };
    this.#scopes.set(scope, fresh);
    return fresh;
  }

  #isIn(index: ScopeIndex | undefined, ordinal: number): boolean {
    if (index === undefined) return false;
    const position = this.#positions[ordinal];
    return position === undefined ? index.pending.has(ordinal) : index.settled[position] === ordinal;
  }
}

/** Throws unless `count` positions from `from` continue a log of `size` ops and end where `tip` does. */
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
