// A till that keeps itself and comes back, in a real Chromium with a real relay and office: backed up when its page is hidden and by a person, brought back to a
// wiped browser from a file and from a mail, by the recovery key and by a passkey; and what is wrong with a backup is said.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOrganisationIdentity } from '@tallystick/custody';
import { nodeCrypto } from '@tallystick/kernel/node';
import { bucketPlace, filesIn, judgeBackups } from '@tallystick/recovery';
import type { BrowserContext, CDPSession, Download, Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { credentials, startBucketOfPages, stopServers } from '../../../packages/recovery/test/place-servers.ts';
import { faultsOf } from './axe.ts';
import {
  addAuthenticator,
  breakNextWorker,
  leaveTill,
  listedMinor,
  newDevice,
  openDrawer,
  sell,
  tile,
  withoutTimer,
} from './browser.ts';
import { shopForAll } from './for-all.ts';
import { joinShop, saleAt } from './shop.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('a till that keeps itself', () => {
  const shop = shopForAll();
  let context: BrowserContext;
  let page: Page;
  let control: CDPSession;
  let owner: Awaited<ReturnType<typeof createOrganisationIdentity>>;

  beforeAll(async () => {
    owner = await createOrganisationIdentity();
    await shop.office.book.commit('escrow.set', { recipients: [owner.recipient] });
  });
  beforeEach(async () => {
    context = await newDevice(shop.browser);
    page = await context.newPage();
    control = await context.newCDPSession(page);
  });
  afterEach(async () => {
    shop.line.state = 'pass';
    await context.close();
  });

  async function join_(name: string, ...ways: readonly string[]): Promise<void> {
    await page.goto(shop.office.invite());
    await page.getByLabel('Name of this till').fill(name);
    await page.getByRole('button', { name: 'Join the shop' }).click();
    for (const way of ways) await page.getByLabel(way).check();
    await page.getByRole('button', { name: 'Back it up and go on' }).click();
    await tile(page, 'Flat white').waitFor();
    await openDrawer(page, '50');
  }

  async function wipe(): Promise<void> {
    const { origin } = new URL(shop.office.tillUrl ?? '');
    await leaveTill(page, origin);
    await page.goto('about:blank');
    await control.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  }

  /** The file that the browser saves, as a person has it; kept, as the person says. */
  async function backUp(): Promise<{ readonly name: string; readonly mimeType: string; readonly buffer: Buffer }> {
    await page.getByRole('button', { name: 'This till', exact: true }).click();
    await page.getByRole('button', { name: 'Back up', exact: true }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as a file' }).click(),
    ]);
    await page.getByRole('button', { name: 'Yes, it is kept' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    return {
      name: download.suggestedFilename(),
      mimeType: 'application/octet-stream',
      buffer: await bytesOf(download),
    };
  }

  async function openFirstScreen(): Promise<void> {
    await page.goto(shop.office.tillUrl ?? '');
    await page.getByRole('button', { name: 'Bring one back' }).click();
    await page.getByRole('button', { name: 'From a backup: a file, or a mail' }).click();
  }

  async function look(
    files: Parameters<ReturnType<Page['getByLabel']>['setInputFiles']>[0],
    known = '',
  ): Promise<void> {
    await page.getByLabel('Files of the backup').setInputFiles(files);
    await page.getByLabel('Last number you know of').fill(known);
    await page.getByLabel('Recovery key').fill(owner.identity);
    await page.getByRole('button', { name: 'Look at it' }).click();
  }

  async function nextSale(): Promise<string> {
    const number = await sell(page, 'Flat white');
    await expect.poll(() => saleAt(shop.office, number)).toBe(360);
    return number;
  }

  const deviceNamed = (name: string): string =>
    String(shop.office.book.query('SELECT device FROM devices WHERE name = ?', [name])[0]?.['device']);
  const ownSales = (device: string): unknown =>
    shop.office.book.query(
      'SELECT count(*) AS sales, count(DISTINCT number) AS numbers FROM documents WHERE device = ?',
      [device],
    )[0];
  /** What the office holds of a till. */
  const deposits = (name: string): readonly string[] => {
    const folder = join(shop.folder, 'office', 'deposits');
    return existsSync(folder)
      ? readdirSync(folder).filter((file) => file.includes(deviceNamed(name).slice(0, 12)))
      : [];
  };

  /** More rows than a till waits for when it comes back; answers the number of one sale. */
  async function sellAtOffice(count: number): Promise<string> {
    const flatWhite = { sku: 'C02', name: 'Flat white', quantityScale: 0, taxRateBasisPoints: 0 };
    const lines = [{ ...flatWhite, quantity: 1, unitPriceMilliMinor: 360_000 }];
    const tenders = [{ kind: 'card', amountMinor: 360 }] as const;
    const args = { day: '2026-01-03', currency: 'GBP', taxIncluded: true, lines, tenders, changeMinor: 0 };
    const sold = await shop.office.book.commitAll(
      Array.from({ length: count }, () => ({ verb: 'sale.complete', args }) as const),
    );
    const [first] = sold;
    if (first === undefined || sold.some(({ ok }) => !ok)) throw new Error('the office did not sell');
    await shop.office.sync();
    const number = "SELECT number FROM documents WHERE kind = 'sale' ORDER BY id DESC LIMIT 1";
    return String(shop.office.book.query(number)[0]?.['number']);
  }

  it('comes back from a file by the recovery key with every sale, once, and sells on', async () => {
    await join_('till-1');
    expect(await nextSale()).toMatch(/\/1$/);
    // What no relay has stands in the backup alone.
    shop.line.state = 'error';
    await sell(page, 'Sourdough');
    const file = await backUp();
    await sell(page, 'Sourdough');
    shop.line.state = 'pass';
    await expect.poll(() => ownSales(deviceNamed('till-1'))).toEqual({ sales: 3, numbers: 3 });
    await wipe();

    await openFirstScreen();
    expect(await faultsOf(page)).toEqual([]);
    await look({ ...file, buffer: file.buffer.subarray(0, 200) });
    await page.getByText('This is not all there').waitFor();
    await page.getByText('Nothing of this can be brought back.').waitFor();
    await look({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('nothing') });
    await page.getByText('This is no backup.').waitFor();
    await look(file, '7');
    await page.getByText('This is older than the number you know').waitFor();
    expect(await page.getByText('till-1', { exact: true }).count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    // Until it has heard from the relay it sells nothing: it sold on after the backup.
    shop.line.state = 'error';
    await page.getByRole('button', { name: 'Bring it back with the recovery key' }).click();
    await page.getByText('This till has its key back.').waitFor();
    shop.line.state = 'pass';
    await page.getByText('This till has its key back.').waitFor({ state: 'detached' });
    expect(await nextSale()).toMatch(/\/4$/);
    const device = deviceNamed('till-1');
    expect(ownSales(device)).toEqual({ sales: 4, numbers: 4 });
    expect(shop.office.book.query('SELECT code FROM refusals WHERE device = ?', [device])).toEqual([]);
    await page.getByRole('button', { name: 'This till', exact: true }).click();
    await page.getByText('The relay gave back 1 entry that no backup had').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    // A start from here on needs neither the backup nor its key, nor an image of the rows.
    const { tillUrl = '' } = shop.office;
    await leaveTill(page, tillUrl);
    await page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      for (const end of ['rows-0', 'rows-1', 'log-index']) await folder.removeEntry(`tallystick.${end}`);
    });
    await page.goto(tillUrl);
    await tile(page, 'Flat white').waitFor();
    expect(await nextSale()).toMatch(/\/5$/);
  });

  it('is given to another app and to the clipboard, and comes back from that text by a key on paper', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    // What a phone does with a file that is shared cannot be had here: its own function is stood in for, at the border of the browser.
    await page.addInitScript(() => {
      const share = async ({ files }: { readonly files: readonly File[] }): Promise<void> => {
        const bytes = new Uint8Array(await (files[0] as File).arrayBuffer());
        sessionStorage.setItem('shared', btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')));
      };
      Object.defineProperty(navigator, 'canShare', { value: () => true });
      Object.defineProperty(navigator, 'share', { value: share });
    });
    await join_('till-5');
    const sold = await nextSale();
    await page.getByRole('button', { name: 'This till', exact: true }).click();
    await page.getByRole('button', { name: 'Back up', exact: true }).click();
    await page.getByRole('button', { name: 'Add a recovery key on paper' }).click();
    const identity = await page.locator('.recovery-key').innerText();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'It is written down' }).click();
    await page.getByText('a recovery key on paper', { exact: false }).first().waitFor();
    await page.getByRole('button', { name: 'Send it' }).click();
    await page.getByText('This till cannot see what became of it.').waitFor();
    await page.getByRole('button', { name: 'Copy as text' }).click();
    const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied).toBe(await page.evaluate(() => sessionStorage.getItem('shared')));
    const text = await copied();
    expect(Buffer.from(text, 'base64').toString('latin1')).toContain('tallystick/recovery/1 ');
    await page.getByRole('button', { name: 'Yes, it is kept' }).click();
    await page.getByText(/^As somebody said: number \d+/).waitFor();
    await wipe();

    await openFirstScreen();
    await page.getByLabel('Or the text of the mail').fill(text);
    await page.getByLabel('Recovery key').fill(identity);
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByText('till-5', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Bring it back without its key' }).click();
    await page.locator('.banner', { hasText: 'This till came back without its key.' }).waitFor();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await page.getByLabel('Find a document by its number').fill(sold);
    await page.locator('.document', { hasText: sold }).first().waitFor();
  });

  it('hands itself in at a bucket that allows its page, and opens from there', async () => {
    const bucket = await startBucketOfPages();
    const url = `${bucket}/till-6`;
    try {
      await join_('till-6');
      await nextSale();
      await page.getByRole('button', { name: 'This till', exact: true }).click();
      await page.getByRole('button', { name: 'Back up', exact: true }).click();
      await page.getByRole('button', { name: 'Add a bucket' }).click();
      expect(await faultsOf(page)).toEqual([]);
      const fill = async (address: string): Promise<void> => {
        await page.getByLabel('Address of the bucket').fill(address);
        await page.getByLabel('Access key').fill(credentials.accessKeyId);
        await page.getByLabel('Secret key').fill(credentials.secretAccessKey);
        await page.getByRole('button', { name: 'Try it and use it' }).click();
      };
      await fill(`${bucket}-of-nobody`);
      await page.getByText('The bucket did not take a file and give it back.').waitFor();
      await fill(url);
      await page.getByText(`It hands itself in at ${url}.`).waitFor();
      const place = bucketPlace({ url, ...credentials });
      await expect.poll(() => place.list()).toHaveLength(2);
      const openers = [{ kind: 'organisation', identity: owner.identity }] as const;
      const { chosen } = await judgeBackups(await filesIn(place), { openers, crypto: nodeCrypto });
      expect(chosen).toMatchObject({ device: deviceNamed('till-6'), number: 1 });
    } finally {
      await stopServers();
    }
  });

  it('comes back without its key as a new till, which hands in what only the backup had', async () => {
    await joinShop(page, shop.office, 'till-3');
    await openDrawer(page, '50');
    await nextSale();
    shop.line.state = 'error';
    const unsent = await sell(page, 'Sourdough');
    const file = await backUp();
    await wipe();
    shop.line.state = 'pass';
    await openFirstScreen();
    await look(file);
    // Its key was never backed up, so there is no other way.
    await page.getByText('till-3', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Bring it back with the recovery key' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Bring it back without its key' }).click();
    const banner = page.locator('.banner', { hasText: 'This till came back without its key.' });
    await banner.getByRole('button', { name: 'Go on as a new till' }).click();
    await page.getByLabel('Invitation').fill(shop.office.invite(60_000, { replaces: deviceNamed('till-3') }));
    await page.getByLabel('Name of the new till').fill('till-3-b');
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await page.getByRole('button', { name: 'Skip for now' }).click();
    await banner.waitFor({ state: 'detached' });
    await expect.poll(() => saleAt(shop.office, unsent)).toBe(480);
    await openDrawer(page, '50');
    expect(await nextSale()).toMatch(/^INV\/till-3-b\/.*\/1$/);
    expect(ownSales(deviceNamed('till-3'))).toEqual({ sales: 2, numbers: 2 });
  });

  it('hands itself in at the office when its page is hidden, and comes back by passkey from a mail that was pasted', async () => {
    await addAuthenticator(control);
    await join_('till-2', 'With a passkey');
    await nextSale();
    await hide(page);
    await expect.poll(() => deposits('till-2')).toHaveLength(2);
    const cart = await cartOf(page, nextSale);
    await hide(page);
    await expect.poll(() => deposits('till-2')).toHaveLength(3);
    await page.getByRole('button', { name: 'This till', exact: true }).click();
    await page.getByText('At the office: number 2').waitFor();
    const file = await backUp();
    await wipe();

    // What the browser kept beside the books may be the cart of a sale that they have.
    await page.goto(shop.office.tillUrl ?? '');
    await page.evaluate((left) => localStorage.setItem('tallystick/cart', left), cart.draft);
    await openFirstScreen();
    const mail = `Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n${file.buffer.toString('base64').replace(/.{76}/g, '$&\n')}\n\n--x--`;
    await page.getByLabel('Or the text of the mail').fill(mail);
    await page.getByRole('button', { name: 'Open it with a passkey' }).click();
    await page.getByRole('button', { name: 'Bring it back with its passkey' }).click();
    await tile(page, 'Flat white').waitFor();
    await page.getByText('This till has its key back.').waitFor({ state: 'detached' });
    await page.getByText(`The last sale was saved: ${cart.number}`).waitFor();
    expect(await nextSale()).toMatch(/\/3$/);
    expect(ownSales(deviceNamed('till-2'))).toEqual({ sales: 3, numbers: 3 });
  });

  it('sells before what was sold before the backup is here, and then takes an old sale back', async () => {
    const old = await sellAtOffice(500);
    await join_('till-4');
    await nextSale();
    const file = await backUp();
    await wipe();
    // They come when nobody has entered anything for a while, which on a slow machine may pass between two sales: here it never does.
    await breakNextWorker(context, withoutTimer(10_000), 2);
    await openFirstScreen();
    await look(file);
    await page.getByRole('button', { name: 'Bring it back with the recovery key' }).click();
    const coming = page.locator('.banner', { hasText: 'What was sold before the backup is still coming.' });
    await coming.getByText('Keep selling.').waitFor();
    expect(await nextSale()).toMatch(/\/2$/);
    expect(await coming.count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    // A start in between still knows that they are to come, and what was sold since.
    await leaveTill(page, shop.office.tillUrl ?? '');
    await page.goto(shop.office.tillUrl ?? '');
    await coming.waitFor();
    expect(await nextSale()).toMatch(/\/3$/);
    expect(await coming.count()).toBe(1);
    // Whoever asks has them at once.
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await coming.waitFor({ state: 'detached' });
    await expect.poll(() => listedMinor(page)).toBe(3 * 360);
    await page.getByLabel('Find a document by its number').fill(old);
    await page.locator('.document', { hasText: old }).first().click();
    await page.getByRole('button', { name: 'Refund' }).click();
    await page.getByRole('button', { name: 'One more Flat white' }).click();
    await page.getByRole('button', { name: 'Damaged' }).click();
    await page.getByRole('button', { name: 'Refund cash' }).click();
    await page.getByText('1 returned').waitFor();
    const refunds = 'SELECT o.number FROM documents d JOIN documents o ON o.id = d.original WHERE d.device = ?';
    await expect.poll(() => shop.office.book.query(refunds, [deviceNamed('till-4')])).toEqual([{ number: old }]);
  });
});

/** A sale, and the cart as the browser kept it just before. */
async function cartOf(
  page: Page,
  makeSale: () => Promise<string>,
): Promise<{ readonly number: string; readonly draft: string }> {
  await page.evaluate(() => {
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (name, text) {
      setItem.call(this, name, text);
      if (text.includes('"sku"')) setItem.call(sessionStorage, 'last cart', text);
    };
  });
  const number = await makeSale();
  return { number, draft: (await page.evaluate(() => sessionStorage.getItem('last cart'))) ?? '' };
}

/** As a browser tells a page that another tab is in front. */
async function hide(page: Page): Promise<void> {
  for (const isHidden of [true, false])
    await page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
}

async function bytesOf(download: Download): Promise<Buffer> {
  return readFileSync(await download.path());
}
