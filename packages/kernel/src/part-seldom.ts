// What comes from outside and what this device says of itself there; what reads a whole log or all rows: checks, proofs, earlier days, snapshots and archives. Loaded together: see parts.ts.
export { adoptable } from './adopt.ts';
export { appointmentOf } from './appointed-relay.ts';
export { archiveLog } from './archive.ts';
export { asOf } from './as-of.ts';
export { claimedScopes, claimFor } from './attest.ts';
export { exchangeWith, takeFromFile, takeFromMirror } from './book-exchange.ts';
export { build } from './build.ts';
export { listenTo } from './listen.ts';
export { dismissAsides, mergeAsides } from './merge-records.ts';
export { prove } from './prove.ts';
export { pinRelay } from './relay-key.ts';
export { admissionOf, recoveries, renewDevice, rotateKey } from './renew.ts';
export { replay, replayLive } from './replay.ts';
export { saveProof } from './snapshot-proof.ts';
export { saveSnapshot } from './snapshot-save.ts';
export { snapshotStart } from './snapshot-start.ts';
export { signStatement } from './statement.ts';
export { exportBook } from './transfer.ts';
export { verifyLog } from './verify.ts';
export { fetchOlder } from './whole-log.ts';
// Whoever loads this has loaded the acts, too (parts.ts): a bundler that is told makes one file of them and of what they have in common with this.
export { codeByRef } from './part-acts.ts';
