// What the end-to-end tests of one file share: a Chromium and the till it opens, begun before the first and closed after the last.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { buildOnce, launch, type Served, serveDist } from './browser.ts';
import { openTestShop, type TestShop } from './shop.ts';

/** Filled before the first test. */
interface Alone {
  browser: Browser;
  /** Where the built till is served. */
  url: string;
}

interface InShop extends TestShop {
  browser: Browser;
  /** The data of the shop's office and relay; room for profiles of browsers beside them. */
  folder: string;
}

/** A till by itself, without a shop, in a browser with these switches. */
export function tillForAll(...browserArgs: readonly string[]): Readonly<Alone> {
  const till = {} as Alone;
  let served: Served | undefined;
  beforeAll(async () => {
    buildOnce();
    [till.browser, served] = await Promise.all([launch(...browserArgs), serveDist()]);
    till.url = served.url;
  });
  afterAll(async () => {
    await till.browser?.close();
    await served?.close();
  });
  return till;
}

/** A shop with an office and a relay, where tills can join. */
export function shopForAll(): Readonly<InShop> {
  const shop = {} as InShop;
  beforeAll(async () => {
    buildOnce();
    shop.folder = await mkdtemp(join(tmpdir(), 'tallystick-shop-'));
    const [opened, browser] = await Promise.all([openTestShop(shop.folder), launch()]);
    Object.assign(shop, opened, { browser });
  });
  afterAll(async () => {
    await shop.browser?.close();
    await shop.close?.();
    await rm(shop.folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return shop;
}
