// The office's page in a real browser: what it shows, that a sale appears without a reload, and how it says that it lost its relay. Every test
// has a page of its own; the shop is one for all.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PersonFile } from '../src/person-file.ts';
import { createOrganisationIdentity } from '@tallystick/custody';
import { type Sealer, verifyByBook } from '@tallystick/kernel/subjects';
import { createRelayClient } from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../scripts/free-ports.ts';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { openKeeper, writeBackupSettings } from '../src/backup-settings.ts';
import { deviceKey, enrolDevice, openTill, type ShopBook } from '../src/book.ts';
import { mustCommit, seedShop } from '../src/demo/seed.ts';
import { describePerson } from '../src/describe-person.ts';
import { encodeDeviceText } from '../src/device-text.ts';
import { dropArchived } from '../src/drop-archived.ts';
import { homeAt } from '../src/home.ts';
import { findPersons, openDesk } from '../src/subjects.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { faultsOf } from '../../till/test/axe.ts';
import { launch } from '../../till/test/browser.ts';
import { temporaryFolder } from './temporary.ts';

const day = '2026-03-02';
const openedMs = Date.parse('2026-03-02T09:00:00Z');

describe.skipIf(isMissing('Chromium', chromiumPath()))('the office page', () => {
  const folder = temporaryFolder();
  let relay: RunningRelay;
  let office: RunningOffice;
  let till: ShopBook;
  const tills: ShopBook[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    relay = await startRelay({ dataDir: join(folder, 'relay'), port: await freePort() });
    office = await startOffice({
      dataDir: folder,
      relayUrl: relay.url,
      name: 'Corner shop',
      currency: 'GBP',
      syncEveryMs: 100,
    });
    await seedShop(office.book, { day, openedMs });
    till = await newTill(0, 'Front till');
    browser = await launch();
  });
  beforeEach(async () => {
    page = await browser.newPage({
      locale: 'en-GB',
      reducedMotion: 'reduce',
      timezoneId: 'Europe/London',
      viewport: { width: 1280, height: 900 },
    });
    page.setDefaultTimeout(60_000);
    await page.goto(office.url);
    await page.locator('#link[data-state=linked]').waitFor();
    await page.locator('#main[aria-busy=false]').waitFor();
  });
  afterEach(() => page.close());
  afterAll(async () => {
    await browser?.close();
    for (const book of tills) await book.close();
    await office?.close();
    await relay?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function newTill(index: number, name: string): Promise<ShopBook> {
    const file = homeAt(folder).tillFile(index);
    await enrolDevice(office.book, await deviceKey(file), name, 'till');
    await office.sync();
    const book = await openTill(file, office.book.id, relay.vkey);
    tills.push(book);
    await book.sync(createRelayClient({ url: relay.url }));
    return book;
  }

  async function sell(sku: string, priceMinor: number, book = till): Promise<void> {
    const line = {
      sku,
      name: `Goods ${sku}`,
      quantity: 1,
      unitPriceMilliMinor: priceMinor * 1_000,
      taxRateBasisPoints: 0,
    };
    const tenders = [{ kind: 'card' as const, amountMinor: priceMinor }];
    const args = { day, currency: 'GBP', taxIncluded: true, lines: [line], tenders };
    mustCommit([await book.commit('sale.complete', args, { at: openedMs + 60_000 })]);
    await book.sync(createRelayClient({ url: relay.url }), { pull: false });
  }

  /** An amount on the page, in minor units. */
  async function amountIn(selector: string): Promise<number> {
    const text = (await page.locator(selector).first().textContent()) ?? '';
    return Math.round(Number(text.replace(/[^\d.-]/g, '')) * 100);
  }

  it('opens on the shop, linked to its relay, without an error in the console', async () => {
    const said: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && said.push(message.text())));
    page.on('pageerror', (error) => void said.push(error.message));
    await page.reload();
    await page.getByRole('heading', { name: 'Corner shop' }).waitFor();
    await page.locator('#link[data-state=linked]').waitFor();
    await page.locator('#main[aria-busy=false]').waitFor();
    expect(said).toEqual([]);
  });

  it('shows a sale, and its stock, the moment it is in the books', async () => {
    await page.evaluate(() => document.body.setAttribute('data-never-reloaded', 'yes'));
    const size = await page.locator('#strip-size').textContent();
    const taken = await amountIn('#figures dd');
    const [{ onHand } = { onHand: 0 }] = office.book.query<{ onHand: number }>(
      "SELECT onHand FROM stock WHERE sku = 'BAK-01'",
    );
    const left = (count: number): Promise<void> =>
      page.locator('#stock-rows tr', { hasText: 'Sourdough loaf' }).getByText(String(count), { exact: true }).waitFor();
    await sell('BAK-01', 420);
    await expect.poll(() => amountIn('#figures dd')).toBe(taken + 420);
    await page.locator('#documents', { hasText: 'Front till' }).waitFor();
    await expect.poll(() => page.locator('#strip-size').textContent()).not.toBe(size);
    await page.getByRole('link', { name: 'Stock' }).click();
    await page.getByRole('searchbox').fill('Sourdough');
    await left(onHand - 1);
    await sell('BAK-01', 420);
    await left(onHand - 2);
    expect(await page.locator('body').getAttribute('data-never-reloaded')).toBe('yes');
  });

  it('shows a trial balance that balances, the devices and the tip of the log', async () => {
    await page.getByRole('link', { name: 'Trial balance' }).click();
    const sales = '#balance-rows tr:has-text("Sales") .number:not(:empty)';
    const before = await page
      .locator(sales)
      .count()
      .then((count) => (count === 0 ? 0 : amountIn(sales)));
    await sell('BAK-01', 420);
    await expect.poll(() => amountIn(sales)).toBe(before + 420);
    const totals = (): Promise<string[]> => page.locator('#balance-total .number').allTextContents();
    await expect.poll(async () => new Set(await totals()).size).toBe(1);
    expect(await totals()).toHaveLength(2);
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.locator('#device-cards', { hasText: 'Front till' }).waitFor();
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.locator('#tip', { hasText: /[0-9a-f]{8}/ }).waitFor();
    await page.getByText('Checkpoint as the relay signed it').click();
    await page.locator('#note', { hasText: `/${office.book.id}/hq` }).waitFor();
  });

  it('hands out an invitation, and nothing to copy or open before there is one', async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await page.route('**/api/invitations', async (route) => {
      asked.resolve();
      await answered.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Invite a till' }).click();
    await asked.promise;
    await dialog().getByText('One moment…').waitFor();
    expect(await dialog().getByRole('button').allTextContents()).toEqual(['Close']);
    expect(await page.getByLabel('Link').isVisible()).toBe(false);
    answered.resolve();
    await expect.poll(() => page.getByLabel('Link').inputValue()).toMatch(/#join=[\w-]+$/);
    await dialog().getByRole('button', { name: 'Copy link' }).waitFor();
    expect(await dialog().getByRole('link', { name: 'Open here' }).getAttribute('href')).toMatch(/#join=[\w-]+$/);
    await dialog().getByRole('button', { name: 'Close' }).click();
    await dialog().waitFor({ state: 'hidden' });
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
    const lost = await newTill(1, 'Back till');
    await page.getByRole('link', { name: 'Devices' }).click();
    await card('Back till').getByRole('button', { name: 'Revoke…' }).click();
    await dialog().getByLabel('Why').selectOption('lost');
    await dialog().getByRole('button', { name: 'Revoke Back till' }).click();
    await card('Back till').getByText('Revoked').waitFor();
    expect(office.book.query('SELECT status FROM devices WHERE device = ?', [lost.device])).toEqual([
      { status: 'revoked' },
    ]);
    await card('Back till').getByRole('button', { name: 'Replace it…' }).click();
    await page.getByRole('img', { name: 'The same as a QR code' }).waitFor();
    await page.keyboard.press('Escape');

    // What it sells from here on must come to the relay after the revocation.
    await office.sync();
    expect(office.book.status().scopes).toMatchObject([{ scope: 'hq', pending: 0 }]);
    await sell('BAK-01', 420, lost);
    await sell('BAK-01', 990, lost);
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
    await page.getByRole('link', { name: 'Corrections' }).click();
    const refused = page.locator('#refused li', { hasText: 'this device was revoked' });
    expect(await refused.first().textContent()).toContain('INV/Back till/');
  });

  it('lists what stands otherwise than meant, with the document, who owes what and what to do', async () => {
    const lamp = { sku: 'LAMP', name: 'Lamp', category: '', unitScale: 0, taxRateBasisPoints: 0, active: 1 } as const;
    mustCommit([await office.book.commit('product.set', { ...lamp, negativeStock: 'backorder' })]);
    await sell('LAMP', 9_900, office.book);
    await page.getByRole('link', { name: /^Corrections \(1\)/ }).click();
    const row = page.locator('#corrections li');
    await row.getByText('Goods worth £99.00 are owed to the customer.').waitFor();
    await row.getByText('To do: Deliver or cancel it').waitFor();
    await row.getByRole('button').click();
    await dialog().getByRole('row', { name: '2400 Backorders owed -£99.00' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('enters who a person is, puts it right, and hands out what is known, by the keyboard alone', async () => {
    await page.getByRole('link', { name: 'Persons' }).click();
    await page.getByRole('button', { name: 'Enter a person…' }).focus();
    await page.keyboard.press('Enter');
    // The first field has the focus, and Tab goes on to the others.
    await page.keyboard.type('C-23');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Ben Okri');
    await page.keyboard.press('Tab');
    await page.keyboard.type('0151 777');
    await page.keyboard.press('Enter');
    const ben = page.getByRole('region', { name: 'Customer C-23' });
    await ben.getByRole('heading', { name: 'Customer C-23 · Ben Okri' }).waitFor();
    await dialog().waitFor({ state: 'hidden' });
    await ben.getByRole('button', { name: 'Put right…' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Ben Okri-Marsh');
    await page.keyboard.press('Enter');
    await ben.getByRole('heading', { name: 'Customer C-23 · Ben Okri-Marsh' }).waitFor();
    await dialog().waitFor({ state: 'hidden' });
    const download = page.waitForEvent('download');
    await ben.getByRole('button', { name: 'Hand out…' }).focus();
    // What changes meanwhile takes the focus from nobody, and no button from under a finger.
    const subject = findPersons(office.book, 'C-23')[0]?.subject ?? '';
    const hold = { subject, basis: 'tax-records', untilDay: '' } as const;
    mustCommit([await office.book.commit('subject.hold', { ...hold, held: 1 })]);
    await ben.getByText('Kept by law').waitFor();
    await page
      .locator(':focus')
      .and(ben.getByRole('button', { name: 'Hand out…' }))
      .waitFor();
    await ben.getByRole('button', { name: 'Hand out…' }).hover();
    const isLetGo = page.waitForResponse(
      async (response) => response.url().endsWith('/api/persons') && !(await response.text()).includes('tax-records'),
    );
    await page.mouse.down();
    mustCommit([await office.book.commit('subject.hold', { ...hold, held: 0 })]);
    await isLetGo;
    await page.mouse.up();
    await dialog().getByRole('button', { name: 'Download' }).waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
    await ben.getByText('Kept by law').waitFor({ state: 'detached' });
    // The release of a press that opened a menu of the browser is never told: nothing waits for it longer than until the next move.
    await page.evaluate(() => dispatchEvent(new PointerEvent('pointerdown')));
    mustCommit([await office.book.commit('subject.hold', { ...hold, held: 1 })]);
    await page.mouse.move(5, 5);
    await ben.getByText('Kept by law').waitFor();
    await ben.getByRole('button', { name: 'Hand out…' }).click({ button: 'right' });
    mustCommit([await office.book.commit('subject.hold', { ...hold, held: 0 })]);
    await ben.getByText('Kept by law').waitFor({ state: 'detached' });
    await ben.getByRole('button', { name: 'Hand out…' }).focus();
    await page.keyboard.press('Enter');
    await dialog().getByRole('button', { name: 'Download' }).focus();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Enter');
    const file = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as PersonFile;
    const texts = file.texts.map(({ field, reading }) => `${field} ${reading.state === 'shown' ? reading.text : ''}`);
    expect(texts.sort()).toEqual(['name Ben Okri', 'name Ben Okri-Marsh', 'phone 0151 777', 'phone 0151 777']);
    await ben.getByText('Asked for what is known of them').waitFor();
    expect(office.book.query("SELECT customer FROM persons WHERE name LIKE '%Okri%'")).toEqual([]);
    await page.getByRole('button', { name: 'Enter a person…' }).click();
    await dialog().getByLabel('Customer number').fill('Ben Okri');
    await dialog().getByLabel('Name').fill('Ben');
    await dialog().getByRole('button', { name: 'Enter' }).click();
    await dialog().getByRole('alert').filter({ hasText: /./ }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('records what a person asks, keeps them by law, forgets them, and hands out the certificate', async () => {
    const desk = await openDesk(office.book, homeAt(folder));
    const anna = (await desk.open('customer')) as Sealer;
    const described = await office.book.commit('person.describe', (place) => ({
      customer: 'C-17',
      subject: anna.subject,
      name: anna.seal(place, 'name', 'Anna Nowak'),
    }));
    mustCommit([described]);
    await page.getByRole('link', { name: 'Persons' }).click();
    const anyone = page.getByRole('region', { name: 'Customer C-17' });
    await anyone.getByRole('heading', { name: 'Customer C-17 · Anna Nowak' }).waitFor();
    await page.getByRole('button', { name: 'Somebody asks…' }).click();
    await dialog().getByLabel('Customer number').fill('C-17');
    await dialog().getByLabel('What for').selectOption('erasure');
    await dialog().getByRole('button', { name: 'Record' }).click();
    await anyone.getByText('Asked for being forgotten').waitFor();
    await anyone.getByRole('button', { name: 'Keep by law…' }).click();
    await dialog().getByLabel('Up to which day').fill('2036-12-31');
    await dialog().getByRole('button', { name: 'Keep' }).click();
    await anyone.getByText(/Kept by law \(tax-records\) until .*2036/).waitFor();
    await anyone.getByRole('button', { name: 'Forget…' }).click();
    await dialog().getByRole('button', { name: 'Forget' }).click();
    await dialog()
      .getByRole('alert')
      .filter({ hasText: /law|kept|held/ })
      .waitFor();
    await page.keyboard.press('Escape');
    await anyone.getByRole('button', { name: 'Let go…' }).click();
    await dialog().getByRole('button', { name: 'Let go' }).click();
    await anyone.getByRole('button', { name: 'Keep by law…' }).waitFor();
    await anyone.getByRole('button', { name: 'Forget…' }).click();
    await dialog().getByRole('button', { name: 'Forget' }).click();
    await anyone.getByRole('heading', { name: 'Customer C-17 · erased' }).waitFor();
    await anyone.getByText(/destroyed the keys: /).waitFor();
    await anyone.getByText('Front till has not said so yet').waitFor();
    // Asked once, though it was refused in between.
    expect(await anyone.getByText('Asked for being forgotten').count()).toBe(1);
    await anyone.getByText(/^Ordered to be forgotten on .*, and not yet by everybody$/).waitFor();
    const look = async (text: string, expected: RegExp): Promise<void> => {
      await anyone.getByRole('button', { name: 'Every place…' }).click();
      await dialog().getByLabel('To look for').fill(text);
      await dialog().getByRole('button', { name: 'Look' }).click();
      await anyone.getByText(expected).waitFor();
    };
    await look('', /^Device Front till .*: still to be seen to/);
    await look('Anna Nowak', /^Folder .*: nothing of it is there; .* files searched/);
    const left = join(folder, 'customers.csv');
    writeFileSync(left, 'C-17;Nowak');
    await look('Anna Nowak', /^Found in .*customers\.csv\. Folder/);
    rmSync(left);
    expect(await faultsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 375, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 900 });
    await anyone.getByRole('button', { name: 'Certificate' }).click();
    const certificate = page.getByRole('dialog', { name: 'Certificate of erasure · Customer C-17' });
    await certificate.getByText(/^\d+ devices? ha(s|ve) not said yet/).waitFor();
    await certificate.getByText('Front till: not yet').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    const words = (await certificate.getByRole('region', { name: 'Words of the certificate' }).textContent()) ?? '';
    expect(words).toMatch(/^CERTIFICATE OF ERASURE\n[^]*\d have NOT acknowledged yet/);
    expect(words).not.toContain('For programs');
    // On paper there is the certificate and nothing else.
    await page.emulateMedia({ media: 'print' });
    expect([await page.locator('#main').isVisible(), await certificate.locator('pre').isVisible()]).toEqual([
      false,
      true,
    ]);
    expect(await certificate.getByRole('button', { name: 'Print' }).isVisible()).toBe(false);
    await page.emulateMedia({ media: 'screen' });
    const download = page.waitForEvent('download');
    await certificate.getByRole('button', { name: 'Download' }).click();
    const text = readFileSync(await (await download).path(), 'utf8');
    expect(text.startsWith(words)).toBe(true);
    expect(await verifyByBook(text, office.book, nodeEd25519)).toMatchObject({ ok: true, subject: anna.subject });
    await certificate.getByRole('button', { name: 'Close' }).click();
    expect(await page.content()).not.toContain('Nowak');
  });

  it('says how long data is kept, lists whose time is over, and forgets those whom no law keeps', async () => {
    const desk = await openDesk(office.book, homeAt(folder));
    await describePerson(office.book, desk, 'C-31', new Map([['name', 'Dora Lind']]));
    await describePerson(office.book, desk, 'C-32', new Map([['name', 'Emil Roth']]));
    await page.getByRole('link', { name: 'Persons' }).click();
    const rules = page.getByRole('list', { name: 'Rules' });
    await rules.getByText('Nothing is said').waitFor();
    const rule = async (days: string): Promise<void> => {
      await page.getByRole('button', { name: 'Set how long…' }).click();
      await dialog().getByLabel('Days').fill(days);
      await dialog().getByRole('button', { name: 'Keep so long' }).click();
    };
    await rule('a year');
    await dialog().getByRole('alert').filter({ hasText: 'a number of days' }).waitFor();
    await page.keyboard.press('Escape');
    await rule('30');
    await rules.getByText('Data of a customer is kept 30 days').waitFor();
    await page.getByText('Nobody’s time is over.').waitFor();
    const emil = page.getByRole('region', { name: 'Customer C-32' });
    await emil.getByRole('button', { name: 'Keep by law…' }).click();
    await dialog().getByRole('button', { name: 'Keep' }).click();
    mustCommit([await office.book.commit('day.open', { day: '2027-06-01' })]);
    const over = page.getByRole('list', { name: 'Whose time is over' });
    await over.getByText(/^Customer C-31 · Dora Lind, since /).waitFor();
    await over.getByText(/^Customer C-32 · Emil Roth, since .*; kept by law \(tax-records\)$/).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    // The list that was read counts: who is kept since then keeps all of them from being forgotten by it.
    const count = await over.locator('li').count();
    await page.getByRole('button', { name: /^Forget \d+ persons?…$/ }).click();
    const dora = findPersons(office.book, 'C-31')[0]?.subject ?? '';
    const hold = { subject: dora, basis: 'tax-records', untilDay: '' } as const;
    mustCommit([await office.book.commit('subject.hold', { ...hold, held: 1 })]);
    await dialog().getByRole('button', { name: 'Forget them' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'the list has changed meanwhile' }).waitFor();
    await page.keyboard.press('Escape');
    mustCommit([await office.book.commit('subject.hold', { ...hold, held: 0 })]);
    await over.getByText(/^Customer C-31 · Dora Lind, since [^;]*$/).waitFor();
    expect(await over.locator('li').count()).toBe(count);
    await page.getByRole('button', { name: /^Forget \d+ persons?…$/ }).click();
    await dialog().getByText('Customer C-31 (Dora Lind)').waitFor();
    await dialog().getByRole('button', { name: 'Forget them' }).click();
    await page.getByRole('heading', { name: 'Customer C-31 · erased' }).waitFor();
    await over.getByText(/^Customer C-31/).waitFor({ state: 'detached' });
    await emil.getByRole('heading', { name: 'Customer C-32 · Emil Roth' }).waitFor();
  });

  it('fits a phone, has a dark side, and no fault that axe can find', async () => {
    await page.setViewportSize({ width: 375, height: 740 });
    for (const view of ['sales', 'stock', 'balance', 'devices', 'waiting', 'corrections', 'persons', 'log']) {
      await page.goto(`${office.url}/#${view}`);
      await page.locator(`#view-${view}`).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect({ view, overflow, faults: await faultsOf(page) }).toEqual({ view, overflow: 0, faults: [] });
    }
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const before = await ground();
    await page.getByRole('button', { name: 'Switch between light and dark' }).click();
    await expect.poll(ground).not.toBe(before);
  });

  it('says when the relay is gone and when it is back', async () => {
    const port = Number(new URL(relay.url).port);
    await relay.close();
    await page.locator('#link[data-state=unreachable]').waitFor();
    relay = await startRelay({ dataDir: join(folder, 'relay'), port });
    await page.locator('#link[data-state=linked]').waitFor();
  });

  it('reads what went into archives, where the identity is at hand, and says what is missing without it', async () => {
    const owner = await createOrganisationIdentity();
    const identity = join(folder, 'identity.txt');
    writeFileSync(identity, `${owner.identity}\n`);
    const home = homeAt(folder);
    const stick = join(folder, 'stick');
    writeBackupSettings(home, { version: 1, recipients: [owner.recipient], places: [{ kind: 'folder', path: stick }] });
    await office.sync();
    await openKeeper(home, office.book).backUp();
    const opener = { kind: 'organisation', identity: owner.identity } as const;
    expect((await dropArchived(office.book, home, opener)).dropped).toMatchObject([{ scope: 'hq', from: 0 }]);
    await page.getByRole('link', { name: 'Persons' }).click();
    const anyone = page.getByRole('region', { name: 'Customer C-17' });
    await anyone.getByRole('button', { name: 'Certificate' }).click();
    await dialog().getByText('a device that still has it can certify').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    // Asked again, it says so again; with a file that opens nothing, that.
    await dialog().getByRole('button', { name: 'Try again' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'is in an archive' }).waitFor();
    const wrong = join(folder, 'wrong.txt');
    writeFileSync(wrong, `${(await createOrganisationIdentity()).identity}\n`);
    await dialog().getByLabel('Identity file').setInputFiles(wrong);
    await dialog().getByRole('button', { name: 'Try again' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'does not open with this identity' }).waitFor();
    await dialog().getByLabel('Identity file').setInputFiles(identity);
    await dialog().getByRole('button', { name: 'Try again' }).click();
    const certificate = page.getByRole('dialog', { name: 'Certificate of erasure · Customer C-17' });
    await certificate.getByText('Front till: not yet').waitFor();
    await certificate.getByRole('button', { name: 'Close' }).click();

    const emil = page.getByRole('region', { name: 'Customer C-32' });
    const handedOut = async (file?: string): Promise<PersonFile> => {
      await emil.getByRole('button', { name: 'Hand out…' }).click();
      if (file !== undefined) await dialog().getByLabel('Identity file').setInputFiles(file);
      const download = page.waitForEvent('download');
      await dialog().getByRole('button', { name: 'Download' }).click();
      return JSON.parse(readFileSync(await (await download).path(), 'utf8')) as PersonFile;
    };
    expect(Object.keys((await handedOut()).begins)).toEqual(['hq']);
    await dialog().getByRole('alert').filter({ hasText: 'in an archive that was not opened' }).waitFor();
    await page.keyboard.press('Escape');
    const { begins, texts } = await handedOut(identity);
    expect([begins, texts.map(({ verb }) => verb)]).toEqual([{}, ['person.describe@1']]);
    await dialog().waitFor({ state: 'hidden' });
  });
});
