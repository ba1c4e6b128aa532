// What a person need not say on the command line: what the books say already, and what most shops mean.
import type { Verb } from '@tallystick/kernel';
import type { ShopBook } from './book.ts';
import { nextFiscalNumber } from '@tallystick/retail';
import { OfficeError } from './errors.ts';
import type { Shape } from './verb-help.ts';
import { withPayment, worthOf } from './verb-payment.ts';

type Args = Readonly<Record<string, unknown>>;

interface Standing {
  readonly book: ShopBook;
  /** Where the op belongs, if it was said. */
  readonly scope: string | undefined;
  readonly currency: string;
}

/** The word that keeps cash out of the drawer that is open. */
const noSession = 'none';

/** What is counted, or sent on, of goods that came in before. */
const ofOwnGoods: ReadonlySet<string> = new Set(['stock.count', 'transfer.dispatch', 'transfer.order']);

/** Of a customer that nobody has set yet. */
const newCustomer: Args = { overLimit: 'refuse', termsDays: 30, active: 1 };
/** Of a product that nobody has set yet; its tax is for a person to say. */
const newProduct: Args = { category: '', unitScale: 0, negativeStock: 'allow', active: 1 };

/** The args with what goes without saying. What was said is never changed. */
export function withDefaults(verb: Verb, { properties = {} }: Shape, args: Args, standing: Standing): Args {
  const { book } = standing;
  if (verb.name === 'product.set') return withoutEmpty({ ...productAsItIs(book, args), ...args }, 'taxClass');
  if (verb.name === 'customer.set') return withoutEmpty({ ...customerAsItIs(book, args), ...args }, 'priceList');
  if (verb.name === 'recipe.set') return { makes: oneOf(book, args), ...args };
  if (verb.name === 'barcode.set') return { quantity: oneOf(book, args), ...args };
  if ('scope' in properties && isOneScope(book)) return { scope: 'hq', ...args };
  const numbered = typeof args['fiscal'] === 'string' ? withFiscalNumber(args, args['fiscal'], book) : args;
  const inSession = 'session' in properties ? withSession(numbered, standing) : numbered;
  const taxed =
    'taxIncluded' in properties ? { taxIncluded: wasTaxIncluded(book, args['original']), ...inSession } : inSession;
  return ofOwnGoods.has(verb.name) ? withCosts(taxed, standing) : withPayment(book, verb.name, taxed);
}

/** What stays as it was said before is taken away by saying it empty. */
function withoutEmpty(args: Args, name: string): Args {
  const { [name]: said, ...rest } = args;
  return said === '' ? rest : args;
}

/**
 * Says again what the book says of a product, so that a command changes only what it names. Throws `office/usage` for a rate that would be said of a product
 * whose class goes before it, and so would change nothing.
 */
function productAsItIs(book: ShopBook, { sku, parent, taxRateBasisPoints, taxClass: said }: Args): Args {
  const [row] = book.query<Record<string, string | number>>(
    `SELECT name, category, unitScale, taxRateBasisPoints, taxClass, negativeStock, active, options, parent, choices
       FROM products WHERE scope = 'hq' AND sku = ?`,
    [String(sku)],
  );
  if (row === undefined) return newProduct;
  const { taxClass, options, parent: above, choices, ...rest } = row;
  const isOutranked = taxRateBasisPoints !== undefined && taxRateBasisPoints !== row['taxRateBasisPoints'];
  if (isOutranked && taxClass !== '' && said === undefined)
    throw new OfficeError(
      'office/usage',
      `${String(sku)} is taxed as its class ${taxClass} says: change that (tally tax set), or say --tax-class '' too (see: tally product --help)`,
    );
  const isVariant = parent === undefined && above !== '';
  return {
    ...rest,
    ...(taxClass === '' ? {} : { taxClass }),
    ...(options === '' ? {} : { options: String(options).split(' ') }),
    ...(isVariant ? { parent: above, choices: JSON.parse(String(choices)) as unknown } : {}),
  };
}

