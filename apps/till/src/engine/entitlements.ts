// Coupons, gift balances, prizes and credit that a customer shows: what one is, and taking it as a tender. The claim is in the log before the
// sale is, settled where the relay answers and on trust, as far as the shop allows, where it does not. What reads and claims is fetched when
// the till is up and nobody waits for it.
import type { Scope } from '@tallystick/oplog';
import type { EntitlementTender, ReadEntitlement, Taken } from '@tallystick/retail/entitlement';
import type * as Entitlements from '@tallystick/retail/entitlement';
import type { Tender } from '../model/tender.ts';
import type { Failed } from './entry.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import type { Outcome, ShownEntitlement } from './port.ts';
import type { SaleRequest } from './requests.ts';
import { tillCrypto } from './till-book.ts';
import { forgetWallet, hearWallet, walletShowing } from './wallet-answers.ts';
import { businessDay } from '../model/business-day.ts';

export function loadEntitlements(): Promise<typeof Entitlements> {
  return import('@tallystick/retail/entitlement');
}

/** Where this shop issues and claims: a shop with branches in `claims`, and a small one in `hq`, like everything. */
export function claimScope({ record }: Pick<OpenShop, 'record'>): Scope {
  return (record.scope === 'hq' ? 'hq' : 'claims') as Scope;
}

/** A device of hq writes everywhere; one of a branch where it was let in. */
export function mayClaim(shop: Pick<OpenShop, 'book' | 'record'>): boolean {
  const { book } = shop;
  const rows = book.query("SELECT 1 FROM devices WHERE device = ? AND scope IN ('hq', ?)", [
    book.device,
    claimScope(shop),
  ]);
  return rows.length > 0;
}

export function openDay(shop: OpenShop): string {
  return businessDay(new Date(), readSession(shop)?.openedDay);
}

/** What a token is; with the answer of its wallet, where it is bound to one. */
export async function readShown(shop: OpenShop, url: string, answer?: string): Promise<Outcome<ShownEntitlement>> {
  const unheard = answer === undefined ? undefined : await hearWallet(shop, url, answer, Date.now());
  if (unheard !== undefined) return unheard;
  const read = await judge(shop, url);
  if (!read.ok) return read;
  const { token, terms, leftMinor, isIssued } = read.value;
  const { kind, amountMinor, untilDay, sku, quantity } = terms;
  return {
    ok: true,
    value: {
      url,
      kind,
      amountMinor,
      leftMinor,
      untilDay,
      isIssued,
      goods: sku === '' ? undefined : { sku, name: goodsName(shop, sku), quantity },
      isClaimedFirst: isLinked(shop),
      trustMinor: trustMinor(shop, token.hash, kind, terms.currency),
    },
  };
}

interface TakenTenders {
  readonly ok: true;
  readonly tenders: readonly EntitlementTender[];
  /** Gives the claims up, where the sale came to nothing. */
  release(): Promise<void>;
}

/** Claims what is shown for a sale, all of it or nothing. */
export async function takeShown(shop: OpenShop, request: SaleRequest): Promise<TakenTenders | Failed> {
  const day = openDay(shop);
  const taken: Taken[] = [];
  const release = async (): Promise<void> => {
    for (const one of taken) await one.release(day);
  };
  for (const tender of request.tenders) {
    if (tender.kind !== 'entitlement') continue;
    const one = await takeOne(shop, request, tender);
    if (!one.ok) {
      await release();
      return one;
    }
    taken.push(one.value);
  }
  return { ok: true, tenders: taken.map(({ tender }) => tender), release };
}

async function takeOne(
  shop: OpenShop,
  request: SaleRequest,
  { url = '', amountMinor, isOnTrust = false }: Tender,
): Promise<Outcome<Taken>> {
  const day = openDay(shop);
  const { parseTokenUrl } = await import('@tallystick/sign/token');
  const { hasher } = await tillCrypto();
  const token = parseTokenUrl(url, hasher);
  if (!token.ok) return token;
  const redemption = await freshRedemption(shop, request.key, token.value.hash, day);
  const read = await judge(shop, url);
  if (!read.ok) return read;
  const { terms } = read.value;
  const goods = terms.sku === '' ? undefined : { sku: terms.sku, quantity: terms.quantity };
  if (
    goods !== undefined &&
    !request.lines.some(({ sku, quantity }) => sku === goods.sku && quantity >= goods.quantity)
  )
    return { ok: false, code: 'till/entitled-goods', message: goodsName(shop, goods.sku) };
  const desk = await openDesk(shop, () => redemption);
  const taken = await desk.take(read.value, {
    amountMinor,
    day,
    loss: terms.kind === 'coupon' ? 'promo-expense' : 'receivable',
    ...(goods === undefined ? {} : { goods }),
    ...(request.customer === undefined ? {} : { customer: request.customer }),
  });
  if (!taken.ok || taken.value.isSettled || isOnTrust) return taken;
  // Whoever took it was told that nobody can spend it twice.
  await taken.value.release(day);
  return { ok: false, code: 'till/not-claimed', message: 'The relay does not answer any more.' };
}

