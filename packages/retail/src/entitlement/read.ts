/** The token in hand: whether it is genuine, whether who shows it may use it, and what is left of it as far as this book knows. */
// oxlint-disable @tallystick/no-async -- asked of a book, not in a fold
import type { BookId, KeyId, Result } from '@tallystick/oplog';
import { parseTokenUrl, type ShownToken, type Token, verifyPresentation, verifyToken } from '@tallystick/sign/token';
import type { ClaimHolder } from './args.ts';
import { type EntitlementReader, type EvidenceCrypto, firstWalletClaim, holderOf } from './evidence.ts';
import { type EntitlementTerms, parseEntitlementTerms } from './terms.ts';

export interface ShownEntitlement extends ShownToken {
  readonly url: string;
  /** 32 random bytes, fresh for this showing. */
  readonly challenge: Uint8Array;
  /** The business day that is open. */
  readonly day: string;
}

/** A token that may be used here and now. */
export interface ReadEntitlement {
  readonly token: Token;
  readonly terms: EntitlementTerms;
  /** As far as is known here: another till may have used more. */
  readonly leftMinor: number;
  /** False where the op that issued it has not come here yet: then its own signature is all there is. */
  readonly isIssued: boolean;
  readonly holder: ClaimHolder | undefined;
}

/** A book that entitlements are read in; `scope` is where they are issued and claimed. */
export interface EntitlementBook extends EntitlementReader {
  readonly id: BookId;
}

/**
 * Judges a token that somebody shows. Refusals: those of `parseTokenUrl`, `verifyToken` and `verifyPresentation`; `retail/bad-terms`,
 * `retail/expired`, `retail/cancelled`, and `retail/claimed` where nothing is left.
 */
export async function readEntitlement(
  book: EntitlementBook,
  shown: ShownEntitlement,
  { scope, ...crypto }: EvidenceCrypto & { readonly scope: string },
): Promise<Result<ReadEntitlement>> {
  const { hasher, ed25519 } = crypto;
  const parsed = parseTokenUrl(shown.url, hasher);
  if (!parsed.ok) return parsed;
  const token = parsed.value;
  const genuine = await verifyToken(token, {
    book: book.id,
    ed25519,
    isIssuer: (keyId) => isIssuer(book, scope, keyId),
    isNamed: ({ hash, issuerKeyId }) =>
      has(book, 'SELECT 1 AS n FROM entitlements WHERE scope = ? AND token = ? AND keyId = ?', [
        scope,
        hash,
        issuerKeyId,
      ]),
  });
  if (!genuine.ok) return genuine;
  const first = await firstWalletClaim(book, token, crypto);
  const presentation = { ...shown, token, known: { claimOf: () => first } };
  const claimer = await verifyPresentation(presentation, ed25519, hasher);
  if (!claimer.ok) return claimer;
  const { claim } = shown;
  const holder = claimer.value === undefined || claim === undefined ? undefined : holderOf(claim, claimer.value);
  const terms = parseEntitlementTerms(token.terms);
  if (terms === undefined) return refusal('retail/bad-terms', 'its terms are not those of an entitlement');
  const state = stateOf(book, scope, token.hash, terms);
  const { leftMinor, isIssued } = state;
  if (terms.untilDay !== '' && shown.day > terms.untilDay)
    return refusal('retail/expired', `it was good until ${terms.untilDay}`);
  if (state.isCancelled) return refusal('retail/cancelled', 'it was taken back');
  if (leftMinor <= 0) return refusal('retail/claimed', 'nothing is left of it');
  return { ok: true, value: { token, terms, leftMinor, isIssued, holder } };
}

/** What is wrong with what was shown, by its code and in words. */
export function refusal(
  code: string,
  message: string,
): { readonly ok: false; readonly code: string; readonly message: string } {
  return { ok: false, code, message };
}

/** A key in force, as far as this book knows, of a device that may issue where entitlements are issued. */
function isIssuer(book: EntitlementReader, scope: string, keyId: KeyId): boolean {
  return has(
    book,
    `SELECT 1 AS n FROM devices d
      WHERE d.keyId = ? AND d.scope IN ('hq', ?) AND d.status = 'active' AND d.role IN ('owner', 'manager', 'till', 'van')
        AND (d.untilDay = '' OR d.untilDay >= coalesce((SELECT max(b.day) FROM businessDays b WHERE b.scope IN ('hq', d.scope)), ''))
        AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.scope = 'hq' AND r.device = d.device AND r.status = 'revoked')`,
    [keyId, scope],
  );
}

interface State {
  readonly leftMinor: number;
  readonly isIssued: boolean;
  readonly isCancelled: boolean;
}

function stateOf(book: EntitlementReader, scope: string, token: string, terms: EntitlementTerms): State {
  const one = (sql: string, params: readonly string[]): number => Number(book.query(sql, params)[0]?.['n'] ?? 0);
  const [issued] = book.query('SELECT amountMinor AS n FROM entitlements WHERE scope = ? AND token = ?', [
    scope,
    token,
  ]);
  // Claims whose issue is not here yet have no cover; they take from it all the same once it is.
  const claimed = issued === undefined ? 'o.coveredMinor + o.lostMinor' : 'o.coveredMinor';
  const claimedMinor = one(
    `SELECT coalesce(sum(${claimed}), 0) AS n FROM claimOutcomes o WHERE o.scope = ? AND o.token = ?`,
    [scope, token],
  );
  // Handed out by tills of this branch that could not claim yet.
  const unclaimedMinor = one(
    `SELECT coalesce(sum(r.amountMinor), 0) AS n FROM redemptions r WHERE r.token = ?
        AND NOT EXISTS (SELECT 1 FROM entitlementClaims c WHERE c.scope = ? AND c.token = r.token AND c.redemption = r.redemption)`,
    [token, scope],
  );
  const usedMinor = claimedMinor + unclaimedMinor;
  const amountMinor = Number(issued?.['n'] ?? terms.amountMinor);
  const isSpent = (terms.kind === 'coupon' || terms.kind === 'prize') && usedMinor > 0;
  return {
    leftMinor: isSpent ? 0 : amountMinor - usedMinor,
    isIssued: issued !== undefined,
    isCancelled: has(book, 'SELECT 1 AS n FROM entitlementCancels WHERE scope = ? AND token = ?', [scope, token]),
  };
}

function has(book: EntitlementReader, sql: string, params: readonly string[]): boolean {
  return book.query(sql, params).length > 0;
}
