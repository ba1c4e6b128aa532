// From bytes to a record that is known by its hash: the op hash of DESIGN.md section 3.
import { decodeRecord, type OpHash, type OpRecord, type Result } from '@tallystick/oplog';
import type { Hasher } from './hasher.ts';

const domain = 'tallystick/op/1\n';
/** Says which key signs what follows it. Its args are the business of the sign package. */
const rotateVerb = 'device.rotate@1';

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

/** Whether a signature at `next`, which links to `before`, covers that too. A rotation ends its run: every reader checks it by itself. */
export function continuesRun(before: OpRecord, next: OpRecord): boolean {
  return before.keyId === next.keyId && before.op.verb !== rotateVerb;
}
