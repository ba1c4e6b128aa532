/** Transfers in one phase and in two: linked, retried, posted, voided and expired. */
import { describe, expect, it } from 'vitest';
import { day, entry, openLedger } from './laws.ts';
import { drivers } from './replica.ts';

const make = (transfers: readonly object[], rest: object = {}): object => ({ day, memo: 'gift', transfers, ...rest });
const held = { id: 't-1', debit: '2310', credit: '4000', currency: 'GBP', amountMinor: 300, untilDay: day };

describe.each(drivers)('transfers on $driver', ({ store }) => {
  it('hold at once what they may post later, in part or whole', async () => {
    const { book, act, balance } = await openLedger(store());
    await act('journal.post', entry('1000', '2310', 500));
    expect(await act('money.transfer', make([held]))).toBe('ok');
    expect(balance('2310')).toBe(-500);
    expect(book.query('SELECT account, debitMinor, creditMinor FROM pendingSums ORDER BY account')).toEqual([
      { account: '2310', debitMinor: 300, creditMinor: 0 },
      { account: '4000', debitMinor: 0, creditMinor: 300 },
    ]);
    expect(await act('money.transfer', make([{ ...held, id: 't-2', amountMinor: 201 }]))).toBe(
      'ledger/exceeds-credits',
    );
    expect(await act('journal.post', entry('2310', '4000', 201))).toBe('ledger/exceeds-credits');
    expect(await act('money.post', { of: 't-1', day, memo: '', amountMinor: 301 })).toBe('ledger/exceeds-pending');
    expect(await act('money.post', { of: 't-1', day, memo: '', amountMinor: 120 })).toBe('ok');
    expect([balance('2310'), balance('4000')]).toEqual([-380, -120]);
    expect(book.query('SELECT * FROM pendingSums')).toEqual([]);
    expect(await act('money.transfer', make([{ ...held, id: 't-3', amountMinor: 380 }]))).toBe('ok');
    expect(await act('money.post', { of: 't-3', day, memo: '' })).toBe('ok');
    expect(balance('2310')).toBe(0);
    await book.close();
  });

  it('that are linked are made all or none', async () => {
    const { book, act, balance } = await openLedger(store());
    const [first, second] = [
      { id: 'a', debit: '1000', credit: '3000', currency: 'GBP', amountMinor: 50 },
      { id: 'b', debit: '6000', credit: '1020', currency: 'GBP', amountMinor: 51 },
    ];
    expect(await act('money.transfer', make([first, second]))).toBe('ledger/exceeds-debits');
    expect([balance('1000'), book.query('SELECT id FROM moneyTransfers')]).toEqual([0, []]);
    expect(await act('money.transfer', make([first, { ...second, debit: '1020', credit: '4000' }]))).toBe('ok');
    expect([balance('1000'), balance('1020'), balance('4000')]).toEqual([50, 51, -51]);
    expect(
      await act(
        'money.transfer',
        make([
          { ...first, id: 'c' },
          { ...first, id: 'c' },
        ]),
      ),
    ).toBe('ledger/exists');
    expect(await act('money.transfer', make([{ ...first, id: 'd', credit: '1000' }]))).toBe('ledger/same-account');
    await book.close();
  });
});

it('a retry is told whether it is the same, and if not, by which field', async () => {
  const { book, act } = await openLedger();
  const asked = { ...held, debit: '1000' };
  expect(await act('money.transfer', make([asked]))).toBe('ok');
  const answers: Record<string, string> = {};
  const retries: readonly [object, object?][] = [
    [asked],
    [{ ...asked, debit: '6000' }],
    [{ ...asked, credit: '3000' }],
    [{ ...asked, currency: 'EUR' }],
    [{ ...asked, amountMinor: 301 }],
    [{ ...asked, untilDay: '2026-11-22' }],
    [asked, { day: '2026-11-22' }],
    [asked, { memo: 'other' }],
  ];
  for (const [index, [transfer, rest]] of retries.entries())
    answers[index] = await act('money.transfer', make([transfer], rest));
  expect(Object.values(answers)).toEqual([
    'ledger/exists',
    'ledger/exists-different-debit',
    'ledger/exists-different-credit',
    'ledger/exists-different-currency',
    'ledger/exists-different-amount',
    'ledger/exists-different-until',
    'ledger/exists-different-day',
    'ledger/exists-different-memo',
  ]);
  const post = { of: 't-1', day, memo: 'p', amountMinor: 200 };
  expect(await act('money.post', post)).toBe('ok');
  expect(await act('money.post', post)).toBe('ledger/exists');
  expect(await act('money.post', { ...post, amountMinor: 199 })).toBe('ledger/exists-different-amount');
  expect(await act('money.post', { ...post, day: '2026-11-22' })).toBe('ledger/exists-different-day');
  expect(await act('money.post', { ...post, memo: 'q' })).toBe('ledger/exists-different-memo');
  expect(await act('money.void', { of: 't-1' })).toBe('ledger/already-posted');
  expect(await act('money.expire', { of: 't-1' })).toBe('ledger/already-posted');
  expect(await act('money.post', { ...post, of: 'x' })).toBe('ledger/unknown-transfer');
  await book.close();
});

it('a pending transfer is voided at any time and expires only when its day is over', async () => {
  const { book, act } = await openLedger();
  const pending = { ...held, debit: '1000' };
  for (const id of ['v', 'e']) await act('money.transfer', make([{ ...pending, id }]));
  const { untilDay: _now, ...atOnce } = { ...pending, id: 'n' };
  await act('money.transfer', make([atOnce]));
  expect(await act('money.void', { of: 'n' })).toBe('ledger/not-pending');
  expect(await act('money.void', { of: 'v' })).toBe('ok');
  expect(await act('money.void', { of: 'v' })).toBe('ledger/exists');
  expect(await act('money.post', { of: 'v', day, memo: '' })).toBe('ledger/already-voided');
  await act('day.open', { day });
  expect(await act('money.expire', { of: 'e' })).toBe('ledger/not-over');
  await act('day.open', { day: '2026-11-22' });
  expect(await act('money.expire', { of: 'e' })).toBe('ok');
  expect(await act('money.post', { of: 'e', day, memo: '' })).toBe('ledger/already-expired');
  expect(book.query('SELECT * FROM pendingSums')).toEqual([]);
  await book.close();
});
