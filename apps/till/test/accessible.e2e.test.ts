// What a person with a screen reader, a keyboard, a phone or a dislike of movement meets: axe-core's rules on every screen
// and dialog in both palettes, the way of the focus, no sideways scrolling, and no animation where none is wanted.
import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';
import { encodeInvitation } from '../src/model/invitation.ts';
import { faultsOf } from './axe.ts';
import { newDevice, openAlone, openCart, openDrawer, patient, sell, tile } from './browser.ts';
import { tillForAll } from './for-all.ts';

const shapes = [
  { name: 'a small phone in the dark', viewport: { width: 320, height: 568 }, colorScheme: 'dark', isMobile: true },
  // What is left of 1280 by 800 at a zoom of 200 %.
  {
    name: 'a counter screen at twice the size',
    viewport: { width: 640, height: 400 },
    colorScheme: 'light',
    isMobile: false,
  },
  { name: 'a counter screen by day', viewport: { width: 1440, height: 900 }, colorScheme: 'light', isMobile: false },
] as const;

describe.skipIf(isMissing('Chromium', chromiumPath()))('the till for everyone', () => {
  const till = tillForAll();

  it.each(shapes)('has no fault that axe can find, nor a sideways scroll, on $name', async (shape) => {
    const options = { locale: 'en-GB', reducedMotion: 'reduce', serviceWorkers: 'block', hasTouch: true } as const;
    const context = patient(await till.browser.newContext({ ...options, ...shape }));
    const faults: string[] = [];
    await walk(context, till.url, async (page, screen) => {
      faults.push(...(await faultsOf(page)).map((fault) => `${screen}: ${fault}`));
      if (await scrollsSideways(page)) faults.push(`${screen}: wider than the window`);
      if (await page.evaluate(hasNoEdge)) faults.push(`${screen}: touches the edge of its dialog`);
      if (await page.evaluate(movesVisibly)) faults.push(`${screen}: moves`);
    });
    expect(faults).toEqual([]);
    await context.close();
  });

  it('would name a fault: an unlabelled button and grey text on grey', async () => {
    const context = await newDevice(till.browser);
    const page = await openAlone(context, till.url);
    await page.evaluate(() => {
      const main = document.querySelector('main') as HTMLElement;
      main.append(document.createElement('button'));
      main.append(Object.assign(document.createElement('p'), { textContent: 'faint', className: 'faint' }));
      const faint = main.querySelector('.faint') as HTMLElement;
      faint.style.color = '#999';
      faint.style.background = '#aaa';
    });
    const faults = (await faultsOf(page)).join(' ');
    expect(faults).toContain('button-name');
    expect(faults).toContain('color-contrast');
    await context.close();
  });

  it('keeps the focus in a dialog and gives it back where it was', async () => {
    const context = await newDevice(till.browser);
    const page = await openAlone(context, till.url);
    await openDrawer(page, '0');
    await tile(page, 'Flat white').click();
    const charge = page.getByRole('button', { name: /^Charge/ });
    await charge.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Payment' }).waitFor();
    for (let presses = 0; presses < 30; presses += 1) {
      expect(await page.evaluate(focusIsInside), `after ${presses} presses of Tab`).toBe(true);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => charge.evaluate((button) => button === document.activeElement)).toBe(true);
    await context.close();
  });

  it('gives the very next key to the dialog that was asked for', async () => {
    const context = await newDevice(till.browser);
    const page = await openAlone(context, till.url);
    const dialog = page.getByRole('dialog');
    await openDrawer(page, '0');
    await tile(page, 'Flat white').click();
    expect(await page.getByRole('button', { name: /^Charge/ }).evaluate(opensAtOnce)).toBe('Payment');
    await dialog.getByRole('button', { name: 'Exact' }).click();
    await page.getByRole('button', { name: 'New sale' }).click();
    await page.getByRole('button', { name: 'Sales', exact: true }).click();
    await page.locator('.document').click();
    await dialog.getByRole('button', { name: 'Refund' }).click();
    await dialog.getByRole('button', { name: 'Everything' }).waitFor();
    await page.keyboard.press('Escape');
    // What the screens of returns need is here by now.
    expect(await dialog.getByRole('button', { name: 'Void' }).evaluate(opensAtOnce)).toBe('Void this sale');
    await page.keyboard.press('Escape');
    await dialog.getByRole('button', { name: 'Exchange' }).waitFor();
    await context.close();
  });
});

