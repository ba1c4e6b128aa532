/**
 * @tallystick/kernel/subjects. People whose personal data a book holds in envelopes: the verbs and tables that say whose, under which keys, who may read, and who is to be
 * forgotten. Spec of the envelopes: docs/spec/envelope.md; the workflow: docs/erasure.md.
 */
export { personal, publicText } from '@tallystick/erasure/marking';
export { type KnownScope } from './certificate-text.ts';
export {
  type Certificate,
  type CertificateByBook,
  type CertificateCheck,
  type CertificateCode,
  type CertificateFailure,
  type CertificateOptions,
  type CertificateVerifier,
  certifyErasure,
  verifyByBook,
  verifyCertificate,
} from './subject-certificate.ts';
export {
  type EnvelopeWhere,
  mayRead,
  type Reading,
  type RefreshReport,
  type Sealer,
  SubjectDesk,
  type SubjectDeskOptions,
  subjectStanding,
} from './subject-desk.ts';
export {
  type Acknowledged,
  acknowledgeShreds,
  type AcknowledgeOptions,
  type SubjectBook,
} from './subject-shred.ts';
export { type Acknowledgement, type ErasureStanding, type Outstanding, readErasure } from './subject-standing.ts';
export {
  legalHolds,
  readerGrant,
  readerGrants,
  readerOffer,
  readers,
  readsByDefault,
  retentionSet,
  retentions,
  shredAcks,
  shreds,
  subjectAcknowledge,
  subjectHold,
  subjectKeys,
  subjectOpen,
  subjectRequest,
  subjectRequests,
  subjectShred,
  subjectVerbs,
} from './subject-verbs.ts';
