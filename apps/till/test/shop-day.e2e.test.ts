// A day in a shop with a real relay and a real office: a till joins by invitation, sells with the network off, starts again
// offline, comes back, and the office's books show the sale.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningOffice, startOffice } from '@tallystick-app/office';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { buildOnce, dist, launch, newDevice, openDrawer, sell, tile } from './browser.ts';
import { officeShows, saleAt, stockShop } from './shop.ts';

const timeoutMs = 90_000;

describe.skipIf(isMissing('Chromium', chromiumPath()))('a day in the shop', { timeout: timeoutMs }, () => {
  let folder: string;
  let relay: RunningRelay;
  let office: RunningOffice;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    buildOnce();
    folder = await mkdtemp(join(tmpdir(), 'tallystick-day-'));
    relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
    office = await startOffice({
      dataDir: join(folder, 'office'),
      relayUrl: relay.url,
      tillDist: dist,
      currency: 'GBP',
    });
    await stockShop(office);
    browser = await launch();
    context = await newDevice(browser);
    page = await context.newPage();
  }, timeoutMs);
  afterAll(async () => {
    await browser?.close();
    await office?.close();
    await relay?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('joins by its invitation, which then lets nobody else in', async () => {
    const invitation = office.invite();
    await page.goto(invitation);
    await page.getByLabel('Name of this till').fill('till-7');
    await page.getByRole('button', { name: 'Join the shop' }).click();
    await page.getByRole('button', { name: 'Skip for now' }).click();
    await tile(page, 'Flat white').waitFor();
    await page.locator('.link-chip', { hasText: 'Up to date' }).waitFor();
    expect(page.url()).not.toContain('join');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));

    const stranger = await newDevice(browser);
    const other = await stranger.newPage();
    await other.goto(invitation);
    await other.getByRole('button', { name: 'Join the shop' }).click();
    await other.getByRole('button', { name: 'Skip for now' }).click();
    await other.getByText('This invitation was used already.').waitFor();
    await stranger.close();
  });

  it('says in plain words how far a sale has come', async () => {
    await openDrawer(page, '100');
    const number = await sell(page, 'Flat white');
    expect(number).toMatch(/^INV\/till-7\//);
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await page.locator('.document', { hasText: number }).locator('[data-stage=settled]').waitFor();
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
  });

  it('sells with the network off, says so truly, and has the sale after a start without a network', async () => {
    await context.setOffline(true);
    await page.getByText('No network.', { exact: true }).waitFor();
    const number = await sell(page, 'Flat white', 'Sourdough');
    await page.locator('.link-chip', { hasText: 'No network, 1 to send' }).waitFor();
    await page.reload();
    await page.locator('.link-chip', { hasText: 'No network, 1 to send' }).waitFor();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    const row = page.locator('.document', { hasText: number });
    expect(await row.locator('.stage').textContent()).toBe('Saved on this till');
    expect(saleAt(office, number)).toBeUndefined();
    expect(await warnsOnLeaving(page)).toBe('beforeunload');

    await context.setOffline(false);
    await row.locator('[data-stage=settled]').waitFor();
    await expect.poll(() => saleAt(office, number), { timeout: 20_000 }).toBe(840);
    expect(await officeShows(office, number)).toBe(840);
    await expect.poll(() => stockAt(office, 'B04'), { timeout: 20_000 }).toBe(11);
  });

  it('tells a silent relay from a dead network', async () => {
    const { port } = new URL(relay.url);
    await relay.close();
    await page.getByText('The network is up, but the relay does not answer.').waitFor();
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    const number = await sell(page, 'Flat white');
    relay = await startRelay({ dataDir: join(folder, 'relay'), port: Number(port) });
    await page.getByRole('button', { name: 'This till', exact: true }).click();
    await page.getByRole('button', { name: 'Sync now' }).click();
    await expect.poll(() => saleAt(office, number), { timeout: 30_000 }).toBe(360);
  });

  it('shows a price the office changed meanwhile', async () => {
    await office.book.commit('price.set', { sku: 'C02', currency: 'GBP', unitPriceMilliMinor: 375_000 });
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await tile(page, '£3.75').waitFor();
  });
});

/** Tries to close the tab, stays, and answers what the browser asked. */
async function warnsOnLeaving(page: Page): Promise<string> {
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  await dialog.dismiss();
  return dialog.type();
}

function stockAt({ book }: RunningOffice, sku: string): unknown {
  return book.query('SELECT onHand FROM stock WHERE sku = ?', [sku])[0]?.['onHand'];
}
