// The browsers that run the page, and one run of it.
import { chromiumPath, firefoxPath, webKitDriverPath, xvfbPath } from '../test-environment.ts';
import type { Bundles } from './bundle.ts';
import { openInChromium } from './chromium.ts';
import { openInFirefox } from './firefox.ts';
import { createFolder } from './owned.ts';
import type { PageReport } from './page.ts';
import { servePage } from './page-server.ts';
import type { PublishedFile } from './published-cases.ts';
import { openInWebKit } from './webkit.ts';

const reportDeadlineMs = 120_000;

export interface Browser {
  readonly name: 'Chromium' | 'Firefox' | 'WebKit';
  /** What must be on the machine for it. */
  readonly needs: string;
  /** Opens a page at `url`, all of it inside `folder`; undefined where the browser is not on this machine. */
  readonly open: ((url: string, folder: string) => Promise<AsyncDisposable>) | undefined;
}

export function findBrowsers(): Browser[] {
  const [chromium, firefox, driver, xvfb] = [chromiumPath(), firefoxPath(), webKitDriverPath(), xvfbPath()];
  const webKit = driver === undefined || xvfb === undefined ? undefined : { driver, xvfb };
  return [
    { name: 'Chromium', needs: 'Chromium', open: openerOf(chromium, openInChromium) },
    { name: 'Firefox', needs: 'Firefox', open: openerOf(firefox, openInFirefox) },
    { name: 'WebKit', needs: 'WebKitWebDriver with Xvfb', open: openerOf(webKit, openInWebKit) },
  ];
}

function openerOf<Paths>(
  paths: Paths | undefined,
  open: (paths: Paths, url: string, folder: string) => Promise<AsyncDisposable>,
): Browser['open'] {
  return paths === undefined ? undefined : (url, folder) => open(paths, url, folder);
}

/** Runs the page once. Rejects when the browser does not start, the page fails, or nothing is heard for two minutes. */
export async function runPage(
  { name, needs, open }: Browser,
  bundles: Bundles,
  files: readonly PublishedFile[],
): Promise<PageReport> {
  if (open === undefined) throw new Error(`${needs} is not on this machine`);
  await using stack = new AsyncDisposableStack();
  const folder = createFolder(stack);
  const server = stack.use(await servePage(bundles, files));
  stack.use(await open(server.url, folder));
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`${name} reported nothing in ${reportDeadlineMs} ms`)),
    reportDeadlineMs,
  );
  stack.defer(() => clearTimeout(timer));
  // Awaited here, or everything above would be disposed first.
  return await Promise.race([server.report, silence]);
}
