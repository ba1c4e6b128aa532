// @tallystick/chain/op-proof: the offline receipt of one op, and the cosignatures of witnesses. Spec: docs/spec/chain.md.
export {
  cosignCheckpoint,
  type Cosigned,
  encodeCosignerKey,
  openCosignature,
  parseCosignerKey,
} from './cosignature.ts';
export {
  encodeOpProof,
  encodeTlogProof,
  type OpProofCheck,
  parseTlogProof,
  type ProvenOp,
  type TlogProof,
  verifyOpProof,
} from './tlog-proof.ts';
