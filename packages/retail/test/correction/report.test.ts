/** What people are told of ops that stand otherwise than they were meant: the document, the reasons, and who owes what, as the books have it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { correctionList, correctionWords, refusalList } from '../../src/corrections.ts';
import { type Apart, expectSound, openApart } from '../apart.ts';
import { claimArgs, issueArgs } from '../entitlement/desk.ts';
import { day, idOf, line, product, sale, type ShopBook } from '../shop.ts';

const trade = { day, currency: 'GBP', taxIncluded: true } as const;
const terms = { customer: 'c-1', currency: 'GBP', overLimit: 'refuse', termsDays: 30, active: 1 } as const;
let shop: Apart | undefined;
afterEach(() => shop?.close());

async function apart(before: (office: ShopBook) => Promise<void>): Promise<Apart> {
  shop = await openApart(before);
  return shop;
}

describe('corrections', () => {
  it('name the document that gave too much back, and the device whose people owe it', async () => {
    let original = '';
    const { office, tills, meet } = await apart(async (book) => {
      original = idOf(await book.commit('sale.complete', sale(500)));
    });
    const back = { ...trade, original, lines: [{ ...line(), line: 1 }], reason: 'broken' } as const;
    const tenders = [{ kind: 'cash', amountMinor: 500 }] as const;
    for (const till of tills) idOf(await till.commit('sale.refund', { ...back, tenders }));
    await meet(tills[1], tills[0]);
    const [row, ...others] = correctionList(office);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      codes: ['retail/over-refunded'],
      device: tills[0].device,
      deviceName: 'till-4',
      document: { kind: 'refund', number: `REF/till-4/${day}/1`, totalMinor: -500 },
      owed: [{ kind: 'seller', who: tills[0].device, amountMinor: 500, currency: 'GBP' }],
    });
    expect(office.query('SELECT seller, amountMinor FROM sellerDebts')).toEqual([
      { seller: tills[0].device, amountMinor: 500 },
    ]);
    expect(correctionList(tills[1], { device: tills[1].device })).toEqual([]);
    expect(correctionList(tills[0], { device: tills[0].device })).toEqual([row]);
    if (shop !== undefined) await expectSound(shop);
  });

  it('say what a customer, the shop and the goods come to, and nothing beyond what is contested', async () => {
    const { office, tills, meet } = await apart(async (book) => {
      idOf(await book.commit('customer.set', { ...terms, limitMinor: 500 }));
      idOf(await book.commit('product.set', product('LAMP', { negativeStock: 'backorder' })));
      idOf(await book.commit('entitlement.issue', issueArgs(book, { kind: 'coupon' })));
    });
    const [first, second] = tills;
    const onAccount = sale(500, {
      customer: 'c-1',
      tenders: [
        { kind: 'account', amountMinor: 300 },
        { kind: 'cash', amountMinor: 200 },
      ],
    });
    for (const till of tills) idOf(await till.commit('sale.complete', onAccount));
    idOf(await second.commit('sale.complete', sale(500, { customer: 'c-7', lines: [line({ sku: 'LAMP' })] })));
    let redemption = 0;
    for (const till of tills)
      idOf(await till.commit('claim.spend', { ...claimArgs((redemption += 1)), loss: 'promo-expense' }));
    await meet(first, second);
    const seen = correctionList(office).map(({ codes, document, owed }) => [codes[0], document?.kind, owed[0]]);
    expect(seen.toReversed()).toEqual([
      ['retail/over-credit', 'sale', { kind: 'customer', who: 'c-1', amountMinor: 100, currency: 'GBP' }],
      ['retail/backorder', 'sale', { kind: 'goods', who: 'c-7', amountMinor: 500, currency: 'GBP' }],
      ['ledger/promo-expense', undefined, expect.objectContaining({ kind: 'shop', who: '' })],
    ]);
    expect(refusalList(office)).toEqual([]);
  });

  it('leave refusals to a list of their own, with the number that was printed', async () => {
    const { office, tills, meet } = await apart(async () => undefined);
    const [till] = tills;
    idOf(await till.commit('sale.complete', sale(500)));
    idOf(await office.commit('device.revoke', { device: till.device, reason: 'lost' }));
    await meet(office, till);
    expect(refusalList(office)).toMatchObject([
      { code: 'kernel/revoked', verb: 'sale.complete@1', number: `INV/till-4/${day}/1`, deviceName: 'till-4' },
    ]);
    expect(correctionList(office)).toEqual([]);
  });

  it('have words for every reason that a verb can give', () => {
    const source = fileURLToPath(new URL('../../src', import.meta.url));
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const said = /(?:contested\((?:refuse\(|\{ code: )|noted\(\{ code: |contest\()'([a-z]+\/[a-z-]+)'/g;
    const codes = files.flatMap((file) =>
      [...readFileSync(join(source, file), 'utf8').matchAll(said)].map(([, code]) => code ?? ''),
    );
    expect(new Set(codes).size).toBeGreaterThan(20);
    expect(codes.filter((code) => correctionWords(code).why.includes(code))).toEqual([]);
    expect(correctionWords('shop/new').why).toContain('shop/new');
  });
});
