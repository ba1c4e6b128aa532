// Tills in a shop with a real relay and a real office: a day at one of them, and what goes wrong between a till and the rest of its shop. All
// tests share the shop; each till has a name of its own, and so numbers of its own.
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bookFile } from '@tallystick/kernel/backup';
import { salvageLogFile } from '@tallystick/oplog/file';
import { entitlementAlarms } from '@tallystick/retail/entitlement';
import { type RunningOffice, startOffice } from '@tallystick-app/office';
import { startRelay } from '@tallystick-app/relay';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { faultsOf } from './axe.ts';
import {
  breakNextWorker,
  dist,
  editLog,
  keepsTheApp,
  newDevice,
  openDrawer,
  openProfile,
  sell,
  tile,
} from './browser.ts';
import { shopForAll } from './for-all.ts';
import { joinShop, type LineState, officeShows, putOnSale, saleAt, type TestShop } from './shop.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('tills in a shop', () => {
  const shop = shopForAll();

  // Whatever a test that failed left behind, the next one has its relay.
  afterEach(() => {
    shop.line.state = 'pass';
  });

  async function openTill(context: BrowserContext, name: string): Promise<Page> {
    const page = await context.newPage();
    await joinShop(page, shop.office, name);
    await openDrawer(page, '50');
    await isUpToDate(page);
    return page;
  }

  describe('a day', () => {
    let context: BrowserContext;
    let page: Page;
    let invitation = '';

    beforeAll(async () => {
      context = await newDevice(shop.browser, { startsOffline: true });
      page = await context.newPage();
      invitation = shop.office.invite();
      await joinShop(page, shop.office, 'till-7', invitation);
      await openDrawer(page, '100');
      await keepsTheApp(page);
    });
    // Each begins on the goods, with nothing open and everything sent.
    beforeEach(async () => {
      await context.setOffline(false);
      await page.reload();
      await page.getByRole('button', { name: 'Sell', exact: true }).click();
      await isUpToDate(page);
    });
    afterAll(() => context.close());

    it('began with an invitation, which lets nobody else in', async () => {
      expect(page.url()).not.toContain('join');
      const stranger = await newDevice(shop.browser);
      const other = await stranger.newPage();
      await other.goto(invitation);
      await other.getByRole('button', { name: 'Join the shop' }).click();
      await other.getByRole('button', { name: 'Skip for now' }).click();
      await other.getByText('This invitation was used already.').waitFor();
      await stranger.close();
    });

    it('says in plain words how far a sale has come', async () => {
      const number = await sell(page, 'Flat white');
      expect(number).toMatch(/^INV\/till-7\//);
      await page.getByRole('button', { name: 'Sales', exact: true }).click();
      await row(page, number).locator('[data-stage=settled]').waitFor();
    });

    it('goes on with the network off, says so truly, and has the sale after a start without a network', async () => {
      const loaves = Number(stockAt(shop.office, 'B04'));
      await context.setOffline(true);
      await isToldOffline(page);
      await page.getByText('No network.', { exact: true }).waitFor();
      const number = await sell(page, 'Flat white', 'Sourdough');
      await page.locator('.link-chip', { hasText: 'No network, 1 to send' }).waitFor();
      await page.reload();
      await page.locator('.link-chip', { hasText: 'No network, 1 to send' }).waitFor();
      await page.getByRole('button', { name: 'Sales', exact: true }).click();
      await expect.poll(() => row(page, number).locator('.stage').textContent()).toBe('Saved on this till');
      expect(saleAt(shop.office, number)).toBeUndefined();
      expect(await warnsOnLeaving(page)).toBe('beforeunload');

      await context.setOffline(false);
      await row(page, number).locator('[data-stage=settled]').waitFor();
      await expect.poll(() => saleAt(shop.office, number)).toBe(840);
      expect(await officeShows(shop.office, number)).toBe(840);
      expect(stockAt(shop.office, 'B04')).toBe(loaves - 1);
    });

    it('shows a price the office changed meanwhile', async () => {
      await putOnSale(shop.office, 'T01', 'Green tea', 210);
      await tile(page, 'Green tea').getByText('£2.10').waitFor();
      await putOnSale(shop.office, 'T01', 'Green tea', 225);
      await tile(page, 'Green tea').getByText('£2.25').waitFor();
    });

    it('claims a credit note at the relay before it takes it, where the shop takes none on trust', async () => {
      const dialog = page.getByRole('dialog');
      const number = await sell(page, 'Flat white');
      await page.getByRole('button', { name: 'Sales', exact: true }).click();
      await row(page, number).click();
      await page.getByRole('button', { name: 'Refund', exact: true }).click();
      await page.getByRole('button', { name: 'Everything' }).click();
      await page.getByRole('button', { name: 'Damaged' }).click();
      await page.getByRole('button', { name: 'Credit note' }).click();
      const url = await page.getByLabel('Its code, to send').inputValue();
      await dialog.getByRole('button', { name: 'Done' }).click();
      await dialog.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Sell', exact: true }).click();
      await isUpToDate(page);
      const look = async (): Promise<void> => {
        await tile(page, 'Sourdough').click();
        await page.getByRole('button', { name: /^Charge/ }).click();
        await dialog.getByRole('button', { name: 'Coupon or gift' }).click();
        await page.getByLabel('Scan or paste its code').fill(url);
        await dialog.getByRole('button', { name: 'Look' }).click();
      };
      await look();
      await dialog.getByText('It is claimed at the relay before the sale is saved').waitFor();
      // Gone by the time it is asked: nothing is taken, and what was claimed is given up.
      shop.line.state = 'error';
      await dialog.getByRole('button', { name: 'Take £3.60' }).click();
      await dialog.getByRole('button', { name: 'Exact' }).click();
      await dialog.getByText('That is more than may be taken on trust').waitFor();
      await page.getByRole('button', { name: 'Back to the cart' }).click();
      shop.line.state = 'pass';
      await isUpToDate(page);
      await page.getByRole('button', { name: 'Clear' }).click();
      await look();
      await dialog.getByRole('button', { name: 'Take £3.60' }).click();
      await dialog.getByRole('button', { name: 'Exact' }).click();
      await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
      const claimed = "SELECT amountMinor FROM redemptions WHERE claim <> ''";
      await expect.poll(() => shop.office.book.query(claimed)).toEqual([{ amountMinor: 360 }]);
      expect(entitlementAlarms(shop.office.book)).toEqual([]);
    });

    it('prints fiscal numbers out of the block that the office leased to it, and says when few are left', async () => {
      const { book, sync } = shop.office;
      const [{ device } = { device: '' }] = book.query<{ device: string }>(
        "SELECT device FROM devices WHERE name = 'till-7'",
      );
      await book.commit('fiscal.range', { series: 'A', first: 1_001, last: 1_010 });
      const leased = { series: 'A', scope: 'hq', device, untilDay: '2099-12-31', quantity: 10 };
      expect(await book.commit('fiscal.lease', leased)).toMatchObject({ ok: true });
      await sync();
      await putOnSale(shop.office, 'T02', 'Black tea', 200);
      await tile(page, 'Black tea').click();
      await page.getByRole('button', { name: /^Charge/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
      await page.getByRole('button', { name: 'Receipt' }).click();
      await page.locator('.receipt').getByText('Fiscal number A 1001').waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('9 fiscal numbers are left on this till.').waitFor();
    });

    it('tells who works here, once, that a refund was one too many, and who owes it', async () => {
      const { book, sync } = shop.office;
      const number = await sell(page, 'Flat white');
      await expect.poll(() => saleAt(shop.office, number)).toBe(360);
      await context.setOffline(true);
      await page.getByRole('button', { name: 'Sales', exact: true }).click();
      await row(page, number).click();
      await page.getByRole('button', { name: 'Refund', exact: true }).click();
      await page.getByRole('button', { name: 'Everything' }).click();
      await page.getByRole('button', { name: 'Damaged' }).click();
      await page.getByRole('button', { name: 'Refund cash' }).click();
      await page.getByText('1 returned').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
      // Meanwhile the office gives the same cup back.
      const [sold] = book.query<{ id: string; day: string }>('SELECT id, day FROM documents WHERE number = ?', [
        number,
      ]);
      const line = { line: 1, sku: 'C02', name: 'Flat white', quantity: 1, unitPriceMilliMinor: 360_000 };
      const trade = { day: sold?.day ?? '', currency: 'GBP', taxIncluded: true, reason: 'cold' } as const;
      const tenders = [{ kind: 'card', amountMinor: 360 }] as const;
      const back = await book.commit('sale.refund', { ...trade, original: sold?.id ?? '', lines: [line], tenders });
      expect(back).toMatchObject({ ok: true });
      await sync();
      await context.setOffline(false);
      await page.getByText('One entry of this till stands otherwise than meant.').waitFor();
      await page.getByRole('button', { name: 'See them' }).click();
      const corrected = page.getByRole('region', { name: 'Corrected entries' });
      await corrected.getByText('Whoever works at till-7 owes £3.60.').waitFor();
      await corrected.getByText('More was given back than was sold.').waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await page.getByText('One entry of this till stands otherwise than meant.').waitFor({ state: 'detached' });
      await page.reload();
      await corrected.waitFor();
      expect(await page.getByText('stands otherwise than meant').count()).toBe(0);
    });

    it.each<readonly [LineState, string]>([
      ['error', 'The relay has too much to do.'],
      ['garbage', 'What answers is not the relay.'],
      ['silence', 'The relay has been asked and says nothing.'],
    ])('goes on while the relay answers with %s', async (state, words) => {
      shop.line.state = state;
      const number = await sell(page, 'Flat white');
      await expect.poll(() => shop.line.requests).toBeGreaterThan(0);
      const other = await sell(page, 'Sourdough');
      expect(await stageOf(page, number)).not.toBe('settled');
      await page.getByText(words).waitFor();
      expect(saleAt(shop.office, number)).toBeUndefined();
      shop.line.state = 'pass';
      await page.getByRole('button', { name: 'This till', exact: true }).click();
      await page.getByRole('button', { name: 'Sync now' }).click();
      await expect.poll(() => saleAt(shop.office, number)).toBe(360);
      await expect.poll(() => saleAt(shop.office, other)).toBe(480);
      await page.locator('.banner', { hasText: 'relay' }).waitFor({ state: 'detached' });
      expect(shop.office.book.query('SELECT 1 FROM documents WHERE number = ?', [number])).toHaveLength(1);
    });

    it('outlives relay, office and network together, over a reload, and loses nothing', async () => {
      const { office, relay } = shop;
      const ports = { relay: portOf(relay.url), office: portOf(office.url), till: portOf(office.tillUrl ?? '') };
      await context.setOffline(true);
      await office.close();
      await relay.close();
      let number = '';
      try {
        number = await sell(page, 'Flat white', 'Sourdough');
        await page.reload();
        await page.locator('.link-chip', { hasText: 'No network, 1 to send' }).waitFor();
        expect(await stageOf(page, number)).toBe('local');
        await context.setOffline(false);
        await page.getByText('The network is up, but the relay does not answer.').waitFor();
      } finally {
        await openAgain(shop, ports);
      }
      await expect.poll(() => officeShows(shop.office, number)).toBe(840);
      await row(page, number).locator('[data-stage=settled]').waitFor();
      await expect.poll(() => row(page, number).locator('.document-total').textContent()).toBe('£8.40');
    });
  });

  it('fetches what its damaged log lost before it writes on, so that no two sales share a number', async () => {
    const context = await newDevice(shop.browser);
    const first = await openTill(context, 'till-8');
    const number = await sell(first, 'Flat white');
    await expect.poll(() => saleAt(shop.office, number)).toBe(360);
    const { tillUrl = '' } = shop.office;
    // From the middle of the sale on: its receipt and its position are gone with it.
    await editLog(first, tillUrl, (log) => log.subarray(0, log.lastIndexOf('sale.complete@1')));
    shop.line.state = 'error';
    const page = await context.newPage();
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
    await expect.poll(() => saleAt(shop.office, next)).toBe(360);
    const refusals = "SELECT code FROM refusals JOIN devices USING (device) WHERE devices.name = 'till-8'";
    expect(shop.office.book.query(refusals)).toEqual([]);
    await context.close();
  });

  it('goes on under its own key, which is no longer its first, after a log damaged in the middle was put aside', async () => {
    const context = await newDevice(shop.browser);
    const first = await openTill(context, 'till-9');
    await first.getByRole('button', { name: 'Back it up' }).click();
    await first.getByLabel('With a passkey').uncheck();
    await first.getByLabel('On paper').check();
    await first.getByRole('button', { name: 'Back it up and go on' }).click();
    for (const _ of [1, 2]) await first.getByRole('button', { name: 'Next sheet' }).click();
    await first.getByRole('button', { name: 'All sheets are handed out' }).click();
    await first.getByText('The till goes on under its new key').waitFor();
    const number = await sell(first, 'Flat white');
    await expect.poll(() => saleAt(shop.office, number)).toBe(360);
    const { tillUrl = '' } = shop.office;
    shop.line.state = 'error';
    const unsent = await sell(first, 'Flat white');
    await editLog(first, tillUrl, (log) => {
      const at = log.indexOf('"device"', log.length >> 2);
      return Buffer.concat([log.subarray(0, at), Buffer.from('!'), log.subarray(at + 1)]);
    });
    const page = await context.newPage();
    await page.goto(tillUrl);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export what is saved' }).click();
    const file = await readFile(await (await downloading).path());
    shop.line.state = 'pass';
    await page.getByRole('button', { name: 'The file is kept: start anew' }).click();
    await page.getByRole('button', { name: 'Join a shop' }).waitFor();
    // Into the same tab, as a person pastes it.
    await page.goto(shop.office.invite());
    await page.getByText('Invitation from').waitFor();
    await page.getByLabel('Name of this till').fill('till-9');
    await page.getByRole('button', { name: 'Join the shop' }).click();
    await page.getByRole('button', { name: 'Go on with the key that is here' }).click();
    await tile(page, 'Flat white').waitFor();
    await isUpToDate(page);
    // What it sold now would stand where the sale does that is in the file alone.
    await page.getByRole('status').filter({ hasText: 'What this till sold last is not here yet.' }).waitFor();
    await tile(page, 'Sourdough').click();
    await page.getByRole('button', { name: /^Charge/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
    await page.getByText('What this till sold last is in the file of its old log.').waitFor();
    await page.getByRole('button', { name: 'Back to the cart' }).click();
    await page.getByRole('button', { name: 'Remove Sourdough' }).click();
    await readIn(shop.office, file);
    expect(saleAt(shop.office, unsent)).toBe(360);
    await page.getByText('What this till sold last is not here yet.').waitFor({ state: 'detached' });
    const next = await sell(page, 'Sourdough');
    expect(new Set([number, unsent, next]).size).toBe(3);
    await expect.poll(() => saleAt(shop.office, next)).toBe(480);
    const refusals = "SELECT code FROM refusals JOIN devices USING (device) WHERE devices.name = 'till-9'";
    expect(shop.office.book.query(refusals)).toEqual([]);
    await context.close();
  });

  it('names a copied device on both screens, and counts what each half sold once both go on as new tills', async () => {
    const { tillUrl = '' } = shop.office;
    let context = await openProfile(join(shop.folder, 'till'));
    await openTill(context, 'till-1');
    await context.close();
    await cp(join(shop.folder, 'till'), join(shop.folder, 'copy'), { recursive: true });
    context = await openProfile(join(shop.folder, 'till'));
    const page = await context.newPage();
    await page.goto(tillUrl);
    const number = await sell(page, 'Flat white');
    await expect.poll(() => saleAt(shop.office, number)).toBe(360);

    shop.line.state = 'error';
    const copyContext = await openProfile(join(shop.folder, 'copy'));
    try {
      const copy = await copyContext.newPage();
      await copy.goto(tillUrl);
      expect(await sell(copy, 'Sourdough')).toBe(number);
      shop.line.state = 'pass';
      await copy.getByRole('alert').filter({ hasText: 'This till was copied' }).waitFor();
      await copy.getByRole('button', { name: 'This till', exact: true }).click();
      const lost = copy.locator('.refusals li');
      await expect.poll(() => lost.textContent()).toContain('£4.80');
      await page.getByRole('alert').filter({ hasText: 'This till was copied' }).waitFor();
      await expect.poll(() => forksAt(shop)).toEqual(['sale.complete@1']);
      expect(saleAt(shop.office, number)).toBe(360);

      await goOn(copy, shop, 'till-1-b');
      await expect.poll(() => totalsAt(shop)).toEqual([360, 480]);
      await goOn(page, shop, 'till-1-c');
      for (const till of [page, copy]) {
        await openDrawer(till, '0');
        const next = await sell(till, 'Flat white');
        await expect.poll(() => saleAt(shop.office, next)).toBe(360);
      }
      expect(totalsAt(shop)).toEqual([360, 360, 360, 480]);
      expect(shop.office.book.quarantine()).toEqual([]);
    } finally {
      await copyContext.close();
      await context.close();
    }
  });

  it.each([
    ['behind', -7],
    ['ahead', 5],
  ] as const)('says that its clock is years %s, and sells all the same', async (word, years) => {
    const context = await newDevice(shop.browser);
    const offMs = years * 365 * 24 * 3_600_000;
    await breakNextWorker(context, clockOff(offMs));
    const page = await openTill(context, `till-${word}`);
    const number = await sell(page, 'Flat white');
    await expect.poll(() => saleAt(shop.office, number)).toBe(360);
    await page.getByText(`The clock of this device is ${word}.`).waitFor();
    expect(number).toContain(`/${yearOf(Date.now() + offMs)}-`);
    // What the office writes next is minted by its own clock all the same, and the till takes it.
    const id = await putOnSale(shop.office, `T-${word}`, `Tea from ${word}`, 230);
    expect(mintedYear(id)).toBe(yearOf(Date.now()));
    await tile(page, `Tea from ${word}`).getByText('£2.30').waitFor();
    await context.close();
  });
});

/** Starts the relay and the office of a shop again, where they were. */
async function openAgain(
  shop: ReturnType<typeof shopForAll>,
  ports: Readonly<Record<'relay' | 'office' | 'till', number>>,
): Promise<void> {
  const dataDir = (name: string): string => join(shop.folder, name);
  const relay = await startRelay({ dataDir: dataDir('relay'), port: ports.relay });
  const office = await startOffice({
    dataDir: dataDir('office'),
    relayUrl: shop.line.url,
    port: ports.office,
    tillPort: ports.till,
    tillDist: dist,
    syncEveryMs: 200,
  });
  const close = async (): Promise<void> => {
    await office.close();
    await shop.line.close();
    await relay.close();
  };
  Object.assign(shop, { office, relay, close });
}

function row(page: Page, number: string): Locator {
  // Number 11 is not number 1 with one item.
  const own = page.locator('.document-number', { hasText: new RegExp(String.raw`^${number}(?!\d)`) });
  return page.locator('.document', { has: own });
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
  await till.getByLabel('Invitation').fill(office.invite(60_000, { replaces: row?.device }));
  await till.getByLabel('Name of the new till').fill(name);
  await till.getByRole('button', { name: 'Go on', exact: true }).click();
  await till.getByRole('button', { name: 'Skip for now' }).click();
  await tile(till, 'Flat white').waitFor();
}

/** What till-1 and those in its place sold. */
function totalsAt({ office }: TestShop): readonly unknown[] {
  const sales = office.book.query(
    `SELECT totalMinor FROM documents d JOIN devices v ON v.device = d.device
     WHERE d.kind = 'sale' AND (v.name = 'till-1' OR v.name LIKE 'till-1-%') ORDER BY totalMinor`,
  );
  return sales.map((sale) => sale['totalMinor']);
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function mintedYear(id: string): number {
  return yearOf(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** The year that it is where the tills are. */
function yearOf(ms: number): number {
  return Number(new Intl.DateTimeFormat('en-GB', { year: 'numeric', timeZone: 'Europe/London' }).format(ms));
}

/** A browser tells its workers that the network went; Chromium tells them nothing when it only acts as if it had. */
async function isToldOffline(page: Page): Promise<void> {
  for (const worker of page.workers()) await worker.evaluate(() => void dispatchEvent(new Event('offline')));
}

async function isUpToDate(page: Page): Promise<void> {
  await page.locator('.link-chip', { hasText: 'Up to date' }).waitFor();
}

/** For a worker whose clock is off by so much. */
function clockOff(offMs: number): string {
  return `const Real = Date; globalThis.Date = class extends Real {
      constructor(...parts) { parts.length === 0 ? super(Real.now() + ${offMs}) : super(...parts); }
      static now() { return Real.now() + ${offMs}; } };`;
}

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

/** What `tally import` does with the log of a till that could not open it. */
async function readIn({ book, sync }: RunningOffice, log: Uint8Array): Promise<void> {
  const { records } = salvageLogFile(log);
  const scopes = [...new Set(records.map(({ op }) => op.scope))];
  const entries = scopes.map((scope) => ({ scope, from: 0, size: 0, note: '', receipts: [] }));
  await book.import(bookFile(book.id, entries, records));
  await sync();
}
