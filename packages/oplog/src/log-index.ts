// What a log store must know to answer without a body: which ops there are, their positions, heads and tips. Held in memory by
// the memory and file stores; an op is an ordinal, its place in the order of arrival.
import type { DeviceId, OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { HashTable } from './hash-table.ts';
import { type ChainHead, emptyBase, emptyTip, type LogBase, type ReceiptLine, type Tip } from './log-store.ts';
import type { OpRecord } from './record.ts';

/** What is known of the ops of one scope. */
export interface ScopeIndex {
  readonly headByDevice: Map<DeviceId, ChainHead>;
  /** Ordinals by position, from the base on. */
  readonly settled: number[];
  /** Ordinals without a position, in order of arrival. */
  readonly pending: Set<number>;
  base: LogBase;
  tip: Tip;
}

/** Everything an index holds, as plain lists. */
export interface IndexContent {
  /** By ordinal, 32 bytes each; zeros for one that was dropped. */
  readonly hashes: Uint8Array;
  readonly scopes: readonly ScopeContent[];
  /** Positions that receipts gave, the first of each op; by ordinal. */
  readonly receipted: readonly (number | undefined)[];
  /** The same of hashes that are not stored. */
  readonly receiptedElsewhere: ReadonlyMap<OpHash, number>;
}

export interface ScopeContent {
  readonly scope: Scope;
  readonly heads: readonly (readonly [device: DeviceId, seq: number, hash: OpHash])[];
  /** Ordinals by position, from the base on. */
  readonly settled: readonly number[];
  /** Ordinals without a position, in order of arrival. */
  readonly pending: readonly number[];
  readonly base: LogBase;
  readonly tip: Tip;
}

export class LogIndex {
  readonly #hashes: HashTable;
  readonly #positions: (number | undefined)[] = [];
  readonly #scopes = new Map<Scope, ScopeIndex>();
  /** What receipts said, of stored ops by ordinal. */
  readonly #receipted: (number | undefined)[] = [];
  readonly #receiptedElsewhere = new Map<OpHash, number>();

  constructor(hashes: HashTable = new HashTable()) {
    this.#hashes = hashes;
    for (let ordinal = 0; ordinal < hashes.size; ordinal++) {
      this.#positions.push(undefined);
      this.#receipted.push(undefined);
    }
  }

  /** The index that held `content`. */
  static from({ hashes, scopes, receipted, receiptedElsewhere }: IndexContent): LogIndex {
    const index = new LogIndex(new HashTable(hashes));
    for (const { scope, heads, settled, pending, base, tip } of scopes) {
      const opened = index.#open(scope);
      opened.base = base;
      for (const [device, seq, hash] of heads) opened.headByDevice.set(device, { seq, hash });
      for (const ordinal of pending) opened.pending.add(ordinal);
      index.settle(scope, settled, tip);
    }
    receipted.forEach((position, ordinal) => (index.#receipted[ordinal] = position));
    for (const [hash, position] of receiptedElsewhere) index.#receiptedElsewhere.set(hash, position);
    return index;
  }

  content(): IndexContent {
    const scopes = [...this.#scopes].map(([scope, { headByDevice, settled, pending, base, tip }]): ScopeContent => {
      const heads = [...headByDevice].map(([device, { seq, hash }]) => [device, seq, hash] as const);
      return { scope, heads, settled, pending: [...pending], base, tip };
    });
    const [receipted, receiptedElsewhere] = [this.#receipted, this.#receiptedElsewhere];
    return { hashes: this.#hashes.bytes(), scopes, receipted, receiptedElsewhere };
  }

  /** How many ops have come, those that were dropped included. */
  get size(): number {
    return this.#hashes.size;
  }

  ordinalOf(hash: OpHash): number | undefined {
    return this.#hashes.ordinalOf(hash);
  }

  /** Throws `store/missing` for an op that is not stored. */
  mustFind(hash: OpHash, scope: Scope): number {
    const ordinal = this.#hashes.ordinalOf(hash);
    if (ordinal === undefined) throw missingRecord(hash, scope);
    return ordinal;
  }

  hashOf(ordinal: number): OpHash {
    return this.#hashes.at(ordinal);
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

  base(scope: Scope): LogBase {
    return this.#scopes.get(scope)?.base ?? emptyBase;
  }

  /** Undefined where nothing has come of the scope. */
  scope(scope: Scope): Readonly<ScopeIndex> | undefined {
    return this.#scopes.get(scope);
  }

  settled(scope: Scope, from: number, limit: number): readonly number[] {
    const index = this.#scopes.get(scope);
    if (index === undefined) return [];
    if (from < index.base.size) throw dropped(scope, from, index.base);
    return index.settled.slice(from - index.base.size, from - index.base.size + limit);
  }

  /** Begins there, and answers the ordinals that are gone. */
  begin(scope: Scope, base: LogBase, note: string): readonly number[] {
    const index = this.#open(scope);
    const gone = index.settled.splice(0, base.size - index.base.size);
    for (const ordinal of gone) {
      const receipted = this.#receipted[ordinal];
      if (receipted !== undefined) this.#receiptedElsewhere.set(this.#hashes.at(ordinal), receipted);
      this.#receipted[ordinal] = undefined;
      this.#hashes.drop(ordinal);
    }
    for (const { device, seq, hash } of base.heads)
      if ((index.headByDevice.get(device)?.seq ?? 0) <= seq) index.headByDevice.set(device, { seq, hash });
    index.base = base;
    if (index.tip.size < base.size) index.tip = { size: base.size, frontier: base.frontier, note };
    return gone;
  }

  pending(scope: Scope): readonly number[] {
    return [...(this.#scopes.get(scope)?.pending ?? [])];
  }

  receiptPosition(hash: OpHash): number | undefined {
    return this.#receipted[this.#hashes.ordinalOf(hash) ?? -1] ?? this.#receiptedElsewhere.get(hash);
  }

  /** Takes in an op whose hash is new and returns its ordinal. */
  add({ op, hash }: Pick<OpRecord, 'op' | 'hash'>): number {
    const ordinal = this.#hashes.add(hash);
    this.#positions.push(undefined);
    // A receipt may come before what it is for.
    this.#receipted.push(this.#receiptedElsewhere.get(hash));
    this.#receiptedElsewhere.delete(hash);
    const { headByDevice, pending } = this.#open(op.scope);
    pending.add(ordinal);
    const head = headByDevice.get(op.device);
    if (head === undefined || op.seq > head.seq) headByDevice.set(op.device, { seq: op.seq, hash });
    return ordinal;
  }

  settle(scope: Scope, ordinals: readonly number[], tip: Tip): void {
    const index = this.#open(scope);
    for (const ordinal of ordinals) {
      this.#positions[ordinal] = index.base.size + index.settled.push(ordinal) - 1;
      index.pending.delete(ordinal);
    }
    index.tip = { size: tip.size, frontier: [...tip.frontier], note: tip.note };
  }

  /** `receiptedElsewhere`: what receipts of the scope named and is not stored. */
  unsettle(scope: Scope, tip: Tip, receiptedElsewhere: readonly OpHash[]): void {
    const index = this.#open(scope);
    const freed = index.settled.splice(tip.size - index.base.size);
    for (const ordinal of freed) this.#positions[ordinal] = undefined;
    // In order of arrival, as ever.
    const pending = [...index.pending, ...freed].sort((left, right) => left - right);
    index.pending.clear();
    for (const ordinal of pending) index.pending.add(ordinal);
    for (const ordinal of [...index.settled, ...pending]) this.#receipted[ordinal] = undefined;
    for (const hash of receiptedElsewhere) this.#receiptedElsewhere.delete(hash);
    index.tip = { size: tip.size, frontier: [...tip.frontier], note: tip.note };
  }

  addReceiptLines(lines: readonly ReceiptLine[]): void {
    for (const { hash, position } of lines) {
      if (this.receiptPosition(hash) !== undefined) continue;
      const ordinal = this.#hashes.ordinalOf(hash);
      if (ordinal === undefined) this.#receiptedElsewhere.set(hash, position);
      else this.#receipted[ordinal] = position;
    }
  }

  #open(scope: Scope): ScopeIndex {
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    const fresh: ScopeIndex = {
      headByDevice: new Map(),
      settled: [],
      pending: new Set(),
      base: emptyBase,
      tip: emptyTip,
    };
    this.#scopes.set(scope, fresh);
    return fresh;
  }
}

export function dropped(scope: Scope, position: number, base: LogBase): OplogError {
  const where = `${scope} is stored from position ${base.size} on`;
  return new OplogError('store/dropped', `${where}, so position ${position} is in an archive`);
}

export function missingRecord(hash: OpHash, scope: Scope): OplogError {
  return new OplogError('store/missing', `${hash} is not stored in ${scope}`);
}