/** Runs in the page: clicks, and answers the title of the dialog that has the keys then, before the browser has drawn anything. */
async function opensAtOnce(button: HTMLElement): Promise<string | undefined> {
  button.click();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  return document.activeElement?.closest('dialog[open]')?.querySelector('h2')?.textContent;
}

/** Brings every screen and dialog up, one after the other, and hands each to `look`. */
async function walk(
  context: BrowserContext,
  url: string,
  look: (page: Page, screen: string) => Promise<void>,
): Promise<void> {
  const first = await context.newPage();
  await first.goto(url);
  await first.getByRole('button', { name: 'Try it alone' }).waitFor();
  await look(first, 'first run');
  await lookAtKeys(first, look);
  await first.close();
  const page = await openAlone(context, url);
  const go = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const dialog = page.getByRole('dialog');
  /** Looks at the dialog that has this button, and leaves it for what is below. */
  const lookAndLeave = async (button: string, screen: string): Promise<void> => {
    const own = page.getByRole('button', { name: button });
    await own.waitFor();
    await look(page, screen);
    await page.keyboard.press('Escape');
    await own.waitFor({ state: 'detached' });
  };
  await look(page, 'sell, empty');
  await openDrawer(page, '100');
  await sell(page, 'Flat white', 'Cinnamon bun');
  const search = page.getByLabel('Search goods');
  await search.fill('3*flat');
  await page.locator('.tile[data-target="true"]').waitFor();
  await look(page, 'search');
  await search.fill('');
  await tile(page, 'Espresso').click();
  await look(page, 'sell');
  if (await openCart(page)) {
    await dialog.waitFor();
    await look(page, 'cart');
  }
  for (const [button, label, screen] of [
    ['Customer', 'Code of an offer', 'customer and codes'],
    ['Put by', 'Customer number', 'put by'],
  ] as const) {
    await page.getByRole('button', { name: button, exact: true }).last().click();
    await page.getByLabel(label).waitFor();
    await look(page, screen);
    await page.keyboard.press('Escape');
    await page.getByLabel(label).waitFor({ state: 'detached' });
  }
  await page.getByRole('button', { name: 'Take back', exact: true }).last().click();
  await page.getByText('With the receipt, take it back').waitFor();
  await look(page, 'return without a receipt');
  await page.keyboard.press('Escape');
  await page.getByText('With the receipt, take it back').waitFor({ state: 'detached' });
  await page
    .getByRole('button', { name: /edit quantity/ })
    .last()
    .click();
  await lookAndLeave('Set quantity', 'quantity');
  await page
    .getByRole('button', { name: /^Charge/ })
    .last()
    .click();
  await dialog.getByRole('button', { name: 'Exact' }).waitFor();
  await look(page, 'payment');
  await dialog.getByRole('button', { name: 'On account' }).click();
  await page.getByLabel('Customer number').waitFor();
  await look(page, 'on account');
  await dialog.getByRole('button', { name: 'Back' }).click();
  await dialog.getByRole('button', { name: 'Coupon or gift' }).click();
  await page.getByLabel('Scan or paste its code').waitFor();
  await look(page, 'coupon or gift');
  await dialog.getByRole('button', { name: 'Back' }).click();
  await dialog.getByRole('button', { name: 'Exact' }).click();
  await page.getByRole('heading', { name: 'Sale saved' }).waitFor();
  await look(page, 'saved');
  await dialog.getByRole('button', { name: 'Receipt' }).click();
  await page.locator('.receipt').waitFor();
  await look(page, 'receipt');
  await leaveDialog(page);
  await putBy(page);
  await go('Sales');
  await page.locator('.document').first().waitFor();
  await look(page, 'sales');
  await page.locator('.document').first().click();
  await dialog.getByRole('button', { name: 'Refund' }).click();
  await lookAndLeave('Credit note', 'refund');
  await dialog.getByRole('button', { name: 'Void' }).click();
  await lookAndLeave('Keep the sale', 'void');
  await dialog.getByRole('button', { name: 'Exchange' }).click();
  await dialog.getByRole('button', { name: 'Everything' }).click();
  await lookAndLeave('Ring up what leaves', 'exchange');
  await dialog.getByRole('button', { name: 'Void' }).waitFor();
  await leaveDialog(page);
  await go('Drawer');
  await page.getByRole('button', { name: 'Count and close' }).waitFor();
  await look(page, 'drawer');
  await go('Pay out');
  await page.getByLabel('Why').waitFor();
  await look(page, 'pay out');
  await leaveDialog(page);
  await go('Payment on account');
  await page.getByLabel('Customer number').fill('K-17');
  await dialog.getByRole('button', { name: 'Find' }).click();
  await page.getByLabel('Amount paid').waitFor();
  await look(page, 'payment on account');
  await leaveDialog(page);
  await go('Layaways');
  for (const [button, label] of [
    ['Pay a part', 'Amount paid'],
    ['Give up', 'Why'],
    ['Collect', undefined],
  ] as const) {
    await dialog.getByRole('button', { name: button }).waitFor();
    if (label !== undefined) await look(page, 'layaways');
    await dialog.getByRole('button', { name: button }).click();
    await (label === undefined ? page.getByText('Hand over') : page.getByLabel(label)).waitFor();
    await look(page, button);
    await dialog.getByRole('button', { name: 'Back' }).click();
    await dialog.getByRole('button', { name: button }).waitFor();
  }
  await leaveDialog(page);
  await go('Count goods');
  await page.getByLabel('Butter croissant').fill('1');
  await page.getByRole('button', { name: 'Save the count of 1' }).waitFor();
  await look(page, 'count goods');
  await leaveDialog(page);
  await go('X report');
  await page.locator('.receipt').waitFor();
  await look(page, 'X report');
  await leaveDialog(page);
  await go('Count and close');
  await page.getByLabel('Counted in the drawer').waitFor();
  await look(page, 'count');
  await page.getByLabel('Counted in the drawer').fill('90');
  await dialog.getByRole('button', { name: 'Close the drawer' }).click();
  await go('Last Z report');
  await page.locator('.receipt').waitFor();
  await look(page, 'Z report');
  await leaveDialog(page);
  await go('This till');
  await page.getByRole('button', { name: 'Export everything' }).waitFor();
  await look(page, 'this till');
  const second = await context.newPage();
  await second.goto(url);
  await second.getByRole('heading', { name: 'The till is open in another tab' }).waitFor();
  await look(second, 'other tab');
}

