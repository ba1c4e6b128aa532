/** Each kind of entitlement from the issue to the books, in two branches that have no network and then meet. */
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { trialBalance } from '@tallystick/ledger';
import { mintToken, parseTokenUrl, type WalletEntry } from '@tallystick/sign/token';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entitlementAlarms, findDoubleClaims, mintEntitlement } from '../../src/entitlement.ts';
import {
  type Branches,
  CLAIMS,
  day,
  newWallet,
  newWalletKey,
  openBranches,
  present,
  setTiers,
  spend,
} from './branches.ts';

let shop: Branches;
beforeEach(async () => {
  shop = await openBranches();
});
afterEach(() => shop.close());

/** What each till has to answer for. */
function alarms(): unknown {
  return entitlementAlarms(shop.office).map(({ kind, device, lostMinor }) => ({ kind, device, lostMinor }));
}

/** Every book of every member balances, is what its log folds to, and says the same. */
async function expectWholeBooks(): Promise<void> {
  expect(trialBalance(shop.office).reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(0);
  const books = [shop.office, ...shop.branches.map(({ book }) => book)];
  expect(new Set(books.map((book) => book.digest().digest)).size).toBe(1);
  const fresh = nodeStore(':memory:');
  expect(await shop.office.prove(fresh)).toMatchObject({ ok: true });
  await fresh.close();
}

describe('two branches without a network', () => {
  // What two tills hand out that cannot know of each other: 6.00 each of 10.00, or of a coupon twice.
  it.each([
    ['gift', { lostMinor: 200, books: { '1100': 200, '2300': 1000, '2310': 0, '6200': 0 } }],
    ['coupon', { lostMinor: 600, books: { '1100': 600, '2300': 0, '2310': 0, '6200': 600 } }],
    ['prize', { lostMinor: 600, books: { '1100': 600, '2300': 0, '2310': 0, '6200': 600 } }],
    ['credit', { lostMinor: 200, books: { '1100': 1200, '2300': 0, '2310': 0, '6200': 0 } }],
  ] as const)('both take a %s on trust, and who comes second answers for it', async (kind, ends) => {
    await setTiers(shop, 600);
    const url = await shop.issue({ kind });
    await shop.settle();
    const [first, second] = shop.branches;
    expect(await spend(first, url, 600)).toBe('taken');
    expect(await spend(second, url, 600)).toBe('taken');
    await shop.settle();
    for (const [account, balance] of Object.entries({ ...ends.books, '4000': -1200 }))
      expect([account, shop.balance(account)]).toEqual([account, balance]);
    expect(alarms()).toEqual([{ kind: 'lost', device: second.book.device, lostMinor: ends.lostMinor }]);
    const rows = shop.office.query('SELECT device, code FROM corrections');
    expect(rows).toEqual([{ device: second.book.device, code: 'ledger/receivable' }]);
    expect(await spend(first, url, 600)).toBe('retail/claimed');
    await expectWholeBooks();
  });

  it('take no more of it on trust than the tier says, also bit by bit', async () => {
    await setTiers(shop, 500);
    const url = await shop.issue({});
    await shop.settle();
    const [first] = shop.branches;
    expect(await spend(first, url, 501)).toBe('retail/claim-first');
    expect(await spend(first, url, 300)).toBe('taken');
    expect(await spend(first, url, 300)).toBe('retail/claim-first');
    expect(await spend(first, url, 300, { online: true })).toBe('taken');
    await shop.settle();
    expect(alarms()).toEqual([]);
    expect(shop.balance('2310')).toBe(-400);
    await expectWholeBooks();
  });

  it('take what is covered though its day was closed meanwhile', async () => {
    await setTiers(shop, 500);
    const url = await shop.issue({ kind: 'coupon' });
    const close = { through: day, late: 'route' } as const;
    await shop.office.commit('day.open', { day: '2026-11-22' }, { scope: CLAIMS });
    expect(await shop.office.commit('period.close', close, { scope: CLAIMS })).toMatchObject({ ok: true });
    await shop.settle();
    expect(await spend(shop.branches[0], url, 500)).toBe('taken');
    await shop.settle();
    expect(shop.office.query('SELECT code FROM corrections')).toEqual([{ code: 'ledger/late-entry' }]);
    expect(alarms()).toEqual([]);
    await expectWholeBooks();
  });

  it('take what was issued where they could not know of it', async () => {
    await setTiers(shop, 500);
    await shop.settle();
    const url = await shop.issue({});
    const [first, second] = shop.branches;
    expect(await spend(first, url, 500)).toBe('taken');
    // The claim comes to stand before the issue, which is still at the office.
    await first.sync();
    await second.sync();
    // The till honoured what the office had signed: the office answers for the issue that is not there.
    const answers = { device: shop.office.device, claimant: first.book.device };
    expect(entitlementAlarms(second.book)).toMatchObject([{ kind: 'unissued', ...answers }]);
    expect(await present(second.desk(), url)).toMatchObject({ leftMinor: 500, isIssued: false });
    await shop.settle();
    expect(shop.balance('2310')).toBe(-500);
    expect(alarms()).toEqual([]);
    await expectWholeBooks();
  });
});

it('a token that is issued in two scopes is found, in the name of who issued it again', async () => {
  await shop.issue({ kind: 'coupon' });
  const [row] = shop.office.query<{ token: string; keyId: string }>('SELECT token, keyId FROM entitlements');
  const again = { ...row!, kind: 'coupon', holder: 'bearer', currency: 'GBP', amountMinor: 1000, day } as const;
  expect(alarms()).toEqual([]);
  expect(await shop.office.commit('entitlement.issue', again)).toMatchObject({ ok: true });
  expect(alarms()).toEqual([{ kind: 'issued-twice', device: shop.office.device, lostMinor: 0 }]);
});

describe('with a network', () => {
  it('the claim comes first, and the second till hands out nothing', async () => {
    const url = await shop.issue({ kind: 'prize' });
    await shop.settle();
    const [first, second] = shop.branches;
    // Both tills read it as unused before either claims.
    const desks = [first.desk(true), second.desk(true)] as const;
    const [mine, yours] = [await present(desks[0], url), await present(desks[1], url)];
    if (typeof mine === 'string' || typeof yours === 'string') throw new Error('not unused');
    const wanted = { amountMinor: 1000, day, loss: 'receivable' } as const;
    const taken = await desks[0].take(mine, wanted);
    expect(taken).toMatchObject({ ok: true, value: { isSettled: true } });
    expect(await desks[1].take(yours, wanted)).toMatchObject({ ok: false, code: 'retail/claimed' });
    if (taken.ok) await first.sell(taken.value);
    await shop.settle();
    expect(alarms()).toEqual([]);
    expect([shop.balance('1100'), shop.balance('2310'), shop.balance('6200')]).toEqual([0, 0, 1000]);
    await expectWholeBooks();
  });

  it('what was voided is released, and who forgets either is seen', async () => {
    const url = await shop.issue({});
    await shop.settle();
    const [{ book, ...first }] = shop.branches;
    const read = await present(first.desk(true), url);
    if (typeof read === 'string') throw new Error(read);
    const taken = await first.desk(true).take(read, { amountMinor: 400, day, loss: 'receivable' });
    if (!taken.ok) throw new Error(taken.code);
    await shop.settle();
    expect(alarms()).toMatchObject([{ kind: 'unredeemed', device: book.device }]);
    const sale = await first.sell(taken.value);
    const again = await first.sell(taken.value);
    await shop.settle();
    expect(alarms()).toMatchObject([{ kind: 'differs', device: book.device }]);
    for (const document of [sale, again])
      expect(await book.commit('sale.void', { document, day, reason: 'rung twice' })).toMatchObject({ ok: true });
    expect(await taken.value.release(day)).toMatchObject({ ok: true });
    await shop.settle();
    expect(alarms()).toEqual([]);
    expect(shop.balance('2310')).toBe(-1000);
  });

  it('what a till takes as something else than was issued, so that it might give money back for it, is seen', async () => {
    const url = await shop.issue({ kind: 'coupon' });
    await shop.settle();
    const [{ book, ...till }] = shop.branches;
    const read = await present(till.desk(true), url);
    if (typeof read === 'string') throw new Error(read);
    const taken = await till.desk(true).take(read, { amountMinor: 400, day, loss: 'receivable' });
    if (!taken.ok) throw new Error(taken.code);
    const { tender } = taken.value;
    await till.sell({ ...taken.value, tender: { ...tender, entitlement: 'gift' } });
    await shop.settle();
    expect(alarms()).toMatchObject([{ kind: 'differs', device: book.device }]);
  });

  it('a redemption that nobody claimed raises an alarm', async () => {
    await setTiers(shop, 500);
    const url = await shop.issue({});
    await shop.settle();
    const [{ book, ...first }] = shop.branches;
    const read = await present(first.desk(true), url);
    if (typeof read === 'string') throw new Error(read);
    const desk = first.desk(true);
    const taken = await desk.take(read, { amountMinor: 400, day, loss: 'receivable' });
    if (!taken.ok) throw new Error(taken.code);
    await first.sell({ ...taken.value, tender: { ...taken.value.tender, redemption: 'ff'.repeat(16) } });
    await shop.settle();
    expect(alarms()).toMatchObject([{ kind: 'unredeemed' }, { kind: 'unclaimed', device: book.device }]);
    // The till of the same branch knows that much is gone.
    expect(await present(desk, url)).toMatchObject({ leftMinor: 200 });
  });
});

describe('a token in hand', () => {
  it('is refused where it says nothing, too late, or has been taken back', async () => {
    const [first] = shop.branches;
    const url = await shop.issue({ untilDay: day });
    const lost = await shop.issue({});
    await shop.settle();
    const desk = first.desk();
    const shown = { challenge: desk.challenge(), url };
    expect(await desk.read({ ...shown, day: '2026-11-22' })).toMatchObject({ ok: false, code: 'retail/expired' });
    const strange = {
      page: 'https://tea.example/t',
      kind: 'bearer',
      book: shop.office.id,
      number: '03'.repeat(16),
    } as const;
    for (const terms of [
      {},
      { amount: 5, currency: 'GBP', kind: 'loan' },
      { amount: 5, currency: 'GBP', kind: 'gift', x: 1 },
    ]) {
      const other = await mintToken({ ...strange, terms }, first.key);
      expect(await desk.read({ ...shown, url: other, day })).toMatchObject({ ok: false, code: 'retail/bad-terms' });
    }
    const token = parseTokenUrl(lost, nodeCrypto.hasher);
    if (!token.ok) throw new Error(token.code);
    const cancel = { token: token.value.hash, day, account: '4000', reason: 'lost' };
    await shop.office.commit('entitlement.cancel', cancel, { scope: CLAIMS });
    await shop.settle();
    expect(await present(desk, lost)).toBe('retail/cancelled');
    expect(shop.balance('2310')).toBe(-1000);
  });

  it('of a claim that a till invented convicts the till', async () => {
    const url = await shop.issue({ holder: 'bound' });
    await shop.settle();
    const [{ book }, second] = shop.branches;
    const token = parseTokenUrl(url, nodeCrypto.hasher);
    if (!token.ok) throw new Error(token.code);
    const holder = { device: 'aa'.repeat(32), claim: 'bb'.repeat(32), evidence: ['cc', 'dd'] as const };
    const claim = { token: token.value.hash, redemption: '0'.repeat(32), currency: 'GBP', amountMinor: 1, day };
    const spent = await book.commit('claim.spend', { ...claim, loss: 'receivable', holder }, { scope: CLAIMS });
    expect(spent).toMatchObject({ ok: true });
    await shop.settle();
    const findings = await findDoubleClaims(shop.office, nodeCrypto);
    expect(findings).toEqual([{ kind: 'bad-evidence', token: token.value.hash, device: book.device }]);
    expect(await present(second.desk(), url, await newWallet())).toMatchObject({ leftMinor: 999 });
  });
});

describe('a bound token', () => {
  it('is of no use to whom it was forwarded', async () => {
    const url = await shop.issue({ holder: 'bound', kind: 'prize' });
    await shop.settle();
    const [first, second] = shop.branches;
    const [ann, bob] = [await newWallet(), await newWallet()];
    const wanted = { online: true, wallet: ann };
    expect(await spend(first, url, 1000, { online: true })).toBe('token/claim');
    expect(await spend(first, url, 1000, wanted)).toBe('taken');
    await shop.settle();
    expect(await spend(second, url, 1000, { ...wanted, wallet: bob })).toBe('token/claimed');
    expect(await spend(second, url, 1000, wanted)).toBe('retail/claimed');
    const challenge = new Uint8Array(32);
    const carried = await ann.carry(url);
    if (!carried.ok) throw new Error(carried.code);
    const shown = await ann.show(carried.value, challenge);
    if (!shown.ok) throw new Error(shown.code);
    const stolen = await second.desk(true).read({ url, day, ...shown.value, challenge: new Uint8Array(32).fill(1) });
    expect(stolen).toMatchObject({ ok: false, code: 'token/holder' });
    expect(await findDoubleClaims(shop.office, nodeCrypto)).toEqual([]);
  });

  it('claimed by both copies of a wallet is caught where the branches meet, with a proof that names it', async () => {
    await setTiers(shop, 500);
    const url = await shop.issue({ holder: 'bound' });
    await shop.settle();
    const [first, second] = shop.branches;
    const [key, entries]: [Awaited<ReturnType<typeof newWalletKey>>, WalletEntry[]] = [await newWalletKey(), []];
    await newWallet(key, entries);
    const [phone, copy] = [await newWallet(key, [...entries]), await newWallet(key, [...entries])];
    expect(await spend(first, url, 500, { wallet: phone })).toBe('taken');
    expect(await spend(second, url, 500, { wallet: copy })).toBe('taken');
    await shop.settle();
    expect(alarms()).toEqual([{ kind: 'lost', device: second.book.device, lostMinor: 500 }]);
    const [finding, ...others] = await findDoubleClaims(shop.office, nodeCrypto);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind: 'double-claim', wallets: [key.device, key.device] });
    // From here on the copy is refused in hand.
    expect(await spend(first, url, 100, { wallet: copy })).toBe('token/claimed');
    await expectWholeBooks();
  });

  it('outlives the till that issued it, because an op names it, and an unnamed one does not', async () => {
    const named = await shop.issue({});
    await shop.settle();
    const [first] = shop.branches;
    const draft = { kind: 'gift', holder: 'bearer', currency: 'GBP', amountMinor: 100, day, account: '2300' } as const;
    const place = { key: first.key, book: shop.office.id, page: 'https://tea.example/t', hasher: nodeCrypto.hasher };
    const [kept, unnamed] = [
      await mintEntitlement(draft, { ...place, number: '01'.repeat(16) }),
      await mintEntitlement(draft, { ...place, number: '02'.repeat(16) }),
    ];
    expect(await first.book.commit('entitlement.issue', kept.args, { scope: CLAIMS })).toMatchObject({ ok: true });
    await shop.settle();
    const [, second] = shop.branches;
    expect(await present(second.desk(), unnamed.url)).toMatchObject({ leftMinor: 100, isIssued: false });
    const revoke = { device: first.book.device, reason: 'stolen' } as const;
    expect(await shop.office.commit('device.revoke', revoke, { scope: CLAIMS })).toMatchObject({ ok: true });
    await shop.settle();
    expect(await present(second.desk(), unnamed.url)).toBe('token/issuer');
    expect(await present(second.desk(), kept.url)).toMatchObject({ leftMinor: 100 });
    // The same of a key that was rotated away.
    const old = await mintEntitlement(draft, { ...place, key: shop.officeKey, number: '03'.repeat(16) });
    expect(await present(second.desk(), old.url)).toMatchObject({ leftMinor: 100 });
    for (const rotated of await shop.office.rotate()) expect(rotated).toMatchObject({ ok: true });
    await shop.settle();
    expect(await present(second.desk(), old.url)).toBe('token/issuer');
    const late = await shop.office.commit('entitlement.issue', old.args, { scope: CLAIMS });
    expect(late).toMatchObject({ ok: false, code: 'retail/other-key' });
    expect(await present(second.desk(), named)).toMatchObject({ leftMinor: 1000 });
  });
});
