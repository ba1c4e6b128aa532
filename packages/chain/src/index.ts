// Hash chains, RFC 6962 Merkle trees and C2SP notes over op records.
export {
  type BrokenChain,
  type ChainBreak,
  type ChainCheck,
  type ChainStart,
  type ChainVerdict,
  type VerifyRecord,
  verifyChain,
} from './chain.ts';
export { type Checkpoint, encodeCheckpoint, parseCheckpoint } from './checkpoint.ts';
export { ChainError, type ChainErrorCode } from './errors.ts';
export { type Hasher, portableHasher } from './hasher.ts';
export {
  encodeVerifierKey,
  type NoteKey,
  type NoteSigner,
  type OpenedNote,
  openNote,
  parseVerifierKey,
  signNote,
  type VerifySignature,
} from './note.ts';
export {
  type Consistency,
  consistencyProof,
  type Inclusion,
  inclusionProof,
  type ReadNode,
  verifyConsistency,
  verifyInclusion,
} from './proof.ts';
export { openRecord } from './opened-record.ts';
export { hashOp } from './record.ts';
export { type RunCode, type RunsCheck, type RunsReport, type Unaccepted, verifyRuns } from './runs.ts';
export { createTree, leafHash, nodeHash, type Tree } from './tree.ts';
