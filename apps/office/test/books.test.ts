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
