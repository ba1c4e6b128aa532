// What a reader and a wallet say to each other about one token, as texts that a QR code, a scanner or a clipboard carries. docs/spec/token.md, "As text".
import { type Hasher, openRecord } from '@tallystick/chain';
import { decodeHex, encodeHex, type Result } from '@tallystick/oplog';
import { encodeBase64Url, parseBase64Url } from './base64url.ts';
import { SignError } from './errors.ts';
import { refuse, type TokenHash } from './token-url.ts';
import type { ShownToken } from './wallet.ts';

const askPrefix = 'tally1-ask.';
const answerPrefix = 'tally1-answer.';
const [hashBytes, challengeBytes, proofBytes, lengthBytes] = [32, 32, 64, 2];
/** A QR code of version 40 holds 2,953 bytes at error correction L. */
const longestAnswer = 2_953;

/** What a reader asks the wallet: which token, and the challenge of this one showing. */
export interface TokenAsk {
  readonly hash: TokenHash;
  /** 32 random bytes. */
  readonly challenge: Uint8Array;
}

/** Throws `sign/token` for a challenge that is not 32 bytes. */
export function encodeAsk({ hash, challenge }: TokenAsk): string {
  if (challenge.length !== challengeBytes)
    throw new SignError('sign/token', `a challenge of ${challenge.length} bytes`);
  return askPrefix + encodeBase64Url(Uint8Array.of(...decodeHex(hash), ...challenge));
}

/** Refusal: `token/text`. Never throws. */
export function parseAsk(text: string): Result<TokenAsk> {
  const bytes = bytesOf(text, askPrefix, askPrefix.length + 86);
  if (bytes?.length !== hashBytes + challengeBytes) return refuse('token/text', 'not what a reader asks');
  const hash = encodeHex(bytes.subarray(0, hashBytes)) as TokenHash;
  return { ok: true, value: { hash, challenge: bytes.slice(hashBytes) } };
}

/** Throws `sign/token` where nothing was claimed, which needs no answer, and for records that no code can hold. */
export function encodeAnswer({ claim, proof }: ShownToken): string {
  if (claim === undefined || proof?.length !== proofBytes)
    throw new SignError('sign/token', 'an answer has a claim and a proof of 64 bytes');
  const records = [claim.wallet.bytes, claim.claim.bytes];
  const parts = records.flatMap((bytes) => [Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  const text = answerPrefix + encodeBase64Url(Uint8Array.of(...parts.flatMap((bytes) => [...bytes]), ...proof));
  if (text.length > longestAnswer) throw new SignError('sign/token', `an answer of ${text.length} characters`);
  return text;
}

/** The records are opened, and nothing is verified: that is `verifyPresentation`'s. Refusal: `token/text`. Never throws. */
export function parseAnswer(text: string, hasher: Hasher): Result<Required<ShownToken>> {
  const bytes = bytesOf(text, answerPrefix, longestAnswer);
  const first = bytes === undefined ? undefined : recordAt(bytes, 0);
  const second = bytes === undefined || first === undefined ? undefined : recordAt(bytes, first.end);
  if (bytes === undefined || first === undefined || second === undefined || bytes.length !== second.end + proofBytes)
    return refuse('token/text', 'not what a wallet answers');
  const [wallet, claim] = [openRecord(first.bytes, hasher), openRecord(second.bytes, hasher)];
  if (!wallet.ok || !claim.ok) return refuse('token/text', 'a record of the answer cannot be read');
  const proof = bytes.slice(second.end);
  return { ok: true, value: { claim: { wallet: wallet.value, claim: claim.value }, proof } };
}

function bytesOf(text: string, prefix: string, longest: number): Uint8Array | undefined {
  if (text.length > longest || !text.startsWith(prefix)) return undefined;
  return parseBase64Url(text.slice(prefix.length));
}

function recordAt(bytes: Uint8Array, at: number): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  const [high, low] = [bytes[at], bytes[at + 1]];
  if (high === undefined || low === undefined) return undefined;
  const from = at + lengthBytes;
  const end = from + high * 256 + low;
  return end > bytes.length ? undefined : { bytes: bytes.slice(from, end), end };
}
