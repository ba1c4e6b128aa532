// The examples as their readers have them: each in an empty folder, with the packages as they would be published, its own test, and
// its README followed to the letter, or its page used in a Chromium. `npm run examples -- NAME FOLDER` only makes that folder, for a reader before the first release.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { driveBrowserExample } from './example-browser.ts';
import { exampleNames, installExample, packPackages } from './example-folder.ts';
import { root } from './packages.ts';
import { followReadme, readmeSteps } from './readme-run.ts';

/** Where a README's own commands begin; what is before them needs the packages on npm. */
const followed = 'Try it';

async function checkExample(name: string, folder: string, tarballs: readonly string[]): Promise<boolean> {
  const startedMs = Date.now();
  try {
    mkdirSync(folder);
    installExample(name, folder, tarballs);
    const installedMs = Date.now();
    const { status, stdout } = spawnSync('npm', ['test'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 2],
    });
    if (status !== 0) throw new Error(`its test failed:\n${stdout}`);
    if (name === 'browser-pos') await driveBrowserExample(folder, join(folder, '../node-pos'));
    else await followReadme(readmeSteps(readFileSync(join(folder, 'README.md'), 'utf8'), followed), folder);
    console.log(
      `ok    ${name}: installed in ${installedMs - startedMs} ms, the rest in ${Date.now() - installedMs} ms`,
    );
    return true;
  } catch (error) {
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function checkAll(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'tallystick-examples-'));
  try {
    const tarballs = packPackages(work);
    let failed = isOneShop() ? 0 : 1;
    // The browser's till joins the shop of the Node example, which comes first then.
    for (const name of [...exampleNames()].reverse())
      if (!(await checkExample(name, join(work, name), tarballs))) failed += 1;
    console.log(`examples: ${exampleNames().length} of them, ${failed} failed`);
    if (failed > 0 || exampleNames().length === 0) process.exitCode = 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Tills meet on the same verbs, so both examples have the same file. */
function isOneShop(): boolean {
  const [node, browser] = ['node-pos', 'browser-pos'].map((name) =>
    readFileSync(join(root, 'examples', name, 'src/shop.ts'), 'utf8'),
  );
  if (node === browser) return true;
  console.log('FAIL  src/shop.ts is not the same in node-pos and browser-pos');
  return false;
}

/** The tarballs stay in `FOLDER/packages`: a later `npm install` there finds them again. */
function makeFolder(name: string, path: string): void {
  const folder = resolve(path);
  if (!exampleNames().includes(name)) throw new Error(`no example "${name}"; there are: ${exampleNames().join(', ')}`);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  const packages = join(folder, 'packages');
  mkdirSync(packages, { recursive: true });
  installExample(name, folder, packPackages(packages));
  console.log(`${folder} is ready: go on with its README.md`);
}

const [name, path] = process.argv.slice(2);
if (name === undefined) await checkAll();
else if (path === undefined) throw new Error('usage: examples [NAME FOLDER]');
else makeFolder(name, path);
