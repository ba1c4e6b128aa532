/** X and Z reports, whatever a till and a manager do apart: a list of what was done, and the law that a Z report never moves. */
import type { Commit } from '@tallystick/kernel';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type SessionReport, sessionReport } from '../../src/index.ts';
import {
  createTestRelay,
  day,
  drivers,
  idOf,
  joinReplica,
  line,
  openShop,
  sale,
  type ShopBook,
  verbs,
} from '../shop.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];
const anyAct = fc.record({
  kind: fc.constantFrom(
    'open',
    'sell',
    'sell',
    'sell',
    'refund',
    'void',
    'pay',
    'away',
    'in',
    'out',
    'drop',
    'close',
    'meet',
  ),
  /** Done by the manager, as far as she has heard. */
  apart: fc.boolean(),
  amountMinor: fc.integer({ min: 1, max: 900 }),
  cardMinor: fc.nat({ max: 900 }),
  which: fc.nat({ max: 9 }),
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

/** What a report counts; a payment is one on account. */
type Kind = 'sale' | 'refund' | 'void' | 'payment';

/** What was done in a session, as somebody at the drawer writes it down. */
interface Done {
  readonly floatMinor: number;
  cash: number;
  card: number;
  paidInMinor: number;
  paidOutMinor: number;
  droppedMinor: number;
  readonly counts: Record<Kind, number>;
  readonly sums: Record<Kind, number>;
}

class Paper {
  readonly sessions = new Map<string, Done>();
  readonly sales: { readonly id: string; readonly session: string; readonly cash: number; readonly card: number }[] =
    [];

  note(session: string, kind: Kind, cash: number, card: number): void {
    const done = this.sessions.get(session)!;
    done.counts[kind] += 1;
    done.sums[kind] += cash + card;
    done.cash += cash;
    done.card += card;
  }
}

/** A drawer gives out what is in it, and nothing more. */
function commitsWithin(commit: Commit, isThere: boolean): boolean {
  expect(commit.ok || commit.code).toBe(isThere || 'retail/drawer-short');
  return commit.ok;
}

const tendersOf = (tenders: readonly (readonly ['cash' | 'card', number])[]) =>
  tenders.filter(([, amountMinor]) => amountMinor > 0).map(([kind, amountMinor]) => ({ kind, amountMinor }));

async function act(till: ShopBook, manager: ShopBook, paper: Paper, one: Act): Promise<void> {
  const { kind, amountMinor, cardMinor, which } = one;
  const [open] = till.query<{ id: string }>("SELECT id FROM sessions WHERE state = 'open'");
  if (kind === 'open') {
    const opened = await till.commit('session.open', { day, currency: 'GBP', floatMinor: amountMinor });
    expect(opened.ok).toBe(open === undefined);
    const nothing = { cash: 0, card: 0, paidInMinor: 0, paidOutMinor: 0, droppedMinor: 0 };
    const none = { sale: 0, refund: 0, void: 0, payment: 0 };
    if (opened.ok)
      paper.sessions.set(opened.id, { floatMinor: amountMinor, ...nothing, counts: { ...none }, sums: { ...none } });
    return;
  }
  if (open === undefined) return;
  const session = open.id;
  const done = paper.sessions.get(session)!;
  const move = { session, day, reason: 'as it goes', amountMinor };
  if (kind === 'sell') {
    const tenders = tendersOf([
      ['cash', amountMinor],
      ['card', cardMinor],
    ]);
    const lines = [line({ unitPriceMilliMinor: (amountMinor + cardMinor) * 1000 })];
    const id = idOf(await till.commit('sale.complete', sale(0, { session, lines, tenders })));
    paper.sales.push({ id, session, cash: amountMinor, card: cardMinor });
    paper.note(session, 'sale', amountMinor, cardMinor);
  } else if (kind === 'pay') {
    const tenders = tendersOf([
      ['cash', amountMinor],
      ['card', cardMinor],
    ]);
    idOf(await till.commit('account.pay', { customer: 'c-1', day, currency: 'GBP', session, tenders }));
    paper.note(session, 'payment', amountMinor, cardMinor);
  } else if (kind === 'void' || kind === 'refund') {
    const [of] = paper.sales.splice(which % Math.max(1, paper.sales.length), 1);
    if (of === undefined) return;
    const gives = (commit: Commit): boolean => commitsWithin(commit, drawerOf(done) >= of.cash);
    if (kind === 'void') {
      if (!gives(await till.commit('sale.void', { document: of.id, day, reason: 'wrong', session }))) return;
    } else {
      const lines = [{ ...line({ unitPriceMilliMinor: (of.cash + of.card) * 1000 }), line: 1 }];
      const tenders = tendersOf([
        ['cash', of.cash],
        ['card', of.card],
      ]);
      const back = { day, currency: 'GBP', taxIncluded: true, session, original: of.id, reason: 'back' };
      if (!gives(await till.commit('sale.refund', { ...back, lines, tenders }))) return;
    }
    paper.note(session, kind, 0 - of.cash, 0 - of.card);
  } else if (kind === 'away') {
    // Somebody who has no session takes a sale back: out of nobody's drawer.
    const index = paper.sales.findIndex(
      ({ id }) => manager.query('SELECT id FROM documents WHERE id = ?', [id]).length > 0,
    );
    const [of] = index < 0 ? [] : paper.sales.splice(index, 1);
    if (of !== undefined) idOf(await manager.commit('sale.void', { document: of.id, day, reason: 'wrong' }));
  } else if (kind === 'in') {
    idOf(await till.commit('cash.receive', { ...move, account: '3000' }));
    done.paidInMinor += amountMinor;
  } else if (kind === 'out') {
    const paid = await till.commit('cash.pay', { ...move, account: '6100' });
    if (commitsWithin(paid, drawerOf(done) >= amountMinor)) done.paidOutMinor -= amountMinor;
  } else if (kind === 'drop') {
    const dropped = await till.commit('cash.drop', move);
    if (commitsWithin(dropped, drawerOf(done) >= amountMinor)) done.droppedMinor -= amountMinor;
  } else if (kind === 'close') {
    const closer = one.apart ? manager : till;
    // She closes it as far as she has heard of it, and perhaps for the second time.
    await closer.commit('session.close', { session, countedMinor: amountMinor, day });
  }
}

const drawerOf = ({ floatMinor, cash, paidInMinor, paidOutMinor, droppedMinor }: Done): number =>
  floatMinor + cash + paidInMinor + paidOutMinor + droppedMinor;

/** A report says what was done, with what came late beside it; what the parts come to is the drawer. */
function check(report: SessionReport, done: Done, fixed: Map<string, string>): void {
  const { late, tenders, taxes: _taxes, ...rest } = report;
  const counted = { sale: rest.sales, refund: rest.refunds, void: rest.voids, payment: rest.payments };
  const documents = Object.values(done.counts).reduce((sum, count) => sum + count, 0);
  const total = Object.values(done.sums).reduce((sum, amount) => sum + amount, 0);
  expect(Object.values(counted).reduce((sum, count) => sum + count, late.documents)).toBe(documents);
  expect(rest.salesMinor + rest.refundsMinor + rest.voidsMinor + rest.paymentsMinor + late.totalMinor).toBe(total);
  expect(rest.expectedMinor).toBe(
    rest.floatMinor + tenders.cash + rest.paidInMinor + rest.paidOutMinor + rest.droppedMinor,
  );
  if (rest.kind === 'X' || late.documents === 0) {
    expect(counted).toEqual(done.counts);
    expect(tenders).toMatchObject({ cash: done.cash, card: done.card });
  }
  if (rest.kind === 'X') expect(rest.expectedMinor).toBe(drawerOf(done));
  else {
    expect(rest.overMinor).toBe(rest.countedMinor - rest.expectedMinor);
    const said = JSON.stringify({ tenders, ...rest });
    expect(fixed.get(rest.session) ?? said).toBe(said);
    fixed.set(rest.session, said);
  }
}

/** A manager closes a session of which the till goes on selling and taking payments. */
const lateSale: Act[] = (
  ['open', 'sell', 'meet', 'close', 'sell', 'pay', 'drop', 'meet', 'open', 'close'] as const
).map((kind) => ({ kind, apart: true, amountMinor: 90, cardMinor: 10, which: 0 }));

const away: Act[] = (['open', 'sell', 'meet', 'away', 'meet', 'close'] as const).map((kind) => ({
  kind,
  apart: false,
  amountMinor: 90,
  cardMinor: 10,
  which: 0,
}));

it('add up to what was done, are numbered without a gap, and of a Z report nothing moves whatever comes late', async () => {
  const met = { reports: 0, late: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(anyAct, { minLength: 8, maxLength: 22 }), async (acts) => {
      const relay = await createTestRelay();
      const till = await openShop(store());
      await till.sync(relay);
      const manager = await joinReplica(till, { store: store(), verbs, role: 'manager', deviceName: 'manager' });
      const [paper, fixed] = [new Paper(), new Map<string, string>()];
      const meet = async (): Promise<void> => {
        for (const book of [manager, till, manager]) await book.sync(relay);
        for (const [session, done] of paper.sessions) check(sessionReport(till, session)!, done, fixed);
        expect(manager.digest()).toEqual(till.digest());
      };
      for (const one of acts) {
        if (one.kind === 'meet') await meet();
        else await act(till, manager, paper, one);
      }
      await meet();
      const reports = [...paper.sessions.keys()].map((session) => sessionReport(till, session)!);
      const numbers = reports.filter(({ kind }) => kind === 'Z').map(({ number }) => number);
      expect(new Set(numbers).size).toBe(numbers.length);
      met.reports += numbers.length;
      met.late += reports.reduce((sum, { late }) => sum + late.documents, 0);
      await manager.close();
      await till.close();
    }),
    { seed: 1, numRuns: 5, examples: [[lateSale], [away]] },
  );
  expect(Math.min(met.reports, met.late)).toBeGreaterThan(0);
}, 60_000);
