// What a test run may find missing on a machine, and what that means: a named skip on a desk, a failure where `CI` is set.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const isCi = process.env['CI'] !== undefined && process.env['CI'] !== '' && process.env['CI'] !== 'false';

/** The file that the environment variable names, which wins, or the first candidate that is there, or undefined. */
function findFile(variable: string, candidates: readonly string[]): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  return candidates.find((path) => existsSync(path));
}

/** Path of the Chromium that browser tests drive (`CHROMIUM_PATH` wins), or undefined. */
export function chromiumPath(): string | undefined {
  return findFile('CHROMIUM_PATH', ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']);
}

/** Path of the Firefox that browser tests drive (`FIREFOX_PATH` wins), or undefined. */
export function firefoxPath(): string | undefined {
  return findFile('FIREFOX_PATH', ['/usr/bin/firefox-esr', '/usr/bin/firefox']);
}

/** Path of the WebDriver server of WebKitGTK (`WEBKIT_DRIVER_PATH` wins), or undefined. */
export function webKitDriverPath(): string | undefined {
  return findFile('WEBKIT_DRIVER_PATH', ['/usr/bin/WebKitWebDriver']);
}

/** Path of the plain browser that comes with WebKitGTK's driver (`MINI_BROWSER_PATH` wins), or undefined. */
export function miniBrowserPath(): string | undefined {
  const folders = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((machine) =>
    ['4.1', '6.0', '4.0'].map((version) => `/usr/lib/${machine}/webkit2gtk-${version}/MiniBrowser`),
  );
  return findFile('MINI_BROWSER_PATH', folders);
}

/** Path of the virtual display that WebKitGTK draws on (`XVFB_PATH` wins), or undefined. */
export function xvfbPath(): string | undefined {
  return findFile('XVFB_PATH', ['/usr/bin/Xvfb']);
}

/** Folder of PostgreSQL's programs, of which not all are on the PATH (`POSTGRES_FOLDER` wins), or undefined. */
export function postgresFolder(): string | undefined {
  const versions = [18, 17, 16, 15].map((version) => `/usr/lib/postgresql/${version}/bin`);
  return findFile('POSTGRES_FOLDER', versions);
}

/** Path of a nats-server that knows what a relay asks of it, 2.12.3 or newer (`NATS_SERVER_PATH` wins), or undefined. */
export function natsServerPath(): string | undefined {
  const path = findFile('NATS_SERVER_PATH', [
    '/usr/local/bin/nats-server',
    '/usr/sbin/nats-server',
    '/usr/bin/nats-server',
  ]);
  if (path === undefined) return undefined;
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const [major = 0, minor = 0, patch = 0] = (/v(\d+)\.(\d+)\.(\d+)/.exec(said) ?? []).slice(1).map(Number);
  return major * 1e6 + minor * 1e3 + patch >= 2_012_003 ? path : undefined;
}

/** Absolute path of a file or folder under the data folder beside the repository (`TALLYSTICK_SHARED` wins), or undefined. */
export function sharedPath(relative: string): string | undefined {
  const root = process.env['TALLYSTICK_SHARED'] ?? fileURLToPath(new URL('../../shared/', import.meta.url));
  const path = `${root.replace(/\/$/, '')}/${relative}`;
  return existsSync(path) ? path : undefined;
}

/**
 * For `describe.skipIf(isMissing('Chromium', chromiumPath()))`: false when `found` is there; where it is not, says so on
 * stderr and returns true, or throws when `CI` is set, because there a missing service is a failure and not a reason to skip.
 */
export function isMissing(what: string, found: unknown): boolean {
  if (found !== undefined && found !== false) return false;
  const message = `skipped: ${what} is not on this machine`;
  if (isCi) throw new Error(`${message}, and CI is set, so this is a failure`);
  process.stderr.write(`${message}\n`);
  return true;
}
