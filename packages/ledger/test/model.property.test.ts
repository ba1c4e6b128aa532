/** The ledger against one on paper, command by command on two devices; and what must hold whatever two devices do apart. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { carryDue, carryFaults, dayAfter, ledgerVerbs } from '../src/index.ts';
import { actOn, entry, gbp, type LawBook, newStore, openLedger, rawPut } from './laws.ts';
import { type LinkedLeg, PaperLedger } from './reference.ts';
import { createTestRelay, exchange, joinReplica } from './replica.ts';

interface Real {
  readonly books: readonly [LawBook, LawBook];
  readonly posted: string[];
}

async function openTwo(): Promise<Real> {
  const { book } = await openLedger();
  const verbs = [...ledgerVerbs, rawPut];
  const other = await joinReplica(book as never, { store: newStore(), verbs, role: 'manager', deviceName: 'two' });
  return { books: [book, other as never], posted: [] };
}

type Action =
  | {
      readonly kind: 'post';
      readonly debit: string;
      readonly credit: string;
      readonly amountMinor: number;
      readonly day: string;
    }
  | {
      readonly kind: 'hold';
      readonly id: string;
      readonly debit: string;
      readonly credit: string;
      readonly amountMinor: number;
      readonly day: string;
      readonly untilDay: string;
    }
  | { readonly kind: 'link'; readonly legs: readonly [LinkedLeg, LinkedLeg] }
  | { readonly kind: 'take'; readonly id: string; readonly day: string; readonly amountMinor: number | undefined }
  | { readonly kind: 'void' | 'expire'; readonly id: string }
  | { readonly kind: 'close'; readonly through: string; readonly late: 'route' | 'refuse' }
  | { readonly kind: 'day'; readonly day: string }
  | { readonly kind: 'reverse'; readonly index: number; readonly day: string }
  | { readonly kind: 'open'; readonly account: string; readonly amountMinor: number; readonly day: string }
  | { readonly kind: 'carry'; readonly through: string };

const account = fc.constantFrom('1000', '1020', '2310', '3000', '4000');
const amountMinor = fc.integer({ min: 1, max: 60 });
const day = fc.integer({ min: 1, max: 9 }).map((count) => `2026-11-0${count}`);
const id = fc.constantFrom('a', 'b', 'c');
const leg = fc.record({
  id: fc.constantFrom('a', 'b', 'd', 'e', 'f'),
  debit: account,
  credit: account,
  amountMinor,
  untilDay: fc.oneof(fc.constant(''), day),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ one: leg, two: leg, day }).map(({ one, two, day: on }) => ({
      kind: 'link' as const,
      legs: [
        { ...one, day: on },
        { ...two, day: on },
      ] as const,
    })),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('post' as const), debit: account, credit: account, amountMinor, day }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      id,
      debit: account,
      credit: account,
      amountMinor,
      day,
      untilDay: day,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      id,
      day,
      amountMinor: fc.option(amountMinor, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('void' as const, 'expire' as const), id }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      through: day,
      late: fc.constantFrom('route' as const, 'refuse' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('day' as const), day }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reverse' as const), index: fc.nat({ max: 4 }), day }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('open' as const), account, amountMinor, day }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('carry' as const), through: day }) },
);

/** `posted`: the ids of what was posted by hand. */
function argsOf(asked: Action, book: LawBook, posted: readonly string[]): [string, object] {
  switch (asked.kind) {
    case 'post':
      return ['journal.post', entry(asked.debit, asked.credit, asked.amountMinor, asked.day)];
    case 'hold': {
      const { kind: _kind, day: on, ...transfer } = asked;
      return ['money.transfer', { day: on, memo: '', transfers: [{ ...transfer, currency: 'GBP' }] }];
    }
    case 'link': {
      const transfers = asked.legs.map(({ day: _day, untilDay, ...transfer }) => ({
        ...transfer,
        currency: 'GBP',
        ...(untilDay === '' ? {} : { untilDay }),
      }));
      return ['money.transfer', { day: asked.legs[0].day, memo: '', transfers }];
    }
    case 'take': {
      const { id: of, day: on, amountMinor: part } = asked;
      return ['money.post', { of, day: on, memo: '', ...(part === undefined ? {} : { amountMinor: part }) }];
    }
    case 'void':
    case 'expire':
      return [`money.${asked.kind}`, { of: asked.id }];
    case 'close':
      return ['period.close', { through: asked.through, late: asked.late }];
    case 'day':
      return ['day.open', { day: asked.day }];
    case 'reverse':
      return [
        'journal.reverse',
        { of: posted[asked.index] ?? '00000000-0000-7000-8000-000000000000', day: asked.day, memo: '' },
      ];
    case 'open':
      return [
        'opening.post',
        { day: asked.day, memo: '', equity: '3000', lines: [gbp(asked.account, asked.amountMinor)] },
      ];
    case 'carry': {
      const due = carryDue(book, { scope: 'hq', through: asked.through });
      const lines = due.length === 0 ? [gbp('4000', 0)] : due;
      return ['period.carry', { through: asked.through, retained: '3900', memo: '', lines }];
    }
  }
}

