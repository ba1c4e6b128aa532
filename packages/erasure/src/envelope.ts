// Envelopes (docs/spec/envelope.md): personal text sealed under its subject's key, bound to the op and the field that it stands in.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeCanonical } from '@tallystick/oplog';
import { encodeBase64url } from './base64url.ts';
import { type Envelope, leastFrameBytes, mostFrameBytes, nonceBytes, parseEnvelope } from './envelope-form.ts';
import { type EnvelopeCode, ErasureError, type ErasureResult, refuse } from './errors.ts';
import { checkSubjectKey, type SubjectKey } from './subject.ts';

/** Where an envelope stands: all of it is known before the op has a hash. */
export interface EnvelopePlace {
  readonly book: string;
  readonly scope: string;
  readonly device: string;
  /** The op's id. */
  readonly id: string;
  /** Member names from the op's args down, and places in lists from 0, joined by full stops: `lines.2.note`. */
  readonly field: string;
}

export interface OpenedEnvelope {
  readonly text: string;
  /** 32 bytes: with the text they show what the commitment was of. */
  readonly salt: Uint8Array;
}

const saltBytes = 32;
const frameHeadBytes = saltBytes + 2;
/** Most bytes of UTF-8 in one envelope. */
export const maxEnvelopeTextBytes: number = mostFrameBytes - frameHeadBytes;

/**
 * Seals `text` for one field of one op. Throws `erasure/text` for what is too long or no Unicode, `erasure/place`, `erasure/key`. `random` is the
 * edge's dice: 24 bytes for the nonce, 32 for the salt.
 */
export function sealEnvelope(
  text: string,
  subjectKey: SubjectKey,
  place: EnvelopePlace,
  random: (count: number) => Uint8Array = randomBytes,
): string {
  const { subject, generation } = checkSubjectKey(subjectKey);
  const nonce = random(nonceBytes);
  const salt = random(saltBytes);
  const value = valueOf(text);
  const { key, keyCommitment } = deriveKey(subjectKey, nonce, checkPlace(place));
  const commitment = commitTo(value, salt);
  const frame = frameOf(value, salt);
  const sealed = xchacha20poly1305(key, nonce, commitment).encrypt(frame);
  frame.fill(0);
  key.fill(0);
  const body = encodeBase64url(concatBytes(nonce, keyCommitment, commitment, sealed));
  return `env1.${subject}.${generation}.${body}`;
}

/** Opens an envelope where it stands. `erasure/no-match`: another key, or another place. */
export function openEnvelope(
  text: string,
  subjectKey: SubjectKey,
  place: EnvelopePlace,
): ErasureResult<OpenedEnvelope, EnvelopeCode> {
  const envelope = parseEnvelope(text);
  if (envelope === undefined) return refuse('erasure/not-an-envelope', 'this is not an envelope, or not all of it');
  const { subject, generation } = checkSubjectKey(subjectKey);
  const isOf = envelope.subject === subject && envelope.generation === generation;
  const { key, keyCommitment } = deriveKey(subjectKey, envelope.nonce, checkPlace(place));
  if (!isOf || !isSame(keyCommitment, envelope.keyCommitment))
    return refuse('erasure/no-match', 'it was sealed under another key, or for another place');
  const frame = decrypt(key, envelope);
  key.fill(0);
  const opened = frame === undefined ? undefined : readFrame(frame);
  if (opened === undefined || !isSame(commitTo(utf8ToBytes(opened.text), opened.salt), envelope.commitment))
    return refuse('erasure/damaged', 'it was changed after it was sealed, or sealed by something else');
  return { ok: true, value: opened };
}

/** Whether `text` and `salt` are what an envelope committed to, for somebody who has no key. */
export function verifyCommitment(envelope: Pick<Envelope, 'commitment'>, { text, salt }: OpenedEnvelope): boolean {
  return salt.length === saltBytes && isSame(commitTo(utf8ToBytes(text), salt), envelope.commitment);
}

/**
 * HKDF-SHA256 of (key, nonce, place): 32 bytes that seal and 32 that commit. Two triples with the same second half would be a collision of
 * SHA-256, so an envelope opens under one key and at one place only (docs/decisions/042-envelopes.md).
 */
function deriveKey(
  { key, subject, generation }: SubjectKey,
  nonce: Uint8Array,
  place: EnvelopePlace,
): { readonly key: Uint8Array; readonly keyCommitment: Uint8Array } {
  const { book, scope, device, id, field } = place;
  const bound = encodeCanonical({ book, device, field, generation, id, scope, subject });
  const derived = hkdf(sha256, key, nonce, utf8ToBytes(`tallystick/envelope/1\n${bound}`), 64);
  return { key: derived.subarray(0, 32), keyCommitment: derived.subarray(32) };
}

function commitTo(value: Uint8Array, salt: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes('tallystick/envelope-value/1\n'), salt, value));
}

function valueOf(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new ErasureError('erasure/text', 'a lone surrogate is no text');
  const value = utf8ToBytes(text);
  if (value.length <= maxEnvelopeTextBytes) return value;
  throw new ErasureError('erasure/text', `${value.length} bytes, at most ${maxEnvelopeTextBytes}`);
}

/** salt, length and text, and zeros up to the next power of two: the length tells the order of magnitude and no more. */
function frameOf(value: Uint8Array, salt: Uint8Array): Uint8Array {
  let size = leastFrameBytes;
  while (size < frameHeadBytes + value.length) size *= 2;
  const frame = new Uint8Array(size);
  frame.set(salt);
  frame.set([value.length >> 8, value.length & 255], saltBytes);
  frame.set(value, frameHeadBytes);
  return frame;
}

function readFrame(frame: Uint8Array): OpenedEnvelope | undefined {
  const length = ((frame[saltBytes] as number) << 8) | (frame[saltBytes + 1] as number);
  const end = frameHeadBytes + length;
  if (end > frame.length || (frame.length > leastFrameBytes && end <= frame.length / 2)) return undefined;
  if (frame.subarray(end).some((byte) => byte !== 0)) return undefined;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(frame.subarray(frameHeadBytes, end)), salt: frame.slice(0, saltBytes) };
  } catch {
    return undefined;
  }
}

function decrypt(key: Uint8Array, { nonce, commitment, sealed }: Envelope): Uint8Array | undefined {
  try {
    return xchacha20poly1305(key, nonce, commitment).decrypt(sealed);
  } catch {
    return undefined;
  }
}

function checkPlace(place: EnvelopePlace): EnvelopePlace {
  for (const part of [place.book, place.scope, place.device, place.id, place.field])
    if (typeof part !== 'string' || part === '' || part.length > 500)
      throw new ErasureError('erasure/place', 'book, scope, device, id and field are texts of 1 to 500 units');
  return place;
}

/** In time that does not depend on where they differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [i, byte] of one.entries()) difference |= byte ^ (other[i] ?? 0);
  return difference === 0;
}
