/** The till's engine in Chromium: sales committed durably into an OPFS log, and a settled log replayed on sql.js. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { createDice, createLocalRelay } from '@tallystick/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'tsup';
import { chromiumPath } from '../../scripts/test-environment.ts';
import { anySales, openTill, openingRequests, trade } from '../sales.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Size, type Suite } from '../suite.ts';
import type { Answer, Task } from './task.ts';

const LOG = 'bench.log';

export const browser: Suite = {
  name: 'browser',
  summary: 'sales committed durably in Chromium (sql.js, log in OPFS), and a settled log replayed there',
  async prepare(size, folder) {
    const log = await settledLog(size, folder);
    const host = await serve(await buildWorker(folder));
    const engine = await launch();
    const page = await (await engine.newContext()).newPage();
    await page.goto(host.url);
    return {
      cases: [commitCase(page, size), replayCase(page, log)],
      close: async () => {
        await engine.close();
        await host.close();
      },
    };
  },
};

function launch(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('this suite needs Chromium; CHROMIUM_PATH may name it');
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
  return chromium.launch({ executablePath, args });
}

function commitCase(page: Page, { commits }: Size): Case {
  const sales = anySales(createDice(1), commits);
  const task: Task = { kind: 'commit', name: LOG, isCounted: false, opening: openingRequests(), sales };
  const run = async (isCounted: boolean): Promise<Answer> => {
    const answer = await runTask(page, { ...task, isCounted });
    mustBe('sales', answer.ops, commits);
    return answer;
  };
  return {
    figures: [{ name: 'browser-commit-durable-one', unit: 'ops/s' }],
    count: async () => perOp((await run(true)).counts, commits),
    run: async () => [opsPerSecond(commits, (await run(false)).ms)],
  };
}

function replayCase(page: Page, { digest, ops, ...log }: SettledLog): Case {
  const run = async (isCounted: boolean): Promise<Answer> => {
    const answer = await runTask(page, { kind: 'replay', name: LOG, isCounted, ...log });
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

/** Runs a task in a fresh worker of the page. Bytes go as base64: a call into a page takes JSON. */
async function runTask(page: Page, task: Task): Promise<Answer> {
  const plain = task.kind === 'replay' ? { ...task, file: Buffer.from(task.file).toString('base64') } : task;
  return page.evaluate(async (sent) => {
    const bytes = 'file' in sent ? Uint8Array.from(atob(sent.file), (unit) => unit.charCodeAt(0)) : undefined;
    const worker = new Worker('/worker.js', { type: 'module' });
    try {
      return await new Promise<Answer>((resolve, reject) => {
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.onmessage = ({ data }: MessageEvent<{ answer: Answer } | { error: string }>) =>
          'answer' in data ? resolve(data.answer) : reject(new Error(data.error));
        worker.postMessage(bytes === undefined ? sent : { ...sent, file: bytes });
      });
    } finally {
      worker.terminate();
    }
  }, plain);
}

/** The worker as an application ships it: one minified script. */
async function buildWorker(folder: string): Promise<string> {
  await build({
    entry: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    outDir: join(folder, 'browser'),
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    // sql.js asks for these where it runs in Node.
    external: ['fs', 'path', 'crypto'],
    noExternal: [/^(?!fs$|path$|crypto$)/],
    outExtension: () => ({ js: '.js' }),
    minify: true,
    splitting: false,
    config: false,
    clean: false,
    silent: true,
  });
  return join(folder, 'browser', 'worker.js');
}

async function serve(worker: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const wasm = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
  const files: Readonly<Record<string, readonly [type: string, body: Uint8Array | string]>> = {
    '/': ['text/html', '<!doctype html><title>bench</title>'],
    '/worker.js': ['text/javascript', await readFile(worker)],
    '/sql-wasm.wasm': ['application/wasm', await readFile(wasm)],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(body === '' ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}
