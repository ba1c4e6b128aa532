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
  /** Its signature is 64 zero bytes until `finish` is through: nobody else may see it before. */
  readonly record: OpRecord;
  /** Puts the signature in. Undefined where the key has answered; answers a promise where it has not even now. Throws, or rejects with, what `signOp` throws. */
  readonly finish: (() => Promise<void> | undefined) | undefined;
}

/**
 * Encodes and hashes an op and has it signed, for whoever has something to do meanwhile: more than ever where `isOneOfMany`. `book` is undefined for the
 * genesis op, whose own hash is the book id. Throws like `signOp`.
 */
export function startSigning(
  op: Op,
  key: DeviceKey,
  book: BookId | undefined,
  hasher: Hasher,
  isOneOfMany?: boolean,
): Signing {
  if (op.device !== key.device) {
    throw new SignError('sign/wrong-device', `device ${key.device} signs no op of ${op.device}`);
  }
  if ((op.prev === undefined) !== (book === undefined)) {
    throw new SignError('sign/book', 'the genesis op alone has no book');
  }
  const text = encodeOp(op);
  const hash = hashOp(text, hasher);
  const bytes = encodeRecord(key.keyId, unsigned, text);
  const close = (signature: Uint8Array): undefined => {
    if (!(signature instanceof Uint8Array) || signature.length !== unsigned.length) {
      throw new SignError('sign/signer', 'a signature has 64 bytes');
    }
    bytes.set(signature, signatureOffset);
  };
  const preimage = signaturePreimage(book ?? bookIdOf(hash), hash);
  const record = { op, hash, keyId: key.keyId, bytes };
  const signature = (isOneOfMany && key.signLater?.(preimage)) || key.sign(preimage);
  if (typeof signature === 'function') return { record, finish: () => close(signature()) };
  if (!(signature instanceof Promise)) return { record, finish: close(signature) };
  const closed = signature.then(close);
  // Whoever waits for it may fail before it asks.
  closed.catch(() => undefined);
  return { record, finish: () => closed };
}

/**
 * Encodes, hashes and signs an op. `book` is undefined for the genesis op, whose own hash is the book id. Answers at once
 * when the key does. Throws when the signer throws or answers with anything but 64 bytes, and `sign/wrong-device` when the
 * op is not this device's.
 */
export function signOp(op: Op, key: DeviceKey, book: BookId | undefined, hasher: Hasher): MaybePromise<OpRecord> {
  const { record, finish } = startSigning(op, key, book, hasher);
  return finish?.()?.then(() => record) ?? record;
}

/** A book's id is the hash of its genesis op. */
export function bookIdOf(genesis: OpHash): BookId {
  const id: string = genesis;
  return id as BookId;
}
