/** A small firm trades for some days as `tally simulate` has it: every device, the relay, vans, faults and the proof at the end. */
import { simulate, type Simulation } from '../../apps/office/src/simulate/simulate.ts';
import { silentProgress } from '../../apps/office/src/progress.ts';
import { type Case, mustBe, opsPerSecond, type Suite, timed } from '../suite.ts';

/** Of the size of a suite, what makes one simulated day. */
const OPS_A_DAY = 1_000;
const BRANCHES = 2;
const TILLS = 2;

export const simulation: Suite = {
  name: 'simulate',
  summary: 'branches with tills and vans trade for some days, with faults, and everything is proved and compared',
  async prepare(size) {
    return { cases: [simulateCase(Math.max(1, Math.round(size.ops / OPS_A_DAY)))], close: async () => undefined };
  },
};

function simulateCase(days: number): Case {
  const name = `simulate-${days}d`;
  const once = (): Promise<Simulation> =>
    simulate({ days, branches: BRANCHES, tills: TILLS, seed: 1, progress: silentProgress });
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ms' },
    ],
    async count() {
      const { ops, devices, scopes, faults } = await once();
      return { ops, devices, scopes, ...faults };
    },
    async run() {
      const { ms, cpuMs, value } = await timed(once);
      mustBe('problems', value.problems.join('; '), '');
      return [opsPerSecond(value.ops, ms), cpuMs];
    },
  };
}
