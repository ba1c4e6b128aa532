// The reader: good files of every legal shape, and one by one the ways a file can be bad.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OfficeError } from '../src/errors.ts';
import { surveyFile } from '../src/invoices.ts';
import { readRetailRows } from '../src/retail-file.ts';
import type { RetailRow } from '../src/retail-row.ts';
import { collect, csvLine, csvText, type FileRow, header, plainRow } from './retail-format.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';

async function read(path: string): Promise<RetailRow[]> {
  return collect(readRetailRows({ path, currency: 'GBP' }));
}

function bad(change: Partial<FileRow>): string {
  return csvText([plainRow, { ...plainRow, ...change }, plainRow]);
}

describe('a good file', () => {
  it('is read field by field, exactly', async () => {
    const rows = await read(
      temporaryFile('a.csv', csvText([{ ...plainRow, price: '0.001', name: 'FRAME 7" SINGLE, BLUE ' }])),
    );
    expect(rows).toEqual([
      {
        line: 2,
        row: 1,
        invoice: '536365',
        sku: '85123A',
        name: 'FRAME 7" SINGLE, BLUE ',
        quantity: 6,
        atMs: Date.UTC(2010, 11, 1, 8, 26),
        day: '2010-12-01',
        unitPriceMilliMinor: 100,
      },
    ]);
  });

  it('may be gzipped, with or without the name, begin with a byte order mark, and end lines either way', async () => {
    const text = csvText([plainRow, plainRow]);
    const plain = await read(temporaryFile('a.csv', text));
    for (const content of [
      gzipSync(text),
      `\uFEFF${text}`,
      text.replaceAll('\n', '\r\n'),
      text.trimEnd(),
      `${text}\n`,
    ]) {
      expect(await read(temporaryFile('a.csv', content))).toEqual(plain);
    }
    expect(await read(temporaryFile('a.csv.gz', gzipSync(text)))).toEqual(plain);
  });

  it('may name the currency in a ninth column', async () => {
    const text = `${header},Currency\n${csvLine(plainRow)},GBP\n`;
    expect(await read(temporaryFile('a.csv', text))).toHaveLength(1);
  });

  it('has zero prices, exact duplicates, missing descriptions and case-sensitive codes', async () => {
    const rows = [plainRow, plainRow, { ...plainRow, price: '0.0', name: '' }, { ...plainRow, sku: '85123a' }];
    const { totals } = await surveyFile({ path: temporaryFile('a.csv', csvText(rows)), currency: 'GBP' });
    expect(totals).toEqual({ rows: 4, invoices: 1, cancellations: 0, units: 24, skus: 2, netMinor: 4590 });
  });
});

const long = Array.from({ length: 3_000 }, (_, index) => ({
  ...plainRow,
  invoice: String(500_000 + ((index * 7_919) % 90_000)),
}));
const gzipped = gzipSync(csvText(long));
const damaged = Uint8Array.from(gzipped, (byte, index) => (index === 400 ? byte ^ 0xff : byte));
const quoted = `536365,8,"never closed,6,2010-12-01 08:26:00,2.55,,\n`;

