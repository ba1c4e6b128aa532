// A shop with branches: tills that are let in to a branch, and a credit note of the one that is spent in the other, once, by the claims of both.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { parseScope } from '@tallystick/oplog';
import { parseVanCountText, transferNote, transferNoteText } from '@tallystick/retail/supply';
import { faultsOf } from './axe.ts';
import { newDevice, openDrawer, sell, tile } from './browser.ts';
import { shopForAll } from './for-all.ts';
import { joinShop, saleAt } from './shop.ts';

function missing(): never {
  throw new Error('it is not there');
}

describe.skipIf(isMissing('Chromium', chromiumPath()))('tills in branches', () => {
  const shop = shopForAll();
  const contexts: BrowserContext[] = [];
  afterAll(() => Promise.all(contexts.map((context) => context.close())));

  async function openTill(name: string, scope: string): Promise<Page> {
    const context = await newDevice(shop.browser);
    contexts.push(context);
    const page = await context.newPage();
    await joinShop(page, shop.office, name, shop.office.invite(60_000, { scope: scope as never }));
    await openDrawer(page, '50');
    await admit(name);
    return page;
  }

  /** As `tally admit` does. */
  async function admit(name: string): Promise<void> {
    const { book, sync } = shop.office;
    const columns = 'device, key, enrolment, role, name';
    const [row] = book.query(`SELECT ${columns} FROM devices WHERE name = ? AND scope LIKE 'b/%'`, [name]);
    const request = { verb: 'device.admit' as const, args: { ...row } as never, scope: 'claims' as never };
    const [admitted] = await book.commitAll([request]);
    expect(admitted).toMatchObject({ ok: true });
    await sync();
  }

  const isUpToDate = (page: Page) => page.locator('.link-chip', { hasText: 'Up to date' }).waitFor();

  it('sell in their own branch, and honour a credit note of the other once', async () => {
    const { book } = shop.office;
    const [north, south] = [await openTill('north-1', 'b/north'), await openTill('south-1', 'b/south')];
    const number = await sell(north, 'Flat white', 'Sourdough');
    await expect
      .poll(() => book.query('SELECT scope, totalMinor FROM documents WHERE number = ?', [number]))
      .toEqual([{ scope: 'b/north', totalMinor: 840 }]);
    const url = await refundByNote(north, number);
    await expect.poll(() => book.query('SELECT scope FROM entitlements')).toEqual([{ scope: 'claims' }]);
    await spend(south, url, '£4.80');
    await expect
      .poll(() => book.query("SELECT scope, claim <> '' AS settled, amountMinor FROM redemptions"))
      .toEqual([{ scope: 'b/south', settled: 1, amountMinor: 480 }]);
    // The first branch takes what is left, and no more, though it never heard of the other's sale.
    await spend(north, url, '£3.60');
    const gifts = "SELECT sum(amountMinor) AS minor FROM postings WHERE account = '2310'";
    await expect.poll(() => book.query(gifts)).toEqual([{ minor: 0 }]);
    expect(book.query('SELECT code FROM refusals')).toEqual([]);
    expect(book.query('SELECT code FROM corrections')).toEqual([]);
  });

  it('on a van sell one unit by each scan, of what was loaded, until it is settled', async () => {
    const { book, sync } = shop.office;
    const context = await newDevice(shop.browser);
    contexts.push(context);
    const page = await context.newPage();
    const van = parseScope('v/1') ?? missing();
    const place = { scope: van, role: 'van' } as const;
    await joinShop(page, shop.office, 'van-1', shop.office.invite(60_000, place));
    // Loaded by a transfer: three loaves.
    const head = { day: '2026-01-02', currency: 'GBP' };
    const depot = parseScope('b/depot') ?? missing();
    const coffee = { sku: 'C02', name: 'Flat white', quantity: 5, unitCostMilliMinor: 100_000 };
    const loaves = { sku: 'B04', name: 'Sourdough', quantity: 3, unitCostMilliMinor: 200_000 };
    const sent = await book.commit('transfer.dispatch', { ...head, to: 'v/1', lines: [loaves] });
    if (!sent.ok) throw new Error(sent.code);
    await book.commit('barcode.set', { barcode: '9506000134352', sku: 'B04', quantity: 1 });
    await sync();
    await openDrawer(page, '20');
    await isUpToDate(page);
    await page.getByRole('button', { name: 'Drawer', exact: true }).click();
    await page.getByRole('button', { name: 'Goods in' }).click();
    await page.getByRole('button', { name: 'From the office: Sourdough' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'From the office: Sourdough' }).click();
    await page.getByRole('button', { name: 'Count it in' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Count it in' }).click();
    await page.getByText('All came as it was sent').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    // Read again from its note it has come already; what comes from a place whose log is not here is known by its note alone.
    const noteOf = (id: string): string => transferNoteText(transferNote(book, id) ?? missing());
    await page.getByRole('button', { name: 'Goods in' }).click();
    await page.getByLabel('Scan or paste the note').fill(noteOf(sent.id));
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByText('This delivery was counted in before').waitFor();
    const more = await book.commit('transfer.dispatch', { ...head, to: 'v/1', lines: [coffee] }, { scope: depot });
    if (!more.ok) throw new Error(more.code);
    await page.getByLabel('Scan or paste the note').fill(noteOf(more.id));
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByRole('dialog').getByLabel('Flat white').fill('4');
    await page.getByRole('button', { name: 'Count it in' }).click();
    await page.getByText('Otherwise than it was sent: Flat white').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await expect
      .poll(() => book.query("SELECT sku, onHand FROM stock WHERE scope = 'v/1' ORDER BY sku"))
      .toEqual([
        { sku: 'B04', onHand: 3 },
        { sku: 'C02', onHand: 4 },
      ]);
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await tile(page, 'Sourdough').getByText('3 left').waitFor();
    await page.getByRole('button', { name: 'Scan sells, cash' }).click();
    await page.getByLabel('Search goods').focus();
    const scan = async (code: string): Promise<void> => {
      await page.keyboard.insertText(code);
      await page.keyboard.press('Enter');
    };
    // Faster than each is saved: two alike are two, and one that is rung up between two scans is not taken for the second.
    for (const code of ['9506000134352', '9506000134352']) await scan(code);
    await expect
      .poll(() => book.query("SELECT id FROM documents WHERE scope = 'v/1' AND kind = 'sale'"))
      .toHaveLength(2);
    const rungUp = await sell(page, 'Flat white');
    await expect.poll(() => saleAt(shop.office, rungUp)).toBe(360);
    await page.getByLabel('Search goods').focus();
    for (const code of ['B04', 'B04']) await scan(code);
    await page.getByText('Sourdough was not sold. It is not on board').waitFor();
    const sold = "SELECT totalMinor FROM documents WHERE scope = 'v/1' AND kind = 'sale' ORDER BY id";
    await expect.poll(() => book.query(sold)).toEqual([480, 480, 360, 480].map((totalMinor) => ({ totalMinor })));
    // In the evening somebody else counts goods and cash: of the £38.00 a pound is missing.
    await isUpToDate(page);
    const { text, fields } = await handOver(page);
    expect(fields).not.toContain('3');
    expect(parseVanCountText(text)).toMatchObject({
      scope: van,
      cashMinor: 3_700,
      lines: [
        { sku: 'B04', counted: 0 },
        { sku: 'C02', counted: 3 },
      ],
    });
    await settle(text);
    expect(book.query('SELECT seller, amountMinor FROM sellerDebts')).toEqual([{ seller: 'S-7', amountMinor: 100 }]);
    await sync();
    await page.getByRole('button', { name: 'Drawer', exact: true }).click();
    await page.getByRole('button', { name: 'Last Z report' }).waitFor();
    await page.getByText('A count is begun').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Last Z report' }).click();
    await page.locator('.receipt-sums').getByText('Should be in the drawer').waitFor();
    await page.keyboard.press('Escape');
    // The next evening begins with nothing counted: what lay there yesterday says nothing of today.
    await openDrawer(page, '20');
    await page.getByRole('button', { name: 'Drawer', exact: true }).click();
    await page.getByRole('button', { name: 'Hand over' }).click();
    await expect.poll(() => page.getByRole('dialog').getByLabel('Sourdough').inputValue()).toBe('');
    expect(await page.getByRole('dialog').getByLabel('Flat white').inputValue()).toBe('');
  });

  /** Counts the van without being told what should be in it; answers what its page showed meanwhile and what it hands on. */
  async function handOver(page: Page): Promise<{ readonly text: string; readonly fields: string }> {
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Drawer', exact: true }).click();
    await page.getByRole('button', { name: 'Hand over' }).click();
    await dialog.getByLabel('Sourdough').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    const fields = (await dialog.locator('.count-fields').textContent()) ?? '';
    await dialog.getByLabel('Flat white').fill('3');
    await dialog.getByRole('button', { name: /^Nothing is left of the other/ }).click();
    await dialog.getByLabel('Cash in the drawer').fill('37');
    await dialog.getByRole('button', { name: 'Hand over' }).click();
    const text = await dialog.getByLabel('The count, to send').inputValue();
    expect(await faultsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByText('A count is begun').waitFor();
    return { text, fields };
  }

  /** On the office's page. */
  async function settle(text: string): Promise<void> {
    const context = await newDevice(shop.browser);
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(`${shop.office.url}/#stock`);
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Settle a van…' }).click();
    await dialog.getByLabel('The count of the van').fill('nothing of the kind');
    await dialog.getByLabel('Seller').fill('S-7');
    await dialog.getByRole('button', { name: 'Look' }).click();
    await dialog.getByText('This is no count of a van').waitFor();
    await dialog.getByLabel('The count of the van').fill(text);
    await dialog.getByRole('button', { name: 'Look' }).click();
    await dialog.getByText('Counted: Sourdough 0, Flat white 3. Cash in the drawer: £37.00.').waitFor();
    await dialog.getByRole('button', { name: 'Settle', exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  async function refundByNote(page: Page, number: string): Promise<string> {
    const dialog = page.getByRole('dialog');
    await isUpToDate(page);
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await page.locator('.document', { hasText: number }).click();
    await dialog.getByRole('button', { name: 'Refund', exact: true }).click();
    await dialog.getByRole('button', { name: 'Everything' }).click();
    await dialog.getByRole('button', { name: 'Damaged' }).click();
    await dialog.getByRole('button', { name: 'Credit note' }).click();
    const url = await page.getByLabel('Its code, to send').inputValue();
    await page.reload();
    return url;
  }

  /** Buys a loaf with as much of the note as is taken. */
  async function spend(page: Page, url: string, taken: string): Promise<void> {
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await isUpToDate(page);
    await tile(page, 'Sourdough').click();
    await page.getByRole('button', { name: /^Charge/ }).click();
    // What the other branch took is known here as soon as this till has heard of it, and not when the office has.
    const offered = async (): Promise<string | null> => {
      await dialog.getByRole('button', { name: 'Coupon or gift' }).click();
      await dialog.getByLabel('Scan or paste its code').fill(url);
      await dialog.getByRole('button', { name: 'Look' }).click();
      await dialog.getByText('It is claimed at the relay before the sale is saved').waitFor();
      const words = await dialog.getByRole('button', { name: /^Take £/ }).textContent();
      if (words !== `Take ${taken}`) await dialog.getByRole('button', { name: 'Back' }).click();
      return words;
    };
    await expect.poll(offered).toBe(`Take ${taken}`);
    await dialog.getByRole('button', { name: `Take ${taken}` }).click();
    const exact = dialog.getByRole('button', { name: 'Exact' });
    const saved = page.getByRole('heading', { name: 'Sale saved' });
    await exact.or(saved).waitFor();
    if (await exact.isVisible()) await exact.click();
    await saved.waitFor();
    await page.getByRole('button', { name: 'New sale' }).click();
  }
});
