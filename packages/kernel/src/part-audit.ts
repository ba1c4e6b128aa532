// What reads a whole log or all rows: checks, proofs, earlier days, snapshots and archives, which have most of their code in common. Loaded together: see parts.ts.
export { archiveLog } from './archive.ts';
export { asOf } from './as-of.ts';
export { claimedScopes, claimFor } from './attest.ts';
export { build } from './build.ts';
export { prove } from './prove.ts';
export { replay, replayLive } from './replay.ts';
export { saveSnapshot } from './snapshot-save.ts';
export { saveProof } from './snapshot-proof.ts';
export { snapshotStart } from './snapshot-start.ts';
export { verifyLog } from './verify.ts';
// Whoever loads this has loaded the acts, too (parts.ts): a bundler that is told makes one file of them and of what they have in common with this.
export { codeByRef } from './part-acts.ts';