/** Content of the file, and the one line that must be said about it; FILE stands for its path. */
const refusals: Readonly<Record<string, [string | Uint8Array, string]>> = {
  'an empty file': ['', 'FILE: the file is empty'],
  'no rows': [`${header}\n`, 'FILE: the file has a header but no rows'],
  'another header': ['a,b\n1,2\n', `FILE:1: the header is "a,b", not "${header}"`],
  'a missing field': [
    `${csvText([plainRow])}536366,1,2\n`,
    'FILE:3: row 2: malformed row: it has not as many fields as the header',
  ],
  'a field too many': [
    `${csvText([plainRow])}${csvLine(plainRow)},x\n`,
    'FILE:3: row 2: malformed row: it has not as many fields as the header',
  ],
  'a quote in a field': [
    `${csvText([plainRow])}536366,1,a"b,6,2010-12-01 08:26:00,2.55,,\n`,
    'FILE:3: row 2: malformed row: a quote inside an unquoted field',
  ],
  'text after a quote': [
    `${csvText([plainRow])}536366,1,"a"b,6,2010-12-01 08:26:00,2.55,,\n`,
    'FILE:3: row 2: malformed row: text after a closing quote',
  ],
  'an open quote at the end': [
    `${csvText([plainRow])}${quoted}`,
    'row 2: malformed row: a quote is opened and never closed',
  ],
  'an open quote in a long file': [
    `${csvText([plainRow])}${quoted}${csvText(long)}`,
    'row 2: malformed row: longer than 65536 bytes, probably a quote that is never closed',
  ],
  'a quantity that is no number': [
    bad({}).replace(',6,', ',six,'),
    'FILE:2: row 1: Quantity "six" is not a whole number up to a thousand million',
  ],
  'a fraction of a unit': [
    bad({ quantity: 1.5 }),
    'FILE:3: row 2: Quantity "1.5" is not a whole number up to a thousand million',
  ],
  'a hostile quantity': [
    bad({ quantity: 2 ** 53 }),
    'FILE:3: row 2: Quantity "9007199254740992" is not a whole number up to a thousand million',
  ],
  'an amount beyond exact integers': [
    bad({ quantity: 10 ** 9, price: '99999999.99' }),
    'FILE:3: row 2: Quantity "1000000000" times the price is too large',
  ],
  'a price that is no number': [bad({ price: '2.5x' }), 'FILE:3: row 2: UnitPrice "2.5x" is not a decimal number'],
  'a price in another currency': [
    bad({ price: '2.55 EUR' }),
    'FILE:3: row 2: UnitPrice "2.55 EUR" names the currency EUR; the column is a plain number in GBP',
  ],
  'an unknown currency': [
    bad({ price: 'QQQ 2.55' }),
    'FILE:3: row 2: UnitPrice "QQQ 2.55" names the unknown currency QQQ',
  ],
  'an unknown currency column': [
    `${header},Currency\n${csvLine(plainRow)},QQQ\n`,
    'FILE:2: row 1: Currency "QQQ" is an unknown currency',
  ],
  'a day that never was': [
    bad({ date: '2010-02-30 08:26:00' }),
    'FILE:3: row 2: InvoiceDate "2010-02-30 08:26:00" is not a date and time like 2010-12-01 08:26:00',
  ],
  'an ambiguous date': [
    bad({ date: '12/1/2010 8:26' }),
    'FILE:3: row 2: InvoiceDate "12/1/2010 8:26" is not a date and time like 2010-12-01 08:26:00',
  ],
  'no invoice number': [
    bad({ invoice: '' }),
    'FILE:3: row 2: InvoiceNo "" is not a number with an optional letter prefix',
  ],
  'no stock code': [bad({ sku: '' }), 'FILE:3: row 2: StockCode "" is empty or longer than 64'],
  'a control character': [bad({ name: 'A\u0000B' }), 'FILE:3: row 2: Description "A\\u0000B" has a control character'],
  'Latin-1 text': [
    Buffer.from(bad({ name: 'CAF\u00C9' }), 'latin1'),
    'FILE:3: row 2: Description "CAF\uFFFD" is not valid UTF-8',
  ],
};

describe('a bad file is refused with one line that names file, row and reason:', () => {
  it.each(Object.entries(refusals))('%s', async (_name, [content, message]) => {
    const path = temporaryFile('bad.csv', content);
    await expect(read(path)).rejects.toThrow(message.replace('FILE', path));
  });

  it('a truncated gzip', async () => {
    const path = temporaryFile('cut.csv.gz', gzipped.subarray(0, gzipped.length - 2_000));
    await expect(read(path)).rejects.toThrow(
      /cut\.csv\.gz:\d+: row \d+: the gzip data ends here: the file is truncated$/,
    );
  });

  it('a damaged gzip', async () => {
    await expect(read(temporaryFile('bad.csv.gz', damaged))).rejects.toSatisfy(
      (error: unknown) => error instanceof OfficeError && ['office/gzip', 'office/row'].includes(error.code),
    );
  });

  it('text called .gz', async () => {
    await expect(read(temporaryFile('text.csv.gz', csvText([plainRow])))).rejects.toThrow(
      'is named .gz and is not gzip data',
    );
  });

  it('a missing file, and a folder', async () => {
    await expect(read('/nowhere/at/all.csv')).rejects.toThrow('/nowhere/at/all.csv: no such file');
    await expect(read(temporaryFolder())).rejects.toThrow('is not a regular file');
  });
});
