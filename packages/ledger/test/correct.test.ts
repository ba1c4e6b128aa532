/** What a contested op comes to: postings on the account of the loss, and a row that says why. */
import { defineVerb } from '@tallystick/kernel';
import { expect, it } from 'vitest';
import { correct, type CorrectionEntry, ledgerTables, ledgerVerbs, postingsOf, trialBalance } from '../src/index.ts';
import { createReplica, drivers } from './replica.ts';

const anything = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
  publicTexts: {},
} as const;
const lose = defineVerb<'test.lose', CorrectionEntry>({
  name: 'test.lose',
  version: 1,
  roles: ['owner'],
  tables: ledgerTables,
  args: anything,
  plan: (view, op, entry) => correct(view, op, entry),
});
const verbs = [...ledgerVerbs, lose] as const;
const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });

it.each(drivers)('a loss is posted and named, beside what the op posts anyway ($driver)', async ({ store }) => {
  const book = await createReplica({ store: store(), verbs });
  for (const account of ['1100', '2310', '2400', '4000'])
    await book.commit('account.open', { account, kind: 'asset', name: account });
  const loss = { currency: 'GBP', day: '2026-11-21', memo: 'contested' };
  const redeem = { ...loss, as: 'receivable', account: '1100', against: '2310', amountMinor: 700 } as const;
  const lines = [gbp('2310', 700), gbp('4000', -700)];
  expect(await book.commit('test.lose', { ...redeem, lines, details: { token: 'g-1' } })).toMatchObject({
    ok: true,
    correction: {
      code: 'ledger/receivable',
      details: { token: 'g-1', account: '1100', amountMinor: 700, currency: 'GBP' },
    },
  });
  expect(trialBalance(book).map(({ account, amountMinor }) => [account, amountMinor])).toEqual([
    ['1100', 700],
    ['4000', -700],
  ]);
  const owed = { ...loss, as: 'backorder', account: '2400', against: '4000', amountMinor: 300 } as const;
  expect(await book.commit('test.lose', owed)).toMatchObject({ correction: { code: 'ledger/backorder' } });
  expect(postingsOf(book, '2400').map(({ amountMinor }) => amountMinor)).toEqual([-300]);
  for (const as of ['shortage', 'promo-expense'] as const)
    await book.commit('test.lose', { ...redeem, as, amountMinor: 1 });
  expect(book.query('SELECT code FROM corrections ORDER BY code')).toEqual([
    { code: 'ledger/backorder' },
    { code: 'ledger/promo-expense' },
    { code: 'ledger/receivable' },
    { code: 'ledger/shortage' },
  ]);
  expect(await book.commit('test.lose', { ...owed, amountMinor: 0 })).toMatchObject({ code: 'ledger/amount-range' });
  expect(await book.commit('test.lose', { ...owed, account: '9' })).toMatchObject({ code: 'ledger/unknown-account' });
  await book.close();
});
