// The port behind which a relay keeps its logs. Every adapter passes `test/contract.ts`. Books never see each other: every
// call names the book, and nothing is shared between two of them.
import type { BookId, ChainHead, DeviceId, MaybePromise, OpHash, RootHash, Scope } from '@tallystick/oplog';
import type { WrappedKeyStore } from './wrapped-keys.ts';

/** Where one scope's log stands. */
export interface LogState {
  /** Ops with a position. */
  readonly size: number;
  /** RFC 6962 compact range of those ops, in hex, the largest subtree first. */
  readonly frontier: readonly string[];
  /** Of exactly this size. */
  readonly root: RootHash;
}

/** The chain of one device in one scope: the last op of the branch that was positioned first. */
export interface ChainState extends ChainHead {
  /** Ops with a position that are off that branch. */
  readonly forks: number;
  /** Ops with a position that came without effect: when the device was revoked or its last day was over, or under a key that it had given up. */
  readonly late: number;
}

/** An op that the roster is folded from; marks by which a key is superseded are among them. */
export interface RosterEntry {
  readonly position: number;
  /** Off the branch of its chain that counts. */
  readonly isFork: boolean;
}

/** The op that a token belongs to: the first in the log that claimed it and counts. */
export interface Holder {
  readonly hash: OpHash;
  readonly device: DeviceId;
  readonly position: number;
}

/** A token that nobody had claimed in this log before the op at this position. */
export interface Claim {
  readonly token: string;
  readonly position: number;
}

/** What is known of an op by its hash. */
export interface Placed {
  readonly position: number;
  readonly device: DeviceId;
  readonly seq: number;
}

export interface Entry {
  readonly hash: OpHash;
  readonly device: DeviceId;
  readonly seq: number;
  /** The record, which is the Merkle leaf. */
  readonly bytes: Uint8Array;
}

/** A C2SP tlog-tile: up to 256 hashes of tree level 8 * `level`. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** 32 bytes a hash; fewer than 8,192 bytes while the tile is partial. */
  readonly hashes: Uint8Array;
}

/** What the pushes of one commit add to one scope's log. It ends in a signature that was checked, and readers get it whole. */
export interface Batch {
  readonly book: BookId;
  readonly scope: Scope;
  /** The size before. */
  readonly from: number;
  readonly entries: readonly Entry[];
  /** After the batch. */
  readonly state: LogState;
  /** The chains that changed. */
  readonly chains: ReadonlyMap<DeviceId, ChainState>;
  /** The tiles that changed, whole or partial. */
  readonly tiles: readonly Tile[];
  /** Those of this batch. */
  readonly enrolments: readonly RosterEntry[];
  /** The tokens that ops of this batch are the first to claim. */
  readonly claims: readonly Claim[];
}

export interface PageLimits {
  readonly maxOps: number;
  readonly maxBytes: number;
}

export interface Page {
  /** Record bytes in position order. */
  readonly records: readonly Uint8Array[];
  /** Of the log up to the page's end. */
  readonly root: RootHash;
}

export interface ScopeSize {
  readonly scope: Scope;
  readonly size: number;
}

export interface Enrolment extends RosterEntry {
  readonly hash: OpHash;
  readonly bytes: Uint8Array;
}

/** What one device last stated about a log. */
export interface Cosignature {
  readonly device: DeviceId;
  /** Of the checkpoint. */
  readonly size: number;
  /** Its line of a signed note, with the newline. */
  readonly line: string;
}

export interface RelayStore {
  /** Wrapped keys of subjects, in no log. */
  readonly keys: WrappedKeyStore;
  /**
   * What any relay had acknowledged before the call is seen after it. Of a store that keeps something of its own of what others append to;
   * without it every read is of the newest.
   */
  refresh?(): MaybePromise<void>;
  /**
   * As `refresh`, and further that nobody can have appended elsewhere meanwhile: asked before the relay signs how far a log reaches. Of a store whose reads alone
   * do not say so; rejects where it cannot be found out.
   */
  confirm?(): MaybePromise<void>;
  /** Keeps `vkey` if the store has none yet, durably. Answers the one it has. */
  adoptIdentity(vkey: string): MaybePromise<string>;
  /** Number of books. */
  bookCount(): MaybePromise<number>;
  /** Bytes of all records of the book. May take as long as there are batches; asked of a relay that bounds them. */
  storedBytes?(book: BookId): MaybePromise<number>;
  /** Sorted by name; empty for a book that is not here. */
  scopes(book: BookId): MaybePromise<readonly ScopeSize[]>;
  log(book: BookId, scope: Scope): MaybePromise<LogState | undefined>;
  /** The chains that exist. */
  chains(book: BookId, scope: Scope, devices: Iterable<DeviceId>): MaybePromise<ReadonlyMap<DeviceId, ChainState>>;
  /** The ops that are stored. */
  find(book: BookId, scope: Scope, hashes: Iterable<OpHash>): MaybePromise<ReadonlyMap<OpHash, Placed>>;
  /**
   * Durable when it returns, all batches or none: those of several scopes and books that were pushed at the same time, in this order. Throws
   * `relay/conflict` where a `from` is not the size of its log or a token of `claims` is taken.
   */
  append(batches: readonly Batch[]): MaybePromise<void>;
  /** Who holds each of the tokens that were claimed in this log. */
  claims(book: BookId, scope: Scope, tokens: Iterable<string>): MaybePromise<ReadonlyMap<string, Holder>>;
  /**
   * Whole batches from position `from` on (the rest of the batch, where `from` is inside one): as many as fit the limits, at
   * least one. Undefined when no op has that position.
   */
  page(book: BookId, scope: Scope, from: number, limits: PageLimits): MaybePromise<Page | undefined>;
  /** Up to `limit` records from position `from` on. */
  records(book: BookId, scope: Scope, from: number, limit: number): MaybePromise<readonly Uint8Array[]>;
  /** The hashes of a tile as far as it is filled. */
  tile(book: BookId, scope: Scope, level: number, index: number): MaybePromise<Uint8Array | undefined>;
  /** The ops that the book's roster is folded from, in the order they were appended, over all scopes. */
  enrolments(book: BookId): MaybePromise<readonly Enrolment[]>;
  /** How many those are. Of a store that other relays append to as well; without it nobody else does. */
  enrolmentCount?(book: BookId): MaybePromise<number>;
  /** The root of the log at this size; undefined where no batch ended there. */
  rootAt(book: BookId, scope: Scope, size: number): MaybePromise<RootHash | undefined>;
  /** Keeps the cosignature unless the device stated a greater size; beyond `maxKept` of a log those of the least sizes go. */
  cosign(
    cosignature: Cosignature & { readonly book: BookId; readonly scope: Scope },
    maxKept: number,
  ): MaybePromise<void>;
  /** One of each device, by size, the greatest first, then by device. */
  cosignatures(book: BookId, scope: Scope): MaybePromise<readonly Cosignature[]>;
  close(): MaybePromise<void>;
}

/** The logs alone: keys are in no fold of them, and in no copy. */
export type LogTables = Omit<RelayStore, 'keys'>;
