// What goes wrong between a till and the rest of its shop: a relay that errs or stalls, a relay and an office that are gone,
// a log that lost what the relay has, a wrong clock, a copied device.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOffice } from '@tallystick-app/office';
import { startRelay } from '@tallystick-app/relay';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { buildOnce, copyWithWorker, dist, editLog, openDrawer, openProfile, sell, tile } from './browser.ts';
import { joinShop, type LineState, officeShows, openTestShop, saleAt, type TestShop } from './shop.ts';

const timeoutMs = 120_000;
const pollMs = { timeout: 30_000 };

describe.skipIf(isMissing('Chromium', chromiumPath()))(
  'a till and the rest of its shop',
  { timeout: timeoutMs },
  () => {
    let folder: string;
    let shop: TestShop;
    let context: BrowserContext;
    let page: Page;

    beforeAll(buildOnce, timeoutMs);
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tallystick-faults-'));
    });
    afterEach(async () => {
      await context.close();
      await shop.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }, timeoutMs);

    async function open(tillDist?: string): Promise<void> {
      shop = await openTestShop(folder, tillDist);
      context = await openProfile(join(folder, 'till'));
      page = await context.newPage();
      await joinShop(page, shop.office, 'till-1');
      await openDrawer(page, '50');
    }

    it.each<LineState>(['error', 'garbage', 'silence'])('sells on while the relay answers with %s', async (state) => {
      await open();
      await page.locator('.link-chip', { hasText: 'Up to date' }).waitFor();
      shop.line.state = state;
      const number = await sell(page, 'Flat white');
      await expect.poll(() => shop.line.requests, pollMs).toBeGreaterThan(0);
      const other = await sell(page, 'Sourdough');
      expect(await stageOf(page, number)).not.toBe('settled');
      await page.getByText('The network is up, but the relay does not answer.').waitFor();
      expect(saleAt(shop.office, number)).toBeUndefined();
      shop.line.state = 'pass';
      await page.getByRole('button', { name: 'This till', exact: true }).click();
      await page.getByRole('button', { name: 'Sync now' }).click();
      await expect.poll(() => saleAt(shop.office, number), pollMs).toBe(360);
      await expect.poll(() => saleAt(shop.office, other), pollMs).toBe(480);
      await page.locator('.banner', { hasText: 'relay' }).waitFor({ state: 'detached' });
      expect(shop.office.book.query('SELECT 1 FROM documents WHERE number = ?', [number])).toHaveLength(1);
    });

    it('outlives relay, office and network together, over a reload, and loses nothing', async () => {
      await open();
      const { office, relay } = shop;
      const ports = { port: portOf(office.url), tillPort: portOf(office.tillUrl ?? '') };
      await context.setOffline(true);
      await office.close();
      await relay.close();
      const number = await sell(page, 'Flat white', 'Sourdough');
      await page.reload();
      await page.locator('.link-chip', { hasText: 'No network, 1 to send' }).waitFor();
      expect(await stageOf(page, number)).toBe('local');
      await context.setOffline(false);
      await page.getByText('The network is up, but the relay does not answer.').waitFor();

      const relayAgain = await startRelay({ dataDir: join(folder, 'relay'), port: portOf(relay.url) });
      const officeAgain = await startOffice({
        ...ports,
        dataDir: join(folder, 'office'),
        relayUrl: shop.line.url,
        tillDist: dist,
        syncEveryMs: 200,
      });
      shop = { ...shop, office: officeAgain, relay: relayAgain, close: closeAll(shop, officeAgain, relayAgain) };
      await expect.poll(() => officeShows(officeAgain, number), pollMs).toBe(840);
      await row(page, number).locator('[data-stage=settled]').waitFor();
      expect(await row(page, number).locator('.document-total').textContent()).toBe('£8.40');
    });

    it('fetches what its damaged log lost before it writes on, so that no two sales share a number', async () => {
      await open();
      const number = await sell(page, 'Flat white');
      await expect.poll(() => saleAt(shop.office, number), pollMs).toBe(360);
      const { tillUrl = '' } = shop.office;
      // From the middle of the sale on: its receipt and its position are gone with it.
      await editLog(page, tillUrl, (log) => log.subarray(0, log.lastIndexOf('sale.complete@1')));
      shop.line.state = 'error';
      page = await context.newPage();
      await page.goto(tillUrl);
      await page.getByText('The till sells again once it has reached the relay.').waitFor();
      await tile(page, 'Flat white').click();
      await page.getByRole('button', { name: /^Charge/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
      await page.getByText('This till must reach the relay once before it may sell again.').waitFor();
      await page.getByRole('button', { name: 'Back to the cart' }).click();
      shop.line.state = 'pass';
      await page.getByText('compare it with your paper').waitFor();
      await page.getByText('The till sells again once it has reached the relay.').waitFor({ state: 'detached' });
      const next = await sell(page);
      expect(next).not.toBe(number);
      await expect.poll(() => saleAt(shop.office, next), pollMs).toBe(360);
      expect(shop.office.book.query('SELECT code FROM refusals')).toEqual([]);
    });

    it.each([
      ['behind', -7],
      ['ahead', 5],
    ] as const)('says that its clock is years %s, and sells all the same', async (word, years) => {
      const tillDist = join(folder, 'dist');
      await setClock(tillDist, years * 365 * 24 * 3_600_000);
      await open(tillDist);
      const number = await sell(page, 'Flat white');
      await expect.poll(() => saleAt(shop.office, number), pollMs).toBe(360);
      await page.getByText(`The clock of this device is ${word}.`).waitFor();
      const year = new Date().getFullYear() + years;
      expect(number).toContain(`/${year}-`);
      const committed = await shop.office.book.commit('price.set', {
        sku: 'C02',
        currency: 'GBP',
        unitPriceMilliMinor: 375_000,
      });
      if (!committed.ok) throw new Error(committed.code);
      expect(mintedYear(committed.id)).toBe(new Date().getFullYear());
      await tile(page, '£3.75').waitFor();
    });

    it('names a copied device on both screens, and counts what each half sold once both go on as new tills', async () => {
      await open();
      const { tillUrl = '' } = shop.office;
      await page.locator('.link-chip', { hasText: 'Up to date' }).waitFor();
      await context.close();
      await cp(join(folder, 'till'), join(folder, 'copy'), { recursive: true });
      context = await openProfile(join(folder, 'till'));
      page = await context.newPage();
      await page.goto(tillUrl);
      const number = await sell(page, 'Flat white');
      await expect.poll(() => saleAt(shop.office, number), pollMs).toBe(360);

      shop.line.state = 'error';
      const copyContext = await openProfile(join(folder, 'copy'));
      try {
        const copy = await copyContext.newPage();
        await copy.goto(tillUrl);
        expect(await sell(copy, 'Sourdough')).toBe(number);
        shop.line.state = 'pass';
        await copy.getByRole('alert').filter({ hasText: 'This till was copied' }).waitFor();
        await copy.getByRole('button', { name: 'This till', exact: true }).click();
        const lost = copy.locator('.refusals li');
        await lost.waitFor();
        expect(await lost.textContent()).toContain('£4.80');
        await page.getByRole('alert').filter({ hasText: 'This till was copied' }).waitFor(pollMs);
        await expect.poll(() => forksAt(shop), pollMs).toEqual(['sale.complete@1']);
        expect(saleAt(shop.office, number)).toBe(360);

        await goOn(copy, shop, 'till-1-b');
        await expect.poll(() => totalsAt(shop), pollMs).toEqual([360, 480]);
        await goOn(page, shop, 'till-1-c');
        for (const till of [page, copy]) {
          await openDrawer(till, '0');
          const next = await sell(till, 'Flat white');
          await expect.poll(() => saleAt(shop.office, next), pollMs).toBe(360);
        }
        expect(totalsAt(shop)).toEqual([360, 360, 360, 480]);
        expect(shop.office.book.quarantine()).toEqual([]);
      } finally {
        await copyContext.close();
      }
    });
  },
);

