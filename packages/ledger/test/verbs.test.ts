/** The ledger's verbs through a real book, on both drivers. */
import { type Book, type BookStore, defineVerb, type Effect } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  balanceOf,
  dayBook,
  ledgerTables,
  ledgerVerbs,
  type Entry,
  post,
  postings,
  postingsOf,
  reverse,
  trialBalance,
} from '../src/index.ts';
import { createReplica, createTestRelay, drivers, exchange, joinReplica } from './replica.ts';

const anything = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
  publicTexts: {},
} as const;
const define = <A>(name: `test.${string}`, plan: Parameters<typeof defineVerb<string, A>>[0]['plan']) =>
  defineVerb<string, A>({ name, version: 1, roles: ['owner'], tables: ledgerTables, args: anything, plan });

/** What an integrator who skips `post` might write. */
const rawPut = define<{ rows: { account: string; currency: string; amountMinor: number }[] }>(
  'test.raw',
  (_view, op, { rows }) =>
    rows.map((row, index): Effect => postings.put({ op: op.id, line: index + 1, day: '2026-11-21', memo: '', ...row })),
);
const enter = define<Entry>('test.enter', (view, op, entry) => post(view, op, entry));
const takeBack = define<{ of: string }>('test.reverse', (view, op, { of }) =>
  reverse(view, op, { of, day: '2026-11-22', memo: 'taken back' }),
);
const verbs = [...ledgerVerbs, rawPut, enter, takeBack] as const;

const day = '2026-11-21';
const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });
const max = Number.MAX_SAFE_INTEGER;

