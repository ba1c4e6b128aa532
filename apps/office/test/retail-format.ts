// Builds files in the Online Retail format for tests, and fast-check arbitraries of them.
import fc from 'fast-check';

export const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

/** Fields of one row as they stand in the file. */
export interface FileRow {
  readonly invoice: string;
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly date: string;
  readonly price: string;
}

export const plainRow: FileRow = {
  invoice: '536365',
  sku: '85123A',
  name: 'WHITE HANGING HEART',
  quantity: 6,
  date: '2010-12-01 08:26:00',
  price: '2.55',
};

export function csvLine(row: FileRow): string {
  const name = /[",\n]/.test(row.name) ? `"${row.name.replaceAll('"', '""')}"` : row.name;
  return `${row.invoice},${row.sku},${name},${row.quantity},${row.date},${row.price},17850.0,United Kingdom`;
}

export function csvText(rows: readonly FileRow[]): string {
  return `${[header, ...rows.map(csvLine)].join('\n')}\n`;
}

const signed = fc.integer({ min: 1, max: 2_000 }).chain((size) => fc.constantFrom(size, size, size, -size));
const price = fc.tuple(fc.integer({ min: 0, max: 50_000 }), fc.constantFrom(2, 2, 3, 5)).map(([digits, decimals]) => {
  const text = String(digits).padStart(decimals + 1, '0');
  return `${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
});
const line = fc.record({
  sku: fc.constantFrom('85123A', '85123a', 'POST', 'M', '22423', 'gift_0001_20', 'BANK CHARGES'),
  name: fc.constantFrom('WHITE LANTERN', '', 'FRAME 7" SINGLE, BLUE ', 'VOUCHER £40.00'),
  quantity: signed,
  price: fc.oneof({ weight: 8, arbitrary: price }, { weight: 1, arbitrary: price.map((text) => `-${text}`) }),
  minute: fc.integer({ min: 0, max: 1 }),
});
const prefix = fc.constantFrom('', '', '', 'C', 'A');

/** Rows of up to 30 invoices of every kind the format has; cancellations carry the negative quantities real ones do. */
export const fileRows: fc.Arbitrary<readonly FileRow[]> = fc
  .array(fc.tuple(prefix, fc.array(line, { minLength: 1, maxLength: 12 })), { minLength: 1, maxLength: 30 })
  .map((invoices) =>
    invoices.flatMap(([letter, lines], index) =>
      lines.map(({ minute, ...rest }) => ({
        ...rest,
        quantity: letter === 'C' ? -Math.abs(rest.quantity) : rest.quantity,
        invoice: `${letter}${536_365 + index}`,
        date: `2010-12-0${1 + (index % 9)} 08:2${minute}:00`,
      })),
    ),
  );

/** What a file adds up to, by the plainest arithmetic there is: the oracle of the tests. */
export function naiveTotals(rows: readonly FileRow[]): {
  rows: number;
  invoices: number;
  cancellations: number;
  units: number;
  skus: number;
  netMinor: number;
} {
  const invoices = [...new Set(rows.map((row) => row.invoice))];
  return {
    rows: rows.length,
    invoices: invoices.length,
    cancellations: invoices.filter((invoice) => invoice.startsWith('C')).length,
    units: rows.reduce((sum, row) => sum + row.quantity, 0),
    skus: new Set(rows.map((row) => row.sku)).size,
    netMinor: rows.reduce((sum, row) => sum + naiveAmount(row), 0),
  };
}

function naiveAmount(row: FileRow): number {
  const [whole = '0', fraction = ''] = row.price.replace('-', '').split('.');
  const hundredThousandths = BigInt(whole) * 100_000n + BigInt(fraction.padEnd(5, '0'));
  const exact = BigInt(Math.abs(row.quantity)) * hundredThousandths;
  const rounded = Number(exact / 1000n) + (exact % 1000n >= 500n ? 1 : 0);
  return row.quantity < 0 === row.price.startsWith('-') ? rounded : -rounded;
}

/** Everything an async iterable gives. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** A believable file of `invoices` invoices with every legal oddity in it, always the same for the same number. */
export function sampleRows(invoices: number): FileRow[] {
  return Array.from({ length: invoices }, (_, index) => sampleInvoice(index)).flat();
}

function sampleInvoice(index: number): FileRow[] {
  const minute = String(index % 60).padStart(2, '0');
  const hour = String(8 + (Math.floor(index / 60) % 10)).padStart(2, '0');
  const day = String(1 + (Math.floor(index / 600) % 28)).padStart(2, '0');
  const date = `2010-12-${day} ${hour}:${minute}:00`;
  const base = { ...plainRow, date, invoice: String(536_365 + index) };
  const line = (number: number): FileRow => ({
    ...base,
    sku: String(20_000 + ((index * 7 + number * 13) % 90)),
    name: `ITEM ${(index * 7 + number * 13) % 90}, "NEW" £`,
    quantity: 1 + ((index + number) % 24),
    price: ['2.55', '0.42', '12.75', '1.005', '0.0'][(index + number) % 5] ?? '1.0',
  });
  const lines = Array.from({ length: 1 + (index % 6) }, (_, number) => line(number));
  if (index % 7 === 3) return lines.map((row) => ({ ...row, invoice: `C${row.invoice}`, quantity: -row.quantity }));
  if (index % 31 === 5)
    return [
      { ...base, invoice: `A${base.invoice}`, sku: 'B', name: 'Adjust bad debt', quantity: 1, price: '-11062.06' },
    ];
  if (index % 11 === 4) return [...lines, { ...line(9), quantity: -5, price: '0.0', name: '' }];
  if (index % 97 === 8) return Array.from({ length: 1_150 }, (_, number) => line(number));
  return lines;
}
