// Tokens: coupons, credits and prizes as signed URLs that fit a QR code. docs/spec/token.md, "Token" and "URL".
import type { Hasher } from '@tallystick/chain';
import {
  type BookId,
  decodeHex,
  encodeCanonical,
  encodeHex,
  type JsonObject,
  type KeyId,
  type MaybePromise,
  parseBookId,
  type Result,
} from '@tallystick/oplog';
import { parseCanonical } from '@tallystick/oplog/strict';
import { acceptPublicKey } from './acceptance.ts';
import { encodeBase64Url, parseBase64Url } from './base64url.ts';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { SignError } from './errors.ts';
import { keyIdOf } from './key-store.ts';

/** A `bearer` token belongs to whoever shows it, a `bound` one to the device that claimed it. Declared when it is minted. */
export type TokenKind = 'bearer' | 'bound';

declare const brand: unique symbol;
/** SHA-256("tallystick/token/1\n" || body), 64 lowercase hex digits: what names a token in claims. */
export type TokenHash = string & { readonly [brand]: 'TokenHash' };

export interface TokenDraft {
  /** The page that opens it: `https://`, a host, a path of unreserved characters, and no query. */
  readonly page: string;
  readonly kind: TokenKind;
  /** The book whose device issues it. */
  readonly book: BookId;
  /** 32 lowercase hex digits that no other token of this issuer has; random ones cannot be guessed. */
  readonly number: string;
  /** What it is for. Canonical JSON of at most 160 bytes; its members belong to the application. */
  readonly terms: JsonObject;
}

export interface Token extends TokenDraft {
  /** Raw public key of the issuing device. */
  readonly issuer: Uint8Array;
  readonly issuerKeyId: KeyId;
  readonly hash: TokenHash;
  /** What is signed after the domain. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** Longest token URL: a QR code of version 17 holds 504 bytes at error correction M. */
export const maxTokenUrlLength = 500;
const maxTermsBytes = 160;
const version = 1;
const kinds: readonly TokenKind[] = ['bearer', 'bound'];
const [bookAt, issuerAt, numberAt, termsAt] = [2, 34, 66, 82];
const signatureBytes = 64;
const domain = 'tallystick/token/1\n';
const urlPattern = /^(https:\/\/[a-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~-]*)*)#tally1\.([A-Za-z0-9_-]+)$/;
const numberPattern = /^[0-9a-f]{32}$/;
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Signs a token. Throws `sign/token` for a draft that no token can hold, and `sign/signer` when the signer fails to sign. */
export function mintToken(draft: TokenDraft, key: KeyPair): MaybePromise<string> {
  const body = encodeBody(draft, key.publicKey);
  const close = (signature: Uint8Array): string => {
    if (signature.length !== signatureBytes)
      throw new SignError('sign/signer', 'the signer gave something else than 64 bytes');
    const url = `${draft.page}#tally1.${encodeBase64Url(Uint8Array.of(...body, ...signature))}`;
    if (url.length > maxTokenUrlLength || !urlPattern.test(url)) {
      throw new SignError('sign/token', `a token URL of ${url.length} characters from the page ${draft.page}`);
    }
    return url;
  };
  const signature = key.sign(signedBytes(body));
  return signature instanceof Uint8Array ? close(signature) : signature.then(close);
}

/**
 * The token of an untrusted URL; its signature is not checked. Refusals: `token/too-large`, `token/url`, `token/version`,
 * `token/kind`, `token/terms`. Never throws, and never hands the URL to a URL parser.
 */
