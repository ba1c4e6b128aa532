// Ed25519 op signatures with one verdict on every back end, device keys, and the args of the verbs that let devices in.
export { acceptPublicKey, vouchForKey } from './acceptance.ts';
export { type AdmitArgs, admitVerb, parseAdmitArgs } from './admission.ts';
export {
  type AppointArgs,
  appointVerb,
  type LogExtent,
  maxExtents,
  parseAppointArgs,
  replaces as replacesAppointment,
} from './appointment.ts';
export type { Ed25519, KeyPair } from './ed25519.ts';
export { SignError, type SignErrorCode } from './errors.ts';
export type { IndexedDbKeyStoreOptions } from './indexed-db.ts';
export {
  type ChainKey,
  keyIdAfter,
  keyRotatedTo,
  type RotateArgs,
  rotateVerb,
} from './chain-key.ts';
export { judgeRotation, parseRotateArgs } from './key-life.ts';
export { rotationPreimage } from './rotation-proof.ts';
export {
  createMemoryKeyStore,
  type DeviceKey,
  type ImportingKeyStore,
  type KeyStore,
  keyIdOf,
} from './key-store.ts';
export { encodeKeyText, type KeyMaterial, parseKeyText } from './key-text.ts';
export { nobleEd25519 } from './noble.ts';
export { choosePlatformEd25519, createIndexedDbKeyStore, webCryptoEd25519 } from './native.ts';
export { createRecordVerifier, type RecordVerifierOptions } from './op-signature.ts';
export {
  type BookOpenArgs,
  type DayPolicyArgs,
  type EnrolArgs,
  judgeEnrolment,
  parseBookOpenArgs,
  parseDayPolicyArgs,
  parseEnrolArgs,
  parseRecoverySetArgs,
  parseRevokeArgs,
  parseRevokePolicyArgs,
  type RevokeArgs,
  type RevokePolicyArgs,
  type RevokeReason,
} from './device-args.ts';
export { defaultAheadDays, isDay, isWithinDays } from './days.ts';
export { defaultRevokes, type Role } from './roles.ts';
export { signaturePreimage, type Signing, signOp, startSigning } from './signing.ts';
