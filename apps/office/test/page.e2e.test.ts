// The office's page in a real browser: what it shows, that a sale appears without a reload, and how it says that it lost its relay.
import { join } from 'node:path';
import { createRelayClient } from '@tallystick/relay-protocol';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { deviceKey, enrolDevice, openTill, type ShopBook } from '../src/book.ts';
import { mustCommit, seedShop } from '../src/demo/seed.ts';
import { encodeDeviceText } from '../src/device-text.ts';
import { homeAt } from '../src/home.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { faultsOf } from '../../till/test/axe.ts';
import { temporaryFolder } from './temporary.ts';

const timeoutMs = 60_000;
const day = '2026-03-02';
const openedMs = Date.parse('2026-03-02T09:00:00Z');

describe.skipIf(isMissing('Chromium', chromiumPath()))('the office page', { timeout: timeoutMs }, () => {
  const folder = temporaryFolder();
  let relay: RunningRelay;
  let office: RunningOffice;
  let till: ShopBook;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
    office = await startOffice({
      dataDir: folder,
      relayUrl: relay.url,
      name: 'Corner shop',
      currency: 'GBP',
      syncEveryMs: 100,
    });
    await seedShop(office.book, { day, openedMs });
    const file = homeAt(folder).tillFile(0);
    await enrolDevice(office.book, await deviceKey(file), 'Front till', 'till');
    await office.sync();
    till = await openTill(file, office.book.id, relay.vkey);
    await till.sync(createRelayClient({ url: relay.url }));
    const executablePath = chromiumPath();
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
    browser = await chromium.launch({ args, ...(executablePath === undefined ? {} : { executablePath }) });
    page = await browser.newPage({
      locale: 'en-GB',
      reducedMotion: 'reduce',
      timezoneId: 'Europe/London',
      viewport: { width: 1280, height: 900 },
    });
    page.setDefaultTimeout(15_000);
  }, timeoutMs);
  afterAll(async () => {
    await browser?.close();
    await till?.close();
    await office?.close();
    await relay?.close();
  });

  async function sell(sku: string, priceMinor: number): Promise<void> {
    const line = {
      sku,
      name: `Goods ${sku}`,
      quantity: 1,
      unitPriceMilliMinor: priceMinor * 1_000,
      taxRateBasisPoints: 0,
    };
    const tenders = [{ kind: 'card' as const, amountMinor: priceMinor }];
    const args = { day, currency: 'GBP', taxIncluded: true, lines: [line], tenders };
    mustCommit([await till.commit('sale.complete', args, { at: openedMs + 60_000 })]);
    await till.sync(createRelayClient({ url: relay.url }), { pull: false });
  }

  it('opens on the shop, linked to its relay, without an error in the console', async () => {
    const said: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && said.push(message.text())));
    page.on('pageerror', (error) => void said.push(error.message));
    await page.goto(office.url);
    await page.getByRole('heading', { name: 'Corner shop' }).waitFor();
    await page.locator('#link[data-state=linked]').waitFor();
    await page.locator('#main[aria-busy=false]').waitFor();
    expect(said).toEqual([]);
  });

  it('shows a sale, and its stock, the moment it is in the books', async () => {
    await page.evaluate(() => document.body.setAttribute('data-never-reloaded', 'yes'));
    const size = await page.locator('#strip-size').textContent();
    await sell('BAK-01', 420);
    await page.locator('#figures', { hasText: '£4.20' }).waitFor();
    await page.locator('#documents', { hasText: 'Front till' }).waitFor();
    expect(await page.locator('#strip-size').textContent()).not.toBe(size);
    await page.getByRole('link', { name: 'Stock' }).click();
    await page.getByRole('searchbox').fill('Sourdough');
    await page.locator('#stock-rows tr', { hasText: 'Sourdough loaf' }).getByText('39', { exact: true }).waitFor();
    await sell('BAK-01', 420);
    await page.locator('#stock-rows tr', { hasText: 'Sourdough loaf' }).getByText('38', { exact: true }).waitFor();
    expect(await page.locator('body').getAttribute('data-never-reloaded')).toBe('yes');
  });

  it('shows a trial balance that balances, the devices and the tip of the log', async () => {
    await page.getByRole('link', { name: 'Trial balance' }).click();
    await page.locator('#balance-rows tr', { hasText: 'Sales' }).getByText('8.40').waitFor();
    const total = page.locator('#balance-total .number');
    expect(await total.nth(0).textContent()).toBe(await total.nth(1).textContent());
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.locator('#device-cards', { hasText: 'Front till' }).waitFor();
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.locator('#tip', { hasText: /[0-9a-f]{8}/ }).waitFor();
    await page.getByText('Checkpoint as the relay signed it').click();
    expect(await page.locator('#note').textContent()).toContain(`/${office.book.id}/hq`);
  });

  it('hands out an invitation', async () => {
    await page.getByRole('button', { name: 'Invite a till' }).click();
    await expect.poll(() => page.getByLabel('Link').inputValue()).toMatch(/#join=[\w-]+$/);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  const card = (name: string) => page.locator('#device-cards li', { hasText: name });
  const dialog = () => page.getByRole('dialog');

  it('takes a device in by its text, and changes its own key', async () => {
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('button', { name: 'Enrol by text…' }).click();
    await dialog().getByLabel('Text of the device').fill('tallystick-device-1:00');
    await dialog().getByLabel('Name', { exact: true }).fill('Van 1');
    await dialog().getByLabel('Role').selectOption('van');
    await dialog().getByRole('button', { name: 'Enrol it' }).click();
    await dialog().getByText('is not the key text of a device').waitFor();
    const { publicKey } = await deviceKey(homeAt(join(folder, 'van')).deviceFile);
    await dialog()
      .getByLabel('Text of the device')
      .fill(` ${encodeDeviceText(publicKey)}\n`);
    expect(await faultsOf(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Enrol it' }).click();
    await card('Van 1').getByText('Key not backed up').waitFor();
    const keyOf = (): unknown =>
      office.book.query('SELECT keyId FROM devices WHERE device = ?', [office.book.device])[0];
    const before = keyOf();
    await page.getByRole('button', { name: 'New key for this office…' }).click();
    await dialog().getByRole('button', { name: 'Change the key' }).click();
    await dialog().waitFor({ state: 'hidden' });
    expect(keyOf()).not.toEqual(before);
  });

  it('revokes a till, and lets a person adopt or dismiss what it sold since, with a reason', async () => {
    await card('Front till').getByRole('button', { name: 'Revoke…' }).click();
    await dialog().getByLabel('Why').selectOption('lost');
    await dialog().getByRole('button', { name: 'Revoke Front till' }).click();
    await card('Front till').getByText('Revoked').waitFor();
    expect(office.book.query('SELECT status FROM devices WHERE device = ?', [till.device])).toEqual([
      { status: 'revoked' },
    ]);
    await card('Front till').getByRole('button', { name: 'Replace it…' }).click();
    await page.getByRole('img', { name: 'The same as a QR code' }).waitFor();
    await page.keyboard.press('Escape');

    await sell('BAK-01', 420);
    await sell('BAK-01', 990);
    await page.getByRole('link', { name: 'Waiting (2)' }).click();
    expect(await faultsOf(page)).toEqual([]);
    const waiting = (amount: string) => page.locator('.waiting li', { hasText: amount });
    await waiting('£9.90').getByText('written after the device was revoked').waitFor();
    await waiting('£9.90').getByRole('button', { name: 'Dismiss…' }).click();
    await dialog().getByLabel('Reason').fill('The till was stolen by then');
    await dialog().getByRole('button', { name: 'Dismiss' }).click();
    await waiting('£9.90').waitFor({ state: 'detached' });
    await waiting('£4.20').getByRole('button', { name: 'Adopt…' }).click();
    await dialog().getByRole('button', { name: 'Adopt' }).click();
    await page.getByText('Nothing waits.').waitFor();
    expect(office.book.query('SELECT kind, reason FROM recoveries ORDER BY kind')).toEqual([
      { kind: 'dismissed', reason: 'The till was stolen by then' },
      { kind: 'recovered', reason: '' },
    ]);
    expect(office.book.query('SELECT totalMinor FROM documents WHERE totalMinor = 990')).toEqual([]);
  });

  it('fits a phone, has a dark side, and no fault that axe can find', async () => {
    await page.setViewportSize({ width: 375, height: 740 });
    for (const view of ['sales', 'stock', 'balance', 'devices', 'waiting', 'log']) {
      await page.goto(`${office.url}/#${view}`);
      await page.locator(`#view-${view}`).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect({ view, overflow, faults: await faultsOf(page) }).toEqual({ view, overflow: 0, faults: [] });
    }
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const before = await ground();
    await page.getByRole('button', { name: 'Switch between light and dark' }).click();
    expect(await ground()).not.toBe(before);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('says when the relay is gone and when it is back', async () => {
    const port = Number(new URL(relay.url).port);
    await relay.close();
    await page.locator('#link[data-state=unreachable]').waitFor();
    relay = await startRelay({ dataDir: join(folder, 'relay'), port });
    await page.locator('#link[data-state=linked]').waitFor();
  });
});
