// What a sale and the screens ask of the book, by the plans that SQLite makes of it: none of it walks through all documents or their lines.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentSearch, readReceipt } from '../src/engine/documents.ts';
import { readDrawerReport } from '../src/engine/drawer-report.ts';
import { entries } from '../src/engine/entries.ts';
import { findByNumber } from '../src/engine/find-documents.ts';
import { describeShop, documentReader, type OpenShop } from '../src/engine/open-shop.ts';
import { readLayaways } from '../src/engine/layaways.ts';
import { createNewestOwn } from '../src/engine/newest-own.ts';
import { readTorn } from '../src/engine/torn-log.ts';
import { openState } from '../src/engine/till-state.ts';
import { cartOf, type Counter, openCounter } from './counter.ts';

type Query = OpenShop['book']['query'];

let counter: Counter;
let asked: Map<string, Parameters<Query>[1]>;
/** The counter's shop, which notes what its book is asked. */
let shop: OpenShop;
beforeEach(async () => {
  counter = await openCounter();
  asked = new Map();
  const { book } = counter.shop;
  const noted: Query = (sql, params) => {
    asked.set(sql, params);
    return book.query(sql, params);
  };
  const noting = new Proxy(book, {
    get(target, name): unknown {
      const member: unknown = name === 'query' ? noted : Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  shop = { ...counter.shop, book: noting };
  await entries.openSession.write(shop, 0);
});
afterEach(() => counter.close());

function plansOf(work: () => unknown): readonly string[] {
  asked.clear();
  work();
  expect(asked.size).toBeGreaterThan(0);
  return [...asked].flatMap(([sql, params]) =>
    counter.shop.book.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params).map(({ detail }) => detail),
  );
}

function numberOf(id: string): string {
  return (
    counter.shop.book.query<{ number: string }>('SELECT number FROM documents WHERE id = ?', [id])[0]?.number ?? ''
  );
}

/** All of a scope is all of a small shop. */
const isWhole = (step: string): boolean => /^SCAN|USE TEMP B-TREE FOR ORDER BY|PRIMARY KEY \(scope=\?\)$/.test(step);

it('none of them grows with the log', async () => {
  const sold = await entries.sell.write(shop, cartOf('a', 2));
  if (!sold.ok) throw new Error(JSON.stringify(sold));
  const torn = { ...shop, log: { ...shop.log, recovered: { lostBytes: 7, meta: shop.log.meta } as never } };
  const works: Readonly<Record<string, () => unknown>> = {
    'a cart that may be sold': () => entries.sell.find(shop, cartOf('b', 1)),
    'a receipt': () => readReceipt(documentReader(shop), sold.id, describeShop(shop)),
    'the newest document': () => createNewestOwn(shop.book, shop.record.scope).read(),
    'what is put by': () => readLayaways(shop),
    'a whole number': () => findByNumber(documentSearch(documentReader(shop)), numberOf(sold.id)),
    'the end of a number': () => findByNumber(documentSearch(documentReader(shop)), '1'),
    'an X report': () => readDrawerReport(shop),
  };
  for (const [name, work] of Object.entries(works)) {
    const steps = plansOf(work).filter((step) => /documents|documentLines|tenders|\b[dltr]\b/.test(step));
    expect([name, steps.filter(isWhole)]).toEqual([name, []]);
  }
  // Read once after such a start, from the end backwards.
  expect(plansOf(() => readTorn(torn)).filter((step) => /^SCAN|TEMP B-TREE/.test(step))).toEqual([]);
  // Of these a shop has a handful.
  const state = plansOf(() => openState(shop, undefined)).filter((step) => step.startsWith('SCAN'));
  expect(state.filter((step) => !/^SCAN (books|devices|refusals)$/.test(step))).toEqual([]);
});
