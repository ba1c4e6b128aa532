// What the books know of what a person names on the command line: goods, documents, devices, and the currency that amounts are in.
import type { Verb } from '@tallystick/kernel';
import { priceOf, taxRateOf } from '@tallystick/retail';
import type { ShopBook } from './book.ts';
import { usage } from './command.ts';
import { soldLine, type Taken } from './sold-line.ts';
import type { Shape } from './verb-help.ts';
import type { Reading } from './verb-options.ts';

/** The business day that is open; undefined before the first. */
export function openDay(book: ShopBook): string | undefined {
  return book.query<{ day: string }>("SELECT day FROM businessDays WHERE scope = 'hq'")[0]?.day;
}

/** `day` and `customer` say which price of a product holds. */
export function readingOf(
  book: ShopBook,
  currency: string,
  { day = '', customer = '', original = '', isGross = false } = {},
): Reading {
  const taken: Taken = new Map();
  return {
    currency,
    sold: (said) => (original === '' ? undefined : soldLine(book, { original, isGross }, said, taken)),
    product: (sku) => {
      const [row] = book.query<{ name: string; unitScale: number }>(
        "SELECT name, unitScale FROM products WHERE scope = 'hq' AND sku = ?",
        [sku],
      );
      if (row === undefined) return undefined;
      const [terms] = book.query<{ priceList: string }>(
        "SELECT priceList FROM customers WHERE scope = 'hq' AND customer = ?",
        [customer],
      );
      const price = priceOf(book, { sku, currency, day, list: terms?.priceList ?? '' });
      const rate = taxRateOf(book, { sku, day });
      return {
        ...row,
        ...(price !== undefined && { unitPriceMilliMinor: price }),
        ...(rate !== undefined && { taxRateBasisPoints: rate }),
      };
    },
    idOf: (arg, text) => {
      const isDevice = (arg === 'device' || arg === 'to') && !text.includes('/');
      const rows = isDevice
        ? devicesCalled(book, text)
        : arg === 'session'
          ? book.query<{ id: string }>(
              "SELECT id FROM sessions s JOIN devices d USING (device) WHERE d.name = ? AND s.state = 'open' GROUP BY id LIMIT 2",
              [text],
            )
          : text.includes('/')
            ? book.query<{ id: string }>('SELECT id FROM documents WHERE number = ? LIMIT 2', [text])
            : [];
      // Two devices of one name in two scopes may print one number.
      if (rows.length > 1) throw usage(`${text} means several: give the id`, 'query');
      return rows[0]?.id;
    },
  };
}

/** By its name, or by how its id begins, as `tally devices` shows both; in whatever scope it was enrolled. */
function devicesCalled(book: ShopBook, text: string): readonly { readonly id: string }[] {
  const start = /^[0-9a-f]{8,63}$/.test(text) ? `${text}%` : '';
  return book.query('SELECT DISTINCT device AS id FROM devices WHERE name = ? OR device LIKE ? LIMIT 2', [text, start]);
}

/** The currency of the bill, document or session that the options name, or of the customer whose terms they change; undefined where they name none. */
export function currencyNamed(
  book: ShopBook,
  verb: Verb,
  { properties = {} }: Shape,
  text: (option: string) => string | undefined,
): string | undefined {
  const { idOf } = readingOf(book, '');
  const currencyOf = (sql: string, ...keys: string[]): string | undefined =>
    book.query<{ currency: string }>(sql, keys)[0]?.currency;
  if (verb.name === 'customer.set')
    return currencyOf("SELECT currency FROM customers WHERE scope = 'hq' AND customer = ?", text('customer') ?? '');
  for (const arg of ['layaway', 'order', 'document', 'original', 'session']) {
    const given = arg in properties ? text(arg) : undefined;
    if (given === undefined) continue;
    const table = arg === 'session' ? 'sessions' : 'documents';
    const found = currencyOf(`SELECT currency FROM ${table} WHERE id = ?`, idOf(arg, given) ?? given);
    if (found !== undefined) return found;
  }
  const [supplier, reference] = [text('supplier'), text('reference')];
  if (supplier === undefined || reference === undefined || !('reference' in properties)) return undefined;
  return currencyOf('SELECT currency FROM bills WHERE supplier = ? AND reference = ?', supplier, reference);
}
