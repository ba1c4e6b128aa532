// What the end-to-end tests share: the built app on a local port, a Chromium, and the hands of a seller.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page, type Route } from 'playwright-core';
import { chromiumPath } from '../../../scripts/test-environment.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const dist: string = join(root, 'dist');
const buildLock = join(root, 'node_modules/.build-for-tests');

const typeByExtension: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** Builds the app unless dist is newer than every source of it and of the packages it bundles. */
export function buildOnce(): void {
  while (existsSync(buildLock) || !isBuilt()) {
    if (takeBuildLock()) return buildAndUnlock();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function buildAndUnlock(): void {
  try {
    if (!isBuilt()) build();
  } finally {
    rmSync(buildLock, { force: true });
  }
}

function isBuilt(): boolean {
  const sources = ['apps/till/src', 'apps/till/public', 'packages'].map((path) => join(root, '../..', path));
  const files = ['index.html', 'vite.config.ts'].map((name) => statSync(join(root, name)).mtimeMs);
  const newest = Math.max(...sources.map(newestUnder), ...files);
  const built = join(dist, 'sw.js');
  return existsSync(built) && statSync(built).mtimeMs > newest;
}

/** Test files run in processes of their own, and two builds at a time would empty each other's folder. */
function takeBuildLock(): boolean {
  try {
    writeFileSync(buildLock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isAlive(buildLock)) rmSync(buildLock, { force: true });
    return false;
  }
}

/** False for a lock whose holder was killed. */
function isAlive(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    // Between its making and its writing a lock names nobody yet.
    return holder === 0 || process.kill(holder, 0);
  } catch {
    return false;
  }
}

function build(): void {
  // A test run names its own environment, which must not reach the build.
  const env = { ...process.env, NODE_ENV: 'production' };
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: root, stdio: 'inherit', env });
}

function newestUnder(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => !/(^|\/)(node_modules|dist|test)(\/|$)/.test(file));
  return Math.max(0, ...sources.map((file) => statSync(join(folder, file)).mtimeMs));
}

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveDist(folder: string = dist): Promise<Served> {
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = join(folder, pathname === '/' ? 'index.html' : pathname);
    readFile(path).then(
      (body) => response.writeHead(200, { 'content-type': typeByExtension[extname(path)] ?? '' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

/** The next workers of this device, so many, run `prelude` before their own code. The device must not keep the app itself. */
export async function breakNextWorker(context: BrowserContext, prelude: string, times = 1): Promise<void> {
  const breakIt = async (route: Route): Promise<void> => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `{ ${prelude} }\n${await response.text()}` });
  };
  // A script that comes from here and not from the network may ask the office on this machine only if it is told so.
  await context.grantPermissions(['local-network-access']);
  await context.route(/\/assets\/worker-[^/]*\.js$/, breakIt, { times });
}

/** For a worker in which nothing comes that would come after just so long. */
export function withoutTimer(ms: number): string {
  return `const { setTimeout: real } = globalThis;
    globalThis.setTimeout = (work, ms, ...rest) => (ms === ${ms} ? 0 : real(work, ms, ...rest));`;
}

/** Without movement: every frame of it is drawn by the processor here. */
const counter = {
  locale: 'en-GB',
  timezoneId: 'Europe/London',
  viewport: { width: 1280, height: 800 },
  reducedMotion: 'reduce',
} as const;

export function launch(...moreArgs: readonly string[]): Promise<Browser> {
  const { args, ...options } = launchOptions();
  return chromium.launch({ ...options, args: [...args, ...moreArgs] });
}

/** Only a device that `startsOffline` keeps the app itself: filling that cache costs as much as the till's own start. */
export async function newDevice(browser: Browser, { startsOffline = false } = {}): Promise<BrowserContext> {
  return patient(await browser.newContext({ ...counter, serviceWorkers: startsOffline ? 'allow' : 'block' }));
}

/** On a busy machine a screen takes its time; a wait that is met ends at once. */
export function patient(context: BrowserContext): BrowserContext {
  context.setDefaultTimeout(60_000);
  return context;
}

/** Waits until the till can start without a network. */
export async function keepsTheApp(page: Page): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
}

/** A browser of its own whose profile stays on disk: a device that can be killed, started again and copied. */
export async function openProfile(folder: string): Promise<BrowserContext> {
  const options = { ...launchOptions(), ...counter, serviceWorkers: 'block' } as const;
  return patient(await chromium.launchPersistentContext(folder, options));
}

