// The browser example in a Chromium, as a person uses it: sells, closes, opens without a network, sells in two tabs, and meets the
// Node example at its relay.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { createFolder, OwnedProcess } from './browsers/owned.ts';
import { chromiumPath } from './test-environment.ts';

const site = 'http://127.0.0.1:4173';
const relay = 'http://127.0.0.1:7101';
const waitMs = 60_000;

/** `folder` holds the example, installed; `office` the Node example, installed and built. */
export async function driveBrowserExample(folder: string, office: string): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('there is no Chromium to run it in');
  await using stack = new AsyncDisposableStack();
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: ['ignore', 2, 2] });
  const preview = serve(folder, ['node_modules/vite/bin/vite.js', 'preview', '--port', '4173', '--host', '127.0.0.1']);
  stack.use(preview);
  await listening(4173, preview);
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
  const launch = (profile: string, serviceWorkers: 'allow' | 'block' = 'allow'): Promise<BrowserContext> =>
    chromium.launchPersistentContext(profile, { executablePath, args, headless: true, serviceWorkers });

  const own = stack.adopt(await launch(createFolder(stack)), (context) => context.close());
  await sellAlone(own);
  // Nobody serves the page any more, and nothing else is reachable.
  await own.setOffline(true);
  await sellOffline(own);
  await own.setOffline(false);

  const bare = stack.adopt(await launch(createFolder(stack), 'block'), (context) => context.close());
  await missPart(bare);

  const shop = createFolder(stack);
  const cli = (...words: string[]): string =>
    execFileSync(process.execPath, [join(office, 'dist/pos.js'), ...words], { cwd: shop, encoding: 'utf8' }).trim();
  cli('price', 'tea', '250', 'Tea');
  const server = serve(shop, [join(office, 'dist/relay.js')]);
  stack.use(server);
  await listening(7101, server);
  const till = stack.adopt(await launch(createFolder(stack)), (context) => context.close());
  await joinShop(till, cli);
}

async function sellAlone(context: BrowserContext): Promise<void> {
  const page = await open(context, site);
  await page.getByLabel('Name').fill('Tea');
  await page.getByLabel('Price').fill('2.50');
  await page.getByLabel('Quantity').fill('12');
  await page.getByRole('button', { name: 'Take in' }).click();
  await onHand(page, 12);
  await sell(page, 11);
  await page.reload();
  await onHand(page, 11);
  await page.locator('#facts', { hasText: 'opfs' }).waitFor({ timeout: waitMs });
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.close();
}

async function sellOffline(context: BrowserContext): Promise<void> {
  const page = await open(context, site);
  await sell(page, 10);
  // Nobody has asked for a proof yet, so what makes it has never run here.
  await prove(page, 'rows are those of the');
  await page.reload();
  await onHand(page, 10);
  // A second tab sees the same book, sells on it, and goes on with it when the first is closed.
  const other = await open(context, site);
  await onHand(other, 10);
  await sell(other, 9);
  await onHand(page, 9);
  await page.close();
  await sell(other, 8);
  await other.reload();
  await onHand(other, 8);
  assert.equal(await other.locator('#sales li').count(), 4);
  await other.close();
}

/** Without the service worker's copy, a part that cannot be had is said by its code, and costs nothing else. */
async function missPart(context: BrowserContext): Promise<void> {
  const part = /part-seldom/;
  let missed = 0;
  await context.route(part, (route) => {
    missed += 1;
    return route.abort();
  });
  const page = await open(context, site);
  await page.getByLabel('Name').fill('Tea');
  await page.getByLabel('Price').fill('2.50');
  await page.getByLabel('Quantity').fill('12');
  await page.getByRole('button', { name: 'Take in' }).click();
  await onHand(page, 12);
  assert.equal(missed, 0, 'nothing asks for the part before it is needed');
  await prove(page, 'the part "seldom" of the kernel cannot be loaded');
  assert.ok(missed > 0);
  await sell(page, 11);
  await context.unroute(part);
  await page.reload();
  await onHand(page, 11);
  await prove(page, 'rows are those of the');
}

async function prove(page: Page, answer: string): Promise<void> {
  await page.getByRole('button', { name: 'Prove the books' }).click({ timeout: waitMs });
  await page.locator('#status', { hasText: answer }).waitFor({ timeout: waitMs });
}

async function joinShop(context: BrowserContext, cli: (...words: string[]) => string): Promise<void> {
  const page = await open(context, `${site}/?book=${cli('book')}`);
  const card = page.locator('#facts dd').nth(1);
  await card.waitFor({ timeout: waitMs });
  cli('enroll', (await card.textContent()) ?? '', 'browser');
  cli('sync', relay);
  await sync(page);
  await sell(page, -1);
  await sync(page);
  await page.getByText('browser: 0 waiting for a relay').waitFor({ timeout: waitMs });
  cli('sync', relay);
  assert.equal(cli('sales'), 'browser: 1 tea, 2.50');
}

async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function sell(page: Page, left: number): Promise<void> {
  await page.getByRole('button', { name: 'Sell Tea' }).click({ timeout: waitMs });
  await onHand(page, left);
}

async function onHand(page: Page, count: number): Promise<void> {
  await page.getByRole('cell', { name: String(count), exact: true }).waitFor({ timeout: waitMs });
}

async function sync(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sync' }).click({ timeout: waitMs });
}

function serve(cwd: string, args: readonly string[]): OwnedProcess {
  mkdirSync(cwd, { recursive: true });
  return new OwnedProcess(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Resolves when somebody listens on the port. */
async function listening(port: number, server: OwnedProcess): Promise<void> {
  const poll = async (): Promise<void> => {
    while (!(await isTaken(port))) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await Promise.race([poll(), server.failure()]);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
