// @tallystick/sign/device: what a device needs at every start, to hold its keys and sign its ops. No curve is in it: what judges keys and signatures of others
// comes with the main entry, or from `/judging` when it is first asked.
export {
  type ChainKey,
  keyIdAfter,
  keyRotatedTo,
  laterKey,
  type RotateArgs,
  rotateVerb,
} from './chain-key.ts';
export { createMemoryKeyStore, keyIdOf } from './key-store.ts';
export { createIndexedDbKeyStore, lateEd25519, latePlatformEd25519, type LoadJudging } from './portable.ts';
export { defaultRevokes } from './roles.ts';
export { signOp, startSigning } from './signing.ts';