/**
 * The number of a redemption follows from the cart, so that a sale which is asked for again finds the claim that it made before it was
 * interrupted: that one is released, and the next number taken.
 */
async function freshRedemption(shop: OpenShop, key: string, token: string, day: string): Promise<Uint8Array> {
  const { hasher } = await tillCrypto();
  const scope = claimScope(shop);
  for (let attempt = 0; ; attempt++) {
    const text = `tallystick/till/redemption\n${key}\n${token}\n${attempt}`;
    const bytes = hasher.sha256(new TextEncoder().encode(text)).slice(0, 16);
    const redemption = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const [claim] = shop.book.query<{ readonly released: number }>(
      `SELECT EXISTS (SELECT 1 FROM claimReleases r WHERE r.scope = c.scope AND r.token = c.token AND r.redemption = c.redemption) AS released
         FROM entitlementClaims c WHERE c.scope = ? AND c.token = ? AND c.redemption = ?`,
      [scope, token, redemption],
    );
    if (claim === undefined) return bytes;
    if (claim.released === 0)
      await shop.book.commitAll([{ verb: 'claim.release', args: { token, redemption, day }, scope }]);
  }
}

/**
 * Gives up the claims of this till for which nothing is handed out: of a sale that was voided, here or elsewhere, or that came to nothing when the disk
 * failed, or the page was closed, after its claim. Not to be asked while a sale is being written.
 */
export async function releaseUnused(shop: OpenShop): Promise<void> {
  const day = openDay(shop);
  const scope = claimScope(shop);
  const rows = shop.book.query<{ readonly token: string; readonly redemption: string }>(
    `SELECT token, redemption FROM entitlementClaims c WHERE scope = ? AND device = ?
        AND NOT EXISTS (SELECT 1 FROM claimReleases r WHERE r.scope = c.scope AND r.token = c.token AND r.redemption = c.redemption)
        AND coalesce((SELECT sum(amountMinor) FROM redemptions h WHERE h.token = c.token AND h.redemption = c.redemption), 0) = 0`,
    [scope, shop.book.device],
  );
  await shop.book.commitAll(
    rows.map(({ token, redemption }) => ({ verb: 'claim.release' as const, args: { token, redemption, day }, scope })),
  );
}

async function judge(shop: OpenShop, url: string): Promise<Outcome<ReadEntitlement>> {
  const { parseTokenUrl } = await import('@tallystick/sign/token');
  const { hasher } = await tillCrypto();
  const token = parseTokenUrl(url.trim(), hasher);
  if (!token.ok) return token;
  const { hash } = token.value;
  const desk = await openDesk(shop, random);
  // One showing at one counter: what the wallet answered is judged when it is looked at, and again when it is taken.
  const showing = walletShowing(shop, hash, Date.now()) ?? { challenge: desk.challenge() };
  const read = await desk.read({ url: url.trim(), ...showing, day: openDay(shop) });
  if (!read.ok) forgetWallet(shop, hash);
  if (!read.ok) return read;
  const { currency } = read.value.terms;
  if (currency !== describeShop(shop).currency)
    return { ok: false, code: 'till/entitlement-currency', message: currency };
  return read;
}

async function openDesk(shop: OpenShop, bytes: (count: number) => Uint8Array): Promise<Entitlements.Desk> {
  const { createDesk } = await loadEntitlements();
  const { hasher, ed25519 } = await tillCrypto();
  const { book, sync } = shop;
  const options = { book, scope: claimScope(shop), hasher, ed25519, random: bytes };
  if (sync === undefined || !isLinked(shop)) return createDesk(options);
  return createDesk({ ...options, sync: () => exchange(shop, sync) });
}

/** An exchange that was under way when the claim was written has not handed it in: then once more. */
async function exchange({ book }: OpenShop, sync: NonNullable<OpenShop['sync']>): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await sync.syncNow();
    if (sync.link.kind !== 'linked')
      throw Object.assign(new Error('the relay does not answer'), { code: 'relay/unreachable' });
    if (book.status().scopes.every(({ pending }) => pending === 0)) return;
  }
}

function isLinked({ sync }: OpenShop): boolean {
  return sync?.link.kind === 'linked';
}

/** What may still be taken of a token without a claim that is settled first. */
function trustMinor({ book }: OpenShop, token: string, kind: string, currency: string): number {
  const [tier] = book.query<{ readonly mostMinor: number }>(
    "SELECT mostMinor FROM offlineTiers WHERE scope = 'hq' AND kind = ? AND currency = ?",
    [kind, currency],
  );
  const [trusted] = book.query<{ readonly sum: number }>(
    "SELECT coalesce(sum(amountMinor), 0) AS sum FROM redemptions WHERE token = ? AND claim = ''",
    [token],
  );
  return Math.max(0, (tier?.mostMinor ?? 0) - (trusted?.sum ?? 0));
}

function goodsName({ book }: OpenShop, sku: string): string {
  const [row] = book.query<{ readonly name: string }>("SELECT name FROM products WHERE scope = 'hq' AND sku = ?", [
    sku,
  ]);
  return row?.name || sku;
}

function random(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
