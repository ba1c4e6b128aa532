import { describe, expect, it } from 'vitest';
import { readInvoices, surveyFile } from '../src/invoices.ts';
import { mapInvoice, type TradeOp } from '../src/mapping.ts';
import { collect, csvText, type FileRow, plainRow } from './retail-format.ts';
import { temporaryFile } from './temporary.ts';

async function opsOf(rows: readonly FileRow[]): Promise<TradeOp[]> {
  const file = { path: temporaryFile('a.csv', csvText(rows)), currency: 'GBP' };
  const invoices = await collect(readInvoices(file, await surveyFile(file)));
  return invoices.flatMap((invoice) => mapInvoice(invoice, 'GBP'));
}

describe('mapInvoice', () => {
  it('makes a sale on account of a plain invoice', async () => {
    const [op, ...others] = await opsOf([plainRow, { ...plainRow, date: '2010-12-01 08:27:00' }]);
    expect(others).toEqual([]);
    expect(op).toMatchObject({
      at: Date.UTC(2010, 11, 1, 8, 26),
      external: '536365',
      part: 1,
      parts: 1,
    });
    expect(op?.request()).toEqual({
      verb: 'sale.complete',
      args: {
        day: '2010-12-01',
        currency: 'GBP',
        external: '536365',
        taxIncluded: true,
        tenders: [{ kind: 'account', amountMinor: 3060 }],
        lines: [
          { sku: '85123A', name: 'WHITE HANGING HEART', quantity: 6, unitPriceMilliMinor: 255_000 },
          {
            sku: '85123A',
            name: 'WHITE HANGING HEART',
            quantity: 6,
            unitPriceMilliMinor: 255_000,
            at: Date.UTC(2010, 11, 1, 8, 27),
          },
        ],
      },
    });
  });

  it('makes a refund of a cancellation, with quantities that come back', async () => {
    const [op] = await opsOf([{ ...plainRow, invoice: 'C536379', quantity: -2 }]);
    expect(op?.request()).toMatchObject({
      verb: 'sale.refund',
      args: { tenders: [{ kind: 'account', amountMinor: 510 }], lines: [{ quantity: 2 }] },
    });
  });

  it('makes a stock adjustment of a negative row outside cancellations', async () => {
    const [op] = await opsOf([{ ...plainRow, quantity: -10, price: '0.0' }]);
    expect(op?.request()).toMatchObject({
      verb: 'stock.adjust',
      args: { lines: [{ quantity: -10, unitPriceMilliMinor: 0 }] },
    });
  });

  it('makes a charge of other prefixes, negative prices and rows of no units', async () => {
    const rows = [
      { ...plainRow, invoice: 'A563185', sku: 'B', quantity: 1, price: '11062.06' },
      { ...plainRow, invoice: 'A563186', sku: 'B', quantity: 1, price: '-11062.06' },
      { ...plainRow, invoice: '563190', quantity: 1, price: '-0.01' },
      { ...plainRow, invoice: '563191', quantity: 0 },
    ];
    const ops = await opsOf(rows);
    expect(ops.map((op) => op.request().verb)).toEqual([
      'charge.adjust',
      'charge.adjust',
      'charge.adjust',
      'charge.adjust',
    ]);
    expect(ops.map((op) => op.rows.length)).toEqual([1, 1, 1, 1]);
    expect(ops.flatMap((op) => op.request().args.lines.map((line) => line.unitPriceMilliMinor))).toEqual([
      1_106_206_000, -1_106_206_000, -1_000, 255_000,
    ]);
  });

  it('makes numbered parts of a mixed invoice', async () => {
    const ops = await opsOf([{ ...plainRow, quantity: -1 }, plainRow, { ...plainRow, price: '-1.00' }]);
    expect(ops.map((op) => ({ verb: op.request().verb, part: op.part, parts: op.parts }))).toEqual([
      { verb: 'sale.complete', part: 1, parts: 3 },
      { verb: 'stock.adjust', part: 2, parts: 3 },
      { verb: 'charge.adjust', part: 3, parts: 3 },
    ]);
    expect(ops[1]?.request('first').args).toMatchObject({ external: '536365', part: 2, parts: 3, first: 'first' });
  });

  it('tenders nothing for a sale of nothing', async () => {
    const [op] = await opsOf([{ ...plainRow, price: '0.00' }]);
    expect(op?.request().args).toMatchObject({ tenders: [] });
  });

  it('cuts an invoice of 1,500 lines into parts that fit an op', async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) => ({
      ...plainRow,
      sku: `S${index}`,
      name: 'A £ LONG NAME '.repeat(10).slice(0, 120),
    }));
    const ops = await opsOf(rows);
    expect(ops.length).toBeGreaterThan(3);
    for (const op of ops) expect(Buffer.byteLength(JSON.stringify(op.request().args))).toBeLessThan(60 * 1024 - 3_000);
    expect(ops.map((op) => op.part)).toEqual(ops.map((_, index) => index + 1));
    expect(ops.every((op) => op.parts === ops.length)).toBe(true);
    expect(ops.reduce((sum, op) => sum + op.rows.length, 0)).toBe(1_500);
  });
});
