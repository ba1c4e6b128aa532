/**
 * @tallystick/kernel/subjects. People whose personal data a book holds in envelopes: the verbs and tables that say whose, under which keys, who may read, and who is to be
 * forgotten. Spec of the envelopes: docs/spec/envelope.md; the workflow: docs/erasure.md.
 */
export {
  type Acknowledgement,
  type CertificateCheck,
  type CertificateCode,
  type CertificateOptions,
  type CertificateVerifier,
  certifyErasure,
  type ErasureStanding,
  type Outstanding,
  readErasure,
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
} from './subject-desk.ts';
export {
  type Acknowledged,
  acknowledgeShreds,
  type AcknowledgeOptions,
  type SubjectBook,
} from './subject-shred.ts';
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
