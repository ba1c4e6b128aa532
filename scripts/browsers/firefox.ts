// Firefox by WebDriver BiDi.
import { launch } from 'puppeteer-core';

/** Opens a page at `url`; the profile is inside `folder`. */
export async function openInFirefox(executablePath: string, url: string, folder: string): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const env = { ...process.env, HOME: folder };
  const options = { browser: 'firefox', executablePath, headless: true, userDataDir: folder, env } as const;
  const browser = stack.adopt(await launch(options), (launched) => launched.close());
  const page = await browser.newPage();
  // The page reports by itself, so nothing waits for it to load.
  await page.goto(url, { waitUntil: [] });
  return stack.move();
}