/** Kills the browser of a profile without a word of warning, and waits until it is gone. */
export async function killBrowser(context: BrowserContext, folder: string): Promise<void> {
  const gone = new Promise((resolve) => context.once('close', resolve));
  // The lock names its holder as `host-pid`.
  const holder = await readlink(join(folder, 'SingletonLock'));
  process.kill(Number(holder.slice(holder.lastIndexOf('-') + 1)), 'SIGKILL');
  await gone;
}

function launchOptions(): { readonly args: string[]; readonly executablePath?: string } {
  // Without a graphics processor Chromium acts as if there were one, which takes a tenth of the time of a whole test.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-gpu'];
  const executablePath = chromiumPath();
  return { args, ...(executablePath === undefined ? {} : { executablePath }) };
}

/** A till of its own, opened and ready to sell, its drawer still closed. */
export async function openAlone(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: 'Try it alone' }).click();
  await page.getByLabel('Currency').selectOption('GBP');
  await page.getByRole('button', { name: 'Open the till' }).click();
  await tile(page, 'Flat white').waitFor();
  return page;
}

export function tile(page: Page, name: string): ReturnType<Page['locator']> {
  return page.locator('.tile', { hasText: name });
}

export async function openDrawer(page: Page, float: string): Promise<void> {
  await page.getByRole('button', { name: 'Drawer', exact: true }).click();
  await page.getByRole('button', { name: 'Open the drawer' }).click();
  await page.getByLabel('Float in the drawer').fill(float);
  await page.getByRole('dialog').getByRole('button', { name: 'Open the drawer' }).click();
  await page.getByRole('button', { name: 'Count and close' }).waitFor();
  await page.getByRole('button', { name: 'Sell', exact: true }).click();
}

/** Rings up one of each, takes cash for exactly the total, and answers the document's number. On a phone by way of the cart bar. */
export async function sell(page: Page, ...names: readonly string[]): Promise<string> {
  for (const name of names) await tile(page, name).click();
  await openCart(page);
  await page
    .getByRole('button', { name: /^Charge/ })
    .last()
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
  await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
  const number = (await page.locator('.saved-number').textContent()) ?? '';
  await page.getByRole('button', { name: 'New sale' }).click();
  return number;
}

/** What the documents that are listed under "Sales" come to, in hundredths: a till says no sum before its drawer is counted. */
export async function listedMinor(page: Page): Promise<number> {
  const totals = await page.locator('.document-total').allTextContents();
  return totals.reduce((sum, text) => sum + Number(text.replaceAll(/[^\d-]/g, '')), 0);
}

/** On a phone the cart is behind a bar: brings it up there, and answers whether it had to. There must be something in it. */
export async function openCart(page: Page): Promise<boolean> {
  const bar = page.locator('.cart-bar');
  const charge = page.getByRole('button', { name: /^Charge/ });
  await bar.or(charge).filter({ visible: true }).first().waitFor();
  const isBehindBar = await bar.isVisible();
  if (isBehindBar) await bar.click();
  return isBehindBar;
}

/** Leaves the till for a page of the same origin without the app on it, and waits until its worker has let go of the log. */
export async function leaveTill(page: Page, url: string): Promise<void> {
  await page.goto(new URL('icon.svg', url).href);
  await page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    const file = await folder.getFileHandle('tallystick.log');
    const isFree = (): Promise<boolean> =>
      file.createWritable().then(
        async (writer) => {
          await writer.abort();
          return true;
        },
        (error: DOMException) => {
          if (error.name === 'NoModificationAllowedError') return false;
          throw error;
        },
      );
    // A worker that has been ended is gone a moment later than its page.
    while (!(await isFree())) await new Promise((resolve) => setTimeout(resolve, 20));
  });
}

/** Changes the till's log file while no tab holds it, closes the page, and answers what the file is now. */
export async function editLog(page: Page, url: string, edit: (log: Buffer) => Buffer): Promise<Buffer> {
  await leaveTill(page, url);
  const text = await page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    const file = await (await folder.getFileHandle('tallystick.log')).getFile();
    const bytes = new Uint8Array(await file.arrayBuffer());
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  });
  const edited = edit(Buffer.from(text, 'latin1'));
  await page.evaluate(async (latin1) => {
    const folder = await navigator.storage.getDirectory();
    const writer = await (await folder.getFileHandle('tallystick.log')).createWritable();
    await writer.write(Uint8Array.from(latin1, (char) => char.charCodeAt(0)));
    await writer.close();
  }, edited.toString('latin1'));
  await page.close();
  return edited;
}

/** A platform authenticator with PRF whose person always agrees. */
export async function addAuthenticator(control: CDPSession): Promise<void> {
  await control.send('WebAuthn.enable');
  await control.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}
