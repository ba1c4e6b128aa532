// A worker that throws, dies or loses its log in the moment of a sale, in a real Chromium: what the screen then says is true.
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { breakNextWorker, listedMinor, newDevice, openAlone, openDrawer, sell, tile } from './browser.ts';
import { tillForAll } from './for-all.ts';

/**
 * `stray`: a sale waits for its signature while something else throws. `behind`: the page can be told no state. `gone`: the worker
 * dies right after the flush. `lost`: the flush reaches the disk and fails all the same, and the log cannot be opened again.
 */
type Fault = 'stray' | 'behind' | 'gone' | 'lost' | 'none';

/** Runs in the worker before the till's own code. */
const breakWorker = `
  let fault = 'none';
  let release = () => undefined;
  const orders = new BroadcastChannel('fault');
  orders.onmessage = ({ data }) => {
    if (data === 'heard') return;
    fault = data;
    if (fault === 'none') release();
    orders.postMessage('heard');
  };
  const { sign } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.sign = async function (...parts) {
    if (fault === 'stray') {
      setTimeout(() => { throw new Error('a stray error'); });
      await new Promise((resolve) => { release = resolve; });
    }
    return sign.apply(this, parts);
  };
  const post = self.postMessage.bind(self);
  let isDead = false;
  self.postMessage = (data) => {
    if (isDead) return;
    if (fault === 'behind' && (data.kind === 'state' || data.kind === 'stock')) throw new Error('cannot be told');
    post(data);
  };
  const file = FileSystemSyncAccessHandle.prototype;
  const { flush, truncate } = file;
  file.flush = function () {
    flush.call(this);
    if (fault === 'gone') { isDead = true; self.close(); }
    if (fault === 'lost') throw new Error('cannot flush');
  };
  file.truncate = function (size) {
    if (fault === 'lost') throw new Error('cannot truncate');
    return truncate.call(this, size);
  };
  const { getDirectory } = StorageManager.prototype;
  StorageManager.prototype.getDirectory = async function () {
    if (fault === 'lost') throw new Error('no such folder');
    return getDirectory.call(this);
  };`;

describe.skipIf(isMissing('Chromium', chromiumPath()))('a till whose engine fails', () => {
  const till = tillForAll();
  let context: BrowserContext;
  let page: Page;

  beforeEach(async () => {
    context = await newDevice(till.browser);
    await breakNextWorker(context, breakWorker);
    page = await openAlone(context, till.url);
    await openDrawer(page, '0');
  });
  afterEach(() => context.close());

  const heading = (name: string): Promise<void> => page.getByRole('heading', { name }).waitFor();

  /** Makes the worker fail from here on, and waits until it knows. */
  async function setFault(fault: Fault): Promise<void> {
    await page.evaluate(
      (order) =>
        new Promise<void>((resolve) => {
          const orders = new BroadcastChannel('fault');
          orders.onmessage = () => {
            orders.close();
            resolve();
          };
          orders.postMessage(order);
        }),
      fault,
    );
  }

  async function charge(name: string): Promise<void> {
    await tile(page, name).click();
    await pay();
  }

  async function pay(): Promise<void> {
    await page.getByRole('button', { name: /^Charge/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
  }

  /** Waits until the till lists so many documents, and they come to so much. */
  async function hasSold(count: number, totalMinor: number): Promise<void> {
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await expect.poll(() => page.locator('.document').count()).toBe(count);
    await expect.poll(() => listedMinor(page)).toBe(totalMinor);
  }

  const linesInCart = (): Promise<number> => page.locator('.cart-line').count();

  it('does not call a sale unsaved because something else threw while it was written', async () => {
    await setFault('stray');
    await charge('Flat white');
    await page.getByText('a stray error').waitFor({ state: 'attached' });
    await heading('Saving');
    await setFault('none');
    await heading('Sale saved');
    await page.getByRole('button', { name: 'New sale' }).click();
    await hasSold(1, 360);
  });

  it('calls a sale saved although the page cannot be told how the till stands, and catches up', async () => {
    await setFault('behind');
    await charge('Flat white');
    await heading('Sale saved');
    await page.getByRole('button', { name: 'New sale' }).click();
    await page.getByText('What the screen shows may be behind.').waitFor();
    await setFault('none');
    await sell(page, 'Espresso');
    await page.getByText('What the screen shows may be behind.').waitFor({ state: 'detached' });
    await hasSold(2, 600);
  });

  it('starts another worker in the place of one that died, and finds the sale it had written', async () => {
    await setFault('gone');
    await charge('Flat white');
    await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
    expect(await page.locator('.saved-number').textContent()).toMatch(/\/1$/);
    await page.getByRole('button', { name: 'New sale' }).click();
    expect(await sell(page, 'Espresso')).toMatch(/\/2$/);
    await hasSold(2, 600);
  });

  it('says that it does not know while it cannot know, and names the sale as soon as it can', async () => {
    await setFault('lost');
    await charge('Flat white');
    await heading('Not known');
    await page.getByText('Whether the sale was saved is not known.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Look again' }).click();
    await heading('Not known');
    await page.getByRole('button', { name: 'Back to the cart' }).click();
    await page.getByText('Whether the last sale was saved is not known.').waitFor();
    expect(await linesInCart()).toBe(1);
    await setFault('none');
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('The last sale was saved: INV/').waitFor();
    await expect.poll(linesInCart).toBe(0);
    await expect.poll(() => page.locator('.banner').count()).toBe(0);
    await hasSold(1, 360);
  });

  it('does not pass an earlier sale off as the cart that was changed since', async () => {
    await setFault('lost');
    await charge('Flat white');
    await heading('Not known');
    await page.getByRole('button', { name: 'Back to the cart' }).click();
    await setFault('none');
    await charge('Espresso');
    await heading('Sold before');
    await page.getByText('as INV/till-1/').waitFor();
    await page.getByRole('button', { name: 'Back to the cart' }).click();
    await page.getByRole('button', { name: 'Remove Flat white' }).click();
    await pay();
    await heading('Sale saved');
    expect(await page.locator('.saved-amount').textContent()).toBe('£2.40');
    await page.getByRole('button', { name: 'New sale' }).click();
    await hasSold(2, 600);
  });
});
