/** The ledger against one on paper, command by command on two devices; and what must hold whatever two devices do apart. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { carryFaults, ledgerVerbs } from '../src/index.ts';
import { type Action, action, argsOf, onPaper } from './commands.ts';
import { actOn, type LawBook, newStore, openLedger, rawPut } from './laws.ts';
import { PaperLedger } from './reference.ts';
import { createTestRelay, exchange, joinReplica } from './replica.ts';
import { tillVerbs } from './till-verbs.ts';

interface Real {
  readonly books: readonly [LawBook, LawBook];
  readonly posted: string[];
}

async function openTwo(): Promise<Real> {
  const verbs = [...ledgerVerbs, rawPut, ...tillVerbs];
  const { book } = await openLedger(newStore(), verbs);
  for (const [account, kind] of [
    ['1990', 'asset'],
    ['2200', 'liability'],
  ] as const)
    expect(await actOn(book)('account.open', { account, kind, name: account })).toBe('ok');
  const other = await joinReplica(book as never, { store: newStore(), verbs, role: 'manager', deviceName: 'two' });
  return { books: [book, other as never], posted: [] };
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

/** The same, with days near those that are open and closed by now: of days at random hardly one is closed, and none carried. */
function near(asked: Action, { day: open, closed }: PaperLedger): Action {
  if (asked.kind === 'day' && open !== '') return { ...asked, day: moved(open, 1 + (lastDigit(asked.day) % 2)) };
  if (asked.kind === 'close' && open !== '')
    return { ...asked, through: moved(open, 0 - (lastDigit(asked.through) % 3)) };
  if (asked.kind === 'carry' && closed !== undefined)
    return { ...asked, through: moved(closed.through, 1 - (lastDigit(asked.through) % 3)) };
  return asked;
}

function lastDigit(on: string): number {
  return Number(on.at(-1));
}

function moved(on: string, days: number): string {
  return new Date(Date.parse(on) + days * 86_400_000).toISOString().slice(0, 10);
}

/** One command on both ledgers: the same verdict, and the same balances on the other device. */
async function compare(
  paper: PaperLedger,
  { books, posted }: Real,
  { asked: drawn, device }: Pick<Run, 'asked' | 'device'>,
): Promise<void> {
  const asked = near(drawn, paper);
  const [verb, args] = argsOf(asked, books[device], posted);
  const commit = await books[device].commit(verb, args);
  const answer = commit.ok ? 'ok' : asked.kind === 'link' && isLaw(commit.code) ? 'a law' : commit.code;
  expect(answer, JSON.stringify(asked)).toBe(onPaper(paper, asked));
  if (commit.ok && asked.kind === 'lose') expect(commit.correction?.code).toBe(`ledger/${asked.as}`);
  if (commit.ok && ['post', 'exchange', 'revalue'].includes(asked.kind)) posted.push(commit.id);
  await exchange(books[0], books[1]);
  for (const book of books) checkLaws(book);
  expect(carryFaults(books[0])).toEqual([]);
  const rows = books[1].query<{ key: string; minor: number }>(
    "SELECT day || ' ' || account || ' ' || currency AS key, sum(amountMinor) AS minor FROM postings GROUP BY 1 HAVING minor <> 0",
  );
  expect(Object.fromEntries(rows.map(({ key, minor }) => [key, minor]))).toEqual(paper.dayBook());
  const [held] = books[1].query('SELECT currencyMinor, costMinor FROM positions');
  expect(held ?? { currencyMinor: 0, costMinor: 0 }).toEqual(paper.position());
}

class Run implements fc.AsyncCommand<PaperLedger, Real> {
  readonly asked: Action;
  readonly device: 0 | 1;

  constructor(asked: Action, device: 0 | 1) {
    this.asked = asked;
    this.device = device;
  }

  check(): boolean {
    return true;
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
    // So that there is something to close from the first command on.
    await real.books[0].commit('day.open', { day: '2026-11-05' });
    await exchange(real.books[0], real.books[1]);
    try {
      const model = (): PaperLedger => Object.assign(paper(), { day: '2026-11-05' });
      await fc.asyncModelRun(() => ({ model: model(), real }), commands);
    } finally {
      for (const book of real.books) await book.close();
    }
  });
}

it('answers and adds up as a ledger on paper, whichever device writes', async () => {
  await fc.assert(
    agreesWith(() => new PaperLedger()),
    { numRuns: 16 },
  );
}, 120_000);

