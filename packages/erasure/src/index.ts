// Envelopes for personal data, and the keys whose destruction erases it. Format: docs/spec/envelope.md.
export { type Blobs, createMemoryBlobs } from './blobs.ts';
export { type Envelope, isEnvelope, parseEnvelope } from './envelope-form.ts';
export {
  type EnvelopePlace,
  maxEnvelopeTextBytes,
  type OpenedEnvelope,
  openEnvelope,
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
export { findFreeTexts, type FreeText, type TextSchema } from './free-text.ts';
export { type BrowserKeyringKind, openBrowserKeyring } from './browser-keyring.ts';
export { createIndexedDbKeyring } from './indexed-db-keyring.ts';
export { createMemoryKeyring, type Keyring } from './keyring.ts';
export { inTheClear, personal, publicReason, publicText } from './marking.ts';
export { createOpfsKeyring } from './opfs-keyring.ts';
export { parseSubject, type SubjectId } from './subject-id.ts';
export { createSubject, renewKey, type SubjectKey, subjectKeyId } from './subject.ts';
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
