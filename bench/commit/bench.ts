/** Committing sales on disk: signed, chained, folded, and on the platter before the call returns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CryptoProvider } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { countedCrypto, countPages, countStatements, WorkCounter } from '../counts.ts';
import { anySales, checkSales, openTill, recordsOf, type SaleRequest, type Till, wireBytes } from '../sales.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Size, type Suite, timed } from '../suite.ts';

const WARM_UP = 64;
/** A whole number of batches, and few enough that no checkpoint falls into them. */
const COUNTED = 128;

/** How sales are committed: so many at a time, and whether somebody reads after each. */
interface Manner {
  readonly batch: number;
  readonly reads: boolean;
}

export const commit: Suite = {
  name: 'commit',
  summary: 'sales committed durably in Node: signed, chained, folded, WAL with synchronous=FULL',
  prepare: async (size, folder) => ({
    cases: [
      commitCase('commit-durable-one', { batch: 1, reads: false }, size, folder),
      commitCase('commit-durable-one-read', { batch: 1, reads: true }, size, folder),
      commitCase('commit-durable-32', { batch: 32, reads: false }, size, folder),
    ],
    close: async () => undefined,
  }),
};

function commitCase(name: string, manner: Manner, size: Size, folder: string): Case {
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => {
      const counter = new WorkCounter();
      return onFreshDisk(folder, countedCrypto(nodeCrypto, counter), async (till, path) => {
        await commitAll(till, anySales(till.dice, WARM_UP), manner);
        const before = wireBytes(await recordsOf(till.book));
        const requests = anySales(till.dice, COUNTED);
        let counts = {};
        const pages = await countPages(path, async () => {
          counter.reset();
          await countStatements(counter, () => commitAll(till, requests, manner));
          counts = counter.counts();
        });
        return perOp({ ...counts, pages, bytes: wireBytes(await recordsOf(till.book)) - before }, COUNTED);
      });
    },
    run: () =>
      onFreshDisk(folder, nodeCrypto, async (till) => {
        await commitAll(till, anySales(till.dice, WARM_UP), manner);
        const requests = anySales(till.dice, size.commits);
        const { ms, cpuMs } = await timed(() => commitAll(till, requests, manner));
        checkSales(till.book, WARM_UP + size.commits);
        return [opsPerSecond(size.commits, ms), opsPerSecond(size.commits, cpuMs)];
      }),
  };
}

/** Waits for each commit before it makes the next, as a till does. A read at the end writes what waits, so that all rows are paid for. */
async function commitAll({ book }: Till, requests: readonly SaleRequest[], { batch, reads }: Manner): Promise<void> {
  const read = (): unknown => book.query('SELECT 1 FROM documents LIMIT 1');
  let refused = 0;
  for (let from = 0; from < requests.length; from += batch) {
    if (batch === 1) {
      const { verb, args } = requests[from] as SaleRequest;
      if (!(await book.commit(verb, args)).ok) refused += 1;
      if (reads) read();
    } else {
      for (const answer of await book.commitAll(requests.slice(from, from + batch))) if (!answer.ok) refused += 1;
    }
  }
  read();
  mustBe('refused sales', refused, 0);
}

async function onFreshDisk<T>(
  folder: string,
  crypto: CryptoProvider,
  work: (till: Till, path: string) => Promise<T>,
): Promise<T> {
  const own = await mkdtemp(join(folder, 'commit-'));
  const path = join(own, 'book.db');
  const till = await openTill({ store: nodeStore(path), crypto });
  try {
    return await work(till, path);
  } finally {
    await till.book.close();
    await rm(own, { recursive: true });
  }
}
