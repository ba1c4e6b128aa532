/**
 * Taking an entitlement at the till: the claim first where there is a network to settle it, and on trust, as far as the tier goes, where there is
 * none. Either way the claim is in the log before anything is handed out.
 */
// oxlint-disable @tallystick/no-async, @tallystick/no-catch -- at the edge: what it comes to is recorded
import type { Commit } from '@tallystick/kernel';
import { encodeHex, type Result, type Scope } from '@tallystick/oplog';
import type { ClaimReleaseArgs, ClaimSpendArgs, EntitlementTender } from './args.ts';
import type { EvidenceCrypto } from './evidence.ts';
import { type EntitlementBook, readEntitlement, type ReadEntitlement, refusal, type ShownEntitlement } from './read.ts';

type DeskRequest = { readonly scope: Scope } & (
  | { readonly verb: 'claim.spend'; readonly args: ClaimSpendArgs }
  | { readonly verb: 'claim.release'; readonly args: ClaimReleaseArgs }
);

/** A book with the entitlement verbs. */
export interface DeskBook extends EntitlementBook {
  commitAll(requests: readonly DeskRequest[]): Promise<Commit[]>;
}

export interface DeskOptions extends EvidenceCrypto {
  readonly book: DeskBook;
  /** Where entitlements are issued and claimed: `claims`, or `hq` in a small shop. */
  readonly scope: Scope;
  random(count: number): Uint8Array;
  /** Exchanges ops with the relay, such as `() => book.sync(relay)`; left out where there is none. It rejects where the relay does not answer. */
  sync?(): Promise<unknown>;
}

export interface TakeOptions {
  readonly amountMinor: number;
  readonly day: string;
  /** Who bears what is not covered after all. */
  readonly loss: ClaimSpendArgs['loss'];
  readonly goods?: ClaimSpendArgs['goods'];
  /** Who shows it, if that is known; an opaque reference. */
  readonly customer?: string;
}

export interface Taken {
  /** What `sale.complete` takes. */
  readonly tender: EntitlementTender;
  /** Settled first: nobody can be before it any more. Otherwise it was taken on trust. */
  readonly isSettled: boolean;
  /** Gives the claim up, where the sale came to nothing or was voided. */
  release(day: string): Promise<Commit>;
}

export interface Desk {
  /** 32 random bytes to show to a wallet. */
  challenge(): Uint8Array;
  /** Judges a token in hand: `readEntitlement`. */
  read(shown: ShownEntitlement): Promise<Result<ReadEntitlement>>;
  /**
   * Claims, and answers the tender. A claim that comes to nothing is released. Refusals: why it is not covered (`retail/claimed`,
   * `retail/overspent` ...), `retail/claim-first` where it would have to be taken on trust and is above its tier, and those of the commit. What `sync`
   * throws beside `relay/` codes is thrown, and the claim stands until it is released.
   */
  take(read: ReadEntitlement, options: TakeOptions): Promise<Result<Taken>>;
}

export function createDesk(options: DeskOptions): Desk {
  const { book, random } = options;
  return {
    challenge: () => random(32),
    read: (shown) => readEntitlement(book, shown, options),
    take: (read, wanted) => take(options, read, wanted),
  };
}

async function take(options: DeskOptions, read: ReadEntitlement, wanted: TakeOptions): Promise<Result<Taken>> {
  const { amountMinor, day, loss, goods, customer } = wanted;
  const { token, terms, holder } = read;
  const redemption = encodeHex(options.random(16));
  const key = { token: token.hash, redemption };
  const { currency, kind: entitlement } = terms;
  const args = {
    ...key,
    claim: `${token.hash}/${turnOf(options, token.hash)}`,
    issuerKeyId: token.issuerKeyId,
    currency,
    amountMinor,
    day,
    loss,
    ...(goods === undefined ? {} : { goods }),
    ...(holder === undefined ? {} : { holder }),
    ...(customer === undefined ? {} : { customer }),
  };
  const commit = await commitOne(options, { verb: 'claim.spend', args, scope: options.scope });
  if (!commit.ok) return refusal(commit.code, 'the claim was not committed');
  const release = (on: string): Promise<Commit> =>
    commitOne(options, { verb: 'claim.release', args: { ...key, day: on }, scope: options.scope });
  const verdict = await judge(options, commit, read, amountMinor);
  if (!verdict.ok) {
    await release(day);
    return verdict;
  }
  const isSettled = verdict.value;
  const claim = isSettled ? { claim: String(commit.hash) } : {};
  const entitled = goods === undefined ? {} : { goods };
  const tender = { kind: 'entitlement', amountMinor, entitlement, ...key, ...entitled, ...claim } as const;
  return { ok: true, value: { tender, isSettled, release } };
}

/** Whether the claim is settled and covered; false where it must be taken on trust and may be. */
async function judge(
  options: DeskOptions,
  commit: Extract<Commit, { ok: true }>,
  { token, terms }: ReadEntitlement,
  amountMinor: number,
): Promise<Result<boolean>> {
  const { book } = options;
  const before = reasonOf(commit.correction);
  if (before !== undefined && before !== 'retail/not-issued') return refusal(before, 'it is not covered');
  const isSettled = (await isReached(options)) && (await commit.stage()) === 'settled';
  if (isSettled) {
    const [row] = book.query('SELECT details FROM corrections WHERE hash = ?', [commit.hash]);
    const reason = row === undefined ? undefined : reasonOf({ details: JSON.parse(String(row['details'])) as object });
    if (reason === undefined) return { ok: true, value: true };
    if (reason !== 'retail/not-issued') return refusal(reason, 'somebody was first');
  }
  const { kind, currency } = terms;
  const [tier] = book.query("SELECT mostMinor FROM offlineTiers WHERE scope = 'hq' AND kind = ? AND currency = ?", [
    kind,
    currency,
  ]);
  const [trusted] = book.query("SELECT sum(amountMinor) AS n FROM redemptions WHERE token = ? AND claim = ''", [
    token.hash,
  ]);
  // Ten small tenders of one token are as much as one that is ten times as large.
  const isLow = Number(trusted?.['n'] ?? 0) + amountMinor <= Number(tier?.['mostMinor'] ?? 0);
  return isLow ? { ok: true, value: false } : refusal('retail/claim-first', 'too much to be taken on trust');
}

/** Which claim of the token the next one is, as far as this book knows. Two tills that know the same cannot both be given it. */
function turnOf({ book, scope }: DeskOptions, token: string): number {
  const [row] = book.query('SELECT claims FROM entitlementSpends WHERE scope = ? AND token = ?', [scope, token]);
  return Number(row?.['claims'] ?? 0) + 1;
}

/** Whether the relay answered. What fails otherwise is thrown. */
async function isReached({ sync }: DeskOptions): Promise<boolean> {
  if (sync === undefined) return false;
  try {
    await sync();
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('relay/')) return false;
    throw error;
  }
}

/** Why a claim is not covered; undefined where it is, which its entry's being late does not change. */
function reasonOf(correction: { readonly details: object } | undefined): string | undefined {
  return correction !== undefined && 'reason' in correction.details ? String(correction.details.reason) : undefined;
}

async function commitOne({ book }: DeskOptions, request: DeskRequest): Promise<Commit> {
  const [commit] = await book.commitAll([request]);
  return commit as Commit;
}
