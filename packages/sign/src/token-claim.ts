// Claims of tokens. A wallet is a device with a little book of its own; its chain says which tokens it claimed, offline too, and
// two claims of one token are a proof that names who made them. docs/spec/token.md, "Claim" and "Presentation".
import { type Hasher, openRecord } from '@tallystick/chain';
import {
  type DeviceId,
  decodeHex,
  type JsonObject,
  type MaybePromise,
  type OpRecord,
  parseVerbRef,
  type Result,
  type VerbRef,
} from '@tallystick/oplog';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { SignError } from './errors.ts';
import { keyIdOf } from './key-store.ts';
import { parseBookOpenArgs } from './device-args.ts';
import { createRecordVerifier } from './op-signature.ts';
import { bookIdOf } from './signing.ts';
import { refuse, type Token, type TokenHash } from './token-url.ts';

export const claimVerb: VerbRef = parseVerbRef('token.claim@1') as VerbRef;
const domain = new TextEncoder().encode('tallystick/token-present/1\n');
const challengeBytes = 32;

/** The args of the op by which a wallet claims `token`, on first open. */
export function claimArgs(token: { readonly hash: TokenHash }): JsonObject {
  return { token: token.hash };
}

/** The token an op claims, or undefined. */
export function claimedToken({ op }: OpRecord): string | undefined {
  const { token, ...rest } = op.args;
  const isClaim = op.verb === claimVerb && Object.keys(rest).length === 0 && typeof token === 'string';
  return isClaim ? token : undefined;
}

export interface Claims {
  /** Takes notice of a claim that was verified. Refusal: `token/claimed` when another op claimed that token before. */
  apply(claim: Claimer): Result<void>;
  /** The op that claimed this token first. */
  claimOf(token: { readonly hash: TokenHash }): OpRecord | undefined;
}

/** The fold of a wallet's own chain, or of the claims a till has come to know: who claimed what first. */
export function createClaims(): Claims {
  const claimsByToken = new Map<TokenHash, OpRecord>();
  return {
    apply({ token, record }) {
      const first = claimsByToken.get(token);
      if (first === undefined) claimsByToken.set(token, record);
      else if (first.hash !== record.hash) return claimedBy(first);
      return done;
    },
    claimOf: ({ hash }) => claimsByToken.get(hash),
  };
}

/** A claim as it is handed over: the op that opened the wallet's book, which holds its key, and the op that claims. */
export interface Claim {
  readonly wallet: OpRecord;
  readonly claim: OpRecord;
}

declare const brand: unique symbol;
/** Who claimed a token, by which op. Only `verifyClaim` makes one. */
export interface Claimer {
  readonly token: TokenHash;
  readonly record: OpRecord;
  readonly device: DeviceId;
  readonly publicKey: Uint8Array;
  readonly [brand]: 'Claimer';
}

/**
 * Who claimed the token. Both records are opened afresh from their bytes. Refusal: `token/claim` when they are not the
 * genesis of a book and an op of the same device in it that claims this token, each validly signed.
 */
export async function verifyClaim(
  token: { readonly hash: TokenHash },
  { wallet, claim }: Claim,
  ed25519: Ed25519,
  hasher: Hasher,
): Promise<Result<Claimer>> {
  const [genesis, op] = [openRecord(wallet.bytes, hasher), openRecord(claim.bytes, hasher)];
  if (!genesis.ok || !op.ok) return refuse('token/claim', 'a record of the claim cannot be read');
  const args = genesis.value.op.prev === undefined ? parseBookOpenArgs(genesis.value.op.args) : undefined;
  if (!args?.ok) return refuse('token/claim', 'the claim comes without the op that opened its book');
  const { device } = genesis.value.op;
  const publicKey = decodeHex(args.value.key);
  if (String(keyIdOf(publicKey, hasher)) !== device) return refuse('token/claim', 'the wallet is not named by its key');
  if (claimedToken(op.value) !== token.hash) return refuse('token/claim', 'the op claims another token, or none');
  const verify = createRecordVerifier({
    book: bookIdOf(genesis.value.hash),
    ed25519,
    publicKeyOf: (keyId, author) => (String(keyId) === device && author === device ? publicKey : undefined),
  });
  const signed = (await verify(genesis.value)) && (await verify(op.value));
  if (!signed) return refuse('token/claim', 'the claim is not validly signed');
  return { ok: true, value: { token: token.hash, record: op.value, device, publicKey } as Claimer };
}

