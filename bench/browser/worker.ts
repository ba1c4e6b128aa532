/** The work that is measured inside Chromium: a book on sql.js whose log is an OPFS file, in a worker, as the till runs it. One task a worker. */
import { openBook, replay, type SqlDriver, type Verb } from '@tallystick/kernel';
import { openOpfsFile } from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { portableHasher } from '@tallystick/chain';
import { ledgerVerbs } from '@tallystick/ledger';
import type { AppendFile } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { retailVerbs } from '@tallystick/retail';
import { choosePlatformEd25519, createMemoryKeyStore } from '@tallystick/sign';
import initSqlJs from 'sql.js';
import type { Answer, Request, Task } from './task.ts';

const counts = { statements: 0, flushes: 0 };

function counted(driver: SqlDriver): SqlDriver {
  return {
    ...driver,
    prepare: (sql) => {
      const statement = driver.prepare(sql);
      const count = <P, R>(work: (params: P) => R) => {
        return (params: P): R => {
          counts.statements += 1;
          return work(params);
        };
      };
      return { run: count(statement.run), get: count(statement.get), iterate: count(statement.iterate) };
    },
  };
}

function countedFile(file: AppendFile): AppendFile {
  return {
    ...file,
    flush: () => {
      counts.flushes += 1;
      file.flush();
    },
  };
}

async function openTask(task: Task) {
  const verbs: readonly Verb[] = [...ledgerVerbs, ...retailVerbs];
  const crypto = { hasher: portableHasher, ed25519: await choosePlatformEd25519() };
  const sqlite = await initSqlJs({ locateFile: () => '/sql-wasm.wasm' });
  const file = await openOpfsFile(task.name);
  file.truncate(0);
  const store = sqljsStore({
    sqlite,
    log: createFileLogStore(task.isCounted ? countedFile(file) : file),
    keys: createMemoryKeyStore(crypto.ed25519, crypto.hasher),
  });
  const sql = task.isCounted ? counted(store.sql) : store.sql;
  const joins = task.kind === 'replay' ? { book: task.book as never, relayKey: task.relayKey } : {};
  const book = await openBook({ store: { ...store, sql }, verbs, crypto, name: 'Bench', ...joins });
  return { book, verbs, crypto, sqlite };
}

async function commitAll(book: Awaited<ReturnType<typeof openTask>>['book'], requests: readonly Request[]) {
  for (const { verb, args } of requests) {
    const { ok } = await book.commit(verb, args);
    if (!ok) throw new Error(`${verb} was refused`);
  }
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

async function run(task: Task): Promise<Answer> {
  const { book, verbs, crypto, sqlite } = await openTask(task);
  if (task.kind === 'commit') {
    await commitAll(book, task.opening);
    Object.assign(counts, { statements: 0, flushes: 0 });
    const start = performance.now();
    await commitAll(book, task.sales);
    const ms = performance.now() - start;
    const [row] = book.query("SELECT count(*) AS n FROM documents WHERE kind = 'sale'");
    return { ms, ops: Number(row?.['n']), digest: '', counts: { ...counts } };
  }
  const { settled } = await book.import(await bytesAt(task.file));
  const into = sqljsStore({ sqlite });
  const sql = task.isCounted ? counted(into.sql) : into.sql;
  Object.assign(counts, { statements: 0, flushes: 0 });
  const start = performance.now();
  const replayed = await replay({ from: book.log, into: { ...into, sql }, verbs, crypto });
  const ms = performance.now() - start;
  const work = { ...counts };
  if (replayed.problems.length > 0 || replayed.ops !== settled) throw new Error('the log did not verify');
  return { ms, ops: replayed.ops, digest: replayed.digest.digest, counts: work };
}

self.onmessage = ({ data }: MessageEvent<Task>) => {
  run(data).then(
    (answer) => self.postMessage({ answer }),
    (error: unknown) => self.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
  );
};
