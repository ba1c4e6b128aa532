// The rules of our own in the lint configuration, each broken on purpose: a rule that does not go red protects nothing.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-lint-'));
  cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  mkdirSync(join(folder, 'packages'));
  symlinkSync(join(root, 'packages/eslint-plugin'), join(folder, 'packages/eslint-plugin'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The rules that fire on `text` as the file `path` of a repository. */
function rulesFor(path: string, text: string): string[] {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const ended = spawnSync(process.execPath, [oxlint, '--format=unix', path], { cwd: folder, encoding: 'utf8' });
  return [...ended.stdout.matchAll(/\/(?:[@a-z-]+)\(([a-z-]+)\)/g)].map((match) => match[1] ?? '').sort();
}

test.each([
  ['the clock', 'export const t = (): number => Date.now();', 'no-restricted-globals', 'no-clock'],
  ['a date', 'export const t = (ms: number): number => new Date(ms).getDay();', 'no-restricted-globals', 'no-clock'],
  ['another clock', 'export const t = (): number => performance.now();', 'no-restricted-globals', 'no-clock'],
  ['randomness', 'export const r = (): number => Math.random();', 'no-restricted-properties', 'no-dice'],
  ['minted ids', 'export const r = (): string => crypto.randomUUID();', 'no-restricted-properties', 'no-dice'],
  [
    'a locale',
    'export const c = (a: string, b: string): number => a.localeCompare(b);',
    'no-restricted-properties',
    'no-locale',
  ],
])('state packages may not read %s', (_, text, rule, verbRule) => {
  for (const name of ['chain', 'kernel'])
    expect(rulesFor(`packages/${name}/src/planted.ts`, `${text}\n`)).toEqual([rule]);
  for (const name of ['guards', 'ledger', 'retail'])
    expect(rulesFor(`packages/${name}/src/planted.ts`, `${text}\n`)).toEqual([verbRule]);
  expect(rulesFor('packages/kernel/src/edge.ts', `${text}\n`)).toEqual([]);
  expect(rulesFor('packages/testkit/src/planted.ts', `${text}\n`)).toEqual([]);
});

const planted = (body: string): string =>
  `import { defineVerb } from './verb.ts';\nexport const v = defineVerb({ plan: () => { ${body} } });\n`;

test.each([
  ['the clock', 'return Temporal.Now.instant();', ['no-clock']],
  ['dice', 'return Math.random();', ['no-dice', 'no-restricted-properties']],
  ['the network', 'return fetch("http://x");', ['no-io']],
  ['floats', 'return 1 / 3;', ['no-floats']],
  ['a locale', 'return (12).toLocaleString("de");', ['no-locale', 'no-restricted-properties']],
  ['timers', 'return setTimeout(() => 1, 1);', ['no-async']],
  ['keys as they come', 'return Object.keys({ b: 1, a: 2 });', ['no-unordered']],
  [
    'what another op left',
    'return count++; } }); let count = 0; export const w = ({ a: () => { return 1;',
    ['no-shared-state'],
  ],
  ['failures', 'try { return [1]; } catch { return []; }', ['no-catch']],
])('verbs of the kernel may not read %s', (_, body, rules) => {
  expect(rulesFor('packages/kernel/src/planted.ts', planted(body))).toEqual(rules);
});

test.each([
  ['a default export', 'export default 1;', 'no-default-export'],
  ['any', 'export const a = (x: any): unknown => x;', 'no-explicit-any'],
  ['a non-null assertion', 'export const a = (x?: string): string => x!;', 'no-non-null-assertion'],
  ['a bare builtin', `import { readFileSync } from 'fs';\nexport const a = readFileSync;`, 'prefer-node-protocol'],
])('nothing may use %s', (_, text, rule) => {
  expect(rulesFor('apps/office/src/planted.ts', `${text}\n`)).toEqual([rule]);
});
