// `tally report`: what a shop asks of its books in the evening: sessions with their X and Z reports, customers' accounts, what is put by and owed, fiscal numbers, and
// who owes the till.
import {
  customerStatement,
  fiscalAlerts,
  fiscalBlockList,
  openBackorders,
  openLayaways,
  reservations,
  sessionReport,
} from '@tallystick/retail';
import type { ShopBook } from '../book.ts';
import { type Command, usage } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { type Answer, readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const name = 'report';

type Rows = readonly object[];
type Cell = string | number | boolean | undefined;

/** What each report asks; those of `about` are about one session or customer. */
const reports: Readonly<Record<string, (book: ShopBook) => Rows>> = {
  sessions: (book) =>
    book.query(
      `SELECT s.id AS session, d.name AS device, s.state, s.openedDay, s.closedDay, s.currency, s.floatMinor, s.expectedMinor, s.countedMinor
         FROM sessions s LEFT JOIN (SELECT device, max(name) AS name FROM devices GROUP BY device) d USING (device) ORDER BY s.openedDay, s.id`,
    ),
  layaways: openLayaways,
  reserved: reservations,
  backorders: openBackorders,
  fiscal: fiscalBlockList,
  sellers: (book) =>
    book.query(
      `SELECT coalesce(d.name, s.seller) AS owes, s.scope, s.currency, s.amountMinor FROM sellerDebts s
         LEFT JOIN (SELECT device, max(name) AS name FROM devices GROUP BY device) d ON d.device = s.seller
        WHERE s.amountMinor <> 0 ORDER BY 1, 2, 3`,
    ),
};
const about: readonly string[] = ['session', 'customer', 'product'];

export const report: Command = readingCommand({
  name,
  summary:
    'Show sessions, customers, products and what was said of them before, layaways, backorders, fiscal numbers, and who owes for shortages.',
  operands: `session ID | customer REF | product SKU | ${Object.keys(reports).join(' | ')}`,
  operandCounts: { min: 1, max: 2 },
  notes:
    'session is the X report of an open session and the Z report of a closed one. fiscal exits with 1 where a number stands that may not.\nDevices that paid out what nobody owed stand among the sellers: tally seller pay takes it.',
  answer: async (book, context): Promise<Answer> => {
    const [which = '', of] = context.positionals;
    if (about.includes(which) !== (of !== undefined) || !(about.includes(which) || which in reports))
      throw usage(
        `${context.positionals.join(' ')}: session ID, customer REF, product SKU, ${Object.keys(reports).join(', ')}`,
        name,
      );
    if (which === 'session') return sessionAnswer(book, of ?? '');
    if (which === 'customer') return customerAnswer(book, of ?? '');
    if (which === 'product') return productAnswer(book, of ?? '');
    const rows = reports[which]?.(book) ?? [];
    const alerts = which === 'fiscal' ? fiscalAlerts(book) : [];
    return {
      status: alerts.length === 0 ? 0 : 1,
      json: which === 'fiscal' ? { fiscal: rows, alerts } : { [which]: rows },
      lines: [...tableOf(rows), ...(alerts.length === 0 ? [] : ['', ...tableOf(alerts)])],
    };
  },
});

type Said = Readonly<Record<string, Cell>>;

/** All that was said of it in `hq`, in order: the last stands, and what two people said apart is there twice. */
function saidOf(book: ShopBook, table: string, columns: string, where: string, key: string): readonly Said[] {
  return book.query<Said>(
    `SELECT ${columns}, CASE WHEN place = max(place) OVER (PARTITION BY ${where}) THEN 'stands' ELSE '' END AS now
       FROM ${table}_history WHERE scope = 'hq' AND ${where.split(',')[0]} = ? ORDER BY place`,
    [key],
  );
}

/** A customer's terms, as often as they were stated, and what is on the account. */
function customerAnswer(book: ShopBook, customer: string): Answer {
  const columns = 'currency, limitMinor, overLimit, termsDays, priceList, active';
  const terms = saidOf(book, 'customers', columns, 'customer', customer);
  const entries = customerStatement(book, customer);
  return {
    status: 0,
    json: { customer: entries, terms },
    lines: [
      ...(terms.length === 0 ? ['Nobody has stated terms for this customer.'] : tableOf(terms)),
      '',
      ...(entries.length === 0 ? ['Nothing is on the account.'] : tableOf(entries)),
    ],
  };
}

/** A price may be finer than its currency: `0.3335`. */
function priceInWords({ unitPriceMilliMinor, now, ...row }: Said): object {
  const currency = String(row['currency']);
  const milliMinor = Number(unitPriceMilliMinor);
  const fraction =
    milliMinor % 1_000 === 0
      ? ''
      : String(milliMinor % 1_000)
          .padStart(3, '0')
          .replace(/0+$/, '');
  const whole = formatMinor(Math.trunc(milliMinor / 1_000), currency);
  return { ...row, price: fraction === '' ? whole : `${whole}${whole.includes('.') ? '' : '.'}${fraction}`, now };
}

/** What was said of a product and of its prices, in order. */
function productAnswer(book: ShopBook, sku: string): Answer {
  const columns = 'name, category, unitScale, taxRateBasisPoints, taxClass, negativeStock, active, parent';
  const product = saidOf(book, 'products', columns, 'sku', sku);
  if (product.length === 0) throw usage(`${sku} is no product`, name);
  const priced = 'list, fromDay, currency, unitPriceMilliMinor';
  const prices = saidOf(book, 'prices', priced, 'sku, list, currency, fromDay', sku).map(priceInWords);
  return {
    status: 0,
    json: { product, prices },
    lines: [...tableOf(product), '', ...(prices.length === 0 ? ['It has no price.'] : tableOf(prices))],
  };
}

/** A session by its id, or by the name of the device on which it is open. */
function sessionAnswer(book: ShopBook, of: string): Answer {
  const [open] = book.query<{ id: string }>(
    "SELECT s.id FROM sessions s JOIN devices d USING (device) WHERE d.name = ? AND s.state = 'open' ORDER BY s.id DESC",
    [of],
  );
  const found = sessionReport(book, open?.id ?? of);
  if (found === undefined) throw usage(`${of} is no session, and no device with an open one`, name);
  const { taxes, tenders, late, ...rest } = found;
  const { currency } = found;
  const words = Object.entries({ ...rest, lateDocuments: late.documents, lateMinor: late.totalMinor });
  const width = Math.max(...words.map(([word]) => word.length)) + 2;
  return {
    status: 0,
    json: { session: found },
    lines: [
      ...words.map(([word, value]) => `${headingOf(word).padEnd(width)}${cellOf(word, value, currency)}`),
      ...Object.entries(tenders).map(([kind, minor]) => `${kind.padEnd(width)}${cellOf('Minor', minor, currency)}`),
      '',
      ...tableOf(taxes.map((tax) => ({ ...tax, currency }))),
    ],
  };
}

/** Rows as they are, a column for each member; amounts in their row's currency. */
function tableOf(rows: Rows): readonly string[] {
  const [first] = rows;
  if (first === undefined) return ['There is none.'];
  const columns = Object.keys(first);
  const headings = columns.map((column) => `${column.endsWith('Minor') ? '>' : ''}${headingOf(column)}`);
  const cells = (rows as readonly Readonly<Record<string, Cell>>[]).map((row) =>
    columns.map((column) => cellOf(column, row[column], String(row['currency'] ?? ''))),
  );
  return renderTable(headings, cells);
}

/** `openedDay` is `opened day`, `totalMinor` is `total`. */
function headingOf(column: string): string {
  return column.replace(/Minor$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function cellOf(column: string, value: Cell, currency: string): string {
  return column.endsWith('Minor') ? formatMinor(Number(value), currency, true) : String(value ?? '');
}
