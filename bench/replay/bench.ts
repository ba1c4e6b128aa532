/** Replaying a log of sales from nothing: decode, canonical check, hash, links, one signature a run, fold. */
import { join } from 'node:path';
import { type BookStore, type CryptoProvider, type Replayed, replay as replayLog } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { shopVerbs } from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import { countedCrypto, countedDriver, countStatements, WorkCounter } from '../counts.ts';
import { openTill, recordsOf, settleAll, type Till, trade, wireBytes } from '../sales.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Suite, timed } from '../suite.ts';

export const replay: Suite = {
  name: 'replay',
  summary: 'a settled log of sales, fully verified and folded into an empty database in memory',
  async prepare(size, folder) {
    const till = await openTill({ store: nodeStore(join(folder, 'replay.db')) });
    await trade(till, size.ops);
    await settleAll(till);
    const sqlite = await initSqlJs();
    return {
      cases: [
        replayCase(till, 'replay-better-sqlite3', () => nodeStore(':memory:')),
        replayCase(till, 'replay-sqljs', () => sqljsStore({ sqlite })),
      ],
      close: () => till.book.close(),
    };
  },
};

function replayCase(till: Till, name: string, createStore: () => BookStore): Case {
  const expected = till.book.digest().digest;
  const ops = till.book.log.tip('hq' as never).size;
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => {
      const counter = new WorkCounter();
      const store = createStore();
      // better-sqlite3 is counted at its own statements, the log's among them; sql.js at the driver, with its log in memory.
      const counted = store.sql.name === 'sql.js' ? { ...store, sql: countedDriver(store.sql, counter) } : store;
      counter.reset();
      const replayed = await countStatements(counter, () => run(till, counted, countedCrypto(nodeCrypto, counter)));
      const counts = counter.counts();
      check(replayed, ops, expected);
      await store.close();
      return perOp({ ...counts, bytes: wireBytes(await recordsOf(till.book)) }, ops);
    },
    run: async () => {
      const store = createStore();
      const { ms, cpuMs, value } = await timed(() => run(till, store, nodeCrypto));
      check(value, ops, expected);
      await store.close();
      return [opsPerSecond(ops, ms), opsPerSecond(ops, cpuMs)];
    },
  };
}

function run({ book }: Till, into: BookStore, crypto: CryptoProvider): Promise<Replayed> {
  return replayLog({ from: book.log, into, verbs: shopVerbs, crypto });
}

function check({ ops, problems, digest }: Replayed, expectedOps: number, expectedDigest: string): void {
  mustBe('problems in the log', problems.length, 0);
  mustBe('replayed ops', ops, expectedOps);
  mustBe('digest of the replay', digest.digest, expectedDigest);
}