function closeAll(shop: TestShop, ...running: readonly { close(): Promise<void> }[]): () => Promise<void> {
  return async () => {
    for (const one of running) await one.close();
    await shop.line.close();
  };
}

function row(page: Page, number: string): Locator {
  return page.locator('.document', { hasText: number });
}

/** How far the till says a document has come. Leaves the sales on the screen. */
async function stageOf(page: Page, number: string): Promise<string | null> {
  await page.getByRole('button', { name: 'Sales', exact: true }).click();
  return row(page, number).locator('.stage').getAttribute('data-stage');
}

function forksAt({ office }: TestShop): readonly unknown[] {
  return office.book.query("SELECT verb FROM refusals WHERE code = 'kernel/fork'").map((refusal) => refusal['verb']);
}

/** Goes on as a new till in the place of till-1. */
async function goOn(till: Page, { office }: TestShop, name: string): Promise<void> {
  const [row] = office.book.query<{ device: string }>("SELECT device FROM devices WHERE name = 'till-1'");
  await till.getByRole('button', { name: 'Sell', exact: true }).click();
  await till.locator('.ended').getByRole('button', { name: 'Go on as a new till' }).click();
  await till.getByLabel('Invitation').fill(office.invite(60_000, row?.device));
  await till.getByLabel('Name of the new till').fill(name);
  await till.getByRole('button', { name: 'Go on', exact: true }).click();
  await till.getByRole('button', { name: 'Skip for now' }).click();
  await tile(till, 'Flat white').waitFor();
}

function totalsAt({ office }: TestShop): readonly unknown[] {
  const sales = office.book.query("SELECT totalMinor FROM documents WHERE kind = 'sale' ORDER BY totalMinor");
  return sales.map((sale) => sale['totalMinor']);
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function mintedYear(id: string): number {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).getFullYear();
}

/** A copy of the built till whose worker's clock is off by so much. */
function setClock(folder: string, offMs: number): Promise<void> {
  return copyWithWorker(
    folder,
    `const Real = Date; globalThis.Date = class extends Real {
      constructor(...parts) { parts.length === 0 ? super(Real.now() + ${offMs}) : super(...parts); }
      static now() { return Real.now() + ${offMs}; } };`,
  );
}
