/** Two replicas that traded apart meet: one takes in the file of the other, verifies, persists and folds it. */
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeStore } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { buildProgram, runProgram } from '../program.ts';
import { checkSales, openTill, trade } from '../sales.ts';
import { mustBe, type Size, type Suite } from '../suite.ts';
import type { Merged } from './program.ts';

export const merge: Suite = {
  name: 'merge',
  summary: 'a replica of so many sales takes in the book file of another: verify, persist, fold, in a fresh process',
  async prepare(size, folder) {
    const source = join(folder, 'first.db');
    const file = join(folder, 'second.book');
    const digest = await tradeApart(size, folder, source, file);
    const program = await buildProgram(new URL('program.ts', import.meta.url), join(folder, 'merge'));
    const run = async (...args: readonly string[]): Promise<Merged> => {
      const copy = join(folder, 'copy.db');
      await copyFile(source, copy);
      const merged = await runProgram<Merged>(program, [copy, file, ...args]);
      for (const suffix of ['', '-wal', '-shm']) await rm(`${copy}${suffix}`, { force: true });
      mustBe('ops added', merged.added, size.ops);
      mustBe('records not taken', merged.aside, 0);
      mustBe('digest after the merge', merged.digest, digest);
      return merged;
    };
    const name = `merge-${size.ops / 1000}k-${size.ops / 1000}k`;
    const one = {
      figures: [
        { name, unit: 'ms' },
        { name: `${name}-cpu`, unit: 'ms' },
        { name: `${name}-rss`, unit: 'MB' },
      ] as const,
      count: async () => (await run('count')).counts,
      run: async () => {
        const { ms, cpuMs, rssMb } = await run();
        return [ms, cpuMs, rssMb];
      },
    };
    return { cases: [one], close: async () => undefined };
  },
};

/** Two devices of one book, each with sales that the other has not seen. Answers the digest that both must come to. */
async function tradeApart(size: Size, folder: string, source: string, file: string): Promise<string> {
  const first = await openTill({ store: nodeStore(source) });
  const keysOfSecond = await openTill({ store: nodeStore(':memory:'), device: 2 });
  const key = await keysOfSecond.keys.load('device');
  await keysOfSecond.book.close();
  if (key === undefined) throw new Error('the second till has no key');
  const enrolled = await first.book.commit('device.enroll', {
    device: key.device,
    key: encodeHex(key.publicKey),
    name: 'till 2',
    role: 'till',
  });
  mustBe('the enrolment', enrolled.ok, true);
  const second = await openTill({
    store: nodeStore(join(folder, 'second.db')),
    device: 2,
    book: first.book.id,
  });
  await second.book.import(await first.book.export());
  await trade(first, size.ops);
  await trade(second, size.ops);
  await writeFile(file, await second.book.export());
  await second.book.import(await first.book.export());
  checkSales(second.book, 2 * size.ops);
  const { digest } = second.book.digest();
  await first.book.close();
  await second.book.close();
  return digest;
}
