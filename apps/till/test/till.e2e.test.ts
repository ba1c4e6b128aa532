// The built till in a real Chromium, on this device alone: what a shop would notice if it broke.
import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { keepsTheApp, launch, listedMinor, newDevice, openAlone, openDrawer, sell, tile } from './browser.ts';
import { tillForAll } from './for-all.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('the till alone', () => {
  const till = tillForAll();
  let context: BrowserContext;
  let page: Page;

  beforeEach(async () => {
    context = await newDevice(till.browser);
    page = await openAlone(context, till.url);
  });
  afterEach(() => context.close());

  it('sells offline, starts again offline, and still has the sale under the same number', async () => {
    await context.close();
    context = await newDevice(till.browser, { startsOffline: true });
    page = await openAlone(context, till.url);
    await keepsTheApp(page);
    await openDrawer(page, '100');
    await context.setOffline(true);
    const number = await sell(page, 'Flat white', 'Butter croissant');
    expect(number).toMatch(/^INV\/till-1\/\d{4}-\d{2}-\d{2}\/1$/);
    await page.reload();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    const row = page.locator('.document', { hasText: number });
    await expect.poll(() => row.locator('.document-total').textContent()).toBe('£6.10');
    await expect.poll(() => row.locator('.stage').textContent()).toBe('Saved on this till');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    expect(await sell(page, 'Espresso')).toMatch(/\/2$/);
    // Nobody has exported here yet, so the part of the kernel that does it comes now, from the copy that this device keeps.
    expect((await exportAll(page)).toString('latin1')).toContain('"sale.complete@1"');
  });

  it('keeps the cart over a reload, and does not sell it twice when the answer was lost', async () => {
    await openDrawer(page, '0');
    await tile(page, 'Flat white').click();
    await page.reload();
    await page.locator('.cart-line', { hasText: 'Flat white' }).waitFor();
    const draft = await page.evaluate(() => localStorage.getItem('tallystick/cart'));
    await page.getByRole('button', { name: /^Charge/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
    await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
    // As if the tab had died between the flush and the answer: the draft of the sold cart is still there.
    await page.evaluate((text) => localStorage.setItem('tallystick/cart', text ?? ''), draft);
    await page.reload();
    await page.getByText('The last sale was saved: INV/').waitFor();
    await expect.poll(() => page.locator('.cart-line').count()).toBe(0);
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await expect.poll(() => page.locator('.document').count()).toBe(1);
  });

  it('lets a second tab look only, and hands over when the first closes', async () => {
    await openDrawer(page, '0');
    const number = await sell(page, 'Flat white');
    const second = await context.newPage();
    await second.goto(till.url);
    await second.getByRole('heading', { name: 'The till is open in another tab' }).waitFor();
    await second.getByText(number).waitFor();
    expect(await second.getByRole('button', { name: /^Charge/ }).count()).toBe(0);
    const next = await sell(page, 'Espresso');
    await second.getByText(next).waitFor();
    await page.close();
    await tile(second, 'Flat white').waitFor();
    expect(await sell(second, 'Espresso')).toMatch(/\/3$/);
  });

  it('hands over when asked, with the cart', async () => {
    await tile(page, 'Flat white').click();
    const second = await context.newPage();
    await second.goto(till.url);
    await second.getByRole('button', { name: 'Use the till here instead' }).click();
    await second.locator('.cart-line', { hasText: 'Flat white' }).waitFor();
    await page.getByRole('heading', { name: 'The till is open in another tab' }).waitFor();
  });

  it('sells by keyboard alone', async () => {
    const keys = page.keyboard;
    await keys.type('3*esp');
    await keys.press('Enter');
    await keys.type('creme');
    await keys.press('Enter');
    await keys.press('Enter');
    await page.getByRole('heading', { name: 'Open the drawer' }).waitFor();
    await keys.type('50');
    await keys.press('Enter');
    await page.getByRole('heading', { name: 'Payment' }).waitFor();
    await keys.type('20');
    await keys.press('Enter');
    await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
    expect(await page.locator('.saved-amount').textContent()).toBe('£8.70');
    await keys.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await keys.type('flat');
    await expect.poll(() => page.getByLabel('Search goods').inputValue()).toBe('flat');
  });

  it('refunds a part, voids a sale, and counts the drawer to the cent', async () => {
    await openDrawer(page, '100');
    await sell(page, 'Flat white', 'Butter croissant');
    const voided = await sell(page, 'Espresso');
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await page.locator('.document').last().click();
    await page.getByRole('button', { name: 'Refund' }).click();
    await page.getByRole('button', { name: 'One more Butter croissant' }).click();
    await page.getByRole('button', { name: 'Damaged' }).click();
    await page.getByRole('button', { name: 'Refund cash' }).click();
    await page.getByText('1 returned').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.locator('.document', { hasText: voided }).click();
    await page.getByRole('button', { name: 'Void' }).click();
    await page.getByRole('button', { name: 'Rung up by mistake' }).click();
    await page.getByRole('button', { name: 'Void the sale' }).click();
    await page.locator('.receipt-stamp').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => listedMinor(page)).toBe(360);
    expect(await page.locator('.totals-amount').count()).toBe(0);
    await page.getByRole('button', { name: 'Drawer', exact: true }).click();
    await page.getByRole('button', { name: 'Count and close' }).click();
    await page.getByLabel('Counted in the drawer').fill('103.50');
    await page.getByRole('button', { name: 'Close the drawer' }).click();
    await page.getByText('£0.10 short').waitFor();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await expect.poll(() => page.locator('.totals-amount').textContent()).toBe('£3.60');
  });

  it('says what is wrong where a browser gives it neither storage nor keys', async () => {
    const other = await launch('--host-resolver-rules=MAP till.example 127.0.0.1');
    try {
      const plain = await other.newPage();
      await plain.goto(till.url.replace('127.0.0.1', 'till.example'));
      await plain.getByRole('heading', { name: 'The till cannot start here' }).waitFor();
      await plain.getByText('Open it by an https address').waitFor();
    } finally {
      await other.close();
    }
  });

  it('starts without a flash of emptiness, and nothing jumps', async () => {
    await openDrawer(page, '0');
    await tile(page, 'Flat white').click();
    await page.addInitScript(watchStart);
    await page.reload();
    await page.locator('.cart-line', { hasText: 'Flat white' }).waitFor();
    // What is on the page now has been drawn.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const { frames, empty, shift } = await page.evaluate(() => (globalThis as unknown as { start: StartRecord }).start);
    expect(frames).toBeGreaterThan(0);
    expect(empty).toEqual([]);
    expect(shift).toBeLessThan(0.05);
  });

  it('exports the whole log as a book file', async () => {
    const file = await exportAll(page);
    expect(file.subarray(0, file.indexOf('\n')).toString()).toContain('"tallystick":"book/1"');
  });

  it('says so loudly when the device cannot save, keeps the cart, and sells it once when it can again', async () => {
    await openDrawer(page, '0');
    await sell(page, 'Espresso');
    const control = await context.newCDPSession(page);
    const { origin } = new URL(till.url);
    await control.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await tile(page, 'Flat white').click();
    await page.getByRole('button', { name: /^Charge/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
    await page.getByRole('heading', { name: 'Not saved' }).waitFor();
    expect(await page.getByRole('dialog').getByRole('alert').textContent()).toContain('The sale was not saved.');
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export everything saved so far' }).click();
    const file = await readFile(await (await downloading).path());
    expect(file.toString('latin1')).toContain('"sale.complete@1"');
    await page.getByRole('button', { name: 'Back to the cart' }).click();
    await page.getByText('This device cannot save.').waitFor();
    expect(await page.locator('.cart-line').count()).toBe(1);
    await control.send('Storage.overrideQuotaForOrigin', { origin });
    expect(await sell(page)).toMatch(/\/2$/);
    await page.getByText('This device cannot save.').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await expect.poll(() => page.locator('.document').count()).toBe(2);
  });
});

async function exportAll(page: Page): Promise<Buffer> {
  await page.getByRole('button', { name: 'This till', exact: true }).click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export everything' }).click();
  return readFile(await (await downloading).path());
}

interface StartRecord {
  frames: number;
  /** What each frame lacked that had too little on it. */
  readonly empty: string[];
  /** Cumulative layout shift. */
  shift: number;
}

/** Runs in the page: looks at every frame from the first one with a body on. */
function watchStart(): void {
  const start: StartRecord = { frames: 0, empty: [], shift: 0 };
  Object.assign(globalThis, { start });
  const look = (): void => {
    if (document.querySelector('#app') !== null) {
      start.frames += 1;
      if (document.querySelector('.shell .search') === null) start.empty.push('no search');
      if (document.querySelectorAll('.tile').length < 8) start.empty.push('no tiles');
      if (document.querySelector('.goods .empty') !== null) start.empty.push('says that there is nothing');
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      start.shift += (entry as PerformanceEntry & { readonly value: number }).value;
  }).observe({ type: 'layout-shift', buffered: true });
}
