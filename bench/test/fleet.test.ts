// The fleet in miniature: the same days over real HTTP, for their outcome alone.
import { describe, expect, it } from 'vitest';
import { parseFleetAsked, runFleet } from '../fleet/bench.ts';
import { clockedMs } from '../fleet/fleet.ts';

const small = parseFleetAsked(['--tills', '60', '--sales', '10', '--threads', '2']);

it('is clocked from the first request of all its threads to the last answer', () => {
  const apart = [
    { startedMs: 1_000, endedMs: 3_000 },
    { startedMs: 2_500, endedMs: 4_000 },
  ];
  expect(clockedMs(apart)).toBe(3_000);
});

describe('the fleet', () => {
  it('loses no op and no cent, with retries, a killed relay and tills that lost everything', async () => {
    const { results } = await runFleet(small, () => undefined);
    const byName = new Map(results.map((result) => [result.name, result]));
    expect(byName.get('centsOff')).toMatchObject({ median: 0, unit: 'cents' });
    // What hq opens with, an enrolment a till, two messages on each of two days, ten sales, one more on the bad day, twenty prices that all hear of, 500 claims, and those who recovered.
    expect(byName.get('centsOff')?.counts['ops']).toBe(201 + 60 * (1 + 2 * 2 + 10 + 1) + 20 + 500 + 50);
    expect(byName.get('centsOff')?.counts['minor']).toBeGreaterThan(0);
    for (const name of ['two-messages-sqlite', 'full-detail-sqlite', 'bad-day-sqlite', 'tail-fan-out', 'claims'])
      expect(byName.get(name)?.median, name).toBeGreaterThan(0);
    expect(byName.get('two-messages-sqlite')?.counts).toMatchObject({ ops: 120, verifiesPerOp: 1 });
    expect(byName.get('full-detail-sqlite')?.counts).toMatchObject({ ops: 600, verifiesPerOp: 0.1 });
    expect(byName.get('two-messages-sqlite')?.counts['commitsPerOp']).toBeLessThan(1);
  }, 60_000);

  it.each([
    [['--tills', '0'], '--tills is a whole number'],
    [['--engine', 'paper'], 'there is no engine "paper"'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (argv, message) => {
    expect(() => parseFleetAsked(argv)).toThrow(message);
  });
});