export function parseTokenUrl(url: string, hasher: Hasher): Result<Token> {
  if (url.length > maxTokenUrlLength) return refuse('token/too-large', `more than ${maxTokenUrlLength} characters`);
  const [, page, text = ''] = urlPattern.exec(url) ?? [];
  const bytes = parseBase64Url(text);
  if (page === undefined || bytes === undefined || bytes.length === 0)
    return refuse('token/url', 'not the URL of a token');
  if (bytes[0] !== version) return refuse('token/version', `version ${bytes[0]} of tokens is not known`);
  const kind = kinds[bytes[1] ?? kinds.length];
  if (kind === undefined) return refuse('token/kind', 'neither bearer nor bound');
  const body = bytes.subarray(0, bytes.length - signatureBytes);
  if (bytes.length < termsAt + signatureBytes) return refuse('token/url', `only ${bytes.length} bytes`);
  const terms = parseTerms(body.subarray(termsAt));
  const book = parseBookId(encodeHex(body.subarray(bookAt, issuerAt)));
  if (terms === undefined || book === undefined)
    return refuse('token/terms', 'not a canonical object of at most 160 bytes');
  const issuer = body.slice(issuerAt, numberAt);
  return {
    ok: true,
    value: {
      page,
      kind,
      book,
      number: encodeHex(body.subarray(numberAt, termsAt)),
      terms,
      issuer,
      issuerKeyId: keyIdOf(issuer, hasher),
      hash: hasher.sha256Hex(signedBytes(body)) as TokenHash,
      body,
      signature: bytes.slice(-signatureBytes),
    },
  };
}

export interface TokenCheck {
  /** The book that must have issued it. */
  readonly book: BookId;
  /** Whether this key is in force now, as far as the reader knows, and may issue tokens. */
  isIssuer(keyId: KeyId): boolean;
  /**
   * Asked of any other key: whether the log holds an op of the issuer that names `token.hash`, from when the key was in force and might issue
   * tokens. Nothing in a token says when it was minted. Without it such tokens are refused.
   */
  isNamed?(token: Token): boolean;
  readonly ed25519: Ed25519;
}

/** Whether the token is what an issuer of the book signed. Refusals: `token/book`, `token/issuer`, `token/signature`. */
export function verifyToken(token: Token, check: TokenCheck): MaybePromise<Result<void>> {
  const { book, ed25519 } = check;
  if (token.book !== book) return refuse('token/book', `issued by book ${token.book}`);
  const mightIssue = check.isIssuer(token.issuerKeyId) || check.isNamed?.(token) === true;
  if (!mightIssue || !acceptPublicKey(token.issuer)) {
    return refuse(
      'token/issuer',
      `key ${token.issuerKeyId} may not issue tokens, and no op from when it might names this one`,
    );
  }
  const answer = (valid: boolean): Result<void> =>
    valid ? { ok: true, value: undefined } : refuse('token/signature', 'the signature is not valid');
  const valid = ed25519.verify(token.issuer, signedBytes(token.body), token.signature);
  return typeof valid === 'boolean' ? answer(valid) : valid.then(answer);
}

function encodeBody({ kind, book, number, terms }: TokenDraft, issuer: Uint8Array): Uint8Array {
  const termsBytes = utf8.encode(encodeCanonical(terms));
  const fits = numberPattern.test(number) && parseBookId(book) !== undefined && issuer.length === 32;
  if (!fits || parseTerms(termsBytes) === undefined || !kinds.includes(kind)) {
    throw new SignError('sign/token', `not a token: number ${number}, ${termsBytes.length} bytes of terms`);
  }
  const body = new Uint8Array(termsAt + termsBytes.length);
  body.set([version, kinds.indexOf(kind)]);
  body.set(decodeHex(book), bookAt);
  body.set(issuer, issuerAt);
  body.set(decodeHex(number), numberAt);
  body.set(termsBytes, termsAt);
  return body;
}

function parseTerms(bytes: Uint8Array): JsonObject | undefined {
  if (bytes.length > maxTermsBytes) return undefined;
  try {
    const parsed = parseCanonical(strictUtf8.decode(bytes));
    const isObject = parsed.ok && typeof parsed.value === 'object' && !Array.isArray(parsed.value);
    return isObject ? (parsed.value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function signedBytes(body: Uint8Array): Uint8Array {
  return Uint8Array.of(...utf8.encode(domain), ...body);
}

export function refuse(
  code: string,
  message: string,
): { readonly ok: false; readonly code: string; readonly message: string } {
  return { ok: false, code, message };
}
