/** Properties over generated histories, through real books: the fold against the naive reference shop, and the laws of the books. */
import type { Commit } from '@tallystick/kernel';
import { trialBalance } from '@tallystick/ledger';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { history, type Standing, type Step } from './history.ts';
import { type Call, ReferenceShop } from './reference.ts';
import {
  balancesOf,
  drivers,
  exchange,
  idOf,
  joinReplica,
  openShop,
  type ShopBook,
  standing,
  stockOf,
  verbs,
} from './shop.ts';

const runs = { numRuns: 40 };
const rules = { guarded: new Set(['VASE']) };

/** One device that trades, and what it remembers of what it did. */
class Trader {
  readonly book: ShopBook;
  readonly #sales: { id: string; lines: Standing['sales'][number]['lines']; taxIncluded: boolean }[] = [];
  readonly #sessions: string[] = [];

  constructor(book: ShopBook) {
    this.book = book;
  }

  next(step: Step): Call {
    return step({ sales: this.#sales, sessions: this.#sessions });
  }

  async do({ verb, args }: Call): Promise<Commit> {
    const [commit] = await this.book.commitAll([{ verb, args } as never]);
    if (commit === undefined) throw new Error('no answer');
    if (commit.ok && verb === 'sale.complete')
      this.#sales.push({ id: commit.id, lines: args.lines, taxIncluded: args.taxIncluded });
    if (commit.ok && verb === 'session.open') this.#sessions.push(commit.id);
    return commit;
  }
}

function drawersById(book: ShopBook): Record<string, number> {
  const rows = book.query('SELECT session, amountMinor FROM drawers');
  return Object.fromEntries(rows.map((row) => [String(row['session']), Number(row['amountMinor'])]));
}

/** The laws that every state of every book keeps. */
function checkLaws(book: ShopBook): void {
  const unbalanced =
    'SELECT op, currency, sum(amountMinor) AS net FROM postings GROUP BY scope, op, currency HAVING net <> 0';
  expect(book.query(unbalanced)).toEqual([]);
  expect(trialBalance(book).reduce((net, row) => net + row.amountMinor, 0)).toBe(0);
  const lines = book.query(
    "SELECT coalesce(sum(amountMinor), 0) AS net, coalesce(sum(taxMinor), 0) AS tax FROM documentLines WHERE kind IN ('sale', 'refund', 'void', 'exchange')",
  )[0];
  const balances = balancesOf(book);
  expect(lines).toEqual({ net: 0 - (balances['4000'] ?? 0), tax: 0 - (balances['2200'] ?? 0) });
  const totals =
    'SELECT d.id FROM documents d JOIN documentLines l ON l.scope = d.scope AND l.document = d.id GROUP BY d.id, d.totalMinor, d.taxMinor HAVING sum(l.amountMinor + l.taxMinor) <> d.totalMinor OR sum(l.taxMinor) <> d.taxMinor';
  expect(book.query(totals)).toEqual([]);
  const unpaid =
    "SELECT d.id FROM documents d LEFT JOIN tenders t ON t.scope = d.scope AND t.document = d.id WHERE d.kind IN ('sale', 'refund', 'void', 'exchange') GROUP BY d.id, d.totalMinor HAVING coalesce(sum(t.amountMinor), 0) <> d.totalMinor";
  expect(book.query(unpaid)).toEqual([]);
  checkNumbers(book);
}

/** 1, 2, 3 ... per device and series, and no number twice. */
function checkNumbers(book: ShopBook): void {
  const bySeries = new Map<string, number[]>();
  for (const { device, number } of book.query('SELECT device, number FROM documents ORDER BY id')) {
    const [series, , , count] = String(number).split('/');
    const key = `${device} ${series}`;
    bySeries.set(key, [...(bySeries.get(key) ?? []), Number(count)]);
  }
  for (const counts of bySeries.values()) expect(counts).toEqual(counts.map((_count, index) => index + 1));
}

describe.each(drivers)('any history on $driver', ({ store }) => {
  it('folds to what the reference shop says, op by op', async () => {
    const accepted = new Set<string>();
    await fc.assert(
      fc.asyncProperty(history(25), async (steps) => {
        const trader = new Trader(await openShop(store()));
        const reference = new ReferenceShop(rules);
        for (const step of steps) {
          const call = trader.next(step);
          const broken = reference.broken(call);
          const commit = await trader.do(call);
          if (!commit.ok) expect(broken).toContain(commit.code);
          else {
            expect(broken).toEqual([]);
            reference.accept(commit.id, call);
            accepted.add(call.verb);
          }
          expect(balancesOf(trader.book)).toEqual(reference.balances());
          expect(stockOf(trader.book)).toEqual(reference.stock());
          expect(drawersById(trader.book)).toEqual(reference.drawers());
        }
        checkLaws(trader.book);
        await trader.book.close();
      }),
      { ...runs, seed: 1 },
    );
    // A history in which nothing sells proves nothing.
    expect([...accepted]).toEqual(
      expect.arrayContaining(['sale.complete', 'sale.refund', 'sale.void', 'stock.adjust']),
    );
  });

  it('then a sale and its void change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(history(10), history(10), async (steps, more) => {
        const trader = new Trader(await openShop(store()));
        for (const step of steps) await trader.do(trader.next(step));
        for (const step of more) {
          const call = trader.next(step);
          if (call.verb !== 'sale.complete') continue;
          const before = standing(trader.book);
          const commit = await trader.do(call);
          if (!commit.ok) continue;
          idOf(await trader.do({ verb: 'sale.void', args: { document: commit.id, day: call.args.day, reason: '' } }));
          expect(standing(trader.book)).toEqual(before);
        }
        await trader.book.close();
      }),
      { numRuns: 15 },
    );
  });

  it('of two devices apart ends in one state, by the laws, and equal to a fold from nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(history(5), history(5)), { minLength: 1, maxLength: 3 }), async (rounds) => {
        const left = new Trader(await openShop(store()));
        const right = new Trader(
          await joinReplica(left.book, { store: store(), verbs, role: 'manager', deviceName: 'till-4' }),
        );
        for (const [mine, yours] of rounds) {
          for (const step of mine) await left.do(left.next(step));
          for (const step of yours) await right.do(right.next(step));
          await exchange(left.book, right.book);
          expect(right.book.digest()).toEqual(left.book.digest());
        }
        checkLaws(left.book);
        const fresh = store();
        expect(await right.book.prove(fresh)).toMatchObject({ ok: true });
        await fresh.close();
        await left.book.close();
        await right.book.close();
      }),
      { numRuns: 15 },
    );
  });
});

