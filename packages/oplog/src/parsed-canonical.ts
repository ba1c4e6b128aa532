// The strict reader of canonical JSON. docs/spec/op.md, "Canonical text": the stored and transmitted form is this text, so decoding refuses whatever is
// not byte-for-byte it.
import { checkSize, encodeCanonical, type Json, maxDepth } from './canonical.ts';
import { type CanonicalCode, type Failure, OplogError, type Result } from './errors.ts';
import { isPlain } from './plain.ts';

/** The value of a text that is byte-for-byte canonical, or why it is not. Never throws. */
export function parseCanonical(text: string): Result<Json, Failure<CanonicalCode>> {
  try {
    checkSize(text);
    const value = JSON.parse(text) as Json;
    // Most texts are seen to be canonical as they stand; the others are written again and compared.
    return isPlain(text, maxDepth) || encodeCanonical(value) === text ? { ok: true, value } : notCanonical;
  } catch (error) {
    return error instanceof OplogError
      ? { ok: false, code: error.code as CanonicalCode, message: error.message }
      : { ok: false, code: 'canonical/syntax', message: 'the text is not JSON' };
  }
}

const notCanonical: Result<Json, Failure<CanonicalCode>> = {
  ok: false,
  code: 'canonical/form',
  message: 'the text is JSON but not the canonical form of its value',
};
