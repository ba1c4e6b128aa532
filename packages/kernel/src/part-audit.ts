// What reads the whole log again, loaded together: see parts.ts.
export { asOf } from './as-of.ts';
export { claimFor } from './attest.ts';
export { prove } from './prove.ts';
export { replay } from './replay.ts';
export { noteAudit } from './snapshot-trust.ts';
export { verifyLog } from './verify.ts';
export { wholeLog } from './whole-log.ts';
