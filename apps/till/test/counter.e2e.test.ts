// What a cashier does beside tapping tiles, in the built app: scanning, cash in and out of the drawer, offers, and the reports of the day.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import encodeQr from 'qr';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { faultsOf } from './axe.ts';
import { newDevice, openAlone, openDrawer, sell, tile } from './browser.ts';
import { tillForAll } from './for-all.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('the counter', () => {
  const filmFolder = mkdtempSync(join(tmpdir(), 'tallystick-film-'));
  const film = join(filmFolder, 'film.y4m');
  afterAll(() => rmSync(filmFolder, { recursive: true }));
  const till = tillForAll('--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`);
  let context: BrowserContext;
  let page: Page;

  describe('of a new till', () => {
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

    it('takes an offer off the cart, and says so on the line and on the receipt', async () => {
      await openDrawer(page, '0');
      for (const _ of [1, 2]) await tile(page, 'Strawberry jam').click();
      await expect.poll(() => linesOf(page)).toEqual(['Strawberry jam £11.20']);
      await tile(page, 'Strawberry jam').click();
      await page.getByText('Three jams for two: -£5.60').waitFor();
      await expect.poll(() => linesOf(page)).toEqual(['Strawberry jam £11.20']);
      await page.getByRole('button', { name: 'Charge £11.20' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
      await page.getByRole('button', { name: 'Receipt' }).click();
      await page.locator('.receipt').getByText('Three jams for two: -£5.60').waitFor();
      expect((await rowsOf(page))[0]).toBe('Total £11.20');
    });

    it('puts a sale on account up to the limit, and says why not above it', async () => {
      const dialog = page.getByRole('dialog');
      await openDrawer(page, '0');
      await page.keyboard.type('6*flat');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Charge £21.60' }).click();
      await dialog.getByRole('button', { name: 'On account' }).click();
      await page.locator(':focus').and(page.getByLabel('Customer number')).waitFor();
      await page.keyboard.type('K-71');
      await page.keyboard.press('Enter');
      await dialog.getByText('No customer has the number K-71.').waitFor();
      await page.getByLabel('Customer number').fill('K-17');
      await dialog.getByRole('button', { name: 'Find' }).click();
      await dialog.getByText('That is £1.60 more than K-17 may owe.').waitFor();
      await dialog.getByRole('button', { name: 'Back' }).click();
      await page.getByRole('textbox', { name: 'Cash given' }).fill('1.60');
      await dialog.getByRole('button', { name: 'Cash', exact: true }).click();
      await dialog.getByRole('button', { name: 'On account' }).click();
      await page.getByLabel('Customer number').fill('K-17');
      await dialog.getByRole('button', { name: 'Find' }).click();
      await dialog.getByText('K-17 owes £0.00 here and may owe £20.00.').waitFor();
      await dialog.getByRole('button', { name: 'Put £20.00 on account' }).click();
      await page.getByRole('button', { name: 'Receipt' }).click();
      await page.locator('.receipt').getByText('Customer K-17').waitFor();
      expect((await rowsOf(page)).slice(2)).toEqual(['Cash £1.60', 'On account £20.00']);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Drawer', exact: true }).click();
      await page.getByRole('button', { name: 'Payment on account' }).click();
      await page.getByLabel('Customer number').fill('K-17');
      await dialog.getByRole('button', { name: 'Find' }).click();
      await dialog.getByText('K-17 owes £20.00 here.').waitFor();
      await dialog.getByRole('button', { name: 'Add a name' }).click();
      await dialog.getByLabel('Name').fill('Anna Nowak');
      await dialog.getByRole('button', { name: 'Seal' }).click();
      await dialog.locator('.customer-name', { hasText: 'Anna Nowak' }).waitFor();
      await dialog.getByRole('button', { name: 'Card' }).click();
      await page.getByText('K-17 paid £20.00').waitFor();
    });

    it('moves cash with a reason, counts blind, and prints what the day came to', async () => {
      const dialog = page.getByRole('dialog');
      await openDrawer(page, '100');
      await sell(page, 'Flat white');
      await page.getByRole('button', { name: 'Drawer', exact: true }).click();
      await page.getByRole('button', { name: 'Pay out' }).click();
      await page.getByLabel('What it is for').selectOption({ label: '6100 Charges and bad debts' });
      await page.getByLabel('Why').fill('window cleaner');
      await page.getByLabel('Amount').fill('5');
      await dialog.getByRole('button', { name: 'Pay out' }).click();
      await page.getByText('Paid out: £5.00').waitFor();
      await page.getByRole('button', { name: 'X report' }).click();
      await dialog.getByText('window cleaner').waitFor();
      expect(await rowsOf(page)).toEqual(['1 sale ', 'Card £0.00']);
      await dialog.getByRole('button', { name: 'Done' }).click();
      await page.getByRole('button', { name: 'Count and close' }).click();
      await page.getByLabel('Counted in the drawer').fill('98.50');
      // £98.60 should be there, which nothing on the screen says before it is counted.
      expect(await page.locator('body').innerText()).not.toMatch(/98\.60|short|over:/);
      await page.getByRole('button', { name: 'Close the drawer' }).click();
      await page.getByText('£0.10 short').waitFor();
      await page.getByRole('button', { name: 'Last Z report' }).click();
      await dialog.locator('.receipt-number', { hasText: /^Z\/till-1\/.*\/1$/ }).waitFor();
      expect((await rowsOf(page)).slice(4)).toEqual([
        'Cash £3.60',
        'Float £100.00',
        'Paid out -£5.00',
        'Should be in the drawer £98.60',
        'Counted £98.50',
        'Short £0.10',
      ]);
    });
  });

  describe('on a day', () => {
    beforeAll(async () => {
      context = await newDevice(till.browser);
      page = await openAlone(context, till.url);
      await openDrawer(page, '20');
    });
    // Each begins on the goods, with nothing open.
    beforeEach(async () => {
      await page.reload();
      await page.getByRole('button', { name: 'Sell', exact: true }).click();
    });
    afterAll(() => context.close());

    it('sells at the prices of the customer who is named, and takes off what a code opens', async () => {
      const dialog = page.getByRole('dialog');
      await tile(page, 'House blend').click();
      await expect.poll(() => linesOf(page)).toEqual(['House blend, 250 g £11.50']);
      await page.getByRole('button', { name: 'Customer', exact: true }).click();
      await page.locator(':focus').and(page.getByLabel('Customer number')).waitFor();
      await page.keyboard.type('K-17');
      await page.keyboard.press('Enter');
      await dialog.getByText('Customer K-17, prices of list trade').waitFor();
      await dialog.getByLabel('Code of an offer').fill('ELEVEN');
      await dialog.getByRole('button', { name: 'Add' }).click();
      await dialog.getByText('No offer has the code ELEVEN today.').waitFor();
      await dialog.getByLabel('Code of an offer').fill('TEN');
      await dialog.getByRole('button', { name: 'Add' }).click();
      await dialog.getByText('Code TEN: Ten percent off').waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Done' }).click();
      await page.getByText('Ten percent off: -£1.00').waitFor();
      await tile(page, 'House blend').getByText('£10.00').waitFor();
      await page.reload();
      await page.getByRole('button', { name: 'Charge £9.00' }).click();
      await dialog.getByRole('button', { name: 'Exact' }).click();
      await page.getByRole('button', { name: 'Receipt' }).click();
      await page.locator('.receipt').getByText('Customer K-17').waitFor();
      expect((await rowsOf(page))[0]).toBe('Total £9.00');
      await page.keyboard.press('Escape');
      // The next customer pays what everybody pays.
      await tile(page, 'House blend').getByText('£11.50').waitFor();
    });

    it('pays a return with a credit note, says what it is when it is scanned, and takes it for the next sale', async () => {
      const dialog = page.getByRole('dialog');
      const keys = page.keyboard;
      const number = await sell(page, 'Flat white', 'Espresso');
      await page.getByRole('button', { name: 'Sales', exact: true }).click();
      await page.locator('.document', { hasText: number }).click();
      await page.getByRole('button', { name: 'Refund' }).click();
      await page.getByRole('button', { name: 'Everything' }).click();
      await page.getByRole('button', { name: 'Damaged' }).click();
      await page.getByRole('button', { name: 'Credit note' }).click();
      await dialog.getByRole('img', { name: 'The credit note as a QR code' }).waitFor();
      expect(await faultsOf(page)).toEqual([]);
      const url = await page.getByLabel('Its code, to send').inputValue();
      await dialog.getByRole('button', { name: 'Done' }).click();
      await page.locator('.receipt-stamp', { hasText: 'Refunded' }).waitFor();
      await keys.press('Escape');
      await page.getByRole('button', { name: 'Sell', exact: true }).click();
      // A scanner types it.
      await page.getByLabel('Search goods').focus();
      await keys.insertText(url);
      await keys.press('Enter');
      await dialog.getByText('£6.00 left').waitFor();
      await dialog.getByText('up to £10.00 may be taken on trust').waitFor();
      await keys.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      for (const _ of [1, 2]) await tile(page, 'Flat white').click();
      await page.getByRole('button', { name: 'Charge £7.20' }).click();
      await dialog.getByRole('button', { name: 'Coupon or gift' }).click();
      await page.locator(':focus').and(page.getByLabel('Scan or paste its code')).waitFor();
      await keys.insertText('https://tea.example/t');
      await keys.press('Enter');
      await dialog.getByText('This is no coupon, gift or credit of a shop.').waitFor();
      filmCode(film, url);
      await context.grantPermissions(['camera']);
      await dialog.getByRole('button', { name: 'Read it with the camera' }).click();
      await dialog.getByText('£6.00 left').waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Take £6.00' }).click();
      await dialog.getByRole('button', { name: 'Exact' }).click();
      await page.getByRole('button', { name: 'Receipt' }).click();
      expect((await rowsOf(page)).slice(2)).toEqual(['Cash £1.20', 'Coupon or gift £6.00']);
      await keys.press('Escape');
      await page.getByLabel('Search goods').focus();
      await keys.insertText(url);
      await keys.press('Enter');
      await dialog.getByText('Nothing is left of it.').waitFor();
    });

    it('exchanges goods of a sale for others, pays the difference either way, and takes goods back without a receipt', async () => {
      const dialog = page.getByRole('dialog');
      const number = await sell(page, 'Flat white', 'Cinnamon bun');
      const bringBack = async (document: string, name: string): Promise<void> => {
        await page.getByRole('button', { name: 'Sales', exact: true }).click();
        await page.locator('.document', { hasText: document }).click();
        await dialog.getByRole('button', { name: 'Exchange', exact: true }).click();
        await page.getByRole('button', { name: `One more ${name}` }).click();
        await page.getByRole('button', { name: 'Wrong article' }).click();
        await page.getByRole('button', { name: 'Ring up what leaves' }).click();
        await page.locator('.cart-back').getByText(`1 × ${name}`).waitFor();
      };
      await bringBack(number, 'Flat white');
      await tile(page, 'Sourdough loaf').click();
      await page.reload();
      await page.getByRole('button', { name: 'Charge £1.20' }).click();
      await dialog.getByRole('button', { name: 'Exact' }).click();
      await dialog.getByText('Paid in full').waitFor();
      await page.getByRole('button', { name: 'Receipt' }).click();
      await page.locator('.receipt').getByText(`for ${number}`).waitFor();
      expect((await rowsOf(page)).at(-1)).toBe('Cash £1.20');
      const exchanged = (await page.locator('.receipt-number').textContent()) ?? '';
      expect(exchanged).toMatch(/^EXC\/till-1\//);
      await page.keyboard.press('Escape');
      // What left in the exchange comes back for something cheaper.
      await bringBack(exchanged, 'Sourdough loaf');
      await tile(page, 'Espresso').click();
      await page.getByRole('button', { name: 'Pay back £2.40' }).click();
      await dialog.getByRole('button', { name: 'Pay back cash' }).click();
      await dialog.getByText('Paid back').waitFor();
      await page.keyboard.press('Escape');
      await tile(page, 'Espresso').click();
      await page.getByRole('button', { name: 'Take back' }).click();
      await page.getByRole('button', { name: 'Damaged' }).click();
      await dialog.getByRole('button', { name: 'Refund cash' }).click();
      await page.getByText('Taken back as REF/till-1/').waitFor();
      await expect.poll(() => page.locator('.cart-line').count()).toBe(0);
    });

    it('counts a shelf by scans and keys, and says what should have been there only afterwards', async () => {
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: 'Drawer', exact: true }).click();
      await page.getByRole('button', { name: 'Count goods' }).click();
      await dialog.getByLabel('Shelf').selectOption('Bakery');
      await page.getByLabel('Butter croissant').fill('24');
      await dialog.getByLabel('Scan an article').focus();
      for (const code of ['5012345678900', '5012345678900', 'W01']) {
        await page.keyboard.insertText(code);
        await page.keyboard.press('Enter');
        await expect.poll(() => page.getByLabel('Scan an article').inputValue()).toBe('');
      }
      await dialog.getByLabel('Shelf').selectOption('Shelf');
      await expect.poll(() => page.getByLabel('House blend, 250 g').inputValue()).toBe('2');
      expect(await dialog.innerText()).not.toMatch(/14|short|over/);
      expect(await faultsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Save the count of 3' }).click();
      await dialog.getByText('House blend, 250 g: 2, ').waitFor();
      const said = await dialog.locator('li').allTextContents();
      expect(said[0]).toBe('Butter croissant: 24, as it should be');
      expect(said).toContainEqual(expect.stringMatching(/^House blend, 250 g: 2, \d+ short$/));
    });

    it('puts goods by, takes a part of their price, hands them over, and gives one up', async () => {
      const dialog = page.getByRole('dialog');
      const putBy = async (name: string): Promise<void> => {
        await tile(page, name).click();
        await page.getByRole('button', { name: 'Put by' }).click();
        await page.locator(':focus').and(page.getByLabel('Customer number')).waitFor();
        await page.keyboard.type('K-17');
        await page.keyboard.press('Enter');
        await expect.poll(() => page.locator('.cart-line').count()).toBe(0);
      };
      await putBy('House blend');
      await putBy('Sourdough loaf');
      await page.getByRole('button', { name: 'Drawer', exact: true }).click();
      await page.getByRole('button', { name: 'Layaways' }).click();
      const waiting = dialog.locator('li', { hasText: 'House blend, 250 g' });
      await waiting.getByText('£0.00 of £11.50 paid').waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await waiting.getByRole('button', { name: 'Pay a part' }).click();
      await page.getByLabel('Amount paid').fill('5');
      await dialog.getByRole('button', { name: 'Cash' }).click();
      await waiting.getByText('£5.00 of £11.50 paid').waitFor();
      const other = dialog.locator('li', { hasText: 'Sourdough loaf' });
      await other.getByRole('button', { name: 'Give up' }).click();
      await page.getByLabel('Why').fill('moved away');
      await dialog.getByText('To pay back: £0.00').waitFor();
      await dialog.getByRole('button', { name: 'Cash' }).click();
      await other.waitFor({ state: 'detached' });
      await waiting.getByRole('button', { name: 'Collect' }).click();
      await dialog.getByText('£6.50 are left to pay.').waitFor();
      await dialog.getByRole('button', { name: 'Card' }).click();
      await page.locator('.receipt-number', { hasText: /^INV\/till-1\// }).waitFor();
      expect((await rowsOf(page)).slice(2)).toEqual(['Card £6.50', 'Paid before £5.00']);
    });
  });
});

async function rowsOf(page: Page): Promise<readonly string[]> {
  await page.locator('.receipt').waitFor();
  return wordsOf(page, '.receipt-sums > div', ['dt', 'dd']);
}

function linesOf(page: Page): Promise<readonly string[]> {
  return wordsOf(page, '.cart-line', ['.cart-name', '.cart-amount']);
}

/** Of each row these parts, as they stand at one moment. */
function wordsOf(page: Page, rows: string, parts: readonly string[]): Promise<readonly string[]> {
  return page
    .locator(rows)
    .evaluateAll(
      (all, names) => all.map((row) => names.map((name) => row.querySelector(name)?.textContent ?? '').join(' ')),
      parts,
    );
}

/** What the camera of the browser sees: one picture with this code on it. */
function filmCode(path: string, text: string): void {
  const [width, height, module] = [640, 480, 5];
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: 4 });
  const light = Buffer.alloc(width * height, 235);
  for (const [y, row] of rows.entries())
    for (const [x, isDark] of row.entries())
      if (isDark)
        for (let line = 0; line < module; line += 1)
          light.fill(16, (y * module + line) * width + x * module, (y * module + line) * width + (x + 1) * module);
  const color = Buffer.alloc((width * height) / 2, 128);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), light, color]);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420mpeg2\n`);
  writeFileSync(path, Buffer.concat([head, frame, frame]));
}