/** Leaves one layaway, of an espresso. */
async function putBy(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sell', exact: true }).click();
  await tile(page, 'Espresso').click();
  const isBehindBar = await openCart(page);
  await page.getByRole('button', { name: 'Put by', exact: true }).last().click();
  await page.getByLabel('Customer number').fill('K-17');
  await page.getByRole('dialog').getByRole('button', { name: 'Put by', exact: true }).last().click();
  await page.getByText('Put by for K-17').waitFor();
  // On a phone the cart is left to be closed; anywhere else nothing is open any more.
  if (isBehindBar) await leaveDialog(page);
  else await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Out of the only dialog that is open. */
async function leaveDialog(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** The screens about the key of a till that joins, or comes back; nobody is asked yet at the office that the link names. */
async function lookAtKeys(page: Page, look: (page: Page, screen: string) => Promise<void>): Promise<void> {
  await page.getByRole('button', { name: 'Bring one back' }).click();
  await page.getByLabel('Link from the office').waitFor();
  await look(page, 'bring one back');
  await page.getByRole('button', { name: 'Join a shop' }).click();
  const invitation = { office: 'https://office.example', secret: 'secret', escrow: ['age1example'] };
  await page.getByLabel('Invitation').fill(encodeInvitation('', invitation));
  await page.getByRole('button', { name: 'Join the shop' }).click();
  await page.getByLabel('With the office').uncheck();
  await page.getByLabel('On paper').check();
  await look(page, 'back up the key');
  await page.getByRole('button', { name: 'Back it up and go on' }).click();
  await page.locator('.sheet').waitFor();
  await look(page, 'a sheet');
}

function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

/** Whatever takes longer than the millisecond that stands for none, and on a busy machine lasts until a frame is drawn. */
function movesVisibly(): boolean {
  return document.getAnimations().some(({ effect }) => Number(effect?.getComputedTiming().activeDuration) > 1);
}

/** Of dialogs that are no sheet, also of one on top of a sheet. */
function hasNoEdge(): boolean {
  const bodies = document.querySelectorAll('dialog[open]:not(.dialog-sheet) > .dialog-body');
  return [...bodies].some((body) => Number.parseFloat(getComputedStyle(body).paddingLeft) < 8);
}

/** True for the page's own body too, where the focus rests while the browser's own controls have it. */
function focusIsInside(): boolean {
  const focused = document.activeElement;
  return focused === document.body || focused?.closest('dialog') !== null;
}
