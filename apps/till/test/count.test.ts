// Counting goods on the real book: blind, written once, at what the goods cost, and scans that add up.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCountList } from '../src/engine/count-entries.ts';
import { entries } from '../src/engine/entries.ts';
import { enter } from '../src/engine/entry.ts';
import type { CountRequest } from '../src/engine/requests.ts';
import { addScan, countLines } from '../src/model/count.ts';
import { type Counter, openCounter } from './counter.ts';

describe('a count', () => {
  let counter: Counter;
  beforeEach(async () => {
    counter = await openCounter();
  });
  afterEach(() => counter.close());

  it('is blind before, says the difference after, and is written once', async () => {
    const read = readCountList(counter.shop);
    if (!read.ok) throw new Error(read.code);
    const { goods, newest } = read.value;
    expect(goods.find(({ sku }) => sku === 'B04')).toEqual({
      sku: 'B04',
      name: 'Sourdough loaf',
      category: 'Bakery',
      unitScale: 0,
    });
    const lines = [
      { sku: 'B04', countedQuantity: 7 },
      { sku: 'W01', countedQuantity: 3_250 },
      { sku: 'C02', countedQuantity: 1 },
    ];
    const ask = async (request: CountRequest) => {
      const done = await enter(entries.countGoods, request, counter.shop, () => counter.openAgain());
      if (!done.ok || done.value.shown === undefined) throw new Error(JSON.stringify(done));
      return done.value.shown;
    };
    const request = { lines, reason: 'Bakery', after: newest };
    const count = await ask(request);
    expect(
      count.lines.map(({ sku, countedQuantity, expectedQuantity }) => [sku, countedQuantity, expectedQuantity]),
    ).toEqual([
      ['B04', 7, 9],
      ['W01', 3_250, 3_200],
      ['C02', 1, 0],
    ]);
    expect(count.unpriced).toEqual(['Flat white']);
    expect(await ask(request)).toEqual(count);
    // Two loaves at half of £4.80 are written off, 50 g at half of £24.50 a kilogram found.
    const [booked] = counter.shop.book.query("SELECT sum(amountMinor) AS minor FROM postings WHERE account = '5900'");
    expect(booked).toEqual({ minor: 480 - 61 });
    const again = readCountList(counter.shop);
    expect((await ask({ ...request, after: again.ok ? again.value.newest : '' })).number).not.toBe(count.number);
  });
});

describe('what is counted so far', () => {
  const goods = [
    { sku: 'A', unitScale: 0 },
    { sku: 'W', unitScale: 3 },
    { sku: 'B', unitScale: 0 },
  ];

  it('adds each scan, counts nought, and leaves out what nobody counted', () => {
    const [a, w] = goods as [{ sku: string; unitScale: number }, { sku: string; unitScale: number }];
    const counted = addScan(addScan(addScan({ B: '0' }, a, 1), a, 6), w, 45);
    expect(counted).toEqual({ A: '7', W: '0.045', B: '0' });
    expect(countLines(counted, goods)).toEqual([
      { sku: 'A', countedQuantity: 7 },
      { sku: 'W', countedQuantity: 45 },
      { sku: 'B', countedQuantity: 0 },
    ]);
    expect(countLines({ ...counted, A: '' }, goods)).toHaveLength(2);
    expect(countLines({ ...counted, A: '1.5' }, goods)).toBeUndefined();
  });
});
