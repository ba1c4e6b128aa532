// What is kept up to date between two changes is what a fresh look at the book would say.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDaySums } from '../src/engine/day-sums.ts';
import { entries } from '../src/engine/entries.ts';
import type { Entry } from '../src/engine/entry.ts';
import { createProgress } from '../src/engine/progress.ts';
import type { TillBook } from '../src/engine/till-book.ts';
import { readDay } from '../src/engine/till-state.ts';
import { businessDay } from '../src/model/business-day.ts';
import { cartOf, type Counter, openCounter } from './counter.ts';

const day = businessDay(new Date(), undefined);
let counter: Counter;

beforeEach(async () => {
  counter = await openCounter();
  await write(entries.openSession, 0);
});
afterEach(() => counter.close());

async function write<Request, Shown>(entry: Entry<Request, Shown>, request: Request): Promise<string> {
  const outcome = await counter.ask(entry, request);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.value.id;
}

describe('the sums of a day', () => {
  it('grow with every sale, refund and void as the whole day does', async () => {
    const { book, record } = counter.shop;
    const kept = createDaySums(book, record.scope);
    const fresh = (): unknown => createDaySums(book, record.scope).read(day);
    expect(kept.read(day)).toEqual({ day, totalMinor: 0, cashMinor: 0, cardMinor: 0, saleCount: 0, refundCount: 0 });
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      ids.push(await write(entries.sell, cartOf(`cart ${index}`, index + 1, 2_000)));
      expect(kept.read(day)).toEqual(fresh());
    }
    const [first = '', second = ''] = ids;
    await write(entries.sell, { ...cartOf('card', 1), tenders: [{ kind: 'card', amountMinor: 360 }] });
    await write(entries.voidSale, { document: first, reason: 'Training' });
    expect(kept.read(day)).toEqual(fresh());
    const lines = [{ line: 1, quantity: 1 }];
    await write(entries.refund, { key: 'back', document: second, lines, tender: 'cash', reason: 'Damaged' });
    await book.commit('stock.receive', {
      day,
      currency: 'GBP',
      lines: [{ sku: 'B01', name: 'Butter croissant', quantity: 5, unitCostMilliMinor: 100_000 }],
      reference: 'DN 2',
    });
    expect(kept.read(day)).toEqual(fresh());
    expect(kept.read(day)).toMatchObject({
      totalMinor: 3_240,
      cashMinor: 2_880,
      cardMinor: 360,
      saleCount: 5,
      refundCount: 1,
    });
    expect(kept.read('2026-01-02')).toMatchObject({ day: '2026-01-02', totalMinor: 0, saleCount: 0 });
    expect(kept.read(day)).toEqual(fresh());
  });

  it('are read on from the newest document, not from the start of the day', async () => {
    const { book, record } = counter.shop;
    for (let index = 0; index < 30; index += 1) await write(entries.sell, cartOf(`cart ${index}`, 1));
    const rows: number[] = [];
    const counted: Pick<TillBook, 'device' | 'query'> = {
      device: book.device,
      query: (sql, params) => {
        const found = book.query<{ readonly documents: number }>(sql, params);
        rows.push(found[0]?.documents ?? 0);
        return found as readonly never[];
      },
    };
    const kept = createDaySums(counted, record.scope);
    kept.read(day);
    expect(Math.max(...rows)).toBe(30);
    rows.length = 0;
    await write(entries.sell, cartOf('one more', 1));
    expect(kept.read(day).saleCount).toBe(31);
    expect(Math.max(...rows)).toBe(1);
  });
});

describe('a day as the page lists it', () => {
  it('has its newest documents and says whether there are older ones', async () => {
    for (let index = 0; index < 5; index += 1) await write(entries.sell, cartOf(`cart ${index}`, 1));
    const page = readDay(counter.shop, day, 3);
    expect(page.documents.map(({ number }) => number.split('/').at(-1))).toEqual(['5', '4', '3']);
    expect([page.hasMore, page.saleCount]).toEqual([true, 5]);
    expect(readDay(counter.shop, day, 5)).toMatchObject({ hasMore: false, saleCount: 5 });
  });
});

describe('the progress of what is pending', () => {
  it('counts what is written without reading everything again', async () => {
    const { book } = counter.shop;
    const kept = createProgress(book);
    const before = kept.unsent;
    const id = await write(entries.sell, cartOf('a', 1));
    kept.wrote(id);
    expect([kept.unsent, kept.stageOf(id)]).toEqual([before + 1, 'local']);
    expect(kept.unsent).toBe(createProgress(book).unsent);
    // Found again, not written.
    kept.wrote(await write(entries.sell, cartOf('a', 1)));
    expect(kept.unsent).toBe(before + 1);
    expect(kept.stageOf('0190-unknown')).toBe('settled');
  });
});
