// The port behind which a device keeps the ops of its scopes, what the relay said about them, and what it could not use.
// Every adapter passes `test/contract.ts`.
import type { DeviceId, KeyId, OpHash, Scope } from './brands.ts';
import type { DecodedRecord } from './decoded-record.ts';
import type { MaybePromise } from './errors.ts';
import type { OpRecord } from './record.ts';

/** The last op of a chain. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: OpHash;
}

/** Where the settled prefix of a scope ends. */
export interface Tip {
  /** Ops with a position. */
  readonly size: number;
  /** RFC 6962 compact range of those ops, in hex, the largest subtree first. */
  readonly frontier: readonly string[];
  /** The relay's signed checkpoint text for exactly this size, or ''. */
  readonly note: string;
}

/** Where a scope's log begins that is not stored from its first op on. */
export interface LogBase {
  /** How many ops come before it. */
  readonly size: number;
  /** RFC 6962 compact range of those ops. */
  readonly frontier: readonly string[];
  /** The last of those ops in each chain. */
  readonly heads: readonly BaseHead[];
}

export interface BaseHead extends ChainHead {
  readonly device: DeviceId;
  /** The key that signs what follows it. */
  readonly keyId: KeyId;
}

/** A relay's signed answer that ops are durable at positions. */
export interface ReceiptNote {
  readonly scope: Scope;
  readonly note: string;
  readonly lines: readonly ReceiptLine[];
}

export interface ReceiptLine {
  readonly position: number;
  readonly hash: OpHash;
}

/** A record that was held back or rejected, kept for people to see. */
export interface Aside {
  readonly hash: OpHash;
  readonly scope: Scope;
  readonly code: string;
  readonly message: string;
  readonly bytes: Uint8Array;
}

export interface StoredRecord {
  readonly record: OpRecord;
  readonly position: number | undefined;
}

/** A stored record for whoever believes nothing of what is stored. */
export interface StrictRecord {
  /** Under which it is stored; nobody has computed it. */
  readonly hash: OpHash;
  readonly bytes: Uint8Array;
  /** What `decodeRecord` answers for these bytes, where the store could tell for less. */
  readonly decoded?: DecodedRecord | undefined;
}

export interface LogStore {
  /** Durable when it returns. Hashes already present are ignored. All or nothing. */
  append(records: readonly OpRecord[]): MaybePromise<void>;
  /**
   * Puts these bytes in the place of those stored under the same hashes: the relay's tree fixes which signature an op is kept
   * with. Positions, heads and order stay. All or nothing; throws `store/missing` when a hash is not stored.
   */
  replace(records: readonly OpRecord[]): MaybePromise<void>;
  /**
   * Gives ops the positions `from`, `from + 1` ... and moves the tip, all or nothing. Records that are not stored yet are
   * appended; where a store cannot do both at once, a death in between leaves them appended without a position. Throws
   * `store/position` unless `from` is the tip's size, `tip.size` is where the positions end and no op has one yet;
   * `store/missing` when a hash is not stored in this scope or a record is of another. With no ops it replaces the tip's note.
   */
  settle(scope: Scope, from: number, ops: readonly (OpHash | OpRecord)[], tip: Tip): MaybePromise<void>;
  /**
   * Takes the positions from `tip.size` on back, all or nothing: those ops have none again, and the scope's receipts are forgotten with all that they said. For
   * a scope whose positions another relay gives from now on. Throws `store/position` when the scope ends before `tip.size` or begins after it.
   */
  unsettle(scope: Scope, tip: Tip): MaybePromise<void>;
  has(hash: OpHash): boolean;
  get(hash: OpHash): MaybePromise<StoredRecord | undefined>;
  /** Highest seq stored; the op stored first where a fork has two. */
  head(device: DeviceId, scope: Scope): ChainHead | undefined;
  /** Scopes with a record or a tip, sorted. */
  scopes(): readonly Scope[];
  /** `{ size: 0, frontier: [], note: '' }` when nothing is settled. */
  tip(scope: Scope): Tip;
  /** Where the stored log begins: size 0 for one that is whole. */
  base(scope: Scope): LogBase;
  /**
   * Lets the scope's log begin at `base`, all or nothing: the records before it are dropped, for good, and where the scope is empty it begins there,
   * with `note` as its tip's. Heads stay known; a base it has already changes nothing. Throws `store/position` when neither is so (it ends before `base`, or
   * begins after it), or when `base` does not name a chain whose last op goes.
   */
  begin(scope: Scope, base: LogBase, note?: string): MaybePromise<void>;
  /** In position order. Throws `store/dropped` for positions before the base. */
  settled(scope: Scope, from: number, limit: number): MaybePromise<readonly OpRecord[]>;
  /** The same ops in a store that keeps records in parts, and judges those sooner than anybody reads the bytes anew. */
  settledStrictly?(scope: Scope, from: number, limit: number): MaybePromise<readonly StrictRecord[]>;
  /** Ops without a position, in the order they were appended. */
  pending(scope: Scope): MaybePromise<readonly OpRecord[]>;
  addReceipt(receipt: ReceiptNote): MaybePromise<void>;
  /** In the order they were added. */
  receipts(scope: Scope): MaybePromise<readonly ReceiptNote[]>;
  /** The position the first receipt that names `hash` gave it. */
  receiptPosition(hash: OpHash): number | undefined;
  /** Keeps one entry for each copy of an op, told apart by key id and signature; a later entry of the same copy replaces an earlier one. */
  setAside(entries: readonly Aside[]): MaybePromise<void>;
  asides(scope?: Scope): MaybePromise<readonly Aside[]>;
  /** Drops every copy of these ops. */
  dropAsides(hashes: readonly OpHash[]): MaybePromise<void>;
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): MaybePromise<void>;
  /** What a store that must read itself in would like to be given when it is opened again; see `createFileLogStore`. */
  encodeIndex?(): MaybePromise<Uint8Array | undefined>;
  /** Drops whatever was cached, after another connection wrote or an outer transaction was rolled back. */
  refresh(): MaybePromise<void>;
  close(): MaybePromise<void>;
}

/** A log store that answers at once, so it can take part in a caller's own transaction. */
export interface SyncLogStore extends LogStore {
  append(records: readonly OpRecord[]): void;
  replace(records: readonly OpRecord[]): void;
  settle(scope: Scope, from: number, ops: readonly (OpHash | OpRecord)[], tip: Tip): void;
  unsettle(scope: Scope, tip: Tip): void;
  get(hash: OpHash): StoredRecord | undefined;
  begin(scope: Scope, base: LogBase, note?: string): void;
  settled(scope: Scope, from: number, limit: number): readonly OpRecord[];
  pending(scope: Scope): readonly OpRecord[];
  addReceipt(receipt: ReceiptNote): void;
  receipts(scope: Scope): readonly ReceiptNote[];
  setAside(entries: readonly Aside[]): void;
  asides(scope?: Scope): readonly Aside[];
  dropAsides(hashes: readonly OpHash[]): void;
  setMeta(name: string, value: string): void;
  refresh(): void;
  close(): void;
}

/** What a file must do for `createFileLogStore`: an OPFS sync access handle or a Node file. Every call throws on failure. */
export interface AppendFile {
  size(): number;
  /** Exactly `length` bytes from `offset`. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  /** Returns when everything written is durable. */
  flush(): void;
  truncate(size: number): void;
  close(): void;
}

/** The tip of a scope in which nothing is settled. */
export const emptyTip: Tip = { size: 0, frontier: [], note: '' };

/** The base of a log that is whole. */
export const emptyBase: LogBase = { size: 0, frontier: [], heads: [] };
