/** A till's engine in Chromium that keeps an image of its rows, and one that starts from it. One task a worker. */
import { openBook, type Verb } from '@tallystick/kernel';
import { browserStore } from '@tallystick/kernel/browser';
import { ledgerVerbs } from '@tallystick/ledger';
import { retailVerbs } from '@tallystick/retail';
import initSqlJs, { type SqlJsStatic } from 'sql.js';
import { type Answer, newestSale, type Task } from './task.ts';

const verbs: readonly Verb[] = [...ledgerVerbs, ...retailVerbs];

async function open(sqlite: SqlJsStatic, task: Task) {
  const store = await browserStore(task.name, { sqlite, wait: true });
  const relay = task.relayKey === '' ? {} : { relayKey: task.relayKey };
  return { log: store.log, book: await openBook({ store, verbs, book: task.book as never, ...relay }) };
}

async function run(task: Task): Promise<Answer> {
  const sqlite = await initSqlJs({ locateFile: () => '/sql-wasm.wasm' });
  if (task.kind === 'idle') return { ms: 0, sales: 0, digest: '', misfit: '', scanned: 0 };
  const start = performance.now();
  const { book, log } = await open(sqlite, task);
  if (task.kind === 'open') book.query(newestSale);
  const ms = performance.now() - start;
  if (task.kind !== 'open') await book.import(new Uint8Array(await (await fetch(task.file)).arrayBuffer()));
  if (task.kind === 'keep') await book.saveImage();
  const misfit = book.status().imageMisfit ?? '';
  if (task.kind === 'open') return { ms, sales: 0, digest: '', misfit, scanned: log.scanned };
  const [row] = book.query("SELECT count(*) AS n FROM documents WHERE kind = 'sale'");
  const answer = { ms, sales: Number(row?.['n']), digest: book.digest().digest, misfit, scanned: log.scanned };
  await book.close();
  return answer;
}

self.onmessage = ({ data }: MessageEvent<Task>) => {
  run(data).then(
    (answer) => self.postMessage({ answer }),
    (error: unknown) => self.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
  );
};
