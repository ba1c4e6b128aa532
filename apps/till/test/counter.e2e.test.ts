// What a cashier does beside tapping tiles, in the built app: scanning, cash in and out of the drawer, offers, and the reports of the day.
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { newDevice, openAlone } from './browser.ts';
import { tillForAll } from './for-all.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('the counter', () => {
  const till = tillForAll();
  let context: BrowserContext;
  let page: Page;
  beforeEach(async () => {
    context = await newDevice(till.browser);
    page = await openAlone(context, till.url);
  });
  afterEach(() => context.close());

  it('adds what is scanned, by GTIN and by weight and lot, and says what it does not know', async () => {
    const keys = page.keyboard;
    const scanned = async (code: string): Promise<void> => {
      await keys.type(code);
      await keys.press('Enter');
    };
    await scanned('5012345678900');
    await scanned('2*5012345678900');
    await scanned('https://id.gs1.org/01/09506000134352/10/LOT7?3103=000245');
    await expect.poll(() => linesOf(page)).toEqual(['House blend, 250 g £34.50', 'Manchego £6.00']);
    await page.locator('.cart-line', { hasText: 'lot LOT7' }).waitFor();
    await scanned('4006381333931');
    await page.getByText('No article has the code 04006381333931.').waitFor();
    expect(await page.getByLabel('Search goods').inputValue()).toBe('');
  });
});

async function linesOf(page: Page): Promise<readonly string[]> {
  const lines = await page.locator('.cart-line').all();
  const words = (name: string) => Promise.all(lines.map((line) => line.locator(name).textContent()));
  const [names, amounts] = await Promise.all([words('.cart-name'), words('.cart-amount')]);
  return names.map((name, at) => `${name} ${amounts[at]}`);
}
