/** Verifying a stored log without folding it: one signature a run, against every op's own. */
import { join } from 'node:path';
import { type CryptoProvider, type VerifyReport, verifyLog } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { countedCrypto, countStatements, WorkCounter } from '../counts.ts';
import { hq, openTill, recordsOf, settleAll, type Till, trade, wireBytes } from '../sales.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Suite, timed } from '../suite.ts';

export const verify: Suite = {
  name: 'verify',
  summary:
    'a settled log of sales: canonical text, hashes, links, Merkle root, and signatures by the run or one by one',
  async prepare(size, folder) {
    const till = await openTill({ store: nodeStore(join(folder, 'verify.db')) });
    await trade(till, size.ops);
    await settleAll(till);
    return {
      cases: [verifyCase(till, 'verify-runs', false), verifyCase(till, 'verify-every', true)],
      close: () => till.book.close(),
    };
  },
};

function verifyCase({ book }: Till, name: string, every: boolean): Case {
  const ops = book.log.tip(hq).size;
  const run = (crypto: CryptoProvider): Promise<VerifyReport> => verifyLog(book.log, crypto, { every });
  const check = (report: VerifyReport): void => {
    mustBe('problems in the log', report.problems.length, 0);
    mustBe('verified ops', report.ops, ops);
  };
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => {
      const counter = new WorkCounter();
      const report = await countStatements(counter, () => run(countedCrypto(nodeCrypto, counter)));
      const counts = counter.counts();
      check(report);
      return perOp({ ...counts, bytes: wireBytes(await recordsOf(book)) }, ops);
    },
    run: async () => {
      const { ms, cpuMs, value } = await timed(() => run(nodeCrypto));
      check(value);
      return [opsPerSecond(ops, ms), opsPerSecond(ops, cpuMs)];
    },
  };
}
