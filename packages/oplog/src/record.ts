// The record: key id, signature and canonical text in one byte string, which is also the Merkle leaf. docs/spec/op.md, "Record".
import { type KeyId, type OpHash, parseKeyId } from './brands.ts';
import { maxTextBytes } from './canonical.ts';
import { OplogError } from './errors.ts';
import { decodeHex, encodeHex } from './hex.ts';
import { type Op, trustedOp } from './op.ts';

/** One op with its hash, the key that signed it and its wire bytes. Everyone treats `bytes` as immutable. */
export interface OpRecord {
  readonly op: Op;
  readonly hash: OpHash;
  readonly keyId: KeyId;
  /** key id (32 raw) || signature (64 raw) || canonical text (UTF-8) */
  readonly bytes: Uint8Array;
}

const keyBytes = 32;
const signatureBytes = 64;
/** Where the canonical text begins. */
export const textOffset: number = keyBytes + signatureBytes;
/** Longest record; it fits the 65,535 bytes of a log entry. */
export const maxRecordBytes: number = textOffset + maxTextBytes;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Wire bytes of a signed op. `text` is canonical already: it is what was hashed. */
export function encodeRecord(keyId: KeyId, signature: Uint8Array, text: string): Uint8Array {
  if (parseKeyId(keyId) === undefined)
    throw new OplogError('record/key', `key id ${keyId} is not 64 lowercase hex digits`);
  if (signature.length !== signatureBytes) {
    throw new OplogError('record/signature', `a signature has ${signatureBytes} bytes, not ${signature.length}`);
  }
  const textBytes = encoder.encode(text);
  if (textBytes.length > maxTextBytes) {
    throw new OplogError('canonical/too-large', `${textBytes.length} bytes, at most ${maxTextBytes}`);
  }
  const bytes = new Uint8Array(textOffset + textBytes.length);
  bytes.set(decodeHex(keyId), 0);
  bytes.set(signature, keyBytes);
  bytes.set(textBytes, textOffset);
  return bytes;
}

/** A record from bytes that a store wrote earlier: no canonical check, no hash. Throws `record/corrupt` if they cannot be read. */
export function trustedRecord(bytes: Uint8Array, hash: OpHash): OpRecord {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new OplogError('record/corrupt', `stored record ${hash} is no longer UTF-8`);
  return { op: trustedOp(text), hash, keyId: keyIdOf(bytes), bytes };
}

/** The 64 raw bytes of the Ed25519 signature. */
export function signatureOf(record: { readonly bytes: Uint8Array }): Uint8Array {
  return record.bytes.slice(keyBytes, textOffset);
}

/** The canonical text, exactly as it was hashed. */
export function textOf(record: { readonly bytes: Uint8Array }): string {
  const text = decodeUtf8(record.bytes);
  if (text === undefined) throw new OplogError('record/utf8', 'the text is not UTF-8');
  return text;
}

/** The text of a record; undefined where it is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes.subarray(textOffset));
  } catch {
    return undefined;
  }
}

/** The key id read last: records come in runs of one key. */
const lastKey = new Uint8Array(keyBytes);
let lastKeyId = encodeHex(lastKey) as KeyId;

export function keyIdOf(bytes: Uint8Array): KeyId {
  for (let i = 0; i < keyBytes; i++) if (bytes[i] !== lastKey[i]) return readKeyId(bytes);
  return lastKeyId;
}

function readKeyId(bytes: Uint8Array): KeyId {
  lastKey.set(bytes.subarray(0, keyBytes));
  lastKeyId = encodeHex(lastKey) as KeyId;
  return lastKeyId;
}
