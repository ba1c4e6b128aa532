/** Whether a sale costs the same however long the log is: committed one by one on books of ever more settled ops. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { createLocalRelay } from '@tallystick/testkit';
import { countPages, countStatements, WorkCounter } from '../counts.ts';
import { anySales, checkSales, openTill, type Till, trade } from '../sales.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Size, type Suite, timed } from '../suite.ts';

/** Ops that get their positions in one exchange while a log is made: a day of a busy till. */
const DAY = 2_000;
const COMMITS = 64;
const COUNTED = 32;

interface Shelf {
  readonly till: Till;
  readonly path: string;
  readonly ops: number;
  sales: number;
  close(): Promise<void>;
}

export const scale: Suite = {
  name: 'scale',
  summary: 'sales committed durably one by one on logs of 1,000 settled ops, ten times as many, and so on',
  async prepare(size, folder) {
    const shelves: Shelf[] = [];
    for (const ops of sizesOf(size)) shelves.push(await createShelf(ops, folder));
    return {
      cases: shelves.map((shelf) => scaleCase(shelf)),
      close: async () => {
        for (const shelf of shelves) await shelf.close();
      },
    };
  },
};

/** Powers of ten up to the size asked for, two of them at least. */
function sizesOf({ ops }: Size): readonly number[] {
  const sizes = [ops];
  for (let smaller = ops / 10; smaller >= 1_000 || sizes.length < 2; smaller /= 10) sizes.unshift(smaller);
  return sizes;
}

/** A book on disk whose `ops` first ops have their positions. */
async function createShelf(ops: number, folder: string): Promise<Shelf> {
  const path = join(await mkdtemp(join(folder, 'scale-')), 'book.db');
  const till = await openTill({ store: nodeStore(path) });
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  let sales = 0;
  while (sales < ops) {
    const count = Math.min(DAY, ops - sales);
    await trade(till, count);
    await till.book.sync(relay.client());
    sales += count;
  }
  await relay.close();
  mustBe('ops without a position', till.book.pendingOps().length, 0);
  return { till, path, ops, sales, close: () => till.book.close() };
}

function scaleCase(shelf: Shelf): Case {
  const name = `scale-commit-${shelf.ops >= 1_000 ? `${shelf.ops / 1_000}k` : shelf.ops}`;
  const { book, dice } = shelf.till;
  const commit = async (count: number): Promise<void> => {
    for (const { verb, args } of anySales(dice, count)) mustBe('a sale', (await book.commit(verb, args)).ok, true);
    // What waits is written, so that all rows are paid for.
    book.query('SELECT 1 FROM documents LIMIT 1');
    shelf.sales += count;
  };
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => {
      const counter = new WorkCounter();
      const pages = await countPages(shelf.path, () => countStatements(counter, () => commit(COUNTED)));
      checkSales(book, shelf.sales);
      const { statements, fsyncs } = counter.counts();
      return perOp({ statements: statements ?? 0, fsyncs: fsyncs ?? 0, pages }, COUNTED);
    },
    run: async () => {
      const { ms, cpuMs } = await timed(() => commit(COMMITS));
      return [opsPerSecond(COMMITS, ms), opsPerSecond(COMMITS, cpuMs)];
    },
  };
}