describe('the laws (falsifiers)', () => {
  const [{ store }] = drivers as [(typeof drivers)[number]];

  it.each([
    ['a posting of one side', 'UPDATE postings SET amountMinor = amountMinor + 1 WHERE line = 1'],
    ['a balance', 'UPDATE balances SET amountMinor = amountMinor + 1'],
    ['a line', 'UPDATE documentLines SET amountMinor = amountMinor + 1'],
    ['a total', 'UPDATE documents SET totalMinor = totalMinor + 1'],
    ['a tender', 'UPDATE tenders SET amountMinor = amountMinor + 1'],
    ['a number', "UPDATE documents SET number = 'INV/till-3/2026-11-21/2'"],
  ])('go red when somebody edits %s', async (_what, sql) => {
    const live = store();
    const book = await openShop(live);
    const lines = [{ sku: 'MUG', name: 'Mug', quantity: 1, unitPriceMilliMinor: 500_000 }];
    const tenders = [{ kind: 'cash', amountMinor: 500 }] as const;
    idOf(await book.commit('sale.complete', { day: '2026-11-21', currency: 'GBP', taxIncluded: true, lines, tenders }));
    checkLaws(book);
    live.sql.exec(sql);
    expect(() => checkLaws(book)).toThrow('expected');
    await book.close();
  });
});
