// The bootstrap against a stand-in pnpm in a folder of its own, so no test here needs a network.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import versions from '../toolchain.json' with { type: 'json' };

const scripts = fileURLToPath(new URL('..', import.meta.url));
let folder: string;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tallystick bootstrap ')));
  for (const file of ['bootstrap.mjs', 'toolchain.json']) cpSync(join(scripts, file), join(folder, 'scripts', file));
  const program = `{ from: 'caller', lines: [['program.mjs']] }`;
  const twice = `{ lines: [['program.mjs', 'fail'], ['program.mjs']] }`;
  plant('scripts/commands.mjs', `export const commands = { tally: ${program}, twice: ${twice} };\n`);
  plant(
    'program.mjs',
    `const args = process.argv.slice(2);
    process.on('SIGTERM', () => process.exit(9));
    console.log(JSON.stringify({ args, cwd: process.cwd() }));
    if (args[0] === 'fail') process.exit(7);
    if (args[0] === 'wait') setInterval(() => {}, 1_000);\n`,
  );
  plant('pnpm-lock.yaml', '\n');
  plant('pnpm-workspace.yaml', '\n');
  plant('package.json', '{}\n');
  plant('packages/a/package.json', '{}\n');
  plant('apps/b/package.json', '{}\n');
  plantPnpm(`mkdirSync('node_modules', { recursive: true }); writeFileSync('node_modules/.modules.yaml', '');`);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function plantPnpm(body: string): void {
  const head = `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
    console.log('pnpm speaks');
    appendFileSync('pnpm-runs', process.argv.slice(2).join(' ') + '\\n');\n`;
  plant(`.toolchain/tools-pnpm-${versions.pnpm}/node_modules/pnpm/bin/pnpm.mjs`, head + body);
}

function start(args: readonly string[], cwd = folder): { child: ChildProcess; ended: Promise<Ended> } {
  const { npm_lifecycle_event: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(folder, 'scripts/bootstrap.mjs'), ...args], { cwd, env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

const bootstrap = (...args: string[]): Promise<Ended> => start(args).ended;
const pnpmRuns = (): string[] => readFileSync(join(folder, 'pnpm-runs'), 'utf8').trimEnd().split('\n');

test('stdout is the program alone, and its arguments arrive whole', async () => {
  const args = ['a b', 'c"d', '$HOME', '--json', ''];
  const first = await bootstrap('tally', ...args);
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toEqual({ args, cwd: folder });
  expect(first.stderr).toBe('tallystick: installing dependencies\ntallystick: ready\n');
});

test('a second run sets nothing up, a changed manifest does', async () => {
  await bootstrap('tally');
  expect((await bootstrap('tally')).stderr).toBe('');
  expect(pnpmRuns()).toEqual(['install --frozen-lockfile --config.confirmModulesPurge=false']);
  plant('packages/a/package.json', '{ "version": "2" }\n');
  await bootstrap('tally');
  expect(pnpmRuns()).toHaveLength(2);
});

test("the caller's folder is kept", async () => {
  const ended = await start(['tally'], join(folder, 'packages')).ended;
  expect(JSON.parse(ended.stdout)).toMatchObject({ cwd: join(folder, 'packages') });
});

test('the exit code passes through, and of several lines the failing one counts', async () => {
  expect((await bootstrap('tally', 'fail')).code).toBe(7);
  const twice = await bootstrap('twice', 'x');
  expect(twice.code).toBe(7);
  expect(twice.stdout.trimEnd().split('\n')).toHaveLength(2);
});

test('a signal passes through', async () => {
  await bootstrap('tally');
  const { child, ended } = start(['tally', 'wait']);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGTERM');
  expect((await ended).code).toBe(9);
});

test('runs at the same time set up once and all work', async () => {
  const all = await Promise.all([1, 2, 3, 4].map((n) => bootstrap('tally', String(n))));
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(pnpmRuns()).toHaveLength(1);
});

test('a failed set-up says why, ends with an error and is tried again', async () => {
  plantPnpm(`console.error('the disk is full'); process.exit(3);`);
  const failed = await bootstrap('tally');
  expect(failed.code).toBe(1);
  expect(failed.stdout).toBe('');
  expect(failed.stderr).toContain('set-up failed');
  expect(failed.stderr).toContain('the disk is full');
  expect(existsSync(join(folder, '.toolchain/lock'))).toBe(false);
  expect((await bootstrap('tally')).code).toBe(1);
});

test('an interrupted set-up gives its lock back', async () => {
  plantPnpm(`setInterval(() => {}, 1_000);`);
  const { child, ended } = start(['tally']);
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  await expect.poll(() => existsSync(join(folder, 'pnpm-runs'))).toBe(true);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(143);
  expect(existsSync(join(folder, '.toolchain/lock'))).toBe(false);
});

test('an unknown command names the known ones', async () => {
  const ended = await bootstrap('constructor');
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('tally, twice');
});
