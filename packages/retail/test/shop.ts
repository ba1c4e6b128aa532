/** A shop to test with: a real book with the chart, a small catalogue, and short ways to trade in it. */
import type { Book, BookStore, Commit } from '@tallystick/kernel';
import { ledgerVerbs } from '@tallystick/ledger';
import type { Role } from '@tallystick/sign';
import { afterEach, beforeEach, describe } from 'vitest';
import { createReplica, drivers, joinReplica } from '../../ledger/test/replica.ts';
import { chart, type ProductSetArgs, retailVerbs, type SaleCompleteArgs, type SaleLine } from '../src/index.ts';

export { createTestRelay, drivers, exchange, joinReplica } from '../../ledger/test/replica.ts';

export const verbs: readonly [...typeof ledgerVerbs, ...typeof retailVerbs] = [...ledgerVerbs, ...retailVerbs];
export type ShopBook = Book<typeof verbs>;

export const day = '2026-11-21';

export function product(sku: string, rest: Partial<ProductSetArgs> = {}): ProductSetArgs {
  return {
    sku,
    name: `Product ${sku}`,
    category: 'goods',
    unitScale: 0,
    taxRateBasisPoints: 0,
    negativeStock: 'allow',
    active: 1,
    ...rest,
  };
}

/** `MUG` may go below zero, `VASE` may not, `TEA` is kept in grams, priced per kilogram. */
export const catalogue: readonly ProductSetArgs[] = [
  product('MUG'),
  product('VASE', { negativeStock: 'refuse' }),
  product('TEA', { unitScale: 3, taxRateBasisPoints: 500 }),
];

/** Opens a shop whose only device is called till-3. */
export async function openShop(store: BookStore, used: typeof verbs = verbs): Promise<ShopBook> {
  const book = await createReplica({ store, verbs: used, deviceName: 'till-3' });
  const opened = await book.commitAll([
    ...chart.map((args) => ({ verb: 'account.open', args }) as const),
    ...catalogue.map((args) => ({ verb: 'product.set', args }) as const),
  ]);
  for (const commit of opened) idOf(commit);
  return book;
}

/** What the tests of one shop are given, for each of them anew. */
export interface TestShop {
  readonly book: ShopBook;
  /** Opens another device's replica of the book. */
  join(role: Role, deviceName: string, seed?: number): Promise<ShopBook>;
}

/** Runs tests on each driver, each in a shop of its own, which is closed after it. */
export function describeShop(what: string, tests: (shop: TestShop) => void): void {
  describe.each(drivers)(`${what} on $driver`, ({ store }) => {
    let book: ShopBook;

    beforeEach(async () => {
      book = await openShop(store());
    });
    afterEach(() => book.close());

    tests({
      get book() {
        return book;
      },
      join: (role, deviceName, seed) =>
        joinReplica(book, { store: store(), verbs, role, deviceName, ...(seed === undefined ? {} : { seed }) }),
    });
  });
}

/** The id of an op that must have been committed. */
export function idOf(commit: Commit): string {
  if (!commit.ok) throw new Error(`${commit.code} ${JSON.stringify(commit.details)}`);
  return commit.id;
}

/** One mug at 5.00 unless said otherwise. */
export function line(rest: Partial<SaleLine> = {}): SaleLine {
  return { sku: 'MUG', name: 'Mug', quantity: 1, unitPriceMilliMinor: 500_000, ...rest };
}

/** A cash sale of untaxed lines in GBP unless said otherwise. */
export function sale(cashMinor: number, rest: Partial<SaleCompleteArgs> = {}): SaleCompleteArgs {
  const tenders = [{ kind: 'cash', amountMinor: cashMinor }] as const;
  return { day, currency: 'GBP', taxIncluded: true, lines: [line()], tenders, ...rest };
}

/** Balances by account, in GBP. */
export function balancesOf(book: ShopBook): Record<string, number> {
  const rows = book.query("SELECT account, amountMinor FROM balances WHERE currency = 'GBP' ORDER BY account");
  return Object.fromEntries(rows.map((row) => [String(row['account']), Number(row['amountMinor'])]));
}

export function stockOf(book: ShopBook): Record<string, number> {
  const rows = book.query('SELECT sku, onHand FROM stock ORDER BY sku');
  return Object.fromEntries(rows.map((row) => [String(row['sku']), Number(row['onHand'])]));
}

export function drawersOf(book: ShopBook): readonly number[] {
  return book.query('SELECT amountMinor FROM drawers ORDER BY session').map((row) => Number(row['amountMinor']));
}

/** Everything that says how things stand; what documents say is history and not part of it. */
export function standing(book: ShopBook): unknown {
  return { balances: balancesOf(book), stock: stockOf(book), drawers: drawersOf(book) };
}

export function numbersOf(book: ShopBook): readonly string[] {
  return book.query('SELECT number FROM documents ORDER BY id').map((row) => String(row['number']));
}
