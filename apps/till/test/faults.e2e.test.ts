// Faults of the device a shop meets, in a real Chromium with a profile on disk: a killed browser, a damaged log.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { faultsOf } from './axe.ts';
import {
  buildOnce,
  editLog,
  killBrowser,
  listedMinor,
  openAlone,
  openDrawer,
  openProfile,
  type Served,
  sell,
  serveDist,
} from './browser.ts';

describe.skipIf(isMissing('Chromium', chromiumPath()))('a till with bad luck', () => {
  let served: Served;
  let folder: string;
  let profile: string;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    buildOnce();
    served = await serveDist();
  });
  afterAll(() => served.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tallystick-till-'));
    profile = join(folder, 'profile');
    context = await openProfile(profile);
    page = await openAlone(context, served.url);
    await openDrawer(page, '0');
  });
  afterEach(async () => {
    await context.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Starts the same device again, on a profile nobody holds any more. */
  async function startAgain(): Promise<void> {
    context = await openProfile(profile);
    page = await context.newPage();
    await page.goto(served.url);
  }

  it('has every sale it called saved after its browser was killed in that moment', async () => {
    const numbers = [await sell(page, 'Espresso'), await sell(page, 'Flat white')];
    await page.locator('.tile', { hasText: 'Cold brew' }).click();
    await page.getByRole('button', { name: /^Charge/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Exact' }).click();
    await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
    await killBrowser(context, profile);
    await startAgain();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await expect.poll(() => page.locator('.document').count()).toBe(3);
    for (const number of numbers) expect(await page.locator('.document', { hasText: number }).count()).toBe(1);
    await expect.poll(() => listedMinor(page)).toBe(990);
    await expect.poll(() => page.locator('.banner').count()).toBe(0);
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    // The cart that was sold may have come back; the till asks its book, and drops it.
    await expect.poll(() => page.locator('.cart-line').count()).toBe(0);
    expect(await sell(page, 'Espresso')).toMatch(/\/4$/);
  });

  it('keeps everything before a damaged end of its log, and says what to compare', async () => {
    const kept = await sell(page, 'Espresso');
    const lost = await sell(page, 'Flat white');
    await editLog(page, served.url, (log) => flip(log, log.length - 40));
    page = await context.newPage();
    await page.goto(served.url);
    const banner = page.getByRole('status').filter({ hasText: 'The end of this till’s log was damaged.' });
    await banner.waitFor();
    expect(await banner.textContent()).toContain(`The last one here is ${kept}`);
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await page.locator('.document', { hasText: kept }).waitFor();
    expect(await page.locator('.document', { hasText: lost }).count()).toBe(0);
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    expect(await sell(page, 'Espresso')).toBe(lost);
    await page.reload();
    await page.locator('.tile', { hasText: 'Espresso' }).waitFor();
    await expect.poll(() => page.locator('.banner').count()).toBe(0);
  });

  /** Opened again, the till says that its log is damaged in the middle and hands out these bytes. */
  async function stopsAndHandsOut(bytes: Buffer): Promise<void> {
    page = await context.newPage();
    await page.goto(served.url);
    await page.getByRole('heading', { name: 'The till cannot start' }).waitFor();
    await page.getByText('damaged in the middle').waitFor();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export what is saved' }).click();
    const file = await readFile(await (await downloading).path());
    expect(file.equals(bytes)).toBe(true);
  }

  it('does not start on a log damaged in the middle, cuts nothing, and hands the bytes out', async () => {
    await sell(page, 'Espresso');
    await sell(page, 'Flat white');
    const before = await editLog(page, served.url, (log) => flip(log, log.length >> 1));
    await stopsAndHandsOut(before);
  });

  it('says that a newer version wrote its log, and offers nothing that puts it away', async () => {
    await sell(page, 'Espresso');
    const before = await editLog(page, served.url, (log) =>
      Buffer.from(log.toString('latin1').replace('/1', '/2'), 'latin1'),
    );
    page = await context.newPage();
    await page.goto(served.url);
    await page.getByRole('heading', { name: 'This till needs its newer version' }).waitFor();
    await page.getByText('Nothing is lost.').waitFor();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export what is saved' }).click();
    expect((await readFile(await (await downloading).path())).equals(before)).toBe(true);
    expect(await faultsOf(page)).toEqual([]);
    expect(await page.getByRole('button').allTextContents()).toEqual([' Export what is saved', 'Try again']);
    // The version that wrote it opens it again.
    await editLog(page, served.url, (log) => Buffer.from(log.toString('latin1').replace('/2', '/1'), 'latin1'));
    page = await context.newPage();
    await page.goto(served.url);
    expect(await sell(page, 'Espresso')).toMatch(/\/2$/);
  });

  it('begins anew once its damaged log was given out, and keeps that beside the new one', async () => {
    await sell(page, 'Espresso');
    const before = await editLog(page, served.url, (log) => flip(log, log.length >> 1));
    page = await context.newPage();
    await page.goto(served.url);
    await page.getByRole('heading', { name: 'The till cannot start' }).waitFor();
    const anew = page.getByRole('button', { name: 'The file is kept: start anew' });
    expect(await anew.count()).toBe(0);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export what is saved' }).click();
    await downloading;
    expect(await faultsOf(page)).toEqual([]);
    await anew.click();
    await page.getByRole('button', { name: 'Try it alone' }).waitFor();
    expect(Buffer.from(await page.evaluate(damagedBytes), 'latin1').equals(before)).toBe(true);
    await page.close();
    page = await openAlone(context, served.url);
    await openDrawer(page, '0');
    expect(await sell(page, 'Espresso')).toMatch(/\/1$/);
    await page.getByRole('button', { name: 'This till', exact: true }).click();
    const aside = page.getByRole('region', { name: 'Put aside', exact: true });
    await aside.getByRole('button', { name: 'Save it as a file' }).waitFor();
    expect(await aside.getByRole('button', { name: 'Let go of it' }).count()).toBe(0);
    const taking = page.waitForEvent('download');
    await aside.getByRole('button', { name: 'Save it as a file' }).click();
    expect((await readFile(await (await taking).path())).equals(before)).toBe(true);
    await aside.getByRole('button', { name: 'Let go of it' }).click();
    expect(await faultsOf(page)).toEqual([]);
    await aside.getByRole('button', { name: 'The file is kept: let go' }).click();
    await aside.waitFor({ state: 'detached' });
    expect(await page.evaluate(damagedBytes)).toBe('');
  });

  it('finds the damage in a part of its log that the start passes over, too', async () => {
    await sell(page, 'Espresso');
    await page.getByRole('button', { name: 'Drawer', exact: true }).click();
    await page.getByRole('button', { name: 'Count and close' }).click();
    await page.getByLabel('Counted in the drawer').fill('2.40');
    await page.getByRole('button', { name: 'Close the drawer' }).click();
    await expect
      .poll(() => page.evaluate(keptFiles))
      .toEqual(['tallystick.log-index', 'tallystick.rows-0', 'tallystick.rows-1']);
    const before = await editLog(page, served.url, (log) => flip(log, log.length >> 2));
    await stopsAndHandsOut(before);
  });
});

/** Runs in the page: what the till keeps for its next start. */
async function keptFiles(): Promise<string[]> {
  const folder = await navigator.storage.getDirectory();
  const names: string[] = [];
  for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
  return names.filter((name) => name.startsWith('tallystick.') && name !== 'tallystick.log').sort();
}

/** Runs in the page: the log that was put aside, a character a byte. */
async function damagedBytes(): Promise<string> {
  const folder = await navigator.storage.getDirectory();
  let text = '';
  for await (const [name, file] of folder as unknown as AsyncIterable<[string, FileSystemFileHandle]>)
    if (name.startsWith('tallystick.damaged-'))
      for (const byte of new Uint8Array(await (await file.getFile()).arrayBuffer())) text += String.fromCharCode(byte);
  return text;
}

function flip(log: Buffer, at: number): Buffer {
  const damaged = Buffer.from(log);
  for (let index = at; index < at + 8; index += 1) damaged[index] = (damaged[index] ?? 0) ^ 255;
  return damaged;
}
