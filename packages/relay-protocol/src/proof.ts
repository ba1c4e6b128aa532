// @tallystick/relay-protocol/proof: what convicts a relay, for who finds it and for who checks it. Spec: docs/spec/relay-proof.md.
export {
  type Conviction,
  encodeRelayProof,
  parseRelayProof,
  type ProofCheck,
  type RelayProof,
  verifyRelayProof,
} from './relay-proof.ts';
export { type SizedNote, splitOver, splitOverTiles } from './split.ts';
export { noteDigest, type Standing, verifyStanding } from './standing.ts';