function onPaper(paper: PaperLedger, asked: Action): string {
  switch (asked.kind) {
    case 'post':
      return paper.postByHand(asked);
    case 'hold':
      return paper.hold(asked.id, asked);
    case 'link':
      return paper.link(asked.legs);
    case 'take':
      return paper.end(asked.id, 'posted', asked.day, asked.amountMinor);
    case 'void':
      return paper.end(asked.id, 'voided', '');
    case 'expire':
      return paper.end(asked.id, 'expired', '');
    case 'close':
      return paper.close(asked.through, dayAfter(asked.through) ?? '', asked.late);
    case 'day':
      return paper.openDay(asked.day);
    case 'reverse':
      return paper.reverse(asked.index, asked.day);
    case 'open':
      return paper.open(asked.account, asked.amountMinor, asked.day);
    case 'carry':
      return paper.carry(asked.through);
  }
}

/** What is so in every state of every ledger. */
function checkLaws(book: LawBook): void {
  const count = (sql: string) => book.query<{ n: number }>(sql)[0]?.n ?? 0;
  expect(
    count(
      'SELECT count(*) AS n FROM (SELECT 1 FROM postings GROUP BY scope, op, currency HAVING sum(amountMinor) <> 0)',
    ),
  ).toBe(0);
  expect(count('SELECT coalesce(sum(amountMinor), 0) AS n FROM balances')).toBe(0);
  const held = `SELECT coalesce(sum(amountMinor), 0) AS n FROM moneyTransfers t WHERE untilDay <> ''
    AND NOT EXISTS (SELECT 1 FROM moneyTransferEnds e WHERE e.scope = t.scope AND e.id = t.id)`;
  expect(count('SELECT coalesce(sum(debitMinor), 0) AS n FROM pendingSums')).toBe(count(held));
  expect(count('SELECT coalesce(sum(creditMinor), 0) AS n FROM pendingSums')).toBe(count(held));
  const sum = (table: string, column: string, of: string) =>
    count(`SELECT coalesce(sum(${column}), 0) AS n FROM ${table} WHERE account = '${of}'`);
  expect(sum('balances', 'amountMinor', '2310') + sum('pendingSums', 'debitMinor', '2310')).toBeLessThanOrEqual(0);
  expect(sum('pendingSums', 'creditMinor', '1020') - sum('balances', 'amountMinor', '1020')).toBeLessThanOrEqual(0);
}

/** Of what was posted by hand, as far as this device knows. */
const idsOf = (book: LawBook): string[] =>
  book
    .query<{ op: string }>("SELECT DISTINCT op FROM postings WHERE memo = '' ORDER BY op LIMIT 5")
    .map(({ op }) => op);

const isLaw = (code: string): boolean =>
  code.startsWith('ledger/exceeds-c') || code.startsWith('ledger/exceeds-d') || code === 'ledger/period-closed';

