// The invoices of a file against what a till's book holds of them: the same ones pass in any order of rows, every other is told by its row.
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { chart } from '@tallystick/retail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { type ShopBook, shopVerbs } from '../src/book.ts';
import { type BookedDocuments, checkInvoice, placeOf, readBookedDocuments } from '../src/booked-invoice.ts';
import type { OfficeError } from '../src/errors.ts';
import { readInvoices, surveyFile } from '../src/invoices.ts';
import { mapInvoice, type TradeOp } from '../src/mapping.ts';
import { collect, csvText, type FileRow, plainRow } from './retail-format.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';

const row: FileRow = { ...plainRow, invoice: '1', sku: 'A', name: 'x', quantity: 2, price: '1.5' };
const two = [2, 3].map((quantity) => ({ ...row, invoice: '2', quantity }));
const mixed = [2, -1].map((quantity) => ({ ...row, invoice: '3', quantity }));
/** More lines than one op takes. */
const long = Array.from({ length: 1_200 }, (_, index) => ({ ...row, invoice: '4', quantity: 1 + (index % 7) }));

async function invoicesOf(rows: readonly FileRow[]): Promise<TradeOp[][]> {
  const file = { path: temporaryFile('b.csv', csvText(rows)), currency: 'GBP' };
  const invoices = await collect(readInvoices(file, await surveyFile(file)));
  return invoices.map((invoice) => mapInvoice(invoice, 'GBP'));
}

let book: ShopBook;
let documents: BookedDocuments;

beforeAll(async () => {
  const store = nodeStore(join(temporaryFolder(), 'till.db'));
  book = await openBook({ store, verbs: shopVerbs, name: 'Shop', deviceName: 'Till' });
  await book.commitAll(chart.map((args) => ({ verb: 'account.open', args })));
  for (const ops of await invoicesOf([row, ...two, ...mixed, ...long])) {
    let first: string | undefined;
    for (const op of ops) {
      const [commit] = await book.commitAll([{ ...op.request(first), at: op.at }]);
      if (!commit?.ok) throw new Error(commit?.code);
      first ??= commit.id;
    }
  }
  documents = readBookedDocuments(book);
});
afterAll(() => book.close());

/** What is said against the rows, or undefined. */
async function refusalOf(rows: readonly FileRow[], known = documents): Promise<string | undefined> {
  try {
    for (const ops of await invoicesOf(rows)) checkInvoice(book, known, ops, 'b.csv');
    return undefined;
  } catch (error) {
    expect((error as OfficeError).code).toBe('office/invoice-changed');
    return (error as OfficeError).message;
  }
}

describe('an invoice that is in the books', () => {
  it('is the same with the same rows, in any order', async () => {
    expect(await refusalOf([row, ...two, ...mixed, ...long])).toBeUndefined();
    expect(await refusalOf([...long, ...mixed, ...two, row].reverse())).toBeUndefined();
  });

  it.each([
    ['another code', [{ ...row, sku: 'B' }], 'b.csv:2: row 1: invoice 1 is in the books with another StockCode'],
    ['another name', [{ ...row, name: 'y' }], 'b.csv:2: row 1: invoice 1 is in the books with another Description'],
    [
      'another minute',
      [{ ...row, date: '2010-12-01 08:27:00' }],
      'b.csv:2: row 1: invoice 1 is in the books with another InvoiceDate',
    ],
    [
      'another price that rounds to the same amount',
      [{ ...row, price: '1.50001' }],
      'b.csv:2: row 1: invoice 1 is in the books with another UnitPrice',
    ],
    [
      'other quantities of the same sum',
      [1, 4].map((quantity) => ({ ...row, invoice: '2', quantity })),
      'b.csv:2: row 1: invoice 2 is in the books with another Quantity',
    ],
    ['a row twice', [row, row], 'b.csv:3: row 2: invoice 1 is in the books without this row'],
    [
      'a row of another kind',
      [row, { ...row, quantity: -5 }],
      'b.csv:3: row 2: invoice 1 is in the books without this row',
    ],
    ['a row less', two.slice(0, 1), 'b.csv:2: row 1: invoice 2 is in the books with 2 rows, and the file has 1'],
    ['a part less', mixed.slice(0, 1), 'b.csv:2: row 1: invoice 3 is in the books with 2 rows, and the file has 1'],
  ])('is another with %s', async (_what, rows, message) => {
    expect(await refusalOf(rows)).toBe(message);
  });

  it('is another with one line of 1,200 changed', async () => {
    const changed = long.map((line, index) => (index === 1_100 ? { ...line, sku: 'B' } : line));
    expect(await refusalOf(changed)).toBe('b.csv:1102: row 1101: invoice 4 is in the books with another StockCode');
  });

  it('may be there up to a part, as a till leaves it that is stopped inside it', async () => {
    const [ops = []] = await invoicesOf(long);
    const firsts = ops.slice(0, 1).map(placeOf);
    const begun = new Map([...documents].filter(([place]) => firsts.includes(place)));
    expect(begun.size).toBe(1);
    expect(await refusalOf(long, begun)).toBeUndefined();
    const changed = long.map((line, index) => (index === 3 ? { ...line, price: '2.0' } : line));
    expect(await refusalOf(changed, begun)).toBe('b.csv:5: row 4: invoice 4 is in the books with another UnitPrice');
  });
});
