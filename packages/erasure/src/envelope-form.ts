// The form of an envelope, which anybody can read: no key and no cipher are needed, so schemas that ask for envelopes carry none.
import { parseBase64url } from './base64url.ts';
import { isGeneration, parseSubject, type SubjectId } from './subject-id.ts';

/** What anybody can read of an envelope. */
export interface Envelope {
  readonly subject: SubjectId;
  readonly generation: number;
  readonly nonce: Uint8Array;
  /** The second half of what the key, the nonce and the place give: only one key and one place do. */
  readonly keyCommitment: Uint8Array;
  /** Of the text, under a salt that is sealed with it. */
  readonly commitment: Uint8Array;
  readonly sealed: Uint8Array;
}

export const nonceBytes = 24;
const hashBytes = 32;
const tagBytes = 16;
export const leastFrameBytes = 64;
export const mostFrameBytes = 4096;
const maxEnvelopeUnits = 5_700;
const pattern = /^env1\.([0-9a-f]{32})\.([1-9][0-9]{0,5})\.([A-Za-z0-9_-]+)$/;

/** Never throws for anything that the text holds. */
export function parseEnvelope(text: unknown): Envelope | undefined {
  if (typeof text !== 'string' || text.length > maxEnvelopeUnits) return undefined;
  const [, subjectText, digits, base64] = pattern.exec(text) ?? [];
  const [subject, generation] = [parseSubject(subjectText), Number(digits)];
  if (subject === undefined || base64 === undefined || !isGeneration(generation)) return undefined;
  const body = parseBase64url(base64);
  const frameBytes = (body?.length ?? 0) - nonceBytes - 2 * hashBytes - tagBytes;
  if (body === undefined || !isFrameSize(frameBytes)) return undefined;
  const [afterNonce, afterKey] = [nonceBytes, nonceBytes + hashBytes];
  return {
    subject,
    generation,
    nonce: body.subarray(0, afterNonce),
    keyCommitment: body.subarray(afterNonce, afterKey),
    commitment: body.subarray(afterKey, afterKey + hashBytes),
    sealed: body.subarray(afterKey + hashBytes),
  };
}

/** Whether a text has the form of an envelope; what is in it only its key tells. */
export function isEnvelope(text: unknown): text is string {
  return parseEnvelope(text) !== undefined;
}

function isFrameSize(size: number): boolean {
  return size >= leastFrameBytes && size <= mostFrameBytes && (size & (size - 1)) === 0;
}
