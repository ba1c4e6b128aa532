// What reads the whole log again, loaded together: see parts.ts.
export { asOf } from './as-of.ts';
export { claimedScopes, claimFor } from './attest.ts';
export { prove } from './prove.ts';
export { replay, replayLive } from './replay.ts';
export { verifyLog } from './verify.ts';
export { fetchOlder } from './whole-log.ts';
