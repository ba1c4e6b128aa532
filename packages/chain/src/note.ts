// C2SP signed notes with Ed25519 signatures (c2sp.org/signed-note, signature type 0x01) and their verifier keys.
import { encodeHex, type MaybePromise, type Result } from '@tallystick/oplog';
import { encodeBase64, parseBase64 } from './base64.ts';
import { ChainError } from './errors.ts';
import type { Hasher } from './hasher.ts';

/** A key as note readers are configured with it: a name without spaces or "+", and 32 raw bytes. */
export interface NoteKey {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

export interface NoteSigner extends NoteKey {
  sign(message: Uint8Array): MaybePromise<Uint8Array>;
}

export type VerifySignature = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => MaybePromise<boolean>;

export interface OpenedNote {
  /** The signed text with its final newline, without the blank line and the signatures. */
  readonly body: string;
}

const ed25519Type = 0x01;
/** Longest note that is read, in UTF-16 units. */
export const maxNoteLength: number = 1 << 20;
const maxSignatureLines = 64;
/** Of one line, in base64: room for the largest signatures that have a C2SP type. */
const maxSignatureLength = 16_384;
const signatureStart = '\u2014 ';
const namePattern = /^[^\p{White_Space}+\p{Cc}\p{Surrogate}]+$/u;
const forbiddenInNotes = /[\0-\x09\x0b-\x1f]|\p{Surrogate}/u;
const utf8 = new TextEncoder();

/** Signs a text that ends in a newline. Throws `chain/note-name` or `chain/note-body`; a signer that fails, throws. */
export function signNote(body: string, signer: NoteSigner, hasher: Hasher): MaybePromise<string> {
  if (!namePattern.test(signer.name)) throw badName(signer.name);
  if (!body.endsWith('\n') || forbiddenInNotes.test(body) || body.length > maxNoteLength) {
    throw new ChainError('chain/note-body', `not the text of a note: ${JSON.stringify(body.slice(0, 80))}`);
  }
  const close = (signature: Uint8Array): string => {
    if (signature.length !== 64) throw new ChainError('chain/note-body', `a signature of ${signature.length} bytes`);
    return `${body}\n${encodeSignatureLine(signer, ed25519Type, signature, hasher)}`;
  };
  const signature = signer.sign(utf8.encode(body));
  return signature instanceof Uint8Array ? close(signature) : signature.then(close);
}

/**
 * The body, if `key` signed it. Signatures of other keys are ignored; the first line of `key` decides. Refusals:
 * `chain/note-format`, `chain/note-unsigned` (no line of this key), `chain/note-signature`.
 */
export function openNote(
  text: string,
  key: NoteKey,
  verify: VerifySignature,
  hasher: Hasher,
): MaybePromise<Result<OpenedNote>> {
  const note = parseNote(text);
  if (note === undefined) return { ok: false, code: 'chain/note-format', message: 'not a C2SP signed note' };
  const line = findLine(note, key, ed25519Type, hasher);
  if (line === undefined) return unsigned(key);
  const answer = (valid: boolean): Result<OpenedNote> =>
    valid
      ? { ok: true, value: { body: note.body } }
      : { ok: false, code: 'chain/note-signature', message: `the signature by ${key.name} is not valid` };
  const valid = line.signature.length === 64 && verify(key.publicKey, utf8.encode(note.body), line.signature);
  return typeof valid === 'boolean' ? answer(valid) : valid.then(answer);
}

/** The "vkey" text form: name+keyId+base64(0x01 || public key). */
export function encodeVerifierKey(key: NoteKey, hasher: Hasher): string {
  return encodeTypedKey(key, ed25519Type, hasher);
}

/** Reads a vkey and checks its key id. Refusal: `chain/verifier-key`. */
export function parseVerifierKey(text: string, hasher: Hasher): Result<NoteKey> {
  return parseTypedKey(text, ed25519Type, hasher);
}

/** A vkey of any signature type whose key is 32 bytes. */
export function encodeTypedKey(key: NoteKey, type: number, hasher: Hasher): string {
  const id = encodeHex(keyIdBytes(key, type, hasher));
  return `${key.name}+${id}+${encodeBase64(joinBytes(Uint8Array.of(type), key.publicKey))}`;
}

export function parseTypedKey(text: string, type: number, hasher: Hasher): Result<NoteKey> {
  const [name = '', id = '', ...rest] = text.split('+');
  const encoded = parseBase64(rest.join('+'));
  if (namePattern.test(name) && encoded?.length === 33 && encoded[0] === type) {
    const key = { name, publicKey: encoded.slice(1) };
    if (encodeHex(keyIdBytes(key, type, hasher)) === id) return { ok: true, value: key };
  }
  return { ok: false, code: 'chain/verifier-key', message: `not an Ed25519 verifier key of type ${type}` };
}

export interface SignatureLine {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export interface ParsedNote {
  readonly body: string;
  readonly lines: readonly SignatureLine[];
}

/** Text and signature lines, or undefined when it is no C2SP note. No signature is checked. */
export function parseNote(text: string): ParsedNote | undefined {
  if (text.length > maxNoteLength || !text.endsWith('\n') || forbiddenInNotes.test(text)) return undefined;
  const blank = text.lastIndexOf('\n\n');
  if (blank === -1) return undefined;
  const signatures = text.slice(blank + 2, -1).split('\n');
  if (signatures.length > maxSignatureLines) return undefined;
  const lines = signatures.map(parseSignatureLine).filter((line) => line !== undefined);
  return lines.length === signatures.length ? { body: text.slice(0, blank + 1), lines } : undefined;
}

function parseSignatureLine(line: string): SignatureLine | undefined {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ');
  const bytes = encoded.length > maxSignatureLength ? undefined : parseBase64(encoded);
  if (`${dash} ` !== signatureStart || !namePattern.test(name) || rest.length > 0) return undefined;
  if (bytes === undefined || bytes.length < 5) return undefined;
  return { name, keyId: encodeHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}

/** The first line of this key, the one that decides. */
export function findLine(note: ParsedNote, key: NoteKey, type: number, hasher: Hasher): SignatureLine | undefined {
  const id = encodeHex(keyIdBytes(key, type, hasher));
  return note.lines.find(({ name, keyId }) => name === key.name && keyId === id);
}

export function unsigned(key: NoteKey): Result<never> {
  return { ok: false, code: 'chain/note-unsigned', message: `no signature by ${key.name}` };
}

/** One line with its newline. */
export function encodeSignatureLine(key: NoteKey, type: number, signature: Uint8Array, hasher: Hasher): string {
  return `${signatureStart}${key.name} ${encodeBase64(joinBytes(keyIdBytes(key, type, hasher), signature))}\n`;
}

/** SHA-256(name || 0x0A || type || public key)[:4]. */
function keyIdBytes({ name, publicKey }: NoteKey, type: number, hasher: Hasher): Uint8Array {
  if (!namePattern.test(name)) throw badName(name);
  return hasher.sha256(joinBytes(utf8.encode(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, 4);
}

function badName(name: string): ChainError {
  return new ChainError('chain/note-name', `not a note key name: ${JSON.stringify(name)}`);
}

export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
