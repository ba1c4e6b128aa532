// Chromium by its own protocol.
import { chromium } from 'playwright-core';

/** Opens a page at `url`; the profile is inside `folder`. */
export async function openInChromium(executablePath: string, url: string, folder: string): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
  const options = { executablePath, args, headless: true, env: { ...process.env, HOME: folder } };
  const browser = stack.adopt(await chromium.launchPersistentContext(folder, options), (context) => context.close());
  const page = await browser.newPage();
  await page.goto(url, { waitUntil: 'commit' });
  return stack.move();
}
