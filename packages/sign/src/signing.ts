// Signing ops (DESIGN.md section 3).
import { type Hasher, hashOp } from '@tallystick/chain/hashing';
import {
  type BookId,
  decodeHex,
  encodeOp,
  encodeRecord,
  type MaybePromise,
  type Op,
  type OpHash,
  type OpRecord,
} from '@tallystick/oplog';
import { SignError } from './errors.ts';
import type { DeviceKey } from './key-store.ts';
import { preimagesOf } from './preimage.ts';

const opSignature = preimagesOf('sig');
const unsigned = new Uint8Array(64);
/** In a record, after the key id. */
const signatureOffset = 32;

/** "tallystick/sig/1\n" || book id (32 raw bytes) || op hash (32 raw bytes). */
export function signaturePreimage(book: BookId, hash: OpHash): Uint8Array {
  return opSignature(decodeHex(book), decodeHex(hash));
}

/** An op whose hash is known and whose signature may still be on its way. */
export interface Signing {
  /** Its signature is 64 zero bytes until `done`: nobody else may see it before. */
  readonly record: OpRecord;
  /** Undefined where the key has answered. Rejects with what `signOp` throws. */
  readonly done: Promise<void> | undefined;
}

/**
 * Encodes and hashes an op and has it signed, for whoever has something to do meanwhile. `book` is undefined for the genesis op, whose own hash is the
 * book id. Throws like `signOp`.
 */
export function startSigning(op: Op, key: DeviceKey, book: BookId | undefined, hasher: Hasher): Signing {
  if (op.device !== key.device) {
    throw new SignError('sign/wrong-device', `device ${key.device} cannot sign an op of ${op.device}`);
  }
  if ((op.prev === undefined) !== (book === undefined)) {
    throw new SignError('sign/book', 'the genesis op, and no other, is signed without a book');
  }
  const text = encodeOp(op);
  const hash = hashOp(text, hasher);
  const bytes = encodeRecord(key.keyId, unsigned, text);
  const close = (signature: Uint8Array): void => {
    if (!(signature instanceof Uint8Array) || signature.length !== unsigned.length) {
      throw new SignError('sign/signer', 'the signer gave something else than 64 bytes');
    }
    bytes.set(signature, signatureOffset);
  };
  const signature = key.sign(signaturePreimage(book ?? bookIdOf(hash), hash));
  const done = signature instanceof Promise ? signature.then(close) : undefined;
  if (!(signature instanceof Promise)) close(signature);
  return { record: { op, hash, keyId: key.keyId, bytes }, done };
}

/**
 * Encodes, hashes and signs an op. `book` is undefined for the genesis op, whose own hash is the book id. Answers at once
 * when the key does. Throws when the signer throws or answers with anything but 64 bytes, and `sign/wrong-device` when the
 * op is not this device's.
 */
export function signOp(op: Op, key: DeviceKey, book: BookId | undefined, hasher: Hasher): MaybePromise<OpRecord> {
  const { record, done } = startSigning(op, key, book, hasher);
  return done === undefined ? record : done.then(() => record);
}

/** A book's id is the hash of its genesis op. */
export function bookIdOf(genesis: OpHash): BookId {
  const id: string = genesis;
  return id as BookId;
}
