// @tallystick/relay-protocol/federation: a relay that follows a home relay, serves its log, and keeps what it is handed while that is away.
// Spec: docs/spec/relay.md, "Federation".
export { firstDamaged, firstDifference } from './divergence.ts';
export { createFollowingRelay, type FollowingRelay, type FollowingRelayOptions } from './following-relay.ts';
export type { BookLinkStatus, HomeLink, HomeLinkEvent, HomeLinkStatus, HomeLinkTiming } from './home-link.ts';
export type {
  Acknowledgement,
  Finding,
  KeptOp,
  KeptState,
  KeptWanted,
  Lease,
  NewlyKept,
  Outbox,
  OutboxSummary,
} from './outbox.ts';
