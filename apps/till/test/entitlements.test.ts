// Credit notes and what customers show, on the real book: issued once, spent once, and given back where nothing was sold for it.
import { portableHasher } from '@tallystick/chain';
import { nodeCrypto } from '@tallystick/kernel/node';
import { balanceOf } from '@tallystick/ledger';
import { mintEntitlement } from '@tallystick/retail/entitlement';
import { createMemoryKeyStore } from '@tallystick/sign';
import { encodeAnswer, openWallet, parseAsk, type Wallet, type WalletEntry } from '@tallystick/sign/token';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readShown, takeShown } from '../src/engine/entitlements.ts';
import { entries } from '../src/engine/entries.ts';
import type { CreditNote, Link, ShownEntitlement } from '../src/engine/port.ts';
import type { SaleRequest } from '../src/engine/requests.ts';
import { askWallet, hearWallet } from '../src/engine/wallet-answers.ts';
import { mostTaken, riskWords } from '../src/model/entitlement-words.ts';
import { addEntitlement, addTender, dueMinor, removeTender } from '../src/model/tender.ts';
import { refusalText } from '../src/model/words.ts';
import { cartOf, type Counter, done, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
  await done(counter.ask(entries.openSession, 2_000));
});
afterEach(() => counter.close());

/** Of three cups that came back. */
async function creditNote(): Promise<CreditNote> {
  const sold = await done(counter.ask(entries.sell, cartOf('first', 3)));
  const request = { key: 'note', document: sold.id, lines: [{ line: 1, quantity: 3 }], reason: 'cold' };
  const note = await done(counter.ask(entries.refundAsNote, request));
  expect(await done(counter.ask(entries.refundAsNote, request))).toEqual(note);
  return note;
}

/** Two cups, of which the note pays so much. */
function cart(key: string, url: string, amountMinor: number, changeMinor = 0): SaleRequest {
  const tenders = [
    { kind: 'cash', amountMinor: 720 - amountMinor },
    { kind: 'entitlement', amountMinor, url, isOnTrust: true },
  ] as const;
  return { ...cartOf(key, 2), tenders, changeMinor };
}

async function shown(url: string): Promise<ShownEntitlement> {
  const read = await readShown(counter.shop, url);
  if (!read.ok) throw new Error(read.code);
  return read.value;
}

const balance = (account: string): number => balanceOf(counter.shop.book, account, 'GBP');

