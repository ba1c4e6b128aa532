import { expect, it } from 'vitest';
import type { EntitlementIssueArgs } from '../../src/entitlement.ts';
import { createTestRelay, idOf } from '../shop.ts';
import {
  balancesOf,
  claimArgs,
  day,
  describeShop,
  issueArgs,
  redeeming,
  redemptionRef,
  type ShopBook,
  tokenHash,
  verdictOf,
} from './desk.ts';

/** What is left of an entitlement, and what became of its claims, in turn. */
function standing(book: ShopBook): unknown {
  return book.query(
    `SELECT coalesce(o.coveredMinor, 0) AS covered, coalesce(o.lostMinor, 0) AS lost FROM entitlementClaims c
       LEFT JOIN claimOutcomes o USING (scope, token, redemption) ORDER BY c.token, c.turn`,
  );
}

/** Sells a mug of 5.00 for an entitlement and claims for it, in this order. */
async function spend(book: ShopBook, n: number, rest: object = {}): Promise<string> {
  idOf(await book.commit('sale.complete', redeeming(n, { claim: tokenHash(0) })));
  return verdictOf(await book.commit('claim.spend', claimArgs(n, rest)));
}

describeShop('entitlements', (shop) => {
  const issue = async (rest: Partial<EntitlementIssueArgs> = {}): Promise<string> =>
    verdictOf(await shop.book.commit('entitlement.issue', issueArgs(shop.book, rest)));

  it('of a gift are spent bit by bit, and what is too much is owed by who showed it', async () => {
    const { book } = shop;
    expect(await issue({ amountMinor: 800 })).toBe('ok');
    expect(balancesOf(book)).toEqual({ '2300': 800, '2310': -800 });
    expect(await spend(book, 1)).toBe('ok');
    expect(balancesOf(book)['2310']).toBe(-300);
    expect(await spend(book, 2)).toBe('retail/overspent');
    expect(balancesOf(book)).toEqual({ '1100': 200, '2300': 800, '4000': -1000 });
    expect(standing(book)).toEqual([
      { covered: 500, lost: 0 },
      { covered: 300, lost: 200 },
    ]);
    const [row] = book.query<{ device: string; code: string; details: string }>(
      'SELECT device, code, details FROM corrections',
    );
    expect(row).toMatchObject({ device: book.device, code: 'ledger/receivable' });
    expect(JSON.parse(row?.details ?? '')).toMatchObject({
      account: '1100',
      amountMinor: 200,
      firstRedemption: redemptionRef(1),
    });
    expect(await spend(book, 3)).toBe('retail/overspent');
    const [last] = book.query<{ details: string }>('SELECT details FROM corrections ORDER BY id DESC LIMIT 1');
    expect(JSON.parse(last?.details ?? '')).toMatchObject({ amountMinor: 500, firstRedemption: redemptionRef(1) });
  });

  it('of a coupon cost when they are used, and are used once', async () => {
    const { book } = shop;
    expect(await issue({ kind: 'coupon', amountMinor: 500 })).toBe('ok');
    expect(balancesOf(book)).toEqual({});
    expect(await spend(book, 1)).toBe('ok');
    expect(balancesOf(book)).toEqual({ '4000': -500, '6200': 500 });
    expect(await spend(book, 2)).toBe('retail/claimed');
    expect(balancesOf(book)).toEqual({ '1100': 500, '4000': -1000, '6200': 500 });
  });

  it('of a prize lapse beyond their one use', async () => {
    const { book } = shop;
    expect(await issue({ kind: 'prize', goods: { sku: 'MUG', quantity: 1 } })).toBe('ok');
    expect(balancesOf(book)).toEqual({ '2310': -1000, '6200': 1000 });
    expect(await spend(book, 1, { goods: { sku: 'VASE', quantity: 1 } })).toBe('retail/other-goods');
    expect(await spend(book, 2, { goods: { sku: 'MUG', quantity: 1 }, loss: 'promo-expense' })).toBe('ok');
    expect(await spend(book, 3, { goods: { sku: 'MUG', quantity: 1 }, loss: 'promo-expense' })).toBe('retail/claimed');
    expect(balancesOf(book)).toEqual({ '1100': 500, '4000': -1500, '6200': 1000 });
  });

  it('of a credit line are owed by the customer, up to the line and beyond it', async () => {
    const { book } = shop;
    expect(await issue({ kind: 'credit', amountMinor: 700 })).toBe('ok');
    expect(await spend(book, 1)).toBe('ok');
    expect(await spend(book, 2)).toBe('retail/overspent');
    expect(balancesOf(book)).toEqual({ '1100': 1000, '4000': -1000 });
  });

  it('that are bound belong to the first wallet in order', async () => {
    const { book } = shop;
    const holder = (n: number) => ({ device: tokenHash(n), claim: tokenHash(n + 10), evidence: ['aa', 'bb'] as const });
    expect(await issue({ holder: 'bound' })).toBe('ok');
    expect(await spend(book, 1)).toBe('retail/no-holder');
    expect(await spend(book, 2, { holder: holder(1), amountMinor: 100 })).toBe('ok');
    expect(await spend(book, 3, { holder: holder(2) })).toBe('retail/other-holder');
    expect(await spend(book, 4, { holder: holder(1) })).toBe('ok');
    expect(book.query('SELECT count(*) AS n FROM walletClaims')).toEqual([{ n: 2 }]);
  });

  it('end on a day, and are taken back', async () => {
    const { book } = shop;
    expect(await issue({ untilDay: day })).toBe('ok');
    expect(await spend(book, 1, { day: '2026-11-22' })).toBe('retail/expired');
    expect(await spend(book, 2, { currency: 'EUR', amountMinor: 5 })).toBe('retail/other-currency');
    expect(await spend(book, 3)).toBe('ok');
    const cancel = { token: tokenHash(1), day, account: '4000', reason: 'lost by the customer' };
    const intoItself = await book.commit('entitlement.cancel', { ...cancel, account: '2310' });
    expect(verdictOf(intoItself)).toBe('retail/issue-account');
    expect(verdictOf(await book.commit('entitlement.cancel', cancel))).toBe('ok');
    expect(await spend(book, 4)).toBe('retail/cancelled');
    expect(verdictOf(await book.commit('entitlement.cancel', cancel))).toBe('retail/cancelled');
    const release = { token: tokenHash(1), redemption: redemptionRef(3), day };
    expect(verdictOf(await book.commit('claim.release', release))).toBe('ok');
    // All of the gift is with the shop; of the sales, one has no claim any more (500) and one claimed another currency (500).
    expect(balancesOf(book)).toMatchObject({ '1100': 1000, '2310': 1000, '4000': -2000 - 1000 });
  });

  it('come back whole when a claim is released', async () => {
    const { book } = shop;
    for (const [index, kind] of (['gift', 'coupon', 'prize', 'credit'] as const).entries()) {
      const token = tokenHash(index + 100);
      expect(await issue({ token, kind, amountMinor: 800 })).toBe('ok');
      const before = balancesOf(book);
      const release = async (n: number) =>
        verdictOf(await book.commit('claim.release', { token, redemption: redemptionRef(n), day }));
      const claim = async (n: number, amountMinor: number) =>
        verdictOf(await book.commit('claim.spend', claimArgs(n, { token, amountMinor })));
      expect(await claim(1, 900)).toBe('retail/overspent');
      expect(balancesOf(book)).not.toEqual(before);
      expect(await release(1)).toBe('ok');
      expect(balancesOf(book)).toEqual(before);
      expect(await release(1)).toBe('retail/released');
      expect(await claim(2, 800)).toBe('ok');
      expect(await release(2)).toBe('ok');
      expect(balancesOf(book)).toEqual(before);
    }
  });

  it('whose issue stands after claims cover them in their order', async () => {
    const { book } = shop;
    expect(await spend(book, 1)).toBe('retail/not-issued');
    expect(await spend(book, 2)).toBe('retail/not-issued');
    idOf(await book.commit('claim.release', { token: tokenHash(1), redemption: redemptionRef(1), day }));
    expect(await spend(book, 3)).toBe('retail/not-issued');
    expect(balancesOf(book)).toEqual({ '1100': 1000, '2310': 500, '4000': -1500 });
    expect(await issue({ amountMinor: 700 })).toBe('retail/claimed-before-issue');
    expect(standing(book)).toEqual([
      { covered: 0, lost: 0 },
      { covered: 500, lost: 0 },
      { covered: 200, lost: 300 },
    ]);
    expect(balancesOf(book)).toEqual({ '1100': 300, '2300': 700, '2310': 500, '4000': -1500 });
    expect(await spend(book, 4)).toBe('retail/overspent');
  });

  it('are refused where they would mean nothing', async () => {
    const { book } = shop;
    expect(await issue({ keyId: tokenHash(9) })).toBe('retail/other-key');
    expect(await issue({ kind: 'coupon', account: '6200' })).toBe('retail/issue-account');
    expect(await issue({ account: '2310' })).toBe('retail/issue-account');
    expect(await issue({ account: '9999' })).toBe('ledger/unknown-account');
    expect(await issue({ goods: { sku: 'MUG', quantity: 1 } })).toBe('retail/issue-goods');
    const { customer: _, ...nobody } = issueArgs(book, { kind: 'credit' });
    expect(verdictOf(await book.commit('entitlement.issue', nobody))).toBe('retail/no-customer');
    expect(await issue()).toBe('ok');
    expect(await issue()).toBe('retail/issued');
    expect(await spend(book, 1)).toBe('ok');
    expect(verdictOf(await book.commit('claim.spend', claimArgs(1)))).toBe('retail/claim-exists');
    const unknown = { token: tokenHash(2), day };
    const release = { ...unknown, redemption: redemptionRef(1) };
    expect(verdictOf(await book.commit('claim.release', release))).toBe('retail/unknown-claim');
    const cancel = { ...unknown, account: '4000', reason: '' };
    expect(verdictOf(await book.commit('entitlement.cancel', cancel))).toBe('retail/unknown-entitlement');
    const till = await shop.join('till', 'till-4');
    const elsewhere = { token: tokenHash(1), redemption: redemptionRef(1), day };
    expect(verdictOf(await till.commit('claim.release', elsewhere))).toBe('retail/foreign-claim');
    const given = issueArgs(till, { token: tokenHash(3), account: '6200' });
    expect(verdictOf(await till.commit('entitlement.issue', given))).toBe('retail/may-not-issue');
    expect(verdictOf(await till.commit('entitlement.issue', { ...given, account: '2300' }))).toBe('ok');
    await till.close();
  });

  it('say of what they post for a closed day that it came late', async () => {
    const { book } = shop;
    const late = 'ledger/late-entry';
    expect(await issue({ token: tokenHash(2), kind: 'coupon' })).toBe('ok');
    idOf(await book.commit('day.open', { day: '2026-11-22' }));
    idOf(await book.commit('period.close', { through: day, late: 'route' }));
    expect(await issue()).toBe(late);
    const coupon = { token: tokenHash(2) };
    expect(verdictOf(await book.commit('claim.spend', claimArgs(1, coupon)))).toBe(late);
    const release = { ...coupon, redemption: redemptionRef(1), day };
    expect(verdictOf(await book.commit('claim.release', release))).toBe(late);
    const cancel = { token: tokenHash(1), day, account: '2300', reason: 'lost' };
    expect(verdictOf(await book.commit('entitlement.cancel', cancel))).toBe(late);
  });

  it('were taken on trust by a till that had not heard of a lower tier: the sale stands, and says so', async () => {
    const { book } = shop;
    const tier = (mostMinor: number) => book.commit('entitlement.tier', { kind: 'gift', currency: 'GBP', mostMinor });
    idOf(await tier(500));
    const till = await shop.join('till', 'till-4');
    const relay = await createTestRelay();
    await book.sync(relay);
    expect(verdictOf(await till.commit('sale.complete', redeeming(1)))).toBe('ok');
    idOf(await tier(100));
    for (const replica of [book, till, book]) await replica.sync(relay);
    for (const replica of [book, till]) {
      const details = { token: tokenHash(1), kind: 'gift', amountMinor: 500, mostMinor: 100 };
      const [row] = replica.query<{ code: string; details: string }>('SELECT code, details FROM corrections');
      expect({ ...row, details: JSON.parse(row?.details ?? '{}') as object }).toEqual({
        code: 'retail/claim-first',
        details,
      });
      expect(replica.query('SELECT code FROM refusals')).toEqual([]);
    }
    expect(till.digest()).toEqual(book.digest());
    const never = redeeming(2, { entitlement: 'coupon' });
    expect(verdictOf(await till.commit('sale.complete', never))).toBe('retail/claim-first');
    await till.close();
  });

  it('are taken on trust as far as the tier goes, and a void takes back what was handed out', async () => {
    const { book } = shop;
    const offline = async () => verdictOf(await book.commit('sale.complete', redeeming(1)));
    expect(await offline()).toBe('retail/claim-first');
    const tier = { kind: 'gift', currency: 'GBP', mostMinor: 499 } as const;
    idOf(await book.commit('entitlement.tier', tier));
    expect(await offline()).toBe('retail/claim-first');
    expect(verdictOf(await book.commit('sale.complete', redeeming(1, { claim: tokenHash(0) })))).toBe('ok');
    idOf(await book.commit('entitlement.tier', { ...tier, mostMinor: 500 }));
    const sold = await book.commit('sale.complete', redeeming(2));
    expect(verdictOf(sold)).toBe('ok');
    idOf(await book.commit('sale.void', { document: idOf(sold), day, reason: 'wrong mug' }));
    const rows = 'SELECT redemption, claim, sum(amountMinor) AS amountMinor FROM redemptions GROUP BY 1, 2 ORDER BY 1';
    expect(book.query(rows)).toEqual([
      { redemption: redemptionRef(1), claim: tokenHash(0), amountMinor: 500 },
      { redemption: redemptionRef(2), claim: '', amountMinor: 0 },
    ]);
    expect(balancesOf(book)['2310']).toBe(500);
  });
});
