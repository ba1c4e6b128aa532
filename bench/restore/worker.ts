/** A till that comes back from a file in Chromium and sells. One task a worker. */
import type { Book, Verb } from '@tallystick/kernel';
import { browserStore } from '@tallystick/kernel/browser';
import { ledgerVerbs } from '@tallystick/ledger';
import { decodeHex } from '@tallystick/oplog';
import { filesOf, judgeBackups, restoreBook } from '@tallystick/recovery';
import { retailVerbs } from '@tallystick/retail';
import { createMemoryKeyStore } from '@tallystick/sign';
import initSqlJs from 'sql.js';
import { loadNeeded } from '../../apps/till/src/engine/later-rows.ts';
import type { Answer, Task } from './task.ts';

const verbs: readonly Verb[] = [...ledgerVerbs, ...retailVerbs];

const gapMs = 200;

/** Brings the rest, with a sale now and then; answers how long each of these took. */
async function sellBeside(book: Book, { sale }: Task): Promise<readonly number[]> {
  const took: number[] = [];
  const rest = { isComing: true, here: book.loadRest() };
  const ended = rest.here.finally(() => (rest.isComing = false));
  while (rest.isComing) {
    await new Promise((resolve) => setTimeout(resolve, gapMs));
    const start = performance.now();
    const { ok } = await book.commit(sale.verb, sale.args);
    if (!ok) throw new Error('a sale was refused');
    took.push(performance.now() - start);
  }
  await ended;
  return took;
}

async function run(task: Task): Promise<Answer> {
  const sqlite = await initSqlJs({ locateFile: () => '/sql-wasm.wasm' });
  if (task.kind === 'idle') return { ms: 0, restMs: 0, besideMs: [], sales: 0 };
  const bytes = new Uint8Array(await (await fetch(task.file)).arrayBuffer());
  const start = performance.now();
  const store = await browserStore(task.name, { sqlite, wait: true });
  const { crypto } = store;
  if (crypto === undefined) throw new Error('the store has no crypto');
  const seeded = { ...crypto.ed25519, generate: () => crypto.ed25519.fromSeed(decodeHex(task.seed)) };
  const { chosen } = await judgeBackups(filesOf('backup', bytes).files, {
    openers: [{ kind: 'organisation', identity: task.identity }],
    crypto,
  });
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book } = await restoreBook({
    chosen,
    store,
    keys: createMemoryKeyStore(seeded, crypto.hasher),
    verbs,
    ...(task.hotBytes === 0 ? {} : { hotBytes: task.hotBytes }),
  });
  await loadNeeded(book);
  await book.anchor();
  const sold = await book.commit(task.sale.verb, task.sale.args);
  const ms = performance.now() - start;
  if (!sold.ok) throw new Error(`the sale was refused: ${sold.code}`);
  const besideMs = task.hotBytes === 0 ? [] : await sellBeside(book, task);
  const restMs = task.hotBytes === 0 ? 0 : performance.now() - start - ms;
  const [row] = await book.read("SELECT count(*) AS n FROM documents WHERE kind = 'sale'");
  await book.close();
  return { ms, restMs, besideMs, sales: Number(row?.['n']) };
}

self.onmessage = ({ data }: MessageEvent<Task>) => {
  run(data).then(
    (answer) => self.postMessage({ answer }),
    (error: unknown) => self.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
  );
};
