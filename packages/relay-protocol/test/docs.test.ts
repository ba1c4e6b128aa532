// The tables of docs/spec/relay.md are those of the code.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../src/index.ts';
import { statusByCode } from '../src/errors.ts';
import { verdicts, warnings } from '../src/verdict.ts';

const spec = readFileSync(new URL('../../../docs/spec/relay.md', import.meta.url), 'utf8');

describe('spec', () => {
  it('has every refusal with its status', () => {
    for (const [code, status] of Object.entries(statusByCode)) expect(spec).toContain(`| \`${code}\` | ${status} |`);
  });

  it('has every verdict and warning', () => {
    for (const verdict of verdicts) expect(spec).toContain(`| \`${verdict}\` |`);
    for (const warning of warnings) expect(spec).toContain(`\`${warning}\``);
  });

  it('has the limits', () => {
    const { maxBatchOps, maxBatchBytes, maxPageOps, maxPageBytes, maxForks, maxPushesInFlight, maxBooks } =
      defaultLimits;
    expect([maxBatchOps, maxBatchBytes, maxPageOps, maxPageBytes]).toEqual([1_000, 4 << 20, 2_000, 4 << 20]);
    expect([maxForks, maxPushesInFlight, maxBooks, defaultLimits.maxScopes]).toEqual([256, 1_024, 10_000, 10_000]);
    for (const value of ['1,000', '4 MiB', '2,000 and 4 MiB', '256', '1,024', '128 MiB', '10,000 each']) {
      expect(spec).toContain(`| ${value} |`);
    }
  });
});
