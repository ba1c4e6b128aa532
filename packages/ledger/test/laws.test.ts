/** Terms of accounts and the laws of postings, held by the table whichever verb posts. */
import { defineVerb } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { balanceOf, ledgerTables, ledgerVerbs, post, roomMinor, suspenseAccount } from '../src/index.ts';
import { anything, day, entry, eur, gbp, newStore, openLedger, rawPut } from './laws.ts';
import { createTestRelay, drivers, exchange, joinReplica } from './replica.ts';

describe.each(drivers)('limits on $driver', ({ store }) => {
  it('hold to the last unit on either side, whichever verb posts', async () => {
    const { book, act } = await openLedger(store());
    await act('journal.post', entry('1000', '2310', 500));
    expect(await act('journal.post', entry('2310', '4000', 501))).toBe('ledger/exceeds-credits');
    expect(await act('test.raw', { rows: [gbp('2310', 501), gbp('4000', -501)] })).toBe('ledger/exceeds-credits');
    expect(await act('journal.post', entry('2310', '4000', 500))).toBe('ok');
    expect(await act('journal.post', entry('6000', '1020', 1))).toBe('ledger/exceeds-debits');
    expect(await act('journal.post', entry('1020', '1000', 10))).toBe('ok');
    expect(await act('journal.post', entry('6000', '1020', 10))).toBe('ok');
    await book.close();
  });

  it('that were passed before they were set let an account come back, and no further away', async () => {
    const { book, act } = await openLedger(store());
    await act('journal.post', entry('4000', '1000', 100));
    const cash = { account: '1000', kind: 'asset', name: 'Cash' };
    expect(await act('account.open', { ...cash, limit: 'credits-within-debits' })).toBe('ok');
    expect(await act('journal.post', entry('1000', '4000', 60))).toBe('ok');
    expect(await act('journal.post', entry('4000', '1000', 1))).toBe('ledger/exceeds-debits');
    await act('account.open', { ...cash, name: 'Till cash' });
    expect(await act('journal.post', entry('4000', '1000', 1))).toBe('ledger/exceeds-debits');
    await act('account.open', { ...cash, limit: 'none' });
    expect(await act('journal.post', entry('4000', '1000', 1))).toBe('ok');
    await book.close();
  });
});

it('two devices that spend the last of a balance apart do not both spend it', async () => {
  const { book, act } = await openLedger();
  await act('journal.post', entry('1000', '2310', 500));
  const verbs = [...ledgerVerbs, rawPut];
  const other = await joinReplica(book as never, { store: newStore(), verbs, role: 'manager', deviceName: 'manager' });
  expect(await act('journal.post', entry('2310', '4000', 300))).toBe('ok');
  expect(await other.commit('journal.post', entry('2310', '4000', 300) as never)).toMatchObject({ ok: true });
  await exchange(book, other);
  expect(balanceOf(book, '2310', 'GBP')).toBe(-200);
  expect(book.query('SELECT code FROM refusals')).toEqual([{ code: 'ledger/exceeds-credits' }]);
  expect(other.digest()).toEqual(book.digest());
  await other.close();
  await book.close();
});

it('limits are of one scope each: no branch spends what another holds', async () => {
  const { book, act } = await openLedger();
  await book.sync(await createTestRelay());
  await act('journal.post', entry('1000', '2310', 500));
  const [branch] = await book.commitAll([
    { verb: 'journal.post', scope: 'b/1' as Scope, args: entry('2310', '4000', 1) },
  ]);
  expect(branch).toMatchObject({ ok: false, code: 'ledger/exceeds-credits' });
  await book.close();
});

it('an account that is bound to a currency takes no other, and stays bound', async () => {
  const { book, act } = await openLedger();
  const lines = [eur('1020', 5), eur('3000', -5)];
  expect(await act('journal.post', { day, memo: '', lines })).toBe('ledger/account-currency');
  const bank = { account: '1020', kind: 'asset', name: 'Bank' };
  expect(await act('account.open', { ...bank, currency: 'EUR' })).toBe('ledger/account-currency');
  expect(await act('account.open', { ...bank, name: 'The bank' })).toBe('ok');
  const suspense = { account: suspenseAccount, kind: 'asset', name: 'Suspense' };
  expect(await act('account.open', { ...suspense, limit: 'credits-within-debits' })).toBe('ledger/suspense-terms');
  expect(await act('journal.post', { day, memo: '', lines })).toBe('ledger/account-currency');
  await book.close();
});

it('an op posts on one day', async () => {
  const { book, act } = await openLedger();
  const rows = [gbp('1000', 5), { ...gbp('3000', -5), day: '2026-11-22' }];
  expect(await act('test.raw', { rows })).toBe('ledger/two-days');
  await book.close();
});

it('a verb can ask what room there is, and correct instead of being refused', async () => {
  const room: (number | undefined)[] = [];
  const ask = defineVerb<'test.ask', object>({
    name: 'test.ask',
    version: 1,
    roles: ['owner'],
    tables: ledgerTables,
    args: anything,
    plan: (view, op) => {
      for (const account of ['2310', '1020', '1000']) room.push(roomMinor(view, { account, currency: 'GBP' }));
      return post(view, op, { day, memo: '', lines: [] });
    },
  });
  const { book, act } = await openLedger(newStore(), [...ledgerVerbs, rawPut, ask]);
  await act('journal.post', entry('1000', '2310', 500));
  await act('journal.post', entry('1020', '1000', 70));
  await act('test.ask', {});
  expect(room.slice(0, 3)).toEqual([500, 70, undefined]);
  await book.close();
});