/** One command on both ledgers: the same verdict, and the same balances on the other device. */
async function compare(paper: PaperLedger, { books, posted }: Real, { asked, device }: Run): Promise<void> {
  const [verb, args] = argsOf(asked, books[device], posted);
  const commit = await books[device].commit(verb, args);
  const answer = commit.ok ? 'ok' : asked.kind === 'link' && isLaw(commit.code) ? 'a law' : commit.code;
  expect(answer, JSON.stringify(asked)).toBe(onPaper(paper, asked));
  if (commit.ok && asked.kind === 'post') posted.push(commit.id);
  await exchange(books[0], books[1]);
  for (const book of books) checkLaws(book);
  expect(carryFaults(books[0])).toEqual([]);
  for (const of of ['1000', '1020', '2310', '3000', '3900', '4000']) {
    const rows = books[1].query<{ n: number }>('SELECT sum(amountMinor) AS n FROM balances WHERE account = ?', [of]);
    expect(rows[0]?.n ?? 0, of).toBe(paper.balance(of));
  }
}

class Run implements fc.AsyncCommand<PaperLedger, Real> {
  readonly asked: Action;
  readonly device: 0 | 1;

  constructor(asked: Action, device: 0 | 1) {
    this.asked = asked;
    this.device = device;
  }

  check(paper: PaperLedger): boolean {
    // An owner may also turn days back; that is the kernel's, not the ledger's.
    return this.asked.kind !== 'day' || this.asked.day > paper.day;
  }

  run(paper: PaperLedger, real: Real): Promise<void> {
    return compare(paper, real, this);
  }

  toString(): string {
    return `${this.device} ${JSON.stringify(this.asked)}`;
  }
}

function agreesWith(paper: () => PaperLedger) {
  const drawn = fc
    .tuple(action, fc.constantFrom(0 as const, 1 as const))
    .map(([asked, device]) => new Run(asked, device));
  return fc.asyncProperty(fc.commands([drawn], { maxCommands: 30, size: 'max' }), async (commands) => {
    const real = await openTwo();
    try {
      await fc.asyncModelRun(() => ({ model: paper(), real }), commands);
    } finally {
      for (const book of real.books) await book.close();
    }
  });
}

it('answers and adds up as a ledger on paper, whichever device writes', async () => {
  await fc.assert(
    agreesWith(() => new PaperLedger()),
    { numRuns: 12 },
  );
}, 120_000);

class Forgetful extends PaperLedger {
  override pending(): number {
    return 0;
  }
}

it('and not as one that forgets what is pending (falsifier)', async () => {
  const { failed } = await fc.check(
    agreesWith(() => new Forgetful()),
    { numRuns: 200, endOnFailure: true, seed: 1 },
  );
  expect(failed).toBe(true);
}, 120_000);

it('whatever two devices do apart: limits hold, pending sums are right, and what is closed stays as it was', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(action, fc.constantFrom(0, 1)) },
    { weight: 1, arbitrary: fc.constant('meet' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const { books } = await openTwo();
      const relay = await createTestRelay();
      const closedRows = new Map<string, string>();
      const meet = async (): Promise<void> => {
        for (let round = 0; round < 2; round++) for (const book of books) await book.sync(relay);
        expect(books[0].digest()).toEqual(books[1].digest());
        checkLaws(books[0]);
        const [closed] = books[0].query<{ through: string }>('SELECT through FROM periods');
        const upTo = (day: string) =>
          JSON.stringify(books[0].query('SELECT * FROM postings WHERE day <= ? ORDER BY op, line', [day]));
        for (const [day, rows] of closedRows) expect(upTo(day), `closed through ${day}`).toBe(rows);
        if (closed !== undefined) closedRows.set(closed.through, upTo(closed.through));
      };
      await meet();
      for (const drawn of steps) {
        if (drawn === 'meet') await meet();
        else {
          const book = books[drawn[1] === 0 ? 0 : 1];
          await actOn(book)(...argsOf(drawn[0], book, idsOf(book)));
        }
      }
      await meet();
      for (const book of books) await book.close();
    }),
    { numRuns: 8 },
  );
}, 120_000);
