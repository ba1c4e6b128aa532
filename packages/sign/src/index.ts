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
export { createIndexedDbKeyStore, type IndexedDbKeyStoreOptions } from './indexed-db.ts';
export {
  type ChainKey,
  judgeRotation,
  keyIdAfter,
  keyRotatedTo,
  parseRotateArgs,
  type RotateArgs,
  rotateVerb,
  rotationPreimage,
} from './key-life.ts';
export {
  createMemoryKeyStore,
  type DeviceKey,
  type ImportingKeyStore,
  type KeyStore,
  keyIdOf,
} from './key-store.ts';
export { encodeKeyText, type KeyMaterial, parseKeyText } from './key-text.ts';
export { nobleEd25519 } from './noble.ts';
export { choosePlatformEd25519 } from './platform.ts';
export {
  createRecordVerifier,
  type RecordVerifierOptions,
  signaturePreimage,
  type Signing,
  signOp,
  startSigning,
} from './op-signature.ts';
export {
  type BookOpenArgs,
  type DayPolicyArgs,
  defaultAheadDays,
  defaultRevokes,
  type EnrolArgs,
  isDay,
  isWithinDays,
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
  type Role,
} from './roles.ts';
export { webCryptoEd25519 } from './web-crypto.ts';
