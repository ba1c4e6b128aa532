// What a start of the built till fetches before it shows goods, gzipped: the page with its styles and scripts, and its worker. Dialogs, cameras and
// decoders come when they are asked for, and so are in none of the two.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { buildOnce, dist } from './browser.ts';

beforeAll(buildOnce);

const read = (file: string): string => readFileSync(join(dist, file), 'utf8');

/** The files and everything that they import before they run. */
function withImports(files: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...files];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (!file.endsWith('.js')) continue;
    for (const [, name = ''] of read(file).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g))
      open.push(`assets/${name}`);
  }
  return found;
}

function weightOf(files: ReadonlySet<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length, 0);
}

it('is within its budget', () => {
  const named = [...read('index.html').matchAll(/(?:src|href)="\/(assets\/[\w.-]+\.(?:js|css))"/g)].map(
    ([, file = '']) => file,
  );
  const page = withImports(['index.html', ...named]);
  const workers = readdirSync(join(dist, 'assets')).filter((name) => /^worker-.*\.js$/.test(name));
  const worker = withImports(workers.map((name) => `assets/${name}`));
  expect([named.length > 1, workers.length]).toEqual([true, 1]);
  const weights = { page: weightOf(page), worker: weightOf(worker) };
  expect(weights.page).toBeLessThan(46_000);
  expect(weights.worker).toBeLessThan(200_000);
});
