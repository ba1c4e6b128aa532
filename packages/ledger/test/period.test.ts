/** Closing periods, what comes late, carrying the year, opening balances and reversals. */
import { expect, it } from 'vitest';
import { carryDue, carryFaults, dayAfter, dayBook, ledgerVerbs, profitAndLoss, trialBalance } from '../src/index.ts';
import { type Act, entry, gbp, newStore, openLedger, rawPut } from './laws.ts';
import { exchange, joinReplica } from './replica.ts';

/** Opens the day after, by which the one before is over, and closes through that. */
async function closeThrough(act: Act, through: string, late: 'route' | 'refuse'): Promise<string> {
  const opened = await act('day.open', { day: dayAfter(through) });
  return opened === 'ok' ? act('period.close', { through, late }) : opened;
}

it('what is late is routed to the first open day, keeps the day it was meant for, and shows as a correction', async () => {
  const { book, act } = await openLedger();
  await act('journal.post', entry('1000', '4000', 100, '2026-11-30'));
  expect(await closeThrough(act, '2026-11-30', 'route')).toBe('ok');
  const closed = dayBook(book, '2026-11-30');
  expect(await book.commit('journal.post', entry('1000', '4000', 7, '2026-11-29'))).toMatchObject({
    ok: true,
    correction: { code: 'ledger/late-entry', details: { day: '2026-12-01', meantFor: '2026-11-29' } },
  });
  expect(dayBook(book, '2026-11-30')).toEqual(closed);
  expect(dayBook(book, '2026-12-01').map(({ amountMinor }) => amountMinor)).toEqual([7, -7]);
  expect(book.query('SELECT meantFor, day FROM lateEntries')).toEqual([{ meantFor: '2026-11-29', day: '2026-12-01' }]);
  expect(await act('journal.post', entry('1000', '4000', 1, '2026-12-02'))).toBe('ok');
  expect(await act('test.raw', { rows: [gbp('1000', 1), gbp('4000', -1)] })).toBe('ledger/period-closed');
  await book.close();
});

it('what is late is refused where the close says so', async () => {
  const { book, act } = await openLedger();
  await closeThrough(act, '2026-11-30', 'refuse');
  expect(await act('journal.post', entry('1000', '4000', 7, '2026-11-30'))).toBe('ledger/period-closed');
  expect(await act('journal.post', entry('1000', '4000', 7, '2026-12-01'))).toBe('ok');
  await book.close();
});

it('a period closes once, when its last day is over: by a day that is open, and so not before one is', async () => {
  const { book, act } = await openLedger();
  for (const through of ['9999-12-30', '2026-11-29'])
    expect(await act('period.close', { through, late: 'route' })).toBe('ledger/period-open');
  await act('day.open', { day: '2026-11-30' });
  expect(await act('period.close', { through: '2026-11-30', late: 'route' })).toBe('ledger/period-open');
  await act('day.open', { day: '2026-12-01' });
  expect(await act('period.close', { through: '2026-11-30', late: 'route' })).toBe('ok');
  expect(await act('period.close', { through: '2026-11-30', late: 'refuse' })).toBe('ledger/period-closed');
  await book.close();
});

it('an entry made apart from the close, and ordered behind it, is late everywhere', async () => {
  const { book, act } = await openLedger();
  const verbs = [...ledgerVerbs, rawPut];
  const other = await joinReplica(book as never, { store: newStore(), verbs, role: 'manager', deviceName: 'manager' });
  expect(await closeThrough(act, '2026-11-30', 'route')).toBe('ok');
  // In a pending tail the later id comes later; this clock is behind, so it writes some ops before the one that counts.
  for (let count = 0; count < 40; count++)
    await other.commit('account.open', { account: '1000', kind: 'asset', name: `Cash ${count}` });
  expect(await other.commit('journal.post', entry('1000', '4000', 5, '2026-11-30') as never)).toMatchObject({
    ok: true,
  });
  await exchange(book, other);
  expect(dayBook(book, '2026-11-30')).toEqual([]);
  expect(book.query('SELECT code FROM corrections')).toEqual([{ code: 'ledger/late-entry' }]);
  expect(other.digest()).toEqual(book.digest());
  await other.close();
  await book.close();
});

it('the result of a year is carried once, on the first open day', async () => {
  const { book, act, balance } = await openLedger();
  await act('journal.post', entry('1000', '4000', 900, '2026-12-30'));
  await act('journal.post', entry('6000', '1000', 250, '2026-12-31'));
  const carry = { through: '2026-12-31', retained: '3900', memo: '2026', lines: [gbp('4000', 900), gbp('6000', -250)] };
  expect(await act('period.carry', carry)).toBe('ledger/period-open');
  await closeThrough(act, '2026-12-31', 'route');
  await act('journal.post', entry('1000', '4000', 11, '2027-01-02'));
  expect(await act('period.carry', { ...carry, retained: '4000' })).toBe('ledger/carry-account');
  expect(await act('period.carry', { ...carry, lines: [gbp('1000', 1)] })).toBe('ledger/carry-account');
  expect(await act('period.carry', carry)).toBe('ok');
  expect(await act('period.carry', carry)).toBe('ledger/already-carried');
  expect([balance('3900'), balance('4000'), balance('6000')]).toEqual([-650, -11, 0]);
  expect(dayBook(book, '2027-01-01')).toHaveLength(3);
  await book.close();
});

