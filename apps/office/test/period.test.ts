// `tally period`, and `tally prove` on a result that was carried by other amounts.
import { expect, it } from 'vitest';
import { openReader } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const data = temporaryFolder();
const period = (...args: string[]) => runTally('period', ...args, '--data', data);
const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });

async function commit(...acts: readonly (readonly [verb: string, args: object])[]): Promise<void> {
  const book = await openReader(homeAt(data));
  for (const [verb, args] of acts)
    expect(await book.commit(verb as never, args as never), verb).toMatchObject({ ok: true });
  await book.close();
}

it('closes a year, carries its result, and is not shown a false one twice', async () => {
  expect((await runTally('init', '--data', data)).status).toBe(0);
  await commit(
    ['account.open', { account: '3900', kind: 'equity', name: 'Retained' }],
    ['journal.post', { day: '2026-12-30', memo: '', lines: [gbp('1000', 900), gbp('4000', -900)] }],
  );
  expect(await period('close', '2026-12-31')).toMatchObject({ status: 1 });
  await commit(['day.open', { day: '2027-01-01' }]);
  expect((await period()).stdout).toBe('Nothing is closed.\n');
  expect(await period('close', '2026-12-31')).toMatchObject({ status: 0 });
  expect(jsonOf(await period('carry', '2026-12-31', '--retained', '3900', '--json'))).toMatchObject({
    lines: [gbp('4000', 900)],
  });
  expect((await period('carry', '2026-12-31', '--retained', '3900')).stdout).toBe('Nothing is to be carried.\n');
  expect(await runTally('prove', '--data', data)).toMatchObject({ status: 0 });
  for (const wrong of [
    ['open', '2026-12-31'],
    ['close'],
    ['carry', '2026-12-31'],
    ['close', '2027-01-01', '--late', 'x'],
  ])
    expect(await period(...wrong), wrong.join(' ')).toMatchObject({ status: 2, stdout: '' });
  // By hand another amount can be said; the fold believes it, the proof does not.
  await commit(
    ['day.open', { day: '2027-02-01' }],
    ['period.close', { through: '2027-01-31', late: 'route' }],
    ['period.carry', { through: '2027-01-31', retained: '3900', memo: '', lines: [gbp('4000', 5)] }],
  );
  const red = await runTally('prove', '--data', data);
  expect(red.status).toBe(1);
  expect(red.stdout).toMatch(/^table carries row hq .*: device [0-9a-f]{64} carried -5 GBP of 4000, which came to 0/);
}, 60_000);
