/** How concurrent edits merge (docs/retail.md): sales add-wins, stock and debts as sums, products and customers as registers whose losing edits stay visible. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createTestRelay,
  day,
  drivers,
  idOf,
  joinReplica,
  line,
  openShop,
  product,
  sale,
  type ShopBook,
  verbs,
} from './shop.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];
const terms = { customer: 'c-1', currency: 'GBP', overLimit: 'correct', termsDays: 30, active: 1 } as const;

const edit = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('sell' as const),
      onAccount: fc.boolean(),
      quantity: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('receive' as const), quantity: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pay' as const), amountMinor: fc.integer({ min: 1, max: 900 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'void' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('product' as const, 'customer' as const),
      value: fc.integer({ min: 1, max: 9 }),
    }),
  },
);
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;
/** By the manager of each place; between rounds everybody meets. */
const rounds = fc.array(fc.array(fc.tuple(fc.nat({ max: 2 }), edit), { maxLength: 8 }), { minLength: 1, maxLength: 3 });

/** What the books must come to, as one counts on fingers. */
class Tally {
  sold = new Set<string>();
  onHand = 0;
  owedMinor = 0;
  readonly said = { product: [] as string[], customer: [] as string[] };
}

async function make(book: ShopBook, one: Edit, tally: Tally): Promise<void> {
  switch (one.kind) {
    case 'sell': {
      const amountMinor = 500 * one.quantity;
      const tenders = [{ kind: one.onAccount ? 'account' : 'cash', amountMinor }] as const;
      const lines = [line({ quantity: one.quantity })];
      const sold = sale(amountMinor, { lines, tenders, ...(one.onAccount ? { customer: 'c-1' } : {}) });
      tally.sold.add(idOf(await book.commit('sale.complete', sold)));
      tally.onHand -= one.quantity;
      if (one.onAccount) tally.owedMinor += amountMinor;
      return;
    }
    case 'receive': {
      const lines = [{ sku: 'MUG', name: 'Mug', quantity: one.quantity, unitCostMilliMinor: 1000 }];
      idOf(await book.commit('stock.receive', { day, currency: 'GBP', lines, reference: 'd' }));
      tally.onHand += one.quantity;
      return;
    }
    case 'pay': {
      const tenders = [{ kind: 'cash', amountMinor: one.amountMinor }] as const;
      idOf(await book.commit('account.pay', { customer: 'c-1', day, currency: 'GBP', tenders }));
      tally.owedMinor -= one.amountMinor;
      return;
    }
    case 'void': {
      // Of what it sold itself, so that no two take back the same.
      const [own] = book.query<{ id: string; quantity: number; onAccount: number }>(
        `SELECT d.id, l.quantity, d.customer <> '' AS onAccount FROM documents d JOIN documentLines l ON l.document = d.id
          WHERE d.kind = 'sale' AND d.device = ? AND NOT EXISTS (SELECT 1 FROM documents v WHERE v.kind = 'void' AND v.original = d.id) LIMIT 1`,
        [book.device],
      );
      if (own === undefined) return;
      idOf(await book.commit('sale.void', { document: own.id, day, reason: 'wrong' }));
      tally.onHand += own.quantity;
      if (own.onAccount === 1) tally.owedMinor -= 500 * own.quantity;
      return;
    }
    case 'product': {
      const name = `Mug ${one.value} by ${book.device.slice(0, 4)}`;
      idOf(await book.commit('product.set', product('MUG', { name })));
      tally.said.product.push(name);
      return;
    }
    case 'customer': {
      const limitMinor = 1000 * one.value;
      idOf(await book.commit('customer.set', { ...terms, limitMinor }));
      tally.said.customer.push(String(limitMinor));
    }
  }
}

/** Every book says this, whoever came first: nothing that anybody did is lost, and of what was said of one thing all is in its history. */
function check(book: ShopBook, tally: Tally): void {
  const column = (sql: string): string[] =>
    book
      .query<{ v: string | number }>(sql)
      .map(({ v }) => String(v))
      .sort();
  expect(column("SELECT id AS v FROM documents WHERE kind = 'sale'")).toEqual([...tally.sold].sort());
  const sum = (sql: string): number => book.query<{ n: number | null }>(sql)[0]?.n ?? 0;
  expect(sum("SELECT sum(onHand) AS n FROM stock WHERE sku = 'MUG'")).toBe(tally.onHand);
  expect(sum("SELECT sum(owedMinor) AS n FROM customerAccounts WHERE customer = 'c-1'")).toBe(tally.owedMinor);
  expect(sum("SELECT sum(amountMinor) AS n FROM balances WHERE account = '1100'")).toBe(tally.owedMinor);
  const histories = {
    product: column("SELECT name AS v FROM products_history WHERE sku = 'MUG' AND name LIKE 'Mug % by %'"),
    customer: column("SELECT limitMinor AS v FROM customers_history WHERE customer = 'c-1'"),
  };
  expect(histories.product).toEqual(tally.said.product.toSorted());
  expect(histories.customer).toEqual(tally.said.customer.toSorted());
  const [now] = column("SELECT name AS v FROM products WHERE sku = 'MUG' AND name LIKE 'Mug % by %'");
  if (tally.said.product.length > 0) expect(tally.said.product).toContain(now);
}

it('whatever three do apart, and in whatever order they meet, nothing is lost and all say the same', async () => {
  const met = { sold: 0, losing: 0, owed: 0 };
  await fc.assert(
    fc.asyncProperty(rounds, fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }), async (days, order) => {
      const relay = await createTestRelay();
      const office = await openShop(store());
      const join = (deviceName: string, seed: number): Promise<ShopBook> =>
        joinReplica(office, { store: store(), verbs, role: 'manager', deviceName, seed });
      const books = [office, await join('one', 2), await join('two', 3)];
      const meet = async (): Promise<void> => {
        for (const index of [...order, ...order]) await books[index]?.sync(relay);
      };
      await meet();
      const tally = new Tally();
      for (const apart of days) {
        for (const [place, one] of apart) await make(books[place] as ShopBook, one, tally);
        await meet();
      }
      for (const book of books) check(book, tally);
      expect(new Set(books.map((book) => book.digest().digest)).size).toBe(1);
      expect(office.query("SELECT code FROM refusals WHERE code NOT LIKE 'kernel/mark%'")).toEqual([]);
      met.sold += tally.sold.size;
      met.losing += Math.max(0, tally.said.product.length - 1) + Math.max(0, tally.said.customer.length - 1);
      met.owed += Math.abs(tally.owedMinor);
      for (const book of books) await book.close();
    }),
    { seed: 1, numRuns: 8 },
  );
  // What was never tried was not shown.
  expect(Math.min(met.sold, met.losing, met.owed)).toBeGreaterThan(0);
}, 60_000);
