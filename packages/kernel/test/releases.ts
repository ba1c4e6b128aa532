/** One small shop as five releases of its program declare it. Each declares everything anew, as a release of its own does. */
import { publicText } from '@tallystick/erasure/marking';
import {
  type Book,
  type BookStore,
  defineVerb,
  openBook,
  type OpenBookOptions,
  registerTable,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
  type Verb,
} from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import type { KeyStore } from '@tallystick/sign';
import { z } from 'zod';
import { memoryKeys, stores, testEdge } from './shop.ts';

export type Release = 'one' | 'two' | 'hasty' | 'narrow' | 'changed';
export type AnyBook = Book<readonly Verb[]>;

type Sales = SetTable<{ id: 'text' }, { sku: 'text'; quantity: 'integer'; day: 'text' }>;
const sold = { key: { id: 'text' }, columns: { sku: 'text', quantity: 'integer', day: 'text' } } as const;
const sellArgs = z.strictObject({
  sku: publicText(z.string(), 'any name of goods'),
  quantity: z.int(),
  day: publicText(z.string(), 'any name of goods'),
});
const roles = ['owner', 'till'] as const;

function sellOne(sales: Sales, stock: SumTable<{ sku: 'text' }, 'onHand'>, more: Verb['tables']): Verb {
  return defineVerb({
    name: 'shop.sell',
    version: 1,
    roles,
    tables: [sales, stock, ...more],
    args: sellArgs,
    plan: (_view, op, { sku, quantity, day }) => [
      sales.put({ id: op.id, sku, quantity, day }),
      stock.add({ sku }, { onHand: -quantity }),
    ],
  }) as Verb;
}

/** The first release: sales, stock, and what was sold of each thing. */
function releaseOne(): readonly Verb[] {
  const soldBySku = sumTable('soldBySku', { key: { sku: 'text' }, sums: ['quantity'], derived: true });
  const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
  const sales = setTable('sales', {
    ...sold,
    derive: ({ sku, quantity }) => [soldBySku.add({ sku: String(sku) }, { quantity: Number(quantity) })],
  });
  return [sellOne(sales, stock, [soldBySku])];
}

/** The second one: sales by day too, of the old sales as well, and a second version that keeps the last buyer. */
function releaseTwo(dayOf = (day: string): string => day): readonly Verb[] {
  const soldBySku = sumTable('soldBySku', { key: { sku: 'text' }, sums: ['quantity'], derived: true });
  const soldByDay = sumTable('soldByDay', { key: { day: 'text' }, sums: ['quantity', 'sales'], derived: true });
  const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
  const buyers = registerTable('buyers', { key: { sku: 'text' }, columns: { buyer: 'text' } });
  const sales = setTable('sales', {
    ...sold,
    derive: ({ sku, quantity, day }) => [
      soldBySku.add({ sku: String(sku) }, { quantity: Number(quantity) }),
      soldByDay.add({ day: dayOf(String(day)) }, { quantity: Number(quantity), sales: 1 }),
    ],
  });
  const second = defineVerb({
    name: 'shop.sell',
    version: 2,
    roles,
    tables: [sales, stock, buyers, soldBySku, soldByDay],
    args: sellArgs.extend({ buyer: publicText(z.string(), 'any name of goods') }),
    plan: (_view, op, { sku, quantity, day, buyer }) => [
      sales.put({ id: op.id, sku, quantity, day }),
      stock.add({ sku }, { onHand: -quantity }),
      buyers.write({ sku, buyer }),
    ],
  }) as Verb;
  return [sellOne(sales, stock, [soldBySku, soldByDay]), second];
}

/** As the second release should never have been: it cannot read days as shops wrote them before. */
function releaseHasty(): readonly Verb[] {
  return releaseTwo((day) => {
    if (!day.startsWith('2026-')) throw new TypeError('no date');
    return day;
  });
}

/** Of the second release only the tables: it never learnt `shop.sell@2`. */
function releaseNarrow(): readonly Verb[] {
  const [first, second] = releaseTwo() as readonly [Verb, Verb];
  return [first, defineVerb({ ...second, name: 'shop.other', version: 1 })];
}

/** Somebody changed a shipped table in place. */
function releaseChanged(): readonly Verb[] {
  const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand', 'reserved'] });
  const soldBySku = sumTable('soldBySku', { key: { sku: 'text' }, sums: ['quantity'], derived: true });
  const sales = setTable('sales', {
    ...sold,
    derive: ({ sku, quantity }) => [soldBySku.add({ sku: String(sku) }, { quantity: Number(quantity) })],
  });
  return [sellOne(sales, stock, [soldBySku])];
}

const programs = {
  one: releaseOne,
  two: () => releaseTwo(),
  hasty: releaseHasty,
  narrow: releaseNarrow,
  changed: releaseChanged,
};

/** A device whose program can be exchanged for another release. */
export interface Device {
  readonly keys: KeyStore;
  book: AnyBook;
  /** Closes the book and opens its store with another release. */
  install(release: Release): Promise<void>;
  /** Opens it after an edit of the database. */
  damage(sql: string): Promise<void>;
  /** The same, by a process that dies at its n-th write; false when it came to its end. */
  dieAt(sql: string, write: number): Promise<boolean>;
}

let edges = 10;

export async function installAt(
  release: Release,
  driver: keyof typeof stores,
  options: Partial<OpenBookOptions<readonly Verb[]>> = {},
): Promise<Device> {
  const store: BookStore = { ...stores[driver](), close: () => undefined };
  const keys = options.keys ?? memoryKeys();
  let current = release;
  const open = (name: Release, at: BookStore = store): Promise<AnyBook> =>
    openBook({
      store: at,
      edge: testEdge((edges += 1)),
      ...options,
      keys,
      verbs: programs[name](),
      release: `shop ${name}`,
    });
  const device: Device = {
    keys,
    book: await open(release),
    async install(name) {
      await device.book.close();
      device.book = await open(name);
      current = name;
    },
    async damage(sql) {
      await device.book.close();
      store.sql.exec(sql);
      device.book = await open(current);
    },
    async dieAt(sql, write) {
      await device.book.close();
      store.sql.exec(sql);
      const dying = dyingStore(store, write);
      try {
        device.book = await open(current, dying);
        return false;
      } catch {
        return true;
      }
    },
  };
  return device;
}

/** A store of which nothing reaches the disk after its n-th write; what was open is then taken back, as by a process that comes next. */
function dyingStore(store: BookStore, writes: number): BookStore {
  let left = writes;
  const step = (): void => {
    if (left-- > 0) return;
    throw new Error('the process died here');
  };
  const prepare: BookStore['sql']['prepare'] = (sql) => {
    const statement = store.sql.prepare(sql);
    const run: typeof statement.run = (params) => {
      step();
      return statement.run(params);
    };
    return { ...statement, run };
  };
  const exec = (sql: string): void => {
    if (sql !== 'ROLLBACK') step();
    store.sql.exec(sql);
  };
  return { ...store, sql: { ...store.sql, prepare, exec } };
}

/** A sale by the newest version that is adopted. */
export async function sell(book: AnyBook, sku: string, quantity: number, day: string, scope?: Scope): Promise<string> {
  const args = { sku, quantity, day };
  const where = scope === undefined ? {} : { scope };
  const first = await book.commit('shop.sell', args, where);
  if (first.ok) return 'ok';
  if (first.code !== 'kernel/bad-args') return first.code;
  const second = await book.commit('shop.sell', { ...args, buyer: `buyer of ${sku}` }, where);
  return second.ok ? 'ok' : second.code;
}
