// Writes a made-up year in the Online Retail format, as large and as odd as the real one: 541,909 rows with cancellations, bad debts
// with negative prices, negative quantities outside cancellations, prices with fractions of a penny, an invoice of 1,114 lines, goods
// without a description and rows without a customer. The same seed gives the same file.
// Run by hand: node apps/office/test/whole-year.ts FILE.csv [ROWS] [SEED]
import { closeSync, openSync, writeSync } from 'node:fs';
import { seededRandom } from '../src/demo/plan.ts';
import { header } from './retail-format.ts';

export const wholeYearRows = 541_909;
const goods = 4_070;
const firstInvoice = 536_365;
const longInvoiceLines = 1_114;
const openedMs = Date.UTC(2010, 11, 1, 8, 26);
const yearMs = 373 * 86_400_000;
const flushBytes = 1 << 20;

type Random = () => number;

/** The rows of one invoice, as text. */
function invoiceLines(number: number, lines: number, atMs: number, random: Random): string[] {
  const date = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
  const customer = random() < 0.75 ? `${12_346 + Math.floor(random() * 5_000)}.0` : '';
  const end = `${customer},United Kingdom`;
  const kind = random();
  if (kind < 0.002)
    return [`A${number},B,Adjust bad debt,1,${date},-${(random() * 12_000).toFixed(2)},,United Kingdom`];
  if (kind < 0.15) {
    const count = Math.min(lines, 3);
    return Array.from(
      { length: count },
      () => `C${number},${goodsOf(random)},${-quantityOf(random)},${date},${priceOf(random)},${end}`,
    );
  }
  if (kind < 0.2) return [`${number},${skuOf(random)},,${-quantityOf(random)},${date},0.0,,United Kingdom`];
  return Array.from(
    { length: lines },
    () => `${number},${goodsOf(random)},${quantityOf(random)},${date},${priceOf(random)},${end}`,
  );
}

function skuOf(random: Random): string {
  return String(20_000 + Math.floor(random() ** 2 * goods));
}

function goodsOf(random: Random): string {
  const sku = skuOf(random);
  return random() < 0.003 ? `${sku},` : `${sku},"GOODS, No. ${sku} £"`;
}

function quantityOf(random: Random): number {
  return 1 + Math.floor(random() ** 4 * 200);
}

/** Whole pennies, and now and then thousandths of a pound. */
function priceOf(random: Random): string {
  return (random() ** 3 * 40).toFixed(random() < 0.02 ? 3 : 2);
}

/** Writes a file of exactly `rows` rows. */
export function writeWholeYear(path: string, rows: number = wholeYearRows, seed = 1): void {
  const random = seededRandom(seed);
  const file = openSync(path, 'w');
  let text = `${header}\n`;
  const flush = (): void => {
    writeSync(file, text);
    text = '';
  };
  try {
    for (let written = 0, number = firstInvoice; written < rows; number++) {
      const lines = number === firstInvoice + 500 ? longInvoiceLines : 1 + Math.floor(random() ** 2 * 65);
      const atMs = openedMs + Math.floor((written / rows) * yearMs);
      const invoice = invoiceLines(number, lines, atMs - (atMs % 60_000), random).slice(0, rows - written);
      text += `${invoice.join('\n')}\n`;
      written += invoice.length;
      if (text.length > flushBytes) flush();
    }
    flush();
  } finally {
    closeSync(file);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [path, rows, seed] = process.argv.slice(2);
  if (path === undefined) throw new Error('usage: whole-year.ts FILE.csv [ROWS] [SEED]');
  writeWholeYear(path, rows === undefined ? undefined : Number(rows), seed === undefined ? undefined : Number(seed));
}
