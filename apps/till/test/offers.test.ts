// What offers take off a cart, and that the book takes exactly that.
import { promotionsInForce } from '@tallystick/retail';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readReceipt } from '../src/engine/documents.ts';
import { entries } from '../src/engine/entries.ts';
import { enter } from '../src/engine/entry.ts';
import { describeShop, documentReader } from '../src/engine/open-shop.ts';
import type { Receipt } from '../src/engine/port.ts';
import type { SaleRequest } from '../src/engine/requests.ts';
import { localDay } from '../src/model/business-day.ts';
import { cartTotalMinor, lineTotalMinor } from '../src/model/cart.ts';
import { type Offer, offeredLines } from '../src/model/offers.ts';
import type { SaleLine } from '../src/model/sale-line.ts';
import { type Counter, openCounter } from './counter.ts';

const jam: SaleLine = {
  sku: 'S03',
  name: 'Strawberry jam',
  quantity: 3,
  quantityScale: 0,
  unitPriceMilliMinor: 560_000,
  taxRateBasisPoints: 2_000,
};
const loaf: SaleLine = { ...jam, sku: 'B04', name: 'Sourdough loaf', quantity: 1, unitPriceMilliMinor: 480_000 };
const categories: Readonly<Record<string, string>> = { S03: 'Shelf', B04: 'Bakery' };
const categoryOf = (sku: string): string => categories[sku] ?? '';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
  const opened = await enter(entries.openSession, 0, counter.shop, () => counter.openAgain());
  if (!opened.ok) throw new Error(opened.code);
});
afterEach(() => counter.close());

function offers(): readonly Offer[] {
  return promotionsInForce(counter.shop.book, { day: localDay(new Date()) });
}

async function sell(key: string, lines: readonly SaleLine[]): Promise<Receipt> {
  const amountMinor = cartTotalMinor({ lines }) ?? 0;
  const request: SaleRequest = { key, lines, tenders: [{ kind: 'cash', amountMinor }], changeMinor: 0 };
  for (const attempt of ['first', 'again']) {
    const sold = await enter(entries.sell, request, counter.shop, () => counter.openAgain());
    if (!sold.ok) throw new Error(`${attempt}: ${sold.code} ${sold.message}`);
    const receipt = readReceipt(documentReader(counter.shop), sold.value.id, describeShop(counter.shop));
    if (attempt === 'again' && receipt !== undefined) return receipt;
  }
  throw new Error('not to be shown');
}

describe('offers', () => {
  it('take off a bundle and a category, and stand on the receipt by name', async () => {
    const offer = { kind: 'percent', basisPoints: 1_000 } as const;
    const [fromDay, untilDay] = ['2026-01-01', '2099-12-31'];
    const bakery = { promotion: 'BREAD', name: 'Bread day', fromDay, untilDay, offer, category: 'Bakery' };
    await counter.shop.book.commit('promotion.set', bakery);
    const lines = offeredLines([jam, loaf], offers(), categoryOf);
    expect(lines.map(lineTotalMinor)).toEqual([1_120, 432]);
    const receipt = await sell('a', lines);
    expect(receipt.totalMinor).toBe(1_552);
    expect(receipt.lines.map(({ offer: name, discountMinor, paidMinor }) => [name, discountMinor, paidMinor])).toEqual([
      ['Three jams for two', 560, 1_120],
      ['Bread day', 48, 432],
    ]);
    expect(counter.shop.book.query('SELECT count(*) AS sales FROM documents WHERE kind = ?', ['sale'])).toEqual([
      { sales: 1 },
    ]);
  });

  it('do nothing where there are none, or too little of the goods', () => {
    const lines = [{ ...jam, quantity: 2 }, loaf];
    expect(offeredLines(lines, [], categoryOf)).toBe(lines);
    expect(cartTotalMinor({ lines: offeredLines(lines, offers(), categoryOf) })).toBe(1_600);
  });

  it('of any cart come to what the book takes', async () => {
    const lot = fc.constantFrom(undefined, 'A', 'B');
    const carts = fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 9 }), lot }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(carts, fc.uuid(), async (chosen, key) => {
        const rung = chosen.map(({ quantity, lot: of }) => ({
          ...jam,
          quantity,
          ...(of === undefined ? {} : { lot: of }),
        }));
        const lines = offeredLines(rung, offers(), categoryOf);
        expect((await sell(key, lines)).totalMinor).toBe(cartTotalMinor({ lines }));
      }),
      { numRuns: 12 },
    );
  });
});
