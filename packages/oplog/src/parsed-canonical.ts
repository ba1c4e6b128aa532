// The strict reader of canonical JSON. docs/spec/op.md, "Canonical text": the stored and transmitted form is this text, so decoding refuses whatever is
// not byte-for-byte it.
import { checkSize, encodeCanonical, type Json, maxDepth } from './canonical.ts';
import { type CanonicalCode, type Failure, OplogError, type Result } from './errors.ts';
import { isPlain } from './plain.ts';

/** The value of a text that is byte-for-byte canonical, or why it is not. Never throws. */
export function parseCanonical(text: string): Result<Json, Failure<CanonicalCode>> {
  try {
    checkSize(text);
    const value = parseJson(text);
    // Most texts are seen to be canonical as they stand; the others are written again and compared.
    if (!isPlain(text, maxDepth) && encodeCanonical(value) !== text) {
      throw new OplogError('canonical/form', 'the text is JSON but not the canonical form of its value');
    }
    return { ok: true, value };
  } catch (error) {
    if (error instanceof OplogError) {
      return { ok: false, code: error.code as CanonicalCode, message: error.message };
    }
    throw error;
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new OplogError('canonical/syntax', 'the text is not JSON', { cause });
  }
}
