// What the till says of a sale when something breaks around it: it never calls one unsaved that is in the log, nor saved that is not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entries } from '../src/engine/entries.ts';
import { type Entry, enter, lookUp } from '../src/engine/entry.ts';
import { outcomeUnknown, type Outcome, type Receipt, type Saved } from '../src/engine/port.ts';
import type { RefundRequest } from '../src/engine/requests.ts';
import { cartOf, type Counter, done, openCounter } from './counter.ts';

let counter: Counter;

beforeEach(async () => {
  counter = await openCounter();
  await done(ask(entries.openSession, 10_000));
});
afterEach(() => counter.close());

/** Asks for an entry; the disk works again when the book is opened anew. */
function ask<Request, Shown>(entry: Entry<Request, Shown>, request: Request): Promise<Outcome<Saved<Shown>>> {
  return enter(entry, request, counter.shop, () => {
    counter.faults.isFlushFailing = counter.faults.isWriteFailing = false;
    return counter.openAgain();
  });
}

function documents(kind: string): readonly Readonly<Record<string, unknown>>[] {
  return counter.shop.book.query('SELECT number, totalMinor FROM documents WHERE kind = ?', [kind]);
}

function refundOf(sale: Receipt, key: string, quantity: number): RefundRequest {
  return { key, document: sale.id, lines: [{ line: 1, quantity }], tender: 'cash', reason: 'Damaged' };
}

describe('an entry whose write throws', () => {
  it('is saved when its op is in the log all the same', async () => {
    counter.faults.isFlushFailing = true;
    const receipt = await done(ask(entries.sell, cartOf('a', 2)));
    expect(receipt.totalMinor).toBe(720);
    expect(documents('sale')).toEqual([{ number: receipt.number, totalMinor: 720 }]);
    expect((await done(ask(entries.sell, cartOf('b', 1)))).number).toMatch(/\/2$/);
  });

  it('is not saved when the log has nothing of it, and can be made then', async () => {
    counter.faults.isWriteFailing = true;
    expect(await ask(entries.sell, cartOf('a', 2))).toMatchObject({ ok: false, code: 'till/storage' });
    expect(documents('sale')).toEqual([]);
    expect((await done(ask(entries.sell, cartOf('a', 2)))).number).toMatch(/\/1$/);
  });

  it('is not known while the log cannot be read, and known as soon as it can', async () => {
    counter.faults.isFlushFailing = counter.faults.isGone = true;
    const request = cartOf('a', 2);
    const outcome = await counter.ask(entries.sell, request);
    expect(outcome).toMatchObject({ ok: false, code: outcomeUnknown });
    counter.faults.isFlushFailing = counter.faults.isGone = false;
    const found = lookUp(entries.sell, request, await counter.openAgain());
    expect(found).toMatchObject({ ok: true, value: { shown: { totalMinor: 720 } } });
  });

  it('is found as a refund, a void, an opened and a closed drawer too', async () => {
    const sales = [await done(ask(entries.sell, cartOf('a', 3))), await done(ask(entries.sell, cartOf('b', 1)))];
    const [first, second] = sales as [Receipt, Receipt];
    counter.faults.isFlushFailing = true;
    expect((await done(ask(entries.refund, refundOf(first, 'r', 1)))).totalMinor).toBe(-360);
    counter.faults.isFlushFailing = true;
    expect((await done(ask(entries.voidSale, { document: second.id, reason: 'Training' }))).totalMinor).toBe(-360);
    expect([documents('refund'), documents('void')].map((rows) => rows.length)).toEqual([1, 1]);

    const [session] = counter.shop.book.query<{ readonly session: string }>('SELECT session FROM deviceSessions');
    const close = { session: session?.session ?? '', countedMinor: 10_000 };
    counter.faults.isFlushFailing = true;
    expect(await done(ask(entries.closeSession, close))).toMatchObject({ countedMinor: 10_000, expectedMinor: 10_720 });
    counter.faults.isFlushFailing = true;
    expect(await done(ask(entries.openSession, 5_000))).toMatchObject({ floatMinor: 5_000 });
    expect(counter.shop.book.query('SELECT state FROM sessions ORDER BY state')).toEqual([
      { state: 'closed' },
      { state: 'open' },
    ]);
  });
});

describe('an entry that was written', () => {
  it('is saved even where it cannot be shown', async () => {
    const blind = { ...entries.sell, show: () => expect.unreachable() } as typeof entries.sell;
    const outcome = await ask(blind, cartOf('a', 1));
    expect(outcome).toMatchObject({ ok: true, value: { shown: undefined } });
    expect(documents('sale')).toHaveLength(1);
  });

  it('answers the same request again and writes nothing', async () => {
    const receipt = await done(ask(entries.sell, cartOf('a', 2, 1_000)));
    expect((await done(ask(entries.sell, cartOf('a', 2, 1_000)))).id).toBe(receipt.id);
    const refund = await done(ask(entries.refund, refundOf(receipt, 'r', 1)));
    expect((await done(ask(entries.refund, refundOf(receipt, 'r', 1)))).id).toBe(refund.id);
    expect(documents('sale').length + documents('refund').length).toBe(2);
  });

  it.each([
    ['more of it', cartOf('a', 3)],
    ['other cash and change', cartOf('a', 2, 1_500)],
    ['a card', { ...cartOf('a', 2), tenders: [{ kind: 'card' as const, amountMinor: 720 }] }],
    ['other goods', { ...cartOf('a', 2), lines: [{ ...cartOf('a', 2).lines[0]!, sku: 'C03', name: 'Cappuccino' }] }],
  ])('does not stand for another cart with its key: %s', async (_, other) => {
    const { number } = await done(ask(entries.sell, cartOf('a', 2)));
    expect(await ask(entries.sell, other)).toEqual({ ok: false, code: 'till/key-used', message: number });
    expect(documents('sale')).toEqual([{ number, totalMinor: 720 }]);
  });

  it('does not stand for another refund with its key', async () => {
    const sale = await done(ask(entries.sell, cartOf('a', 5)));
    const { number } = await done(ask(entries.refund, refundOf(sale, 'r', 1)));
    const used = { ok: false, code: 'till/key-used', message: number };
    expect(await ask(entries.refund, refundOf(sale, 'r', 2))).toEqual(used);
    expect(await ask(entries.refund, { ...refundOf(sale, 'r', 1), tender: 'card' })).toEqual(used);
    expect(await ask(entries.sell, cartOf('r', 1))).toEqual(used);
    expect(documents('refund')).toHaveLength(1);
  });
});
