// A slice of a made-up year with every oddity of the real one, long enough that tills are closed and opened again in between.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type FileRow, naiveTotals } from './retail-format.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally, startTallyIn } from './tally-process.ts';
import { writeWholeYear } from './whole-year.ts';

const rows = 60_000;
const folder = temporaryFolder();
const file = join(folder, 'year.csv');

function rowsOf(text: string): FileRow[] {
  const row = /^([^,]+),([^,]+),("[^"]*"|[^,"]*),(-?\d+),([^,]+),(-?[\d.]+),[^,]*,United Kingdom$/;
  const lines = text.split('\n').slice(1, -1);
  return lines.map((line) => {
    const [, invoice = '', sku = '', name = '', quantity = '', date = '', price = ''] = row.exec(line) ?? [];
    return { invoice, sku, name, quantity: Number(quantity), date, price };
  });
}

describe('a long file', () => {
  let written: readonly FileRow[];

  beforeAll(() => {
    writeWholeYear(file, rows, 7);
    written = rowsOf(readFileSync(file, 'utf8'));
  });

  it('has the oddities of the real one', () => {
    const count = (holds: (row: FileRow) => boolean): number => written.filter(holds).length;
    expect(written.length).toBe(rows);
    expect(count(({ invoice, quantity }) => invoice.startsWith('C') && quantity < 0)).toBeGreaterThan(100);
    expect(count(({ invoice, price }) => invoice.startsWith('A') && price.startsWith('-'))).toBeGreaterThan(0);
    expect(count(({ invoice, quantity }) => /^\d/.test(invoice) && quantity < 0)).toBeGreaterThan(50);
    expect(count(({ price }) => /\.\d{3}$/.test(price))).toBeGreaterThan(100);
    expect(count(({ name }) => name === '')).toBeGreaterThan(100);
    const byInvoice = Map.groupBy(written, ({ invoice }) => invoice);
    expect(Math.max(...[...byInvoice.values()].map((lines) => lines.length))).toBe(1_114);
  });

  it('is traded to the penny in a heap that could not hold it, and a second time to nothing', async () => {
    const data = join(folder, 'books');
    const args = ['trade', file, '--tills', '3', '--data', data, '--json'];
    const first = jsonOf(await startTallyIn({ NODE_OPTIONS: '--max-old-space-size=160' }, ...args).ended);
    expect(first).toMatchObject({ ...naiveTotals(written), trialBalanceMinor: 0, ok: true });
    expect(jsonOf(await runTally(...args))).toMatchObject({
      written: 0,
      officeDigest: first['officeDigest'],
      ok: true,
    });
  });
});
