/**
 * The certificate that a person is forgotten: words for people, the signed ops that they rest on, and the signature of who issues it. Whoever has the keys of
 * the book's devices checks it with no server. Spec: docs/spec/erasure-certificate.md.
 */
import { type Hasher, portableHasher, openRecord } from '@tallystick/chain';
import { type BookId, decodeHex, encodeHex, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import { createRecordVerifier, type DeviceKey, type RecordVerifierOptions } from '@tallystick/sign';
import {
  type CertificateFacts,
  certificatePreamble,
  encodeFacts,
  encodeRecords,
  factsMark,
  isAscending,
  type KnownScope,
  parseFacts,
  wordsOf,
} from './certificate-text.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import type { SubjectBook } from './subject-shred.ts';
import { type Outstanding, readErasure } from './subject-standing.ts';
import { subjectAcknowledge, subjectShred } from './subject-verbs.ts';
import { validateArgs, type Verb } from './verb.ts';

export interface CertificateOptions {
  readonly book: SubjectBook;
  readonly subject: string;
  readonly day: string;
  /** Who issues it; a device of the book. */
  readonly key: Pick<DeviceKey, 'keyId' | 'sign'>;
}

const signatureMark = '\nSigned: ';

/** The certificate as text, or undefined while the shred is not ordered or not settled. Throws `archive/missing` where an op that it rests on is not in the log here any more. */
export async function certifyErasure({ book, subject, day, key }: CertificateOptions): Promise<string | undefined> {
  const standing = await readErasure(book, subject);
  if (standing?.isSettled !== true) return undefined;
  const { acknowledged, op, outstanding, position } = standing;
  if (position === undefined) throw gone(op);
  const records: OpRecord[] = [];
  for (const hash of [op, ...acknowledged.map((one) => one.op)]) {
    const stored = await book.log.get(hash);
    if (stored === undefined) throw gone(hash);
    records.push(stored.record);
  }
  const scopes = [...book.log.scopes()].sort().map((scope) => ({ scope, size: book.log.tip(scope).size }));
  const facts = { book: book.id, day, outstanding, position, records: encodeRecords(records), scopes, subject };
  const signed = wordsOf(facts, records) + factsMark + encodeFacts(facts);
  const signature = await key.sign(new TextEncoder().encode(certificatePreamble + signed));
  return `${signed}${signatureMark}${key.keyId} ${encodeHex(signature)}\n`;
}

function gone(op: OpHash): KernelError {
  return new KernelError('archive/missing', `op ${op} is in an archive: a device that still has it can certify`);
}

export type CertificateCode =
  /** Not that it is false: the book here cannot judge the position. */
  | 'erasure/certificate-archived'
  | 'erasure/certificate-form'
  | 'erasure/certificate-left-out'
  | 'erasure/certificate-order'
  | 'erasure/certificate-record'
  | 'erasure/certificate-words'
  | 'erasure/certificate-signature';

export interface Certificate {
  readonly ok: true;
  readonly subject: string;
  readonly op: OpHash;
  readonly position: number;
  /** Id of the key that issued it. */
  readonly issuer: string;
  readonly day: string;
  /** Each device once. */
  readonly acknowledged: readonly string[];
  readonly outstanding: readonly Outstanding[];
  /** Whose devices its issuer knew; of those of other scopes it says nothing. */
  readonly scopes: readonly KnownScope[];
}

export interface CertificateFailure {
  readonly ok: false;
  readonly code: CertificateCode;
  readonly message: string;
}

export type CertificateCheck = Certificate | CertificateFailure;

export interface CertificateVerifier extends RecordVerifierOptions {
  /** The raw key of a device of the book, by its id. */
  keyOf(keyId: string): Uint8Array | undefined;
  readonly hasher?: Hasher;
}

/**
 * Whether a text is a whole certificate: each op in it signed by its device, and its words those of the ops. Whether the order took effect, who is left out, and whether its
 * issuer may say so, only the book knows: `verifyByBook`. Never throws for a text.
 */
export async function verifyCertificate(text: string, verifier: CertificateVerifier): Promise<CertificateCheck> {
  const parts = /^(.*)\nSigned: ([0-9a-f]{64}) ([0-9a-f]{128})\n$/s.exec(text);
  const [, signed = '', keyId = '', signature = ''] = parts ?? [];
  const at = signed.lastIndexOf(factsMark);
  const facts = at < 0 ? undefined : parseFacts(signed.slice(at + factsMark.length));
  if (facts === undefined || facts.book !== verifier.book) return failed('form', 'this is no certificate of this book');
  const opened = openRecords(facts, verifier.hasher ?? portableHasher);
  if (opened === undefined) return failed('record', 'an op in it is damaged, or about something else, or there twice');
  const { records, shred, acks } = opened;
  const verify = createRecordVerifier(verifier);
  for (const record of records)
    if (!(await verify(record))) return failed('record', `op ${record.hash} is not validly signed by its device`);
  if (signed.slice(0, at) !== wordsOf(facts, records)) return failed('words', 'its words are not those of its ops');
  const key = verifier.keyOf(keyId);
  const message = new TextEncoder().encode(certificatePreamble + signed);
  if (key === undefined || !(await verifier.ed25519.verify(key, message, decodeHex(signature))))
    return failed('signature', 'it is not signed by a device of the book');
  const acknowledged = acks.map(({ op }) => op.device);
  const { day, outstanding, position, scopes, subject } = facts;
  return { ok: true, subject, op: shred.hash, position, issuer: keyId, day, acknowledged, outstanding, scopes };
}

interface OpenedRecords {
  readonly records: readonly OpRecord[];
  readonly shred: OpRecord;
  readonly acks: readonly OpRecord[];
}

/** Undefined where one is not what it should be: the order first, then acknowledgements of devices in the order of their ids, each once, and none that is outstanding as well. */
function openRecords(
  { outstanding, records: encoded, subject }: CertificateFacts,
  hasher: Hasher,
): OpenedRecords | undefined {
  const opened = encoded.map((hex) => openRecord(decodeHex(hex), hasher));
  const records = opened.flatMap((one) => (one.ok ? [one.value] : []));
  const [shred, ...acks] = records;
  if (shred === undefined || records.length !== opened.length) return undefined;
  if (shred.op.scope !== 'hq' || !isOp(shred, subjectShred) || shred.op.args['subject'] !== subject) return undefined;
  const left = new Set(outstanding.map(({ device }): string => device));
  const acknowledges = (ack: OpRecord): boolean =>
    isOp(ack, subjectAcknowledge) &&
    (ack.op.args['subjects'] as readonly string[]).includes(subject) &&
    !left.has(ack.op.device);
  if (!acks.every(acknowledges) || !isAscending(acks.map(({ op }) => op.device))) return undefined;
  return { records, shred, acks };
}

/** With args that its schema takes: a device may sign any words, and these stand in a certificate. */
function isOp({ op }: OpRecord, verb: Verb): boolean {
  return op.verb === verb.ref && validateArgs(verb, op.args)?.issues === undefined;
}

/** What a book says of a certificate besides. */
export interface CertificateByBook extends Certificate {
  /** Scopes of the book with devices of which the certificate says nothing: it does not name the scope, or its size ends before they were enrolled. Of `hq` the size stands in its words. */
  readonly unseen: readonly string[];
}

/**
 * As `verifyCertificate`, with the keys of a book, and whether that book has the order at that position and gave effect to each acknowledgement, whether it leaves out a device that
 * was enrolled by then, and whether an owner or manager issued it. `erasure/certificate-archived` where all of that holds but the position, of which the book here knows nothing any more.
 */
export async function verifyByBook(
  text: string,
  book: SubjectBook,
  ed25519: CertificateVerifier['ed25519'],
): Promise<CertificateByBook | CertificateFailure> {
  const rawKey = (rows: readonly { readonly key: string }[]): Uint8Array | undefined =>
    rows[0] === undefined ? undefined : decodeHex(rows[0].key);
  const checked = await verifyCertificate(text, {
    book: book.id as BookId,
    ed25519,
    keyOf: (keyId) => rawKey(book.query('SELECT key FROM devices_history WHERE keyId = ? LIMIT 1', [keyId])),
    // Only its own key signs for a device: whoever has one key could else acknowledge for all.
    publicKeyOf: (keyId, device) =>
      rawKey(book.query('SELECT key FROM devices_history WHERE keyId = ? AND device = ? LIMIT 1', [keyId, device])),
  });
  if (!checked.ok) return checked;
  const standing = await readErasure(book, checked.subject);
  // Settled and without a position: it came before the first op that is in the log here.
  const isArchived = standing?.isSettled === true && standing.position === undefined;
  const isThere = isArchived ? checked.position < book.log.base(HQ).size : standing?.position === checked.position;
  if (standing?.op !== checked.op || !isThere)
    return failed('order', 'the book here has no such order: nobody who may has given it, or it is not here yet');
  const unknown = checked.acknowledged.find((device) => !hasAcknowledged(book, checked.subject, device));
  if (unknown !== undefined)
    return failed(
      'order',
      `the acknowledgement of device ${unknown} had no effect in the book here, or is not here yet`,
    );
  const { leftOut, unseen } = await compareDevices(book, checked);
  if (leftOut !== undefined)
    return failed(
      'left-out',
      `device ${leftOut} was enrolled by then, and is neither acknowledged nor outstanding in it`,
    );
  const mayIssue = book.query(
    "SELECT 1 FROM devices_history WHERE keyId = ? AND role IN ('owner', 'manager') LIMIT 1",
    [checked.issuer],
  );
  if (mayIssue.length === 0) return failed('signature', 'it is not signed by an owner or manager of the book');
  if (isArchived)
    return failed(
      'archived',
      `the book here has the order, and not at which position: op ${checked.op} is in an archive, ask a device that still has it`,
    );
  return { ...checked, unseen };
}

function hasAcknowledged(book: SubjectBook, subject: string, device: string): boolean {
  return book.query('SELECT 1 FROM shredAcks WHERE subject = ? AND device = ? LIMIT 1', [subject, device]).length > 0;
}

/** In one scope; a device may be enrolled in several. */
interface Enrolled {
  readonly device: string;
  readonly scope: Scope;
  readonly enrolment: OpHash;
}

/** The devices of this book against those of a certificate. One that was ever revoked is left aside: whether it was waited for at the time hangs on that. */
async function compareDevices(
  book: SubjectBook,
  { acknowledged, outstanding, scopes }: Certificate,
): Promise<{ readonly leftOut: string | undefined; readonly unseen: readonly string[] }> {
  const named = new Set([...acknowledged, ...outstanding.map(({ device }) => device)]);
  const sizeByScope = new Map(scopes.map(({ scope, size }) => [scope, size]));
  const unseen = new Set<string>();
  const enrolled = book.query<Enrolled>(
    `SELECT d.device, d.scope, d.enrolment FROM devices d WHERE d.enrolment <> ?
     AND NOT EXISTS (SELECT 1 FROM devices_history h WHERE h.device = d.device AND h.status <> 'active')
     AND NOT EXISTS (SELECT 1 FROM revocations_history r WHERE r.device = d.device)
     ORDER BY d.device, d.scope`,
    [book.id],
  );
  for (const { device, scope, enrolment } of enrolled) {
    if (named.has(device)) continue;
    const stored = await book.log.get(enrolment);
    // What is not in the log here any more came before the first op that is.
    const position = stored === undefined ? book.log.base(scope).size - 1 : stored.position;
    if (position === undefined) continue;
    if (position < (sizeByScope.get(scope) ?? 0)) return { leftOut: device, unseen: [] };
    if (scope !== HQ) unseen.add(scope);
  }
  return { leftOut: undefined, unseen: [...unseen].sort() };
}

type CodeName = CertificateCode extends `erasure/certificate-${infer N}` ? N : never;

function failed(code: CodeName, message: string): CertificateFailure {
  return { ok: false, code: `erasure/certificate-${code}`, message };
}
