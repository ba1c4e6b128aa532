/** What an exchange with a relay came to, and the sum of several. */
import type { PushResult } from '@tallystick/relay-protocol';

export interface SyncReport {
  /** Ops that the relay made durable in this exchange, those it already had included. */
  readonly pushed: number;
  /** Ops that the relay would not take, with its verdicts. They stay pending here. */
  readonly notTaken: readonly PushResult[];
  /** Ops that a relay which follows another one keeps until that answers. Nobody has given them a receipt: they are handed in again. */
  readonly kept?: number;
  /** Ops that the relay took with a warning: `clock-ahead`, `seen-differs` or `quarantined`. People should know. */
  readonly warned: readonly PushResult[];
  /** Ops that got a position in this exchange. */
  readonly settled: number;
  /** Pending ops that had to be folded again. */
  readonly refolded: number;
  /** The relay took what this device handed in and lets it read no more: it is revoked. What revoked it is settled here. */
  readonly denied?: 'relay/revoked';
}

export const NOTHING: SyncReport = { pushed: 0, notTaken: [], warned: [], settled: 0, refolded: 0 };

export function sum(a: SyncReport, b: SyncReport): SyncReport {
  return {
    pushed: a.pushed + b.pushed,
    notTaken: [...a.notTaken, ...b.notTaken],
    warned: [...a.warned, ...b.warned],
    settled: a.settled + b.settled,
    refolded: a.refolded + b.refolded,
    ...(a.kept === undefined && b.kept === undefined ? {} : { kept: (a.kept ?? 0) + (b.kept ?? 0) }),
    ...(a.denied === undefined && b.denied === undefined ? {} : { denied: 'relay/revoked' }),
  };
}