it('what was carried is not carried again, whichever day is named, unless it is taken back', async () => {
  const { book, act, balance } = await openLedger();
  const [november, december] = ['2026-11-30', '2026-12-31'];
  await act('journal.post', entry('1000', '4000', 900, november));
  await act('journal.post', entry('1000', '4000', 70, december));
  await closeThrough(act, december, 'route');
  const carry = (through: string) =>
    act('period.carry', { through, retained: '3900', memo: '', lines: carryDue(book, { scope: 'hq', through }) });
  const result = () => profitAndLoss(book).map(({ resultMinor }) => resultMinor);
  // Both stand on the same first open day, so the second may not be asked for by days alone.
  expect(await carry(november)).toBe('ok');
  expect(await carry(december)).toBe('ok');
  expect([balance('3900'), balance('4000')]).toEqual([-970, 0]);
  expect(await carry(november)).toBe('ledger/already-carried');
  const [last] = book.query('SELECT op FROM carries WHERE through = ?', [december]);
  expect(await act('journal.reverse', { of: last?.['op'], day: '2027-01-02', memo: '' })).toBe('ok');
  expect([balance('3900'), balance('4000'), ...result()]).toEqual([-900, -70, 970]);
  expect(await carry(december)).toBe('ok');
  expect([balance('3900'), balance('4000'), ...result()]).toEqual([-970, 0, 970]);
  await book.close();
});

it('a carry of other amounts than the closed days came to is found, by its device, whatever is carried after it', async () => {
  const { book, act } = await openLedger();
  const [november, december] = ['2026-11-30', '2026-12-31'];
  const carry = (through: string, lines: readonly object[]) =>
    act('period.carry', { through, retained: '3900', memo: '', lines });
  await act('journal.post', entry('1000', '4000', 900, november));
  await act('journal.post', entry('6000', '1000', 250, november));
  await act('journal.post', entry('1000', '4000', 70, december));
  await closeThrough(act, december, 'route');
  // The fold believes the amounts: forty of rent are hidden among what was sold.
  expect(await carry(november, [gbp('4000', 860), gbp('6000', -210)])).toBe('ok');
  const found = () =>
    carryFaults(book).map((fault) => [fault.account, fault.carriedMinor, fault.dueMinor, fault.device]);
  const { device } = book;
  const faults = [
    ['4000', -860, -900, device],
    ['6000', 210, 250, device],
  ];
  expect(found()).toEqual(faults);
  expect(await carry(december, [...carryDue(book, { scope: 'hq', through: december })])).toBe('ok');
  expect(found()).toEqual(faults);
  const ops = book.query<{ op: string }>('SELECT op FROM carries ORDER BY through').map(({ op }) => op);
  // The one that is right stays right when what came before it is taken back.
  expect(await act('journal.reverse', { of: ops[0], day: '2027-01-02', memo: '' })).toBe('ok');
  expect(found()).toEqual([]);
  await book.close();
});

it('a book begins with balances, one an account and currency', async () => {
  const { book, act, balance } = await openLedger();
  const opening = { day: '2026-01-01', memo: 'opening', equity: '3000', lines: [gbp('1000', 500), gbp('2310', -120)] };
  expect(await act('opening.post', opening)).toBe('ok');
  expect([balance('1000'), balance('2310'), balance('3000')]).toEqual([500, -120, -380]);
  expect(await act('opening.post', { ...opening, lines: [gbp('2310', -1)] })).toBe('ledger/already-opened');
  expect(await act('opening.post', { ...opening, lines: [gbp('1020', 0)] })).toBe('ledger/empty-entry');
  await book.close();
});

it('an entry is taken back once', async () => {
  const { book, act } = await openLedger();
  const posted = await book.commit('journal.post', entry('1000', '4000', 5));
  if (!posted.ok) throw new Error(posted.code);
  const back = { of: posted.id, day: '2026-11-22', memo: 'typo' };
  expect(await act('journal.reverse', back)).toBe('ok');
  expect(trialBalance(book)).toEqual([]);
  expect(await act('journal.reverse', back)).toBe('ledger/already-reversed');
  expect(await act('journal.reverse', { ...back, of: posted.id.replace(/^./, 'f') })).toBe('ledger/unknown-entry');
  await book.close();
});

it.each([
  ['2026-11-30', '2026-12-01'],
  ['2026-12-31', '2027-01-01'],
  ['2028-02-28', '2028-02-29'],
  ['2026-02-28', '2026-03-01'],
  ['0999-12-31', '1000-01-01'],
  ['9999-12-31', undefined],
])('the day after %s is %s', (day, next) => expect(dayAfter(day)).toBe(next));
