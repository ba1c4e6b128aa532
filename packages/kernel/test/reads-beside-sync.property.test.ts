// Whoever reads while a sync or an import goes on, or fails, sees what some device could have: just the ops that the book names, folded, and none that are gone later.
import { type BookStore, KernelError } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import type { LogStore, OpHash, OpRecord } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Replica } from '../src/replica.ts';
import { createFleet, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { shopVerbs, stores } from './shop.ts';

/** Which write of these fails from now on, counted down; none where it is negative. */
interface Fault {
  of: RegExp;
  left: number;
}

function strike(fault: Fault, what: string, error: () => Error): void {
  if (fault.of.test(what) && fault.left-- === 0) throw error();
}

const changing = /^\s*(INSERT|UPDATE|DELETE|COMMIT)/i;
const sqlFault = (): Error => Object.assign(new Error('disk I/O error'), { name: 'SqliteError' });

/** A store of which any write may fail. */
function brittle(store: BookStore, fault: Fault): BookStore {
  const prepare: BookStore['sql']['prepare'] = (sql) => {
    const statement = store.sql.prepare(sql);
    if (!changing.test(sql)) return statement;
    const run: typeof statement.run = (params) => {
      strike(fault, sql, sqlFault);
      return statement.run(params);
    };
    return { ...statement, run };
  };
  return { ...store, sql: { ...store.sql, prepare } };
}

const writes = ['append', 'replace', 'settle', 'addReceipt', 'setAside', 'dropAsides', 'setMeta'] as const;

/** A log beside the database whose writes take a turn of the program, as those of IndexedDB do, and may fail. */
function slow(store: BookStore, fault: Fault): BookStore {
  const { log } = store;
  const slowed = writes.map((name) => {
    const write = log[name].bind(log) as (...args: unknown[]) => unknown;
    return [
      name,
      async (...args: unknown[]) => {
        await new Promise((resolve) => setImmediate(resolve));
        strike(fault, name, () => new Error('the log is gone'));
        await write(...args);
      },
    ] as const;
  });
  return { ...store, log: { ...log, ...(Object.fromEntries(slowed) as Partial<LogStore>) } };
}

const places: Readonly<Record<string, (fault: Fault) => BookStore>> = {
  'better-sqlite3': (fault) => brittle(stores['better-sqlite3'](), fault),
  'sql.js': (fault) => brittle(stores['sql.js'](), fault),
  'sql.js beside a slow log': (fault) => brittle(slow(stores['sql.js'](), fault), fault),
};

/** What somebody reads at one moment. */
interface Sight {
  readonly rows: string;
  readonly settled: number;
  readonly pending: readonly OpHash[];
}

const rowsOf = (sql: Pick<ShopBook, 'query'>): string =>
  JSON.stringify(['stock', 'moves', 'prices'].map((table) => sql.query(`SELECT * FROM ${table}`, [])));

function look(book: ShopBook): Sight | undefined {
  try {
    const [scope] = book.status().scopes;
    const pending = book.pendingOps().map(({ hash }) => hash);
    expect(scope?.pending).toBe(pending.length);
    return { rows: rowsOf(book), settled: scope?.settled ?? 0, pending };
  } catch (error) {
    // Rows that could not be written are never passed over.
    if (error instanceof KernelError && error.code === 'kernel/storage') return undefined;
    throw error;
  }
}

/** Looks at the book at every turn until the work is over: sights that differ, in their order. */
async function lookBeside(book: ShopBook, work: Promise<unknown>): Promise<Sight[]> {
  const sights = new Map<string, Sight>();
  const state = { isOver: false };
  const over = work.then(
    () => (state.isOver = true),
    () => (state.isOver = true),
  );
  const note = (): void => {
    const sight = look(book);
    if (sight !== undefined) sights.set(JSON.stringify(sight), sight);
  };
  for (let turn = 1; !state.isOver; turn++) {
    note();
    // Answers of the relay and of a slow log come with turns of the whole program.
    await (turn % 16 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined);
  }
  await over;
  note();
  return [...sights.values()];
}

/** The ops that a sight names, folded from nothing. */
async function foldOf({ log, id }: ShopBook, { settled, pending }: Sight): Promise<string> {
  const fresh = { ...stores['better-sqlite3'](), log: createMemoryLogStore() };
  fresh.log.setMeta('book', id);
  const records = (await log.settled(HQ, 0, settled)) as OpRecord[];
  expect(records).toHaveLength(settled);
  fresh.log.settle(HQ, 0, records, { size: settled, frontier: [], note: '' });
  for (const hash of pending) {
    const stored = await log.get(hash);
    expect(stored).toBeDefined();
    fresh.log.append(stored === undefined ? [] : [stored.record]);
  }
  await Replica.open(fresh, shopVerbs, nodeCrypto);
  const rows = rowsOf(fresh.sql as Pick<ShopBook, 'query'>);
  await fresh.close();
  return rows;
}

const skus = ['apple', 'pear'] as const;
const sku = fc.constantFrom(...skus);
const quantity = fc.integer({ min: 1, max: 3 });
const act = fc.oneof(
  fc.record({ verb: fc.constant('stock.move' as const), args: fc.record({ sku, quantity }) }),
  fc.record({ verb: fc.constant('stock.take' as const), args: fc.record({ sku, quantity }) }),
  fc.record({ verb: fc.constant('price.set' as const), args: fc.record({ sku, priceMinor: quantity }) }),
);
const round = fc.record({
  /** By which of the three devices. */
  acts: fc.array(fc.tuple(fc.nat(2), act), { maxLength: 8 }),
  /** Whether the others hand in what they have before. */
  published: fc.boolean(),
  way: fc.constantFrom('sync' as const, 'import' as const),
  fails: fc.oneof(
    fc.record({ of: fc.constant(/./), left: fc.nat(40) }),
    fc.record({ of: fc.constant(/^COMMIT$/), left: fc.nat(2) }),
    fc.constant({ of: /./, left: -1 }),
  ),
});

describe.each(Object.entries(places))('reads beside a sync on %s', (_name, place) => {
  it('see ops that are whole and stay', { timeout: 30_000 }, async () => {
    let most = 0;
    const story = async (
      rounds: readonly (typeof round extends fc.Arbitrary<infer R> ? R : never)[],
    ): Promise<void> => {
      const fault: Fault = { of: changing, left: -1 };
      let made = 0;
      const { books, relay, close } = await createFleet(3, () =>
        // The second device is the one that is looked at.
        ++made === 2 ? place(fault) : stores['better-sqlite3'](),
      );
      const [office, till, other] = books as [ShopBook, ShopBook, ShopBook];
      for (const { acts, published, way, fails } of rounds) {
        for (const [by, { verb, args }] of acts) await (books[by] as ShopBook).commit(verb, args);
        await other.import(await office.export());
        if (published) await other.sync(relay);
        const file = await other.export();
        look(till);
        Object.assign(fault, fails);
        const sights = await lookBeside(till, way === 'sync' ? till.sync(relay) : till.import(file));
        fault.left = -1;
        most = Math.max(most, sights.length);
        let before = new Set<string>();
        for (const sight of sights) {
          expect(await foldOf(till, sight)).toBe(sight.rows);
          const records = await till.log.settled(HQ, 0, sight.settled);
          const named = new Set<string>([...records.map(({ hash }) => hash), ...sight.pending]);
          expect([...before].filter((hash) => !named.has(hash))).toEqual([]);
          before = named;
        }
      }
      for (const book of [other, till, other]) await book.sync(relay);
      expect(till.query('SELECT * FROM stock ORDER BY sku')).toEqual(other.query('SELECT * FROM stock ORDER BY sku'));
      await provenDigest(till);
      await close();
    };
    await fc.assert(fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 3 }), story), {
      numRuns: 6,
      seed: 20261123,
    });
    // It did see books change under its eyes.
    expect(most).toBeGreaterThan(1);
  });
});
