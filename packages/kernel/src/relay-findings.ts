/** What the relay of a book was convicted of here: proofs that anybody can check, kept in the log's meta (docs/spec/relay-proof.md). */
import type { DeviceId, LogStore, Scope as ScopeName } from '@tallystick/oplog';

/** The relay contradicted what it had signed. Evidence; it does not go away. */
export interface RelayFinding {
  readonly kind: 'split' | 'broken-receipt' | 'two-receipts' | 'shrunk';
  readonly scope: ScopeName;
  /** The size or position that it had promised something about, and what it said later. */
  readonly promised: number;
  readonly later: number;
  /** When this device found it, by its clock, in ms. */
  readonly at: number;
  /** The proof itself, to be handed on as it is. */
  readonly proof: string;
}

/** A device says by an op that it saw another log than the one here. Either the relay showed two, or the device says what is not so: this accuses nobody. It does not go away. */
export interface OtherView {
  readonly scope: ScopeName;
  readonly device: DeviceId;
  /** Hash of the op that says it. */
  readonly op: string;
  /** So many ops it saw, with this root. */
  readonly size: number;
  readonly root: string;
  /** When this device found it, by its clock, in ms. */
  readonly at: number;
}

export const META_FINDINGS = 'relay-findings';
export const META_VIEWS = 'other-views';

export function relayFindings(log: LogStore): readonly RelayFinding[] {
  return kept(log, META_FINDINGS);
}

export function otherViews(log: LogStore): readonly OtherView[] {
  return kept(log, META_VIEWS);
}

function kept<T>(log: LogStore, name: string): readonly T[] {
  return JSON.parse(log.meta(name) ?? '[]') as T[];
}
