/** A wallet's claim as the books keep it, in hex, and the proof that one token was claimed twice. */
// oxlint-disable @tallystick/no-async -- asked of a book, not in a fold
import { type Hasher, openRecord } from '@tallystick/chain';
import { decodeHex, encodeHex, type OpRecord } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import { type Claim, type Claimer, proveDoubleClaim, type TokenHash, verifyClaim } from '@tallystick/sign/token';
import type { ClaimHolder } from './args.ts';

export interface EvidenceCrypto {
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
}

/** The reading side of a book. */
export interface EntitlementReader {
  query(sql: string, params: readonly (number | string)[]): readonly Readonly<Record<string, number | string>>[];
}

export function holderOf(claim: Claim, { device, record }: Claimer): ClaimHolder {
  return { device, claim: record.hash, evidence: [encodeHex(claim.wallet.bytes), encodeHex(claim.claim.bytes)] };
}

interface KeptClaim {
  readonly device: string;
  readonly claim: Claim | undefined;
}

/** The wallets' claims of a token that this book has evidence of; the one that it fell to first, then in order. */
function keptClaims(book: EntitlementReader, token: string, hasher: Hasher): readonly KeptClaim[] {
  const rows = book.query(
    `SELECT w.device, w.wallet, w.record, w.claim,
            coalesce((SELECT 0 FROM entitlementUsers u WHERE u.scope = w.scope AND u.token = w.token AND u.walletClaim = w.claim), 1) AS later,
            (SELECT min(c.turn) FROM entitlementClaims c WHERE c.scope = w.scope AND c.token = w.token AND c.walletClaim = w.claim) AS turn
       FROM walletClaims w WHERE w.token = ? ORDER BY later, turn`,
    [token],
  );
  return rows.map((row) => ({
    device: String(row['device']),
    claim: claimFrom(String(row['wallet']), String(row['record']), String(row['claim']), hasher),
  }));
}

/** The claim that the two texts hold; undefined where they are not records, or another claim than was said. */
function claimFrom(wallet: string, record: string, hash: string, hasher: Hasher): Claim | undefined {
  const [genesis, claim] = [openRecord(decodeHex(wallet), hasher), openRecord(decodeHex(record), hasher)];
  return genesis.ok && claim.ok && String(claim.value.hash) === hash
    ? { wallet: genesis.value, claim: claim.value }
    : undefined;
}

/** The claim that counts against every other of a bound token, as far as this book knows. Evidence that does not verify counts for nothing. */
export async function firstWalletClaim(
  book: EntitlementReader,
  token: { readonly hash: TokenHash },
  { hasher, ed25519 }: EvidenceCrypto,
): Promise<OpRecord | undefined> {
  for (const { claim } of keptClaims(book, token.hash, hasher))
    if (claim !== undefined && (await verifyClaim(token, claim, ed25519, hasher)).ok) return claim.claim;
  return undefined;
}

export type WalletFinding =
  /** One token, two claims, each signed: `wallets` made them, the same one twice where its key was copied. */
  | {
      readonly kind: 'double-claim';
      readonly token: string;
      readonly wallets: readonly [string, string];
      readonly claims: readonly [Claim, Claim];
    }
  /** A till recorded a wallet's claim that is none. */
  | { readonly kind: 'bad-evidence'; readonly token: string; readonly device: string };

/** Looks through the evidence of every token: what was claimed twice, with the proof, and what tills recorded that proves nothing. */
export async function findDoubleClaims(
  book: EntitlementReader,
  { hasher, ed25519 }: EvidenceCrypto,
): Promise<readonly WalletFinding[]> {
  const findings: WalletFinding[] = [];
  for (const row of book.query('SELECT DISTINCT token FROM walletClaims ORDER BY token', [])) {
    const token = String(row['token']);
    let first: Claim | undefined;
    for (const { device, claim } of keptClaims(book, token, hasher)) {
      const named = { hash: token as TokenHash };
      if (claim === undefined || !(await verifyClaim(named, claim, ed25519, hasher)).ok) {
        findings.push({ kind: 'bad-evidence', token, device });
      } else if (first === undefined) {
        first = claim;
      } else {
        const claims = [first, claim] as const;
        const proof = await proveDoubleClaim(named, claims, ed25519, hasher);
        if (proof.ok) findings.push({ kind: 'double-claim', token, wallets: proof.value, claims });
      }
    }
  }
  return findings;
}