it('agrees through a whole year end: an exchange, a sale at a gain, a wrong day, a close, what is late, and a carry', async () => {
  const day = '2026-11-02';
  const half = { numerator: 1, denominator: 2 };
  const script: readonly Action[] = [
    { kind: 'day', day: '2026-11-05' },
    { kind: 'post', debit: '1000', credit: '4000', amountMinor: 60, day },
    { kind: 'exchange', given: 'GBP', amountMinor: 40, rate: { numerator: 3, denominator: 2 }, day },
    { kind: 'exchange', given: 'EUR', amountMinor: 25, rate: { numerator: 1, denominator: 1 }, day },
    { kind: 'revalue', rate: half, day },
    { kind: 'redate', index: 0, day: '2026-11-03' },
    { kind: 'close', through: '2026-11-01', late: 'route' },
    { kind: 'redate', index: 1, day: '2026-11-06' },
    { kind: 'post', debit: '1000', credit: '4000', amountMinor: 7, day },
    { kind: 'carry', through: '2026-11-01' },
    { kind: 'reverse', index: 1, day },
    { kind: 'exchange', given: 'EUR', amountMinor: 50, rate: half, day: '2026-11-06' },
    { kind: 'rates', class: 'standard', rates: [{ from: '2026-11-01', basisPoints: 1_900 }] },
    { kind: 'sell', class: 'standard', amountMinor: 59, included: true, day: '2026-11-06' },
    { kind: 'sell', class: 'standard', amountMinor: 59, included: false, day },
    { kind: 'lose', as: 'backorder', account: '2310', against: '4000', amountMinor: 20, day: '2026-11-06' },
    { kind: 'lose', as: 'shortage', account: '1000', against: '2310', amountMinor: 20, day: '2026-11-06' },
    { kind: 'done', debit: '2310', credit: '1020', amountMinor: 50, day },
    { kind: 'done', debit: '2310', credit: '4000', amountMinor: 50, day },
    { kind: 'uncarry', index: 0, day: '2026-11-06' },
    { kind: 'carry', through: '2026-11-04' },
  ];
  const [real, paper] = [await openTwo(), new PaperLedger()];
  for (const [index, asked] of script.entries()) {
    const before = paper.entries.length;
    await compare(paper, real, { asked, device: index % 2 === 0 ? 0 : 1 });
    // Both sides of the first thing that was done meet on suspense, and leave no entry.
    const isEmpty = asked.kind === 'done' && asked.credit === '1020';
    if (!['day', 'close', 'rates'].includes(asked.kind) && !isEmpty)
      expect(paper.entries.length, JSON.stringify(asked)).toBeGreaterThan(before);
  }
  expect(paper.closed?.through).toBe('2026-11-04');
  expect(paper.carried.map(({ back }) => back === undefined)).toEqual([false, true]);
  expect(paper.balance('1990')).toBe(50);
  for (const book of real.books) await book.close();
});

class AtFace extends PaperLedger {
  override realised(): number {
    return 0;
  }
}

it('and not as one that sells what it bought without a gain (falsifier)', async () => {
  const { failed } = await fc.check(
    agreesWith(() => new AtFace()),
    { numRuns: 200, endOnFailure: true, seed: 1 },
  );
  expect(failed).toBe(true);
}, 120_000);

class Untaxed extends PaperLedger {
  override taxOf(): number {
    return 0;
  }
}

it('and not as one that leaves the tax in its sales (falsifier)', async () => {
  const { failed } = await fc.check(
    agreesWith(() => new Untaxed()),
    { numRuns: 200, endOnFailure: true, seed: 1 },
  );
  expect(failed).toBe(true);
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
  const met = { closed: 0, late: 0 };
  const entry = { kind: 'post', debit: '1000', credit: '4000', amountMinor: 7, day: '2026-11-02' } as const;
  const closedApart = [
    [entry, 0],
    'meet',
    [{ kind: 'close', through: '2026-11-05', late: 'route' }, 0],
    [entry, 1],
    'meet',
    [entry, 0],
  ] as ('meet' | [Action, 0 | 1])[];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const { books } = await openTwo();
      // So that there is something to close.
      await books[0].commit('day.open', { day: '2026-11-08' });
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
      met.closed += closedRows.size;
      met.late += books[0].query('SELECT op FROM lateEntries').length;
      for (const book of books) await book.close();
    }),
    { seed: 1, numRuns: 8, examples: [[closedApart]] },
  );
  expect(Math.min(met.closed, met.late)).toBeGreaterThan(0);
}, 120_000);