/** Whether the book has no branches. */
function isOneScope(book: ShopBook): boolean {
  return book.query("SELECT 1 FROM devices WHERE scope <> 'hq' LIMIT 1").length === 0;
}

/** One whole unit of a product, in its unit scale. */
function oneOf(book: ShopBook, { sku }: Args): number {
  const [row] = book.query<{ unitScale: number }>("SELECT unitScale FROM products WHERE scope = 'hq' AND sku = ?", [
    String(sku),
  ]);
  return 10 ** (row?.unitScale ?? 0);
}

function customerAsItIs(book: ShopBook, { customer }: Args): Args {
  const [row] = book.query<Record<string, string | number>>(
    "SELECT currency, limitMinor, overLimit, termsDays, priceList, active FROM customers WHERE scope = 'hq' AND customer = ?",
    [String(customer)],
  );
  if (row === undefined) return newCustomer;
  const { priceList, ...rest } = row;
  return { ...rest, ...(priceList === '' ? {} : { priceList }) };
}

/** Money of this device goes through the drawer that is open on it, where that is of the same currency. */
function withSession(args: Args, { book, scope, currency }: Standing): Args {
  const { session, ...rest } = args;
  if (session === noSession) return rest;
  if (session !== undefined) return args;
  const [open, another] = book.query<{ id: string; currency: string }>(
    `SELECT s.id, s.currency FROM deviceSessions d JOIN sessions s ON s.scope = d.scope AND s.id = d.session
      WHERE d.device = ? AND s.state = 'open' AND (? = '' OR d.scope = ?) LIMIT 2`,
    [book.device, scope ?? '', scope ?? ''],
  );
  const isOne = open !== undefined && another === undefined;
  return isOne && open.currency === (args['currency'] ?? currency) ? { ...args, session: open.id } : args;
}

/** The next number of a series that alone was named. Throws `office/usage` where this device has none left. */
function withFiscalNumber(args: Args, series: string, book: ShopBook): Args {
  const fiscal = nextFiscalNumber(book, series, book.device);
  if (fiscal !== undefined) return { ...args, fiscal };
  throw new OfficeError(
    'office/usage',
    `--fiscal ${series}: this device has no number of that series left (tally fiscal lease, tally report fiscal)`,
  );
}

/** As the document was priced that goods come back of; else tax is in the price, as shelves say it. */
export function wasTaxIncluded(book: ShopBook, original: unknown): boolean {
  if (original === undefined) return true;
  const lines = book.query<{ quantity: number; quantityScale: number; unitPriceMilliMinor: number; net: number }>(
    `SELECT l.quantity, l.quantityScale, l.unitPriceMilliMinor, l.amountMinor + coalesce(x.amountMinor, 0) AS net
       FROM documentLines l LEFT JOIN discounts x ON x.scope = l.scope AND x.document = l.document AND x.line = l.line
      WHERE l.document = ? AND l.quantity > 0 AND l.taxMinor <> 0`,
    [textOf(original) ?? ''],
  );
  // Of a price on which tax comes on top, the net amount is the whole price.
  return lines.length === 0 || lines.some(({ net, ...line }) => net !== worthOf([line], false));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What is counted or sent on is worth what the last delivery of it cost. */
function withCosts(args: Args, { book, currency }: Standing): Args {
  const { lines } = args as { readonly lines?: readonly Readonly<Record<string, unknown>>[] };
  if (lines === undefined) return args;
  return {
    ...args,
    lines: lines.map((line) => {
      const [last] = book.query<{ cost: number }>(
        `SELECT l.unitPriceMilliMinor AS cost FROM documentLines l JOIN documents d ON d.scope = l.scope AND d.id = l.document
          WHERE l.sku = ? AND l.kind IN ('receipt', 'arrival') AND d.currency = ? ORDER BY d.day DESC, d.id DESC LIMIT 1`,
        [String(line['sku']), textOf(args['currency']) ?? currency],
      );
      return last === undefined ? line : { unitCostMilliMinor: last.cost, ...line };
    }),
  };
}