describe('a credit note', () => {
  it('is owed to whoever has it, once, and the drawer is as it was', async () => {
    const { url, amountMinor, number } = await creditNote();
    expect({ amountMinor, number: number.slice(0, 10) }).toEqual({ amountMinor: 1_080, number: 'REF/till-1' });
    expect([balance('2310'), balance('2300')]).toEqual([-1_080, 0]);
    expect(counter.shop.book.query('SELECT amountMinor FROM drawers')).toEqual([{ amountMinor: 3_080 }]);
    expect(await shown(url)).toMatchObject({ kind: 'gift', leftMinor: 1_080, isIssued: true, isClaimedFirst: false });
  });

  it('is gone on with where it was interrupted', async () => {
    const sold = await done(counter.ask(entries.sell, cartOf('first', 3)));
    const back = { key: 'note', document: sold.id, lines: [{ line: 1, quantity: 3 }], reason: 'cold' };
    await done(counter.ask(entries.refund, { ...back, tender: 'cash' }));
    await done(counter.ask(entries.refundAsNote, back));
    expect([balance('2310'), balance('2300'), balance('4000')]).toEqual([-1_080, 0, 0]);
  });

  it('whose refund was saved when the disk failed is not said to be nothing', async () => {
    const sold = await done(counter.ask(entries.sell, cartOf('first', 3)));
    const back = { key: 'note', document: sold.id, lines: [{ line: 1, quantity: 3 }], reason: 'cold' };
    await done(counter.ask(entries.refund, { ...back, tender: 'cash' }));
    counter.faults.isWriteFailing = true;
    const cut = await counter.ask(entries.refundAsNote, back);
    counter.faults.isWriteFailing = false;
    expect(cut).toMatchObject({ ok: false, code: 'till/note-begun', message: expect.stringContaining('REF/till-1') });
    expect((await done(counter.ask(entries.refundAsNote, back))).amountMinor).toBe(1_080);
  });

  it('that the owner’s rules forbid leaves a refund in cash, and says so', async () => {
    const sold = await done(counter.ask(entries.sell, cartOf('first', 3)));
    const never = JSON.stringify({ constExpr: { boolValue: false } });
    const ruled = await counter.shop.book.commit('rule.set', { verb: 'cash.receive', rule: 'never', expr: never });
    expect(ruled).toMatchObject({ ok: true });
    const back = { key: 'note', document: sold.id, lines: [{ line: 1, quantity: 3 }], reason: 'cold' };
    const refused = await counter.ask(entries.refundAsNote, back);
    expect(refused).toMatchObject({ ok: false, code: 'till/note-unpaid' });
    expect(refused.ok || refusalText(refused.code, refused.message)).toMatch(
      /^The refund REF\/till-1\/.* pay it out in cash/,
    );
    expect(counter.shop.book.query('SELECT amountMinor FROM drawers')).toEqual([{ amountMinor: 2_000 }]);
  });

  it('pays a part of a sale, once, and the rest of it is left', async () => {
    const { url } = await creditNote();
    const sold = await done(counter.ask(entries.sell, cart('a', url, 500)));
    expect(await done(counter.ask(entries.sell, cart('a', url, 500)))).toMatchObject({ id: sold.id });
    expect(sold.tenders).toEqual([
      { kind: 'cash', amountMinor: 220 },
      { kind: 'entitlement', amountMinor: 500 },
    ]);
    expect((await shown(url)).leftMinor).toBe(580);
    expect(await counter.ask(entries.sell, cart('b', url, 600))).toMatchObject({ ok: false, code: 'retail/overspent' });
    expect((await shown(url)).leftMinor).toBe(580);
    await done(counter.ask(entries.voidSale, { document: sold.id, reason: 'wrong' }));
    expect([(await shown(url)).leftMinor, balance('2310')]).toEqual([1_080, -1_080]);
  });

  it('is taken on trust up to what the shop allows, and no further', async () => {
    const { url } = await creditNote();
    await counter.shop.book.commit('entitlement.tier', { kind: 'gift', currency: 'GBP', mostMinor: 400 });
    const read = await shown(url);
    expect([mostTaken(read), mostTaken({ ...read, isClaimedFirst: true })]).toEqual([400, 1_080]);
    expect(riskWords(read, String)).toContain('up to 400 may be taken on trust');
    expect(await counter.ask(entries.sell, cart('a', url, 500))).toMatchObject({
      ok: false,
      code: 'retail/claim-first',
    });
    await done(counter.ask(entries.sell, cart('a', url, 400)));
    expect(riskWords(await shown(url), String)).toContain('takes none on trust');
  });

  it('is not taken on trust by somebody who was told that it is claimed first', async () => {
    const { url } = await creditNote();
    let link: Link = { kind: 'linked', at: 1 };
    const syncNow = (): Promise<void> => {
      link = { kind: 'relay-unreachable', since: 1, reason: 'gone', how: 'unreachable' };
      return Promise.resolve();
    };
    const sync = {
      syncNow,
      get link() {
        return link;
      },
    };
    const shop = Object.create(counter.shop, { sync: { value: sync } }) as typeof counter.shop;
    expect(await readShown(shop, url)).toMatchObject({ value: { isClaimedFirst: true } });
    const [cash, gift] = cart('a', url, 500).tenders;
    const certain = { ...gift, kind: 'entitlement', amountMinor: 500, isOnTrust: false } as const;
    const request = { ...cart('a', url, 500), tenders: [cash, certain] as SaleRequest['tenders'] };
    expect(await entries.sell.write(shop, request)).toMatchObject({ ok: false, code: 'till/not-claimed' });
    expect((await shown(url)).leftMinor).toBe(1_080);
    await done(counter.ask(entries.sell, cart('a', url, 500)));
  });

  it('is given back where the sale was refused, or interrupted after its claim', async () => {
    const { url } = await creditNote();
    expect(await counter.ask(entries.sell, cart('a', url, 500, 100))).toMatchObject({ code: 'retail/tender-mismatch' });
    expect((await shown(url)).leftMinor).toBe(1_080);
    expect(await takeShown(counter.shop, cart('b', url, 500))).toMatchObject({ ok: true });
    expect((await shown(url)).leftMinor).toBe(580);
    await counter.openAgain();
    await done(counter.ask(entries.sell, cart('b', url, 500)));
    expect([(await shown(url)).leftMinor, balance('2310')]).toEqual([580, -580]);
  });

  it('is given back when the drawer is closed, where its sale came to nothing', async () => {
    const { url } = await creditNote();
    expect(await takeShown(counter.shop, cart('b', url, 500))).toMatchObject({ ok: true });
    // The cart is paid otherwise after all.
    await done(counter.ask(entries.sell, cartOf('b', 2)));
    await done(counter.ask(entries.sell, cart('c', url, 80)));
    expect((await shown(url)).leftMinor).toBe(500);
    const [session] = counter.shop.book.query<{ readonly id: string }>("SELECT id FROM sessions WHERE state = 'open'");
    await done(counter.ask(entries.closeSession, { session: session?.id ?? '', countedMinor: 2_000 }));
    expect([(await shown(url)).leftMinor, balance('2310')]).toEqual([1_000, -1_000]);
  });

  it('is refused with a word where it is another’s, changed, or no token at all', async () => {
    const { url } = await creditNote();
    expect(await readShown(counter.shop, 'https://tea.example/t')).toMatchObject({ code: 'token/url' });
    const changed = `${url.slice(0, -3)}${url.endsWith('AAA') ? 'BBB' : 'AAA'}`;
    expect(await readShown(counter.shop, changed)).toMatchObject({ ok: false });
  });
});

