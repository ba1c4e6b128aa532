// From the bytes of somebody else to a record that is known by its hash.
import type { OpRecord, Result } from '@tallystick/oplog';
import { decodeRecord } from '@tallystick/oplog/strict';
import type { Hasher } from './hasher.ts';
import { hashOp } from './record.ts';

/** Says which key signs what follows it. Its args are the business of the sign package. */
const rotateVerb = 'device.rotate@1';

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
