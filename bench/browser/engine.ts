/** A Chromium with a page from this machine, and work that is sent to a fresh worker of it. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium } from 'playwright-core';
import { build } from 'tsup';
import { chromiumPath } from '../../scripts/test-environment.ts';

export interface Engine {
  /** Has a fresh worker do the task; `whileThere` runs before the worker is ended. */
  run<Answer>(task: object, whileThere?: () => Promise<void>): Promise<Answer>;
  /** Lets workers fetch these bytes. */
  serve(path: string, bytes: Uint8Array): void;
  /** What all pages and workers hold in memory now, and the processor time that they have used. */
  used(): Promise<Used>;
  close(): Promise<void>;
}

export interface Used {
  readonly memoryMb: number;
  /** To a hundredth of a second. */
  readonly cpuMs: number;
}

/** `worker` is built into one minified script. */
export async function openEngine(worker: URL, folder: string): Promise<Engine> {
  const host = await serve(await buildWorker(worker, folder));
  const context = await launch(join(folder, 'profile'));
  const page = await context.newPage();
  await page.goto(host.url);
  const control = await context.browser()?.newBrowserCDPSession();
  if (control === undefined) throw new Error('this Chromium does not say which processes it has');
  const runIn = (task: object, isKept: boolean): Promise<unknown> =>
    page.evaluate(
      async ([sent, keep]) => {
        const there = globalThis as unknown as { worker: Worker };
        there.worker = new Worker('/worker.js', { type: 'module' });
        try {
          return await new Promise((resolve, reject) => {
            there.worker.onerror = ({ message }) => reject(new Error(message));
            there.worker.onmessage = ({ data }: MessageEvent<{ answer: unknown } | { error: string }>) =>
              'answer' in data ? resolve(data.answer) : reject(new Error(data.error));
            there.worker.postMessage(sent);
          });
        } finally {
          if (!keep) there.worker.terminate();
        }
      },
      [task, isKept] as const,
    );
  const end = (): Promise<void> =>
    page.evaluate(() => (globalThis as unknown as { worker: Worker }).worker.terminate());
  return {
    run: async <Answer>(task: object, whileThere?: () => Promise<void>): Promise<Answer> => {
      const answer = (await runIn(task, whileThere !== undefined)) as Answer;
      if (whileThere === undefined) return answer;
      await whileThere();
      await end();
      return answer;
    },
    serve: (path, bytes) => void host.files.set(path, ['application/octet-stream', bytes]),
    used: async () => {
      const { processInfo } = await control.send('SystemInfo.getProcessInfo');
      const renderers = processInfo.filter(({ type }) => type === 'renderer');
      const used = await Promise.all(renderers.map(({ id }) => usedBy(id)));
      return used.reduce((sum, one) => ({
        memoryMb: sum.memoryMb + one.memoryMb,
        cpuMs: sum.cpuMs + one.cpuMs,
      }));
    },
    close: async () => {
      await context.close();
      await host.close();
    },
  };
}

/** Memory of its own that a process holds, without what files back; time in all its threads. */
async function usedBy(pid: number): Promise<Used> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  const kilobytes = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
  // After the name, which is in brackets, the 12th and 13th field: ticks of user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { memoryMb: kilobytes / 1024, cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
}

/** With a profile on the disk: a private window keeps its files in memory, in another process. */
function launch(profile: string): Promise<BrowserContext> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('this needs Chromium; CHROMIUM_PATH may name it');
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
  return chromium.launchPersistentContext(profile, { executablePath, args });
}

/** The worker as an application ships it: one minified script. */
async function buildWorker(worker: URL, folder: string): Promise<string> {
  await build({
    entry: [fileURLToPath(worker)],
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

interface Host {
  readonly url: string;
  readonly files: Map<string, readonly [type: string, body: Uint8Array | string]>;
  close(): Promise<void>;
}

async function serve(worker: string): Promise<Host> {
  const wasm = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
  const files: Host['files'] = new Map([
    ['/', ['text/html', '<!doctype html><title>bench</title>']],
    ['/worker.js', ['text/javascript', await readFile(worker)]],
    ['/sql-wasm.wasm', ['application/wasm', await readFile(wasm)]],
  ]);
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url ?? '') ?? ['text/plain', ''];
    response.writeHead(body === '' ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    files,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}
