// @tallystick/relay-protocol: the relay as a fetch handler, the port it stores through, and the devices' side of it.
// Spec: docs/spec/relay.md.
export {
  type CallOptions,
  createRelayClient,
  type PullPage,
  type PushAnswer,
  type RelayClient,
  type RelayClientOptions,
} from './client.ts';
export { claimOf, type ClaimFold, createClaimFold } from './claims.ts';
export { RelayError, type RelayCode } from './errors.ts';
export { createFollower, type FollowedPage, type Follower, type FollowerOptions } from './follower.ts';
export { defaultLimits, type RelayLimits } from './limits.ts';
export { createMemoryRelayStore } from './memory-store.ts';
export { type NoteCheck, originOf, type Receipt, type RelayKey, verifyCheckpoint, verifyReceipt } from './receipt.ts';
export type { PushReply, PushRequest } from './push.ts';
export { createRelay, type Relay, type RelayEvent, type RelayLoad, type RelayOptions } from './relay.ts';
export type { Handshake, RelayInfo } from './replies.ts';
export { type Reader, relayIdOf } from './reader.ts';
export { signReads } from './signed-reads.ts';
export { watchRelay, type WatchOptions } from './watch-relay.ts';
export type { RetryPolicy } from './retry.ts';
export type {
  Batch,
  ChainState,
  Claim,
  Cosignature,
  Enrolment,
  Entry,
  Holder,
  LogState,
  Page,
  PageLimits,
  Placed,
  RelayStore,
  RosterEntry,
  ScopeSize,
  Tile,
} from './store.ts';
export type { PushResult, Verdict, Warning } from './verdict.ts';
