// Envelopes for personal data, and the keys whose destruction erases it. Format: docs/spec/envelope.md.
export { type Blobs, createMemoryBlobs } from './blobs.ts';
export {
  type Envelope,
  type EnvelopePlace,
  isEnvelope,
  maxEnvelopeTextBytes,
  type OpenedEnvelope,
  openEnvelope,
  parseEnvelope,
  sealEnvelope,
  verifyCommitment,
} from './envelope.ts';
export {
  type EnvelopeCode,
  ErasureError,
  type ErasureFailure,
  type ErasureResult,
  type ThrownCode,
  type WrapCode,
} from './errors.ts';
export { findEnvelopes, type FoundEnvelope } from './find.ts';
export { createIndexedDbKeyring } from './indexed-db-keyring.ts';
export { createMemoryKeyring, type Keyring } from './keyring.ts';
export { inTheClear, personal, publicText } from './marking.ts';
export { createSubject, parseSubject, renewKey, type SubjectId, type SubjectKey, subjectKeyId } from './subject.ts';
export {
  createReaderIdentity,
  isRecipient,
  maxReaders,
  parseWrappedName,
  type ReaderIdentity,
  unwrapKey,
  wrapKey,
  wrappedName,
} from './wrapped-key.ts';
