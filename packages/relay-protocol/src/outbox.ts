// What a relay that follows another one keeps beside its copy of the log (docs/spec/relay.md, "Federation"): the ops it was handed while the home relay was away,
// the home relay's notes, and who of several nodes deals with the home relay now.
import type { BookId, DeviceId, MaybePromise, OpHash, Scope } from '@tallystick/oplog';
import type { RelayCode } from './errors.ts';
import type { PushResult } from './verdict.ts';

/**
 * `waiting`: not yet acknowledged by the home relay. `acknowledged`: it signed a receipt, and its log has not been followed that far. `refused`: it said
 * that it does not take it.
 */
export type KeptState = 'waiting' | 'acknowledged' | 'refused';

export interface KeptOp {
  /** Ascends in the order the ops came, over all books; never used again. */
  readonly place: number;
  readonly scope: Scope;
  readonly hash: OpHash;
  readonly bytes: Uint8Array;
  readonly state: KeptState;
  /** Of an acknowledged op, at the home relay. */
  readonly position?: number;
  /** Of a refused op: what the home relay said. */
  readonly result?: PushResult;
  /** When the home relay refused it first, in ms since 1970; stays while it waits again. */
  readonly refusedAtMs?: number;
}

/** `device` is its author. */
export type NewlyKept = Pick<KeptOp, 'hash' | 'bytes' | 'position'> & { readonly device: DeviceId };

/** The right to deal with the home relay, until another node takes it over. `fence` is greater with every holder. */
export interface Lease {
  readonly holder: string;
  readonly fence: number;
}

/** What the home relay said about one op. */
export interface Acknowledgement {
  readonly place: number;
  readonly result: PushResult;
}

export interface KeptWanted {
  /** Those of greater places. */
  readonly after?: number;
  readonly limit: number;
  readonly scope?: Scope;
  readonly state?: KeptState;
}

/** Up to where ops of a log are kept. */
export interface LastPlace {
  readonly scope: Scope;
  readonly place: number;
}

export interface OutboxSummary {
  readonly waiting: number;
  readonly waitingBytes: number;
  /** When the oldest op that waits came, in ms since 1970. */
  readonly oldestAtMs?: number;
  readonly acknowledged: number;
  readonly refused: number;
}

export interface Finding {
  readonly scope: Scope;
  readonly code: RelayCode;
  /** The first position at which the logs differ, where that could be found out. */
  readonly position?: number;
  readonly atMs: number;
  /** Notes of the home relay, ours first. */
  readonly evidence: readonly string[];
}

export interface Outbox {
  /** Durable when it returns; what is kept already stays as it is. With a position it is acknowledged. */
  keep(book: BookId, scope: Scope, ops: readonly NewlyKept[], atMs: number): MaybePromise<void>;
  /** In the order they came. */
  ops(book: BookId, wanted: KeptWanted): MaybePromise<readonly KeptOp[]>;
  find(book: BookId, scope: Scope, hashes: Iterable<OpHash>): MaybePromise<ReadonlyMap<OpHash, KeptOp>>;
  /** Keeps the home relay's answers. Throws `relay/fenced` where the lease is another's by now, and changes nothing then. */
  settle(lease: Lease, answers: readonly Acknowledgement[], atMs: number): MaybePromise<void>;
  /** Lets ops wait again that were acknowledged or refused. Throws `relay/fenced`. */
  renew(lease: Lease, places: readonly number[]): MaybePromise<void>;
  /** Forgets ops that the followed log has. Throws `relay/fenced`. */
  drop(lease: Lease, places: readonly number[]): MaybePromise<void>;
  /** Of each log of which something is kept after this place that the home relay did not refuse. */
  lastPlaces(book: BookId, after: number): MaybePromise<readonly LastPlace[]>;
  summary(book: BookId): MaybePromise<OutboxSummary>;
  /** What waits of one author, and what of it the home relay refused: ops and their bytes. */
  shareOf(book: BookId, device: DeviceId): MaybePromise<{ readonly ops: number; readonly bytes: number }>;
  /** The home relay's note about a log of this size. */
  note(book: BookId, scope: Scope, size: number): MaybePromise<string | undefined>;
  /** Durable when it returns. */
  saveNote(book: BookId, scope: Scope, size: number, note: string): MaybePromise<void>;
  /** A log of which the home relay said two things, or which is damaged here; the first finding of a kind about a log is kept. */
  saveFinding(book: BookId, finding: Finding): MaybePromise<void>;
  findings(book: BookId): MaybePromise<readonly Finding[]>;
  /** The lease until `nowMs + ttlMs`, where nobody else has it: who had it last keeps the fence, another one gets a greater one. */
  lease(holder: string, nowMs: number, ttlMs: number): MaybePromise<Lease | undefined>;
  close(): MaybePromise<void>;
}
