// A few simulated days: the books come to what happened, the same seed makes the same books, and a difference is told.
import { describe, expect, it } from 'vitest';
import { silentProgress } from '../src/progress.ts';
import { createExpectations } from '../src/simulate/expected.ts';
import { compareTotals, simulate } from '../src/simulate/simulate.ts';
import { jsonOf, runTally } from './tally-process.ts';

const order = { days: 4, branches: 2, tills: 2, seed: 7 };

describe('tally simulate', () => {
  it('comes to what happened, twice the same from one seed, and another from another', async () => {
    const args = ['--days', '4', '--branches', '2', '--tills', '2', '--json'];
    const [one, other] = await Promise.all(['7', '8'].map((seed) => runTally('simulate', ...args, '--seed', seed)));
    const said = jsonOf(one as never);
    expect(said).toMatchObject({ ok: true, problems: [], devices: 9, scopes: 5 });
    expect((said['currencies'] as { sales: number }[]).map(({ sales }) => sales > 0)).toEqual([true, true]);
    const again = await simulate({ ...order, progress: silentProgress });
    expect(again.digest).toBe(said['digest']);
    expect(jsonOf(other as never)['digest']).not.toBe(said['digest']);
  });

  it('refuses what is no number', async () => {
    expect(await runTally('simulate', '--days', '0')).toMatchObject({ status: 2, stdout: '' });
    expect(await runTally('simulate', '--branches', 'many')).toMatchObject({ status: 2, stdout: '' });
  });
});

it('a month that is over is closed, and stays as it was', async () => {
  const year = await simulate({ days: 34, branches: 1, tills: 2, seed: 3, progress: silentProgress });
  expect(year).toMatchObject({ periodsClosed: 1, problems: [] });
  expect(year.faults.copied).toBe(1);
  // A till was cut off meanwhile, and what it sold in the old month stands in the new one.
  expect(year.lateEntries).toBeGreaterThan(0);
});

it('a total and a stock that are not what happened are named', async () => {
  const expected = createExpectations();
  expected.add('GBP', 'soldMinor', 5);
  expected.move('b/001', 'TEA', -1);
  // A book in which nothing was sold.
  const empty = { query: () => [] };
  expect(compareTotals(empty as never, expected)).toEqual([
    'GBP soldMinor: the books have 0, 5 happened',
    'stock of b/001 TEA: the books have 0, -1 it must be',
  ]);
});
