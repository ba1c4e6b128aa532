// The books of a simulated year against the paper beside them: every account and kind of document in every currency, every shelf, and what may not be there at all.
import { fiscalAlerts, retailAccounts } from '@tallystick/retail';
import { entitlementAlarms } from '@tallystick/retail/entitlement';
import { heldBills, transferFaults } from '@tallystick/retail/supply';
import { trialBalance } from '@tallystick/ledger';
import type { ShopBook } from '../book.ts';
import type { Expectations } from './expected.ts';

export interface CurrencyFigures {
  readonly currency: string;
  readonly sales: number;
  readonly soldMinor: number;
  readonly refunds: number;
  readonly voids: number;
  readonly returnedMinor: number;
  readonly creditMinor: number;
  readonly cashShortMinor: number;
  /** Must be 0. */
  readonly trialBalanceMinor: number;
}

type Book = Pick<ShopBook, 'query'>;

/** What the books say otherwise than it happened. */
export function compareTotals(book: Book, expected: Expectations): string[] {
  return [
    ...compareMaps('', balancesOf(book), expected.balances),
    ...compareMaps('documents of ', documentsOf(book, 'count(*)'), mapped(expected, 'count')),
    ...compareMaps('total of ', documentsOf(book, 'sum(totalMinor)'), mapped(expected, 'totalMinor')),
    ...compareMaps('stock of ', stockOf(book), expected.stock),
    ...compareMaps('', factsOf(book), factsExpected(expected)),
    ...trialBalances(book)
      .filter(([, amountMinor]) => amountMinor !== 0)
      .map(([currency, amountMinor]) => `${currency} does not balance: ${amountMinor}`),
  ];
}

function compareMaps(what: string, books: ReadonlyMap<string, number>, paper: ReadonlyMap<string, number>): string[] {
  return [...new Set([...books.keys(), ...paper.keys()])]
    .filter((key) => (books.get(key) ?? 0) !== (paper.get(key) ?? 0))
    .map((key) => `${what}${key}: the books have ${books.get(key) ?? 0}, ${paper.get(key) ?? 0} happened`);
}

function balancesOf(book: Book): Map<string, number> {
  return rowsOf(book, "SELECT currency || ' ' || account AS name, sum(amountMinor) AS n FROM balances GROUP BY 1");
}

function documentsOf(book: Book, sum: string): Map<string, number> {
  return rowsOf(book, `SELECT currency || ' ' || kind AS name, ${sum} AS n FROM documents GROUP BY 1`);
}

function stockOf(book: Book): Map<string, number> {
  return rowsOf(book, "SELECT scope || ' ' || sku AS name, onHand AS n FROM stock");
}

function rowsOf(book: Book, sql: string): Map<string, number> {
  return new Map(book.query<{ name: string; n: number }>(sql).map(({ name, n }): [string, number] => [name, n]));
}

function mapped({ documents }: Expectations, of: 'count' | 'totalMinor'): Map<string, number> {
  return new Map([...documents].map(([key, kind]): [string, number] => [key, kind[of]]));
}

/** Corrections that this year brings about, by what they are counted with. Of the others there may be none. */
const notedCorrections: Readonly<Record<string, 'lostClaims' | 'heldBills' | undefined>> = {
  'ledger/receivable': 'lostClaims',
  'retail/bill-price': 'heldBills',
};
/** What comes late comes so by chance: how often, nobody has on paper. */
const lateCorrections: readonly string[] = ['ledger/late-entry', 'retail/late-scan'];

function factsOf(book: Book): Map<string, number> {
  const count = (sql: string): number => book.query<{ n: number }>(sql)[0]?.n ?? 0;
  const facts = new Map<string, number>([
    ['fiscal numbers', count('SELECT count(*) AS n FROM fiscalUses')],
    ['fiscal alerts', fiscalAlerts(book).length],
    // Of two devices that take notice of the same one is too late, and what copies of a till did is adopted under other ids. Nothing else is refused.
    ['refusals', count("SELECT count(*) AS n FROM refusals WHERE verb NOT LIKE 'hq.mark@%' AND code <> 'kernel/fork'")],
    ['countersigned tallies', count("SELECT count(*) AS n FROM tallies WHERE state = 'accepted'")],
    ['held bills', heldBills(book).length],
    ['faults of transfers', transferFaults(book).length],
    [
      'goods in transit',
      count('SELECT count(*) AS n FROM (SELECT sku FROM transit GROUP BY sku HAVING sum(quantity) <> 0)'),
    ],
  ]);
  for (const { kind } of entitlementAlarms(book)) facts.set(`alarm ${kind}`, (facts.get(`alarm ${kind}`) ?? 0) + 1);
  for (const { code, n } of book.query<{ code: string; n: number }>(
    'SELECT code, count(*) AS n FROM corrections GROUP BY code ORDER BY code',
  ))
    if (!lateCorrections.includes(code)) facts.set(`correction ${code}`, n);
  return facts;
}

function factsExpected({ ticks }: Expectations): Map<string, number> {
  const facts = new Map<string, number>([
    ['fiscal numbers', ticks.fiscalNumbers],
    ['countersigned tallies', ticks.tallies],
    ['alarm lost', ticks.lostClaims],
  ]);
  for (const [code, tick] of Object.entries(notedCorrections))
    if (tick !== undefined) facts.set(`correction ${code}`, ticks[tick]);
  return facts;
}

function trialBalances(book: Book): readonly (readonly [string, number])[] {
  const sums = new Map<string, number>();
  for (const { currency, amountMinor } of trialBalance(book))
    sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  return [...sums];
}

export function figuresOf(book: Book, { balances, documents }: Expectations): readonly CurrencyFigures[] {
  const currencies = new Set([...balances.keys()].map((key) => key.slice(0, 3)));
  const trial = new Map(trialBalances(book));
  return [...currencies].sort().map((currency) => {
    const of = (kind: string): { readonly count: number; readonly totalMinor: number } =>
      documents.get(`${currency} ${kind}`) ?? { count: 0, totalMinor: 0 };
    return {
      currency,
      sales: of('sale').count,
      soldMinor: of('sale').totalMinor,
      refunds: of('refund').count,
      voids: of('void').count,
      returnedMinor: 0 - of('refund').totalMinor - of('void').totalMinor,
      creditMinor: balances.get(`${currency} ${retailAccounts.receivables}`) ?? 0,
      cashShortMinor: balances.get(`${currency} ${retailAccounts.cashOverAndShort}`) ?? 0,
      trialBalanceMinor: trial.get(currency) ?? 0,
    };
  });
}
