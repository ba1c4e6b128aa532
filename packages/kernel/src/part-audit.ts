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
// Named so that a bundler makes one file of each of these and of what they have in common with this: whoever loads this has loaded the acts, too (parts.ts), and has the exchange with most of its code.
export { codeByRef } from './part-acts.ts';
export { exchangeWith } from './part-exchange.ts';
