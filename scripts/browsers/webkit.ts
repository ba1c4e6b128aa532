// WebKitGTK by its own W3C WebDriver server, on a virtual display of its own.
// Protocol: https://www.w3.org/TR/webdriver2/, as much of it as opening one page takes.
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-ports.ts';
import { OwnedProcess } from './owned.ts';

const startDeadlineMs = 60_000;
const startPollMs = 20;

export interface WebKitPaths {
  readonly driver: string;
  readonly xvfb: string;
}

/** Opens a page at `url`. `folder` is empty, and becomes the home of everything that runs. */
export async function openInWebKit(
  { driver, xvfb }: WebKitPaths,
  url: string,
  folder: string,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const display = await startDisplay(stack, xvfb);
  // The driver does not say which port it took, so it is told one.
  const port = await freePort();
  const env = { ...process.env, ...homeIn(folder), DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: '1' };
  const server = stack.use(new OwnedProcess(driver, [`--port=${port}`], { env, stdio: 'ignore' }));
  const base = `http://127.0.0.1:${port}`;
  await Promise.race([untilReady(base), server.failure()]);
  const capabilities = { alwaysMatch: { pageLoadStrategy: 'none' } };
  const { sessionId } = (await ask(`${base}/session`, 'POST', { capabilities })) as { sessionId: string };
  stack.defer(async () => {
    await ask(`${base}/session/${sessionId}`, 'DELETE');
  });
  await ask(`${base}/session/${sessionId}/url`, 'POST', { url });
  return stack.move();
}

/** Opens a page in the plain browser, which nobody drives: one that is driven keeps nothing on the disk. `folder` is its home, and may be that of an earlier run. */
export async function openInMiniBrowser(
  { browser, xvfb }: { readonly browser: string; readonly xvfb: string },
  url: string,
  folder: string,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const display = await startDisplay(stack, xvfb);
  const env = { ...process.env, ...homeIn(folder), DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: '1' };
  stack.use(new OwnedProcess(browser, [url], { env, stdio: 'ignore' }));
  return stack.move();
}

/** The display that a new X server found free, such as `:1`. */
async function startDisplay(stack: AsyncDisposableStack, xvfb: string): Promise<string> {
  const args = ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp'];
  const server = stack.use(new OwnedProcess(xvfb, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] }));
  const numbers = server.child.stdio[3] as Readable;
  const [number] = (await Promise.race([once(numbers, 'data'), server.failure()])) as [Buffer];
  return `:${number.toString().trim()}`;
}

/** Folders and switches that keep a desktop program inside `folder`, off the accessibility bus and off the session bus. */
function homeIn(folder: string): Record<string, string> {
  const paths: Record<string, string> = { HOME: folder };
  for (const kind of ['CONFIG_HOME', 'CACHE_HOME', 'DATA_HOME', 'STATE_HOME', 'RUNTIME_DIR']) {
    const path = join(folder, kind.toLowerCase());
    mkdirSync(path, { recursive: true, mode: 0o700 });
    paths[`XDG_${kind}`] = path;
  }
  return {
    ...paths,
    GTK_A11Y: 'none',
    NO_AT_BRIDGE: '1',
    GSETTINGS_BACKEND: 'memory',
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
  };
}

async function untilReady(base: string): Promise<void> {
  const deadline = AbortSignal.timeout(startDeadlineMs);
  while (!(await isReady(base))) {
    deadline.throwIfAborted();
    await delay(startPollMs);
  }
}

async function isReady(base: string): Promise<boolean> {
  try {
    return ((await ask(`${base}/status`, 'GET')) as { ready: boolean }).ready;
  } catch (error) {
    // Not listening yet.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function ask(url: string, method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<unknown> {
  const signal = AbortSignal.timeout(startDeadlineMs);
  const response = await fetch(url, { method, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok) throw new Error(`WebDriver: ${method} ${new URL(url).pathname} answered ${JSON.stringify(value)}`);
  return value;
}
