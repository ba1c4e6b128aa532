// From bytes to a record that is known by its hash: the op hash of DESIGN.md section 3.
import { decodeRecord, type OpHash, type OpRecord, type Result } from '@tallystick/oplog';
import type { Hasher } from './hasher.ts';

const domain = 'tallystick/op/1\n';

/** SHA-256("tallystick/op/1\n" || canonical text). The text is hashed as it stands; `openRecord` is what checks it. */
export function hashOp(text: string, hasher: Hasher): OpHash {
  return hasher.sha256Hex(domain + text) as OpHash;
}

/** Decodes a record strictly and computes its hash. The signature is not checked here. */
export function openRecord(bytes: Uint8Array, hasher: Hasher): Result<OpRecord> {
  const decoded = decodeRecord(bytes);
  if (!decoded.ok) return decoded;
  const { op, keyId, text } = decoded.value;
  return { ok: true, value: { op, hash: hashOp(text, hasher), keyId, bytes: decoded.value.bytes } };
}
