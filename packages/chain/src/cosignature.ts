// C2SP cosignatures of checkpoints by Ed25519 keys (c2sp.org/tlog-cosignature, type 0x04): a witness states at which second it
// knew this checkpoint to be the newest consistent one of its log. docs/spec/chain.md, "Cosignatures".
import type { MaybePromise, Result } from '@tallystick/oplog';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { ChainError } from './errors.ts';
import type { Hasher } from './hasher.ts';
import {
  encodeSignatureLine,
  encodeTypedKey,
  findLine,
  joinBytes,
  type NoteKey,
  type NoteSigner,
  parseNote,
  parseTypedKey,
  unsigned,
  type VerifySignature,
} from './note.ts';

const cosignatureType = 0x04;
const timeBytes = 8;
const utf8 = new TextEncoder();

/** What a cosigner vouches for. */
export interface Cosigned {
  readonly checkpoint: Checkpoint;
  /** When it was cosigned, in seconds since 1970 by the cosigner's clock. */
  readonly timeSeconds: number;
}

/**
 * The note with one more line. The cosigner has checked the checkpoint against the last one it knew, and stored it, before
 * it calls this. Throws `chain/checkpoint` when the note is not that of a checkpoint or the time is not a second since 1970.
 */
export function cosignCheckpoint(
  note: string,
  cosigner: NoteSigner,
  timeSeconds: number,
  hasher: Hasher,
): MaybePromise<string> {
  const body = parseNote(note)?.body;
  if (body === undefined || !parseCheckpoint(body).ok || !Number.isSafeInteger(timeSeconds) || timeSeconds < 0) {
    throw new ChainError('chain/checkpoint', `not a checkpoint to cosign at ${timeSeconds}`);
  }
  const close = (signature: Uint8Array): string => {
    if (signature.length !== 64) throw new ChainError('chain/checkpoint', `a signature of ${signature.length} bytes`);
    const timed = joinBytes(encodeTime(timeSeconds), signature);
    return `${note}${encodeSignatureLine(cosigner, cosignatureType, timed, hasher)}`;
  };
  const signature = cosigner.sign(messageOf(body, timeSeconds));
  return signature instanceof Uint8Array ? close(signature) : signature.then(close);
}

/**
 * What `key` cosigned. Lines of other keys, the log's own included, are ignored; the first line of `key` decides. Refusals:
 * `chain/note-format`, `chain/checkpoint-format`, `chain/note-unsigned`, `chain/note-signature`.
 */
export function openCosignature(
  text: string,
  key: NoteKey,
  verify: VerifySignature,
  hasher: Hasher,
): MaybePromise<Result<Cosigned>> {
  const note = parseNote(text);
  if (note === undefined) return { ok: false, code: 'chain/note-format', message: 'not a C2SP signed note' };
  const checkpoint = parseCheckpoint(note.body);
  if (!checkpoint.ok) return checkpoint;
  const line = findLine(note, key, cosignatureType, hasher);
  if (line === undefined) return unsigned(key);
  const invalid = { ok: false, code: 'chain/note-signature', message: `no valid cosignature by ${key.name}` } as const;
  const time = decodeTime(line.signature);
  if (time === undefined) return invalid;
  const answer = (valid: boolean): Result<Cosigned> =>
    valid ? { ok: true, value: { checkpoint: checkpoint.value, timeSeconds: time } } : invalid;
  const valid = verify(key.publicKey, messageOf(note.body, time), line.signature.subarray(timeBytes));
  return typeof valid === 'boolean' ? answer(valid) : valid.then(answer);
}

/** The vkey of a cosigner: name+keyId+base64(0x04 || public key). */
export function encodeCosignerKey(key: NoteKey, hasher: Hasher): string {
  return encodeTypedKey(key, cosignatureType, hasher);
}

/** Refusal: `chain/verifier-key`, for the key of a log too. */
export function parseCosignerKey(text: string, hasher: Hasher): Result<NoteKey> {
  return parseTypedKey(text, cosignatureType, hasher);
}

function messageOf(body: string, timeSeconds: number): Uint8Array {
  return utf8.encode(`cosignature/v1\ntime ${timeSeconds}\n${body}`);
}

function encodeTime(timeSeconds: number): Uint8Array {
  const bytes = new Uint8Array(timeBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timeSeconds));
  return bytes;
}

/** Of a line's 72 bytes; undefined for other lengths and for times that a JavaScript number cannot hold. */
function decodeTime(signature: Uint8Array): number | undefined {
  if (signature.length !== timeBytes + 64) return undefined;
  const time = new DataView(signature.buffer, signature.byteOffset, timeBytes).getBigUint64(0);
  return time <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(time) : undefined;
}
