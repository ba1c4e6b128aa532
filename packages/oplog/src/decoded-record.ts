// A record of somebody else, read strictly. docs/spec/op.md, "Record".
import type { KeyId } from './brands.ts';
import type { Failure, RecordCode, Result } from './errors.ts';
import type { Op, OpFailure } from './op.ts';
import { parseOp } from './parsed-op.ts';
import { decodeUtf8, keyIdOf, maxRecordBytes, textOffset } from './record.ts';

/** A record whose hash nobody has computed yet. */
export interface DecodedRecord {
  readonly op: Op;
  readonly keyId: KeyId;
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Strict: every rule of the canonical text and of the op is checked. The hash and signature are not. Never throws. */
export function decodeRecord(bytes: Uint8Array): Result<DecodedRecord, OpFailure | Failure<RecordCode>> {
  if (bytes.length <= textOffset) {
    return {
      ok: false,
      code: 'record/short',
      message: `a record has more than ${textOffset} bytes, not ${bytes.length}`,
    };
  }
  if (bytes.length > maxRecordBytes) {
    return { ok: false, code: 'canonical/too-large', message: `${bytes.length} bytes, at most ${maxRecordBytes}` };
  }
  const text = decodeUtf8(bytes);
  if (text === undefined) return { ok: false, code: 'record/utf8', message: 'the text is not UTF-8' };
  const op = parseOp(text);
  return op.ok ? { ok: true, value: { op: op.value, keyId: keyIdOf(bytes), text, bytes } } : op;
}
