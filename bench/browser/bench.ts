/** The till's engine in Chromium: sales committed durably into an OPFS log, and a settled log replayed on sql.js. */
import { join } from 'node:path';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { createDice, createLocalRelay } from '@tallystick/testkit';
import { anySales, openTill, openingRequests, trade } from '../sales.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Size, type Suite } from '../suite.ts';
import { type Engine, openEngine } from './engine.ts';
import type { Answer, Task } from './task.ts';

const LOG = 'bench.log';

export const browser: Suite = {
  name: 'browser',
  summary: 'sales committed durably in Chromium (sql.js, log in OPFS), and a settled log replayed there',
  async prepare(size, folder) {
    const log = await settledLog(size, folder);
    const engine = await openEngine(new URL('worker.ts', import.meta.url), folder);
    return { cases: [commitCase(engine, size), replayCase(engine, log)], close: engine.close };
  },
};

function commitCase(engine: Engine, { commits }: Size): Case {
  const sales = anySales(createDice(1), commits);
  const task: Task = { kind: 'commit', name: LOG, isCounted: false, opening: openingRequests(), sales };
  const run = async (isCounted: boolean): Promise<Answer> => {
    const answer = await engine.run<Answer>({ ...task, isCounted } satisfies Task);
    mustBe('sales', answer.ops, commits);
    return answer;
  };
  return {
    figures: [{ name: 'browser-commit-durable-one', unit: 'ops/s' }],
    count: async () => perOp((await run(true)).counts, commits),
    run: async () => [opsPerSecond(commits, (await run(false)).ms)],
  };
}

function replayCase(engine: Engine, { digest, ops, file, ...log }: SettledLog): Case {
  engine.serve('/log', file);
  const run = async (isCounted: boolean): Promise<Answer> => {
    const task: Task = { kind: 'replay', name: LOG, isCounted, ...log, file: '/log' };
    const answer = await engine.run<Answer>(task);
    mustBe('replayed ops', answer.ops, ops);
    mustBe('digest of the replay', answer.digest, digest);
    return answer;
  };
  return {
    figures: [{ name: 'browser-replay', unit: 'ops/s' }],
    count: async () => perOp((await run(true)).counts, ops),
    run: async () => [opsPerSecond(ops, (await run(false)).ms)],
  };
}

interface SettledLog {
  readonly book: string;
  readonly relayKey: string;
  readonly file: Uint8Array;
  readonly digest: string;
  readonly ops: number;
}

/** A book file whose ops all have positions, and what it must fold to. */
async function settledLog({ ops: sales }: Size, folder: string): Promise<SettledLog> {
  const till = await openTill({ store: nodeStore(join(folder, 'browser.db')) });
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  await trade(till, sales);
  await till.book.sync(relay.client());
  const { book } = till;
  const ops = book.log.tip('hq' as never).size;
  const log = { book: book.id, relayKey: relay.vkey, file: await book.export(), digest: book.digest().digest, ops };
  await relay.close();
  await book.close();
  return log;
}
