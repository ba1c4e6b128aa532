// Two months of a real shop, whose totals were counted independently: the books must say of them what the file says, twice.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isMissing, sharedPath } from '../../../scripts/test-environment.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const file = sharedPath('data/online-retail/online-retail-2010-12-to-2011-01.csv.gz');
const counted = {
  rows: 77_628,
  invoices: 3_501,
  cancellations: 586,
  units: 651_194,
  skus: 3_051,
  netMinor: 130_895_728,
};

describe.skipIf(isMissing('the Online Retail file', file))('two months of a real shop', () => {
  const data = join(temporaryFolder(), 'books');
  const args = ['trade', file ?? '', '--tills', '4', '--embedded', '--data', data, '--json'];
  let first: Record<string, unknown>;

  beforeAll(async () => {
    first = jsonOf(await runTally(...args));
  });

  it('are traded to the penny and the unit', () => {
    expect(first).toMatchObject({ ...counted, trialBalanceMinor: 0, ok: true });
    expect(first['written']).toBeGreaterThanOrEqual(counted.invoices);
  });

  it('fold to one digest in four places', () => {
    const { officeDigest, replayDigest, sqljsDigest, rebuiltDigest } = first;
    expect(officeDigest).toMatch(/^[0-9a-f]{64}$/);
    expect([replayDigest, sqljsDigest, rebuiltDigest]).toEqual([officeDigest, officeDigest, officeDigest]);
  });

  it('are traded a second time to nothing', async () => {
    const { ops, officeDigest, relayRoot } = first;
    expect(jsonOf(await runTally(...args))).toMatchObject({
      ...counted,
      written: 0,
      ops,
      officeDigest,
      relayRoot,
      trialBalanceMinor: 0,
      ok: true,
    });
  });
});