describe.each(drivers)('ledger on $driver', ({ store }) => {
  let book: Book<typeof verbs>;
  let live: BookStore;

  beforeEach(async () => {
    live = store();
    book = await createReplica({ store: live, verbs });
    await book.commitAll([
      { verb: 'account.open', args: { account: '1000', kind: 'asset', name: 'Cash' } },
      { verb: 'account.open', args: { account: '3000', kind: 'equity', name: 'Opening equity' } },
      { verb: 'account.open', args: { account: '4000', kind: 'income', name: 'Sales' } },
    ]);
  });
  afterEach(() => book.close());

  const journal = (...lines: ReturnType<typeof gbp>[]) => book.commit('journal.post', { day, memo: 'by hand', lines });

  describe('account.open', () => {
    it('renames an account but never changes its kind', async () => {
      expect(await book.commit('account.open', { account: '1000', kind: 'asset', name: 'Till cash' })).toMatchObject({
        ok: true,
      });
      expect(await book.commit('account.open', { account: '1000', kind: 'income', name: 'Cash' })).toMatchObject({
        ok: false,
        code: 'ledger/account-kind',
        details: { account: '1000', kind: 'asset' },
      });
      expect(book.query("SELECT name, kind FROM accounts WHERE account = '1000'")).toEqual([
        { name: 'Till cash', kind: 'asset' },
      ]);
    });

    it('belongs to hq, where every branch reads it', async () => {
      await book.sync(await createTestRelay());
      const scope = 'b/001' as Scope;
      const answers = await book.commitAll([
        { verb: 'account.open', scope, args: { account: '9', kind: 'asset', name: 'x' } },
        { verb: 'journal.post', scope, args: { day, memo: '', lines: [gbp('1000', 7), gbp('3000', -7)] } },
      ]);
      expect(answers[0]).toMatchObject({ ok: false, code: 'ledger/hq-only', details: { scope } });
      expect(answers[1]).toMatchObject({ ok: true });
      await journal(gbp('1000', 5), gbp('3000', -5));
      expect(balanceOf(book, '1000', 'GBP')).toBe(12);
      expect(postingsOf(book, '1000').map((row) => row.scope)).toEqual([scope, 'hq']);
    });

    it.each(['', '__proto__', 'a b', 'ä', 'x'.repeat(65)])('refuses the name %j', async (account) => {
      expect(await book.commit('account.open', { account, kind: 'asset', name: 'x' })).toMatchObject({
        ok: false,
        code: 'kernel/bad-args',
      });
    });
  });

  describe('journal.post', () => {
    it('posts both sides and derives the balances', async () => {
      expect(await journal(gbp('1000', 5000), gbp('3000', -5000))).toMatchObject({ ok: true });
      expect(trialBalance(book)).toEqual([
        { account: '1000', kind: 'asset', name: 'Cash', currency: 'GBP', amountMinor: 5000 },
        { account: '3000', kind: 'equity', name: 'Opening equity', currency: 'GBP', amountMinor: -5000 },
      ]);
      expect(balanceOf(book, '1000', 'GBP')).toBe(5000);
      expect(balanceOf(book, '1000', 'EUR')).toBe(0);
    });

    it('merges the lines of one account and drops what comes to nothing', async () => {
      const commit = await journal(gbp('1000', 300), gbp('4000', -500), gbp('1000', 200), gbp('3000', 0));
      if (!commit.ok) throw new Error(commit.code);
      expect(postingsOf(book, '1000').map((row) => row.amountMinor)).toEqual([500]);
      expect(dayBook(book, day).map((row) => [row.line, row.account, row.amountMinor])).toEqual([
        [1, '1000', 500],
        [2, '4000', -500],
      ]);
    });

    it('balances each currency by itself', async () => {
      const euro = (account: string, amountMinor: number) => ({ account, currency: 'EUR', amountMinor });
      expect(await journal(gbp('1000', 5), euro('3000', -5))).toMatchObject({ ok: false, code: 'ledger/unbalanced' });
      expect(await journal(gbp('1000', 5), gbp('3000', -5), euro('1000', 7), euro('3000', -7))).toMatchObject({
        ok: true,
      });
      expect(trialBalance(book)).toHaveLength(4);
    });

    it.each([
      ['ledger/unbalanced', [gbp('1000', 5), gbp('3000', -4)], { currency: 'GBP', sumMinor: 1 }],
      ['ledger/unknown-account', [gbp('1001', 5), gbp('3000', -5)], { account: '1001' }],
      ['ledger/empty-entry', [gbp('1000', 5), gbp('1000', -5)], {}],
      ['ledger/amount-range', [gbp('1000', 1e14), gbp('4000', 1), gbp('3000', -1e14 - 1)], { account: '4000' }],
    ])('refuses %s', async (code, lines, details) => {
      expect(await journal(...lines)).toEqual({ ok: false, code, details });
      expect(book.query('SELECT * FROM postings')).toEqual([]);
      expect(book.query('SELECT * FROM balances')).toEqual([]);
    });

    it.each([
      ['no lines', { lines: [] }],
      ['a day that is none', { day: '2026-02-30' }],
      ['a currency that is none', { lines: [{ account: '1000', currency: 'gbp', amountMinor: 0 }] }],
      ['a fraction', { lines: [gbp('1000', 0.5)] }],
      ['-0', { lines: [gbp('1000', -0)] }],
      ['2^53', { lines: [gbp('1000', 2 ** 53)] }],
      ['a memo with a control character', { memo: 'a\0b' }],
      ['a member it does not know', { extra: 1 }],
      ['1,001 lines', { lines: Array.from({ length: 1001 }, () => gbp('1000', 0)) }],
    ])('refuses %s', async (_what, change) => {
      const args = { day, memo: '', lines: [gbp('1000', 1), gbp('3000', -1)], ...change };
      expect(await book.commit('journal.post', args)).toMatchObject({ ok: false, code: 'kernel/bad-args' });
    });

    it.each([
      [[gbp('1000', max), gbp('1000', 1), gbp('3000', -max)], { account: '1000' }],
      [[gbp('1000', max), gbp('4000', 1), gbp('3000', -max)], { currency: 'GBP' }],
    ])('no entry of any verb leaves the range', async (lines, details) => {
      const answer = await book.commit('test.enter', { day, memo: '', lines });
      expect(answer).toEqual({ ok: false, code: 'ledger/amount-range', details });
    });

    it('keeps what one entry, opening, transfer or exchange may take of the room that everybody shares', async () => {
      const large = [gbp('1000', 6e13), gbp('1000', 6e13), gbp('3000', -12e13)];
      const move = { debit: '1000', credit: '3000', currency: 'GBP', amountMinor: 6e13 };
      const transfers = [
        { id: 'a', ...move },
        { id: 'b', ...move, untilDay: day },
      ];
      const accounts = { position: '3000', gain: '4000' };
      const give = { account: '1000', currency: 'GBP', amountMinor: 2e14 };
      const rate = { numerator: 1, denominator: 1_000_000 };
      const take = { account: '1000', currency: 'EUR' };
      for (const answer of [
        await journal(...large),
        await book.commit('opening.post', { day, memo: '', equity: '3000', lines: large.slice(0, 2) }),
        await book.commit('money.transfer', { day, memo: '', transfers }),
        await book.commit('currency.exchange', { day, memo: '', base: 'GBP', give, take, rate, ...accounts }),
      ])
        expect(answer).toEqual({ ok: false, code: 'ledger/amount-range', details: { account: '1000' } });
      expect(book.query('SELECT * FROM balances')).toEqual([]);
    });

    it('stops a balance at 2^53-1 and says so', async () => {
      const lines = [gbp('1000', max), gbp('3000', -max)];
      expect(await book.commit('test.enter', { day, memo: '', lines })).toMatchObject({ ok: true });
      expect(await journal(gbp('1000', 1), gbp('4000', -1))).toMatchObject({ ok: false, code: 'kernel/sum-overflow' });
      expect(balanceOf(book, '1000', 'GBP')).toBe(max);
    });

    it('is for owners and managers', async () => {
      const till = await joinReplica(book, { store: store(), verbs, role: 'till', deviceName: 'till-1' });
      const lines = [gbp('1000', 1), gbp('3000', -1)];
      expect(await till.commit('journal.post', { day, memo: '', lines })).toMatchObject({
        ok: false,
        code: 'kernel/role',
      });
      await till.close();
    });
  });

  describe('the table', () => {
    it('refuses what does not balance, whichever verb put it', async () => {
      expect(await book.commit('test.raw', { rows: [gbp('1000', 1)] })).toMatchObject({
        ok: false,
        code: 'ledger/unbalanced',
      });
      expect(await book.commit('test.raw', { rows: [gbp('1000', 1), gbp('3000', -1)] })).toMatchObject({ ok: true });
      expect(balanceOf(book, '1000', 'GBP')).toBe(1);
    });

    it('knows no account that was not opened, whatever it is called', async () => {
      expect(await book.commit('test.raw', { rows: [gbp('__proto__', 7), gbp('constructor', -7)] })).toMatchObject({
        ok: false,
        code: 'ledger/unknown-account',
        details: { account: '__proto__' },
      });
    });
  });

  describe('post and reverse, for other packages', () => {
    it('refuses a currency that is none', async () => {
      const lines = [{ account: '1000', currency: '', amountMinor: 1 }];
      expect(await book.commit('test.enter', { day, memo: '', lines })).toMatchObject({
        ok: false,
        code: 'ledger/currency',
      });
    });

    it('posts nothing for nothing', async () => {
      expect(await book.commit('test.enter', { day, memo: '', lines: [gbp('1000', 0)] })).toMatchObject({ ok: true });
      expect(book.query('SELECT * FROM postings')).toEqual([]);
    });

    it('takes back exactly what an op posted', async () => {
      const commit = await journal(gbp('1000', 5), gbp('3000', 3), gbp('4000', -8));
      if (!commit.ok) throw new Error(commit.code);
      expect(await book.commit('test.reverse', { of: commit.id })).toMatchObject({ ok: true });
      expect(trialBalance(book)).toEqual([]);
      expect(book.query('SELECT * FROM balances')).toEqual([]);
      expect(dayBook(book, '2026-11-22').map((row) => row.amountMinor)).toEqual([-5, -3, 8]);
    });
  });

  describe('queries', () => {
    it('read a statement between two days, both included', async () => {
      for (const date of ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22']) {
        await book.commit('journal.post', { day: date, memo: date, lines: [gbp('1000', 1), gbp('3000', -1)] });
      }
      const days = postingsOf(book, '1000', { from: '2026-11-20', to: '2026-11-21' }).map((row) => row.memo);
      expect(days).toEqual(['2026-11-20', '2026-11-21']);
      expect(postingsOf(book, '1000')).toHaveLength(4);
    });
  });

  it('two replicas that post apart agree when they meet', async () => {
    const other = await joinReplica(book, { store: store(), verbs, role: 'manager', deviceName: 'manager' });
    await journal(gbp('1000', 10), gbp('3000', -10));
    await other.commit('journal.post', { day, memo: '', lines: [gbp('1000', 5), gbp('4000', -5)] });
    await exchange(book, other);
    expect(trialBalance(other)).toEqual(trialBalance(book));
    expect(balanceOf(book, '1000', 'GBP')).toBe(15);
    expect(other.digest()).toEqual(book.digest());
    await other.close();
  });

  it('proves itself from the log, and an edited balance does not (falsifier)', async () => {
    await journal(gbp('1000', 10), gbp('3000', -10));
    expect(await proofOf(book)).toMatchObject({ ok: true });
    live.sql.exec("UPDATE balances SET amountMinor = 11 WHERE account = '1000'");
    expect(await proofOf(book)).toMatchObject({ ok: false, problems: [{ table: 'balances' }] });
  });

  async function proofOf(replica: Book<typeof verbs>): Promise<unknown> {
    const fresh = store();
    const report = await replica.prove(fresh);
    await fresh.close();
    return report;
  }
});
