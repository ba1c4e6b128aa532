/** A till starts from the image of its rows, in Chromium and in Node, over ever longer logs. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeStore } from '@tallystick/kernel/node';
import { type Engine, openEngine, type Used } from '../browser/engine.ts';
import { buildProgram, runProgram } from '../program.ts';
import { openTill, settleAll, trade } from '../sales.ts';
import { type Case, mustBe, type Suite } from '../suite.ts';
import type { Started } from './program.ts';
import type { Answer, Task } from './task.ts';

export const snapshot: Suite = {
  name: 'snapshot',
  summary: 'a till starts from the image of its rows: time and memory, in Chromium and in Node',
  async prepare(size, folder) {
    const engine = await openEngine(new URL('worker.ts', import.meta.url), folder);
    const program = await buildProgram(new URL('program.ts', import.meta.url), join(folder, 'snapshot'));
    const cases: Case[] = [];
    for (const sales of [size.ops, size.ops * 10]) {
      const log = await makeLog(sales, true, folder);
      cases.push(await browserCase(engine, log), await nodeCase(program, log));
      if (sales === size.ops) cases.push(await browserCase(engine, { ...log, name: `${log.name}-folded` }, false));
    }
    cases.push(await browserCase(engine, await makeLog(size.ops, false, folder)));
    return { cases, close: engine.close };
  },
};

interface Log {
  readonly name: string;
  readonly sales: number;
  readonly book: string;
  readonly relayKey: string;
  /** Where the book file stands. */
  readonly path: string;
  readonly file: Uint8Array;
  readonly digest: string;
}

/** The book file of so many sales. */
async function makeLog(sales: number, isSettled: boolean, folder: string): Promise<Log> {
  const name = `${sales / 1000}k${isSettled ? '' : '-pending'}`;
  const till = await openTill({ store: nodeStore(join(folder, `${name}.db`)) });
  await trade(till, sales);
  if (isSettled) await settleAll(till);
  const { book } = till;
  const [file, path] = [await book.export(), join(folder, `${name}.book`)];
  writeFileSync(path, file);
  const relayKey = book.status().relayKey ?? '';
  const log = { name, sales, book: book.id, relayKey, path, file, digest: book.digest().digest };
  await book.close();
  return log;
}

/** Without an image the whole log is folded at each start. */
async function browserCase(engine: Engine, log: Log, hasImage = true): Promise<Case> {
  const { name, sales, book, relayKey, file, digest } = log;
  const task = (kind: Task['kind']): Task => ({ kind, name, book, relayKey, file: `/${name}` });
  engine.serve(`/${name}`, file);
  const kept = await engine.run<Answer>(task(hasImage ? 'keep' : 'take'));
  mustBe('sales in the browser', kept.sales, sales);
  mustBe('digest in the browser', kept.digest, digest);
  const measured = async (kind: Task['kind']): Promise<Used & { readonly answer: Answer }> => {
    const before = await engine.used();
    let there = before;
    const answer = await engine.run<Answer>(task(kind), async () => void (there = await engine.used()));
    return { answer, memoryMb: there.memoryMb, cpuMs: there.cpuMs - before.cpuMs };
  };
  return {
    figures: [
      { name: `snapshot-browser-${name}`, unit: 'ms' },
      { name: `snapshot-browser-${name}-cpu`, unit: 'ms' },
      { name: `snapshot-browser-${name}-memory`, unit: 'MB' },
    ],
    count: async () => ({ scanned: (await engine.run<Answer>(task('open'))).scanned }),
    run: async () => {
      const idle = await measured('idle');
      const { answer, memoryMb, cpuMs } = await measured('open');
      mustBe('why the image was not used', answer.misfit, hasImage ? '' : 'none');
      // Never nothing: the clock of the processor has steps of a hundredth of a second, and the collector works when it likes.
      return [answer.ms, Math.max(1, cpuMs - idle.cpuMs), Math.max(0.1, memoryMb - idle.memoryMb)];
    },
  };
}

async function nodeCase(program: string, { name, sales, book, relayKey, path, digest }: Log): Promise<Case> {
  const base = `${path}-in-node`;
  const run = async (kind: 'keep' | 'open'): Promise<Started> => {
    const started = await runProgram<Started>(program, [kind, base, book, relayKey, path]);
    mustBe('sales in Node', started.sales, sales);
    mustBe('digest in Node', started.digest, digest);
    return started;
  };
  await run('keep');
  const imageBytes = Math.max(...[0, 1].map((turn) => statSync(`${base}.rows-${turn}`).size));
  const indexBytes = statSync(`${base}.log-index`).size;
  return {
    figures: [
      { name: `snapshot-node-${name}`, unit: 'ms' },
      { name: `snapshot-node-${name}-cpu`, unit: 'ms' },
      { name: `snapshot-node-${name}-rss`, unit: 'MB' },
    ],
    count: async () => ({ scanned: (await run('open')).scanned, imageBytes, indexBytes }),
    run: async () => {
      const { ms, cpuMs, rssMb, misfit } = await run('open');
      mustBe('why the image was not used', misfit, '');
      return [ms, cpuMs, rssMb];
    },
  };
}