describe('what belongs to a wallet', () => {
  const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

  async function openPhone(): Promise<Wallet> {
    const kept: WalletEntry[] = [];
    const store = { load: () => kept, append: (entry: WalletEntry) => void kept.push(entry) };
    const key = await createMemoryKeyStore(nodeCrypto.ed25519, portableHasher).create('wallet');
    return openWallet({ key, store, hasher: portableHasher, now: Date.now, random });
  }

  /** Five pounds for whoever claims them first. */
  async function issueBound(): Promise<string> {
    const { book, keys } = counter.shop;
    const key = await keys.load('device');
    if (key === undefined) throw new Error('no key');
    const draft = { kind: 'coupon', holder: 'bound', currency: 'GBP', amountMinor: 500, day: '2026-01-02' } as const;
    const place = {
      key,
      book: book.id,
      page: 'https://tea.example/t',
      hasher: portableHasher,
      number: '07'.repeat(16),
    };
    const { url, args } = await mintEntitlement(draft, place);
    const [issued] = await book.commitAll([{ verb: 'entitlement.issue', args, scope: 'hq' as never }]);
    if (issued?.ok !== true) throw new Error(JSON.stringify(issued));
    await book.commit('entitlement.tier', { kind: 'coupon', currency: 'GBP', mostMinor: 500 });
    return url;
  }

  async function answerOf(wallet: Wallet, url: string): Promise<string> {
    const asked = await askWallet(counter.shop, url);
    const ask = asked.ok ? parseAsk(asked.value) : asked;
    const token = await wallet.carry(url);
    if (!ask.ok || !token.ok) throw new Error('not asked');
    expect(ask.value.hash).toBe(token.value.hash);
    const shown = await wallet.show(token.value, ask.value.challenge);
    if (!shown.ok) throw new Error(shown.code);
    return encodeAnswer(shown.value);
  }

  it('is taken when its own wallet answers, once for each question, and in nobody else’s hands', async () => {
    const url = await issueBound();
    const [owner, thief] = [await openPhone(), await openPhone()];
    expect(await readShown(counter.shop, url)).toMatchObject({ ok: false, code: 'token/claim' });
    const answer = await answerOf(owner, url);
    expect(await readShown(counter.shop, url, answer)).toMatchObject({ ok: true, value: { leftMinor: 500 } });
    // The same answer again, to a question that nobody asked or to another one, is worth nothing.
    expect(await readShown(counter.shop, url, answer)).toMatchObject({ code: 'till/ask-over' });
    await askWallet(counter.shop, url);
    expect(await readShown(counter.shop, url, answer)).toMatchObject({ code: 'token/holder' });
    await answerOf(owner, url);
    const now = Date.now();
    expect(await hearWallet(counter.shop, url, answer, now + 61_000)).toMatchObject({ code: 'till/ask-over' });

    expect(await readShown(counter.shop, url, await answerOf(owner, url))).toMatchObject({ ok: true });
    const sold = await done(counter.ask(entries.sell, cart('a', url, 500)));
    expect(sold.tenders).toContainEqual({ kind: 'entitlement', amountMinor: 500 });
    const { book } = counter.shop;
    const [token] = owner.carried();
    expect(token).toBeDefined();
    if (token !== undefined)
      expect(book.query('SELECT claim FROM walletClaims')).toEqual([{ claim: owner.claimOf(token)?.claim.hash }]);
    expect(await readShown(counter.shop, url, await answerOf(thief, url))).toMatchObject({ code: 'token/claimed' });
    expect(await readShown(counter.shop, url, await answerOf(owner, url))).toMatchObject({ code: 'retail/claimed' });
  });

  it('is asked for again after a restart, and by a sale that comes without an answer', async () => {
    const url = await issueBound();
    const wallet = await openPhone();
    expect(await readShown(counter.shop, url, await answerOf(wallet, url))).toMatchObject({ ok: true });
    await counter.openAgain();
    expect(await counter.ask(entries.sell, cart('a', url, 500))).toMatchObject({ ok: false, code: 'token/claim' });
    expect(await readShown(counter.shop, url, 'tally1-answer.AAAA')).toMatchObject({ code: 'token/text' });
  });
});

it('takes no more of what is shown than is due', () => {
  const part = addTender({ totalMinor: 500, tenders: [] }, 'cash', 200);
  const paid = addEntitlement(part, 'https://a', 900);
  expect([dueMinor(paid), paid.tenders.at(-1)]).toEqual([
    0,
    { kind: 'entitlement', amountMinor: 300, url: 'https://a' },
  ]);
  expect(addEntitlement(paid, 'https://b', 900)).toEqual(paid);
  expect(removeTender(paid, 'entitlement', 'https://b')).toEqual(paid);
  expect(removeTender(paid, 'entitlement', 'https://a')).toEqual(part);
});
