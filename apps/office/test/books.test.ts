// `tally books` now and at the end of a business day.
import { expect, it } from 'vitest';
import { openReader } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const data = temporaryFolder();

async function post(amountMinor: number, day: string): Promise<void> {
  const book = await openReader(homeAt(data));
  await book.commit('day.open', { day });
  const lines = [
    { account: '1000', currency: 'GBP', amountMinor },
    { account: '4000', currency: 'GBP', amountMinor: -amountMinor },
  ];
  expect(await book.commit('journal.post', { day, memo: '', lines })).toMatchObject({ ok: true });
  await book.close();
}

it('shows the books as they stood, and refuses what is no day', async () => {
  expect((await runTally('init', '--data', data)).status).toBe(0);
  await post(500, '2026-03-02');
  const then = jsonOf(await runTally('books', '--data', data, '--json'));
  await post(70, '2026-03-03');
  const asked = jsonOf(await runTally('books', '--data', data, '--at', '2026-03-02', '--json'));
  expect(asked).toEqual({ ...then, at: '2026-03-02' });
  const now = jsonOf(await runTally('books', '--data', data, '--json'))['trialBalance'];
  expect(now).toMatchObject([{ amountMinor: 570 }, { amountMinor: -570 }]);
  expect(jsonOf(await runTally('books', '--data', data, '--at', '2026-03-01', '--json'))['trialBalance']).toEqual([]);
  expect(await runTally('books', '--data', data, '--at', 'monday')).toMatchObject({ status: 2, stdout: '' });
});

it('shows one report of the ledger, as text and as JSON, and refuses what is none', async () => {
  const books = (...args: string[]) => runTally('books', ...args, '--data', data);
  const json = async (...args: string[]) => jsonOf(await books(...args, '--json'));
  expect(await json('trial')).toMatchObject({ trialBalance: [{ amountMinor: 570 }, { amountMinor: -570 }] });
  expect(await json('trial', '--to', '2026-03-02')).toMatchObject({ trialBalance: [{ amountMinor: 500 }, {}] });
  expect(await json('day', '2026-03-03')).toMatchObject({ postings: [{ amountMinor: 70 }, { amountMinor: -70 }] });
  expect(await json('statement', '1000', '--from', '2026-03-03')).toMatchObject({
    statements: [{ openingMinor: 500, closingMinor: 570 }],
  });
  expect(await json('profit')).toMatchObject({ profitAndLoss: [{ resultMinor: 570 }] });
  expect(await json('balance', '--at', '2026-03-02')).toMatchObject({ balanceSheet: [{ resultMinor: 500 }] });
  expect(await json('aged')).toMatchObject({ at: '2026-03-03', aged: [] });
  expect(await json('late')).toEqual({ late: [] });
  for (const report of ['trial', 'profit', 'balance', 'aged', 'late'])
    expect(await books(report), report).toMatchObject({ status: 0, stderr: '' });
  expect((await books('statement', '1000')).stdout).toMatch(/Closing balance +5\.70/);
  expect((await books('export', '--format', 'hledger')).stdout).toMatch(/ {4}Assets:1000 {2}0\.70 GBP\n/);
  for (const wrong of [
    ['tax'],
    ['trial', 'x'],
    ['day'],
    ['statement'],
    ['export'],
    ['trial', '--format', 'ledger'],
    ['--from', '2026-03-03'],
  ])
    expect(await books(...wrong), wrong.join(' ')).toMatchObject({ status: 2, stdout: '' });
});
