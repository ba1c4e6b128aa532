// Subject keys wrapped for those who may read (docs/spec/envelope.md, "Wrapped keys"): an age file for many X25519 recipients, which tells whoever
// carries it nothing but how many there are.
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { ErasureError, type ErasureResult, refuse, type WrapCode } from './errors.ts';
import { checkSubjectKey, type SubjectKey, subjectKeyId } from './subject.ts';
import { parseSubject, type SubjectId } from './subject-id.ts';

/** Most readers of one key; a stanza has about 100 bytes. */
export const maxReaders = 1_000;
/** Longest wrapped key, in UTF-16 units of its armor. */
export const maxWrappedUnits = 200_000;
const bech32 = '[02-9ac-hj-np-z]';
const recipientPattern = new RegExp(`^age1${bech32}{58}$`);
const payload = /^tallystick\/subject-key\/1\n([0-9a-f]{32})\.([1-9][0-9]{0,5})\n([0-9a-f]{64})\n$/;

/** A device's X25519 pair for keys of subjects: the identity stays with it, the recipient it says by an op. */
export interface ReaderIdentity {
  /** `AGE-SECRET-KEY-1...` */
  readonly identity: string;
  /** `age1...` */
  readonly recipient: string;
}

export async function createReaderIdentity(): Promise<ReaderIdentity> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Whether a text looks like the recipient of one X25519 identity. */
export function isRecipient(text: unknown): text is string {
  return typeof text === 'string' && recipientPattern.test(text);
}

/** Under which a wrapped key is kept: `SUBJECT.GENERATION.READERS`, whose last part tells whether it is wrapped for these readers. */
export function wrappedName(
  { subject, generation }: Pick<SubjectKey, 'subject' | 'generation'>,
  recipients: readonly string[],
): string {
  const sorted = [...new Set(recipients)].sort();
  return `${subject}.${generation}.${encodeHex(sha256(utf8ToBytes(sorted.join('\n')))).slice(0, 16)}`;
}

/** What a name says, if it is one. */
export function parseWrappedName(name: string): { subject: SubjectId; generation: number } | undefined {
  const [, subjectText, generation] = /^([0-9a-f]{32})\.([1-9][0-9]{0,5})\.[0-9a-f]{16}$/.exec(name) ?? [];
  const subject = parseSubject(subjectText);
  return subject === undefined ? undefined : { subject, generation: Number(generation) };
}

/** Armored age for all `recipients`, any one of which opens it. Throws `erasure/readers` for none, too many, or what is no recipient. */
export async function wrapKey(subjectKey: SubjectKey, recipients: readonly string[]): Promise<string> {
  const { subject, generation, key } = checkSubjectKey(subjectKey);
  if (recipients.length < 1 || recipients.length > maxReaders)
    throw new ErasureError('erasure/readers', `1 to ${maxReaders} readers, not ${recipients.length}`);
  const { armor, Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new ErasureError('erasure/readers', `not an age recipient: ${JSON.stringify(recipient)}`, { cause });
    }
  }
  const text = `tallystick/subject-key/1\n${subject}.${generation}\n${encodeHex(key)}\n`;
  return armor.encode(await encrypter.encrypt(text));
}

/**
 * The key, if `identity` is one of its readers and it is the key that the log names by `keyId`: age does not say who wrapped it. Never throws for
 * anything that `wrapped` holds.
 */
export async function unwrapKey(
  wrapped: string,
  identity: string,
  keyId: string,
): Promise<ErasureResult<SubjectKey, WrapCode>> {
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  let file: Uint8Array;
  try {
    if (wrapped.length > maxWrappedUnits) return refuse('erasure/not-wrapped', 'this is too long for a wrapped key');
    file = armor.decode(wrapped);
  } catch {
    return refuse('erasure/not-wrapped', 'this is not a wrapped key, or not all of it');
  }
  let text: string;
  try {
    text = await decrypter.decrypt(file, 'text');
  } catch {
    return refuse('erasure/not-a-reader', 'it was wrapped for others, or was changed');
  }
  const [, subjectText, generation, hex] = payload.exec(text) ?? [];
  const subject = parseSubject(subjectText);
  if (subject === undefined || hex === undefined) return refuse('erasure/not-wrapped', 'it holds no key of a subject');
  const subjectKey = { subject, generation: Number(generation), key: decodeHex(hex) };
  if (subjectKeyId(subjectKey) === keyId) return { ok: true, value: subjectKey };
  return refuse('erasure/other-key', 'it holds another key than the log names');
}
