// The life of a till's key in a real Chromium with a real relay and office: backed up before the till joins, back on a wiped browser by each
// of the ways, changed for one that has a backup, and a till that goes on as a new one.
import { createOrganisationIdentity, openBackup } from '@tallystick/custody';
import type { KeyId } from '@tallystick/oplog';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { encodeInvitation, parseInvitation } from '../src/model/invitation.ts';
import { faultsOf } from './axe.ts';
import { addAuthenticator, leaveTill, newDevice, openDrawer, sell, tile } from './browser.ts';
import { shopForAll } from './for-all.ts';
import { joinShop, saleAt } from './shop.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('the key of a till', () => {
  const shop = shopForAll();
  let context: BrowserContext;
  let page: Page;
  let control: CDPSession;
  let organisation: Awaited<ReturnType<typeof createOrganisationIdentity>>;

  beforeAll(async () => {
    organisation = await createOrganisationIdentity();
    await shop.office.book.commit('escrow.set', { recipients: [organisation.recipient] });
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

  /** The site's data gone, as after a reset of the browser; a passkey is kept elsewhere. */
  async function wipe(): Promise<void> {
    const { origin } = new URL(shop.office.tillUrl ?? '');
    await leaveTill(page, origin);
    await page.goto('about:blank');
    await control.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  }

  async function comeBack(): Promise<void> {
    await tile(page, 'Flat white').waitFor();
    await page.getByText('This till has its key back.').waitFor({ state: 'detached' });
  }

  async function askForKey(device: string): Promise<void> {
    await page.goto(shop.office.giveBack(device));
    await page.getByRole('button', { name: 'Find its backup' }).click();
  }

  async function nextSale(): Promise<string> {
    const number = await sell(page, 'Flat white');
    await expect.poll(() => saleAt(shop.office, number)).toBe(360);
    return number;
  }

  async function readSheets(): Promise<string[]> {
    const sheets: string[] = [];
    for (;;) {
      await page.getByRole('heading', { name: `Sheet ${sheets.length + 1} of` }).waitFor();
      const words = await page.locator('.sheet-words li').allTextContents();
      expect(words).toHaveLength(35);
      sheets.push(words.join(' '));
      const last = page.getByRole('button', { name: 'All sheets are handed out' });
      if (await last.isVisible()) {
        await last.click();
        return sheets;
      }
      await page.getByRole('button', { name: 'Next sheet' }).click();
    }
  }

  async function typeSheet(words: string): Promise<void> {
    await page.getByLabel('Words of a sheet').fill(words);
    await page.getByRole('button', { name: 'Add this sheet' }).click();
  }

  function deviceNamed(name: string): string {
    return String(shop.office.book.query('SELECT device FROM devices WHERE name = ?', [name])[0]?.['device']);
  }

  /** The key in force of a till, and what the book has of it in escrow. */
  function keyOf(name: string): { readonly keyId: string; readonly sealed: string } {
    const [row] = shop.office.book.query<{ keyId: string; sealed: string }>(
      `SELECT d.keyId, b.sealed FROM devices d JOIN keyBackups b ON b.device = d.device AND b.keyId = d.keyId
       WHERE d.name = ? AND b.kind = 'organisation'`,
      [name],
    );
    if (row === undefined) throw new Error(`${name} has no key in escrow`);
    return row;
  }

  function openEscrow({ keyId, sealed }: { readonly keyId: string; readonly sealed: string }, identity: string) {
    return openBackup(sealed, { kind: 'organisation', identity }, { expect: keyId as KeyId });
  }

  /** The code that the office shows beside the question for the key of this device. */
  async function askedFor(device: string): Promise<unknown> {
    const state = (await (await fetch(`${shop.office.url}/api/state`)).json()) as {
      readonly devices: readonly { readonly device: string; readonly asksForKey: string }[];
    };
    return state.devices.find((one) => one.device === device)?.asksForKey;
  }

  function ownSales(device: string): unknown {
    return shop.office.book.query(
      'SELECT count(*) AS sales, count(DISTINCT number) AS numbers FROM documents WHERE device = ?',
      [device],
    )[0];
  }

  it('comes back to a wiped browser by passkey, by sheets and by the office, and sells on', async () => {
    await addAuthenticator(control);
    await page.goto(shop.office.invite());
    await page.getByLabel('Name of this till').fill('till-1');
    await page.getByRole('button', { name: 'Join the shop' }).click();
    // The office's escrow is chosen where the shop has one.
    expect(await page.getByLabel('With the office').isChecked()).toBe(true);
    await page.getByLabel('With a passkey').check();
    await page.getByLabel('On paper').check();
    await page.getByRole('button', { name: 'Back it up and go on' }).click();
    const [first = '', , third = ''] = await readSheets();
    await tile(page, 'Flat white').waitFor();
    expect(await page.locator('.banner', { hasText: 'The key of this till' }).count()).toBe(0);
    await openDrawer(page, '50');
    const device = deviceNamed('till-1');
    expect(await nextSale()).toMatch(/\/1$/);

    await wipe();
    await askForKey(device);
    await page.getByRole('button', { name: 'Use the passkey' }).click();
    await comeBack();
    expect(await nextSale()).toMatch(/\/2$/);

    await wipe();
    await askForKey(device);
    await typeSheet(third.replace(/ \w+$/, ' zoo'));
    await page.getByText('Some word is mistyped.').waitFor();
    await typeSheet(third);
    await page.getByText('1 more needed').waitFor();
    await typeSheet(first);
    await comeBack();
    expect(await nextSale()).toMatch(/\/3$/);

    await wipe();
    await askForKey(device);
    await page.getByRole('button', { name: 'Ask the office to open it' }).click();
    await page.getByText('Waiting for the office.').waitFor();
    const code = await page.locator('[aria-label="By the office"] strong').nth(1).textContent();
    // The browser's question is at the office a moment after the screen says that it waits; both show the same code.
    await expect.poll(() => askedFor(device)).toBe(code);
    const release = (key: string): Promise<Response> =>
      fetch(`${shop.office.url}/api/escrow`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ device, code, identity: key }),
      });
    const stranger = await createOrganisationIdentity();
    expect(await (await release(stranger.identity)).json()).toMatchObject({ code: 'custody/no-match' });
    expect((await release(organisation.identity)).status).toBe(200);
    await comeBack();
    expect(await nextSale()).toMatch(/\/4$/);
    expect(ownSales(device)).toEqual({ sales: 4, numbers: 4 });
    expect(shop.office.book.query('SELECT code FROM refusals WHERE device = ?', [device])).toEqual([]);
  });

  it('says that it is not backed up until it is, under a new key that comes back as the same till', async () => {
    await joinShop(page, shop.office, 'till-2');
    await openDrawer(page, '50');
    expect(await nextSale()).toMatch(/\/1$/);
    await page.getByText('The key of this till is not backed up.').waitFor();
    await page.getByRole('button', { name: 'Back it up' }).click();
    await page.getByRole('dialog').getByLabel('With the office').uncheck();
    await page.getByRole('dialog').getByLabel('On paper').check();
    await page.getByRole('dialog').getByRole('button', { name: 'Back it up and go on' }).click();
    const sheets = await readSheets();
    await page.getByText('The till goes on under its new key').waitFor();
    await page.getByText('The key of this till is not backed up.').waitFor({ state: 'detached' });
    expect(await nextSale()).toMatch(/\/2$/);

    await wipe();
    const device = deviceNamed('till-2');
    await askForKey(device);
    shop.line.state = 'error';
    for (const words of sheets.slice(0, 2)) await typeSheet(words);
    await tile(page, 'Flat white').click();
    await page.getByRole('button', { name: /^Charge/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
    await page.getByText('This till must reach the relay once before it may sell again.').waitFor();
    await page.getByRole('button', { name: 'Back to the cart' }).click();
    await page.getByRole('button', { name: 'Remove Flat white' }).click();
    shop.line.state = 'pass';
    await comeBack();
    expect(await nextSale()).toMatch(/\/3$/);
    expect(ownSales(device)).toEqual({ sales: 3, numbers: 3 });
    expect(shop.office.book.query('SELECT code FROM refusals WHERE device = ?', [device])).toEqual([]);
  });

  it('finds out that a forged invitation had its key sealed to a stranger, and gets another', async () => {
    const stranger = await createOrganisationIdentity();
    const [address = '', code = ''] = shop.office.invite().split('#join=');
    const invitation = parseInvitation(code);
    if (!invitation.ok) throw new Error(invitation.code);
    expect(invitation.value.escrow).toEqual([organisation.recipient]);
    await page.goto(encodeInvitation(address, { ...invitation.value, escrow: [stranger.recipient] }));
    await page.getByLabel('Name of this till').fill('till-4');
    await page.getByRole('button', { name: 'Join the shop' }).click();
    await page.getByRole('button', { name: 'Back it up and go on' }).click();

    const alarm = page.getByRole('alert').filter({ hasText: 'sealed to others than the shop names' });
    await page.getByRole('heading', { name: 'A new key for this till' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await alarm.waitFor();
    // The stranger can open what stands in the book, and the till knows nothing of a backup.
    const given = keyOf('till-4');
    expect((await openEscrow(given, stranger.identity)).ok).toBe(true);
    await page.reload();
    await alarm.getByRole('button', { name: 'Give it a new key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Back it up and go on' }).click();
    await page.getByText('The till goes on under its new key').waitFor();
    await alarm.waitFor({ state: 'detached' });
    await openDrawer(page, '50');
    expect(await nextSale()).toMatch(/\/1$/);
    const kept = keyOf('till-4');
    expect(kept.keyId).not.toBe(given.keyId);
    expect((await openEscrow(kept, stranger.identity)).ok).toBe(false);
    expect((await openEscrow(kept, organisation.identity)).ok).toBe(true);
    expect(await page.locator('.banner', { hasText: 'The key of this till' }).count()).toBe(0);
  });

  it('stops selling where the office revoked the till, and goes on as another in its place', async () => {
    await joinShop(page, shop.office, 'till-3');
    await openDrawer(page, '50');
    expect(await nextSale()).toMatch(/\/1$/);
    const device = deviceNamed('till-3');
    // What it sells from here on must come to the relay after the revocation.
    await context.setOffline(true);
    await shop.office.book.commit('device.revoke', { device, reason: 'other' });
    await shop.office.sync();
    expect(shop.office.book.status().scopes).toMatchObject([{ scope: 'hq', pending: 0 }]);
    const late = await sell(page, 'Sourdough');
    await context.setOffline(false);
    await page.getByRole('heading', { name: 'this till was revoked' }).waitFor();
    expect(await tile(page, 'Flat white').count()).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
    expect(saleAt(shop.office, late)).toBeUndefined();

    await page.locator('.ended').getByRole('button', { name: 'Go on as a new till' }).click();
    await page.getByLabel('Invitation').fill(shop.office.invite(60_000, { replaces: device }));
    expect(await faultsOf(page)).toEqual([]);
    await page.getByLabel('Name of the new till').fill('till-3');
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await page.getByRole('button', { name: 'Skip for now' }).click();
    await page.getByText('Another device of the shop has this name.').waitFor();
    await page.getByLabel('Name of the new till').fill('till-3-b');
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await page.getByRole('button', { name: 'Skip for now' }).click();
    await tile(page, 'Flat white').waitFor();
    await openDrawer(page, '50');
    expect(await nextSale()).toMatch(/^INV\/till-3-b\/.*\/1$/);
    // What a revoked till sold is nobody's to adopt but a person's at the office.
    await expect.poll(() => shop.office.book.quarantine().filter((work) => work.device === device).length).toBe(1);
    await shop.office.book.recoverAll(device as never);
    expect(saleAt(shop.office, late)).toBe(480);
  });
});
