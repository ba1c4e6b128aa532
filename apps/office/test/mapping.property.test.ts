// No row is lost and none is counted twice on the way from a file to ops, whatever the file.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Invoice, readInvoices, surveyFile, tillOf } from '../src/invoices.ts';
import { mapInvoice, type TradeOp } from '../src/mapping.ts';
import { lineAmount } from '../src/retail-row.ts';
import { collect, csvText, fileRows, naiveTotals } from './retail-format.ts';
import { temporaryFile } from './temporary.ts';

async function invoicesOf(path: string): Promise<Invoice[]> {
  const file = { path, currency: 'GBP' };
  return collect(readInvoices(file, await surveyFile(file)));
}

/** The lines an op carries, with the sign that its document gives their quantities. */
function signedLines(op: TradeOp): { quantity: number; unitPriceMilliMinor: number }[] {
  const { verb, args } = op.request();
  const sign = verb === 'sale.refund' ? -1 : 1;
  return args.lines.map(({ quantity, unitPriceMilliMinor }) => ({ quantity: sign * quantity, unitPriceMilliMinor }));
}

describe('mapping a generated file', () => {
  it('keeps every total', async () => {
    await fc.assert(
      fc.asyncProperty(fileRows, async (rows) => {
        const path = temporaryFile('a.csv', csvText(rows));
        const { totals } = await surveyFile({ path, currency: 'GBP' });
        expect(totals).toEqual(naiveTotals(rows));
        const ops = (await invoicesOf(path)).flatMap((invoice) => mapInvoice(invoice, 'GBP'));
        const lines = ops.flatMap(signedLines);
        expect({
          rows: lines.length,
          units: lines.reduce((sum, line) => sum + line.quantity, 0),
          netMinor: lines.reduce((sum, line) => sum + lineAmount(line.quantity, line.unitPriceMilliMinor), 0),
        }).toEqual({ rows: totals.rows, units: totals.units, netMinor: totals.netMinor });
      }),
      { numRuns: 60 },
    );
  });

  it('gives each op a place of its own, the same one every time', async () => {
    await fc.assert(
      fc.asyncProperty(fileRows, async (rows) => {
        const path = temporaryFile('a.csv', csvText(rows));
        const ops = (await invoicesOf(path)).flatMap((invoice) => mapInvoice(invoice, 'GBP'));
        expect(new Set(ops.map((op) => `${op.external} ${op.part}`)).size).toBe(ops.length);
        const again = (await invoicesOf(path)).flatMap((invoice) => mapInvoice(invoice, 'GBP'));
        expect(again.map((op) => op.request())).toEqual(ops.map((op) => op.request()));
      }),
      { numRuns: 20 },
    );
  });

  it('does not depend on whether the rows of an invoice stand together', async () => {
    await fc.assert(
      fc.asyncProperty(fileRows, fc.infiniteStream(fc.nat()), async (rows, picks) => {
        const apart = interleave(rows, picks);
        const byNumber = (invoices: Invoice[]): [string, readonly unknown[]][] =>
          invoices
            .map((invoice): [string, readonly unknown[]] => [
              invoice.number,
              mapInvoice(invoice, 'GBP').map((op) => JSON.stringify([op.request(), op.at, op.part])),
            ])
            .sort(([left], [right]) => (left < right ? -1 : 1));
        expect(byNumber(await invoicesOf(temporaryFile('a.csv', csvText(apart))))).toEqual(
          byNumber(await invoicesOf(temporaryFile('b.csv', csvText(rows)))),
        );
      }),
      { numRuns: 30 },
    );
  });
});

/** A merge of the invoices' rows that keeps each invoice's own order. */
function interleave<T extends { invoice: string }>(rows: readonly T[], picks: Iterator<number>): T[] {
  const queues = [...Map.groupBy(rows, (row) => row.invoice).values()].map((group) => [...group]);
  const merged: T[] = [];
  while (queues.length > 0) {
    const index = picks.next().value % queues.length;
    const queue = queues[index];
    const row = queue?.shift();
    if (row !== undefined) merged.push(row);
    if (queue?.length === 0) queues.splice(index, 1);
  }
  return merged;
}

describe('tillOf', () => {
  it('is a till that exists and depends on the number alone', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[AC]?\d{6}$/), fc.integer({ min: 1, max: 64 }), (invoice, tills) => {
        const till = tillOf(invoice, tills);
        expect(Number.isInteger(till) && till >= 0 && till < tills).toBe(true);
        expect(tillOf(invoice, tills)).toBe(till);
      }),
    );
  });

  it('gives every till its share', () => {
    const counts = new Array<number>(8).fill(0);
    for (let number = 536_365; number < 540_365; number++) {
      const till = tillOf(String(number), 8);
      counts[till] = (counts[till] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(120);
  });
});
