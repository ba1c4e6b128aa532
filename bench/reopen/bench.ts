/** A device starts again: opens its database, verifies the log and reads every op. The start of the process is not in the figure. */
import { join } from 'node:path';
import { nodeStore } from '@tallystick/kernel/node';
import { buildProgram, runProgram } from '../program.ts';
import { openTill, recordsOf, settleAll, trade } from '../sales.ts';
import { type Case, mustBe, type Suite } from '../suite.ts';
import type { Reopened } from './program.ts';

export const reopen: Suite = {
  name: 'reopen',
  summary: 'a settled log of sales on disk: open, verify, read every op, in a fresh process',
  async prepare(size, folder) {
    const path = join(folder, 'reopen.db');
    const till = await openTill({ store: nodeStore(path) });
    await trade(till, size.ops);
    await settleAll(till);
    const expected = { digest: till.book.digest().digest, ops: (await recordsOf(till.book)).length };
    await till.book.close();
    const program = await buildProgram(new URL('program.ts', import.meta.url), join(folder, 'reopen'));
    const run = async (...args: readonly string[]): Promise<Reopened> => {
      const reopened = await runProgram<Reopened>(program, [path, ...args]);
      mustBe('problems in the log', reopened.problems, 0);
      mustBe('ops read', reopened.ops, expected.ops);
      mustBe('digest after reopening', reopened.digest, expected.digest);
      return reopened;
    };
    const name = `reopen-${size.ops / 1000}k`;
    const caseOf = (caseName: string, reading: 'once' | 'apart'): Case => ({
      figures: [
        { name: caseName, unit: 'ms' },
        { name: `${caseName}-cpu`, unit: 'ms' },
      ],
      count: async () => (await run(reading, 'count')).counts,
      run: async () => {
        const { ms, cpuMs } = await run(reading);
        return [ms, cpuMs];
      },
    });
    return { cases: [caseOf(name, 'apart'), caseOf(`${name}-once`, 'once')], close: async () => undefined };
  },
};