/** Proves, for this one challenge, that whoever shows a bound token holds the key that claimed it. */
export function presentToken(
  token: { readonly hash: TokenHash },
  challenge: Uint8Array,
  key: KeyPair,
): MaybePromise<Uint8Array> {
  return key.sign(presentationBytes(token, challenge));
}

export interface Presentation {
  readonly token: Token;
  /** 32 random bytes that the reader chose for this one presentation. */
  readonly challenge: Uint8Array;
  /** Both absent for a bearer token. */
  readonly claim?: Claim;
  readonly proof?: Uint8Array;
  /** What the reader knows of claims. */
  readonly known: Pick<Claims, 'claimOf'>;
}

/**
 * Whether this holder may use the token here and now; that it is genuine is `verifyToken`'s question. Answers who claimed it,
 * undefined for a bearer token nobody claimed. Refusals: `token/claim` (a bound token without a valid claim), `token/holder`
 * (not shown by the key that claimed it: it was forwarded), `token/claimed` (claimed by another op).
 */
export async function verifyPresentation(
  { token, challenge, claim, proof, known }: Presentation,
  ed25519: Ed25519,
  hasher: Hasher,
): Promise<Result<Claimer | undefined>> {
  const earlier = known.claimOf(token);
  if (claim === undefined) {
    if (token.kind === 'bound') return refuse('token/claim', 'a bound token is shown with its claim');
    return earlier === undefined ? { ok: true, value: undefined } : claimedBy(earlier);
  }
  const claimer = await verifyClaim(token, claim, ed25519, hasher);
  if (!claimer.ok) return claimer;
  const shown =
    proof !== undefined && ed25519.verify(claimer.value.publicKey, presentationBytes(token, challenge), proof);
  if (!(await shown)) return refuse('token/holder', `not shown by device ${claimer.value.device}, which claimed it`);
  const isFirst = earlier === undefined || earlier.hash === claimer.value.record.hash;
  return isFirst ? claimer : claimedBy(earlier);
}

/**
 * That one token was claimed twice, and by whom: one device twice, or two devices. Which of two counts is decided where claims
 * get positions. Refusals: `token/claim` when either claim is not valid, `token/same-claim` when both are one op.
 */
export async function proveDoubleClaim(
  token: { readonly hash: TokenHash },
  claims: readonly [Claim, Claim],
  ed25519: Ed25519,
  hasher: Hasher,
): Promise<Result<readonly [DeviceId, DeviceId]>> {
  const [first, second] = [
    await verifyClaim(token, claims[0], ed25519, hasher),
    await verifyClaim(token, claims[1], ed25519, hasher),
  ];
  if (!first.ok) return first;
  if (!second.ok) return second;
  const { hash } = first.value.record;
  if (hash === second.value.record.hash) return refuse('token/same-claim', `both are op ${hash}`);
  return { ok: true, value: [first.value.device, second.value.device] };
}

function claimedBy({ op, hash }: OpRecord): Result<never> {
  return refuse('token/claimed', `claimed before by device ${op.device} with op ${hash}`);
}

function presentationBytes({ hash }: { readonly hash: TokenHash }, challenge: Uint8Array): Uint8Array {
  if (challenge.length !== challengeBytes)
    throw new SignError('sign/token', `a challenge of ${challenge.length} bytes`);
  return Uint8Array.of(...domain, ...decodeHex(hash), ...challenge);
}

const done: Result<void> = { ok: true, value: undefined };
