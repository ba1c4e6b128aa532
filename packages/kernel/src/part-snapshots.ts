// What begins from a snapshot or makes one, and archives, loaded together: see parts.ts.
export { archiveLog } from './archive.ts';
export { saveSnapshot } from './snapshot-save.ts';
export { saveProof } from './snapshot-proof.ts';
export { snapshotStart } from './snapshot-start.ts';
