// The file that tests start in place of a program: it must never be of another state of the sources than the one that is tested.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bundledProgram } from '../bundled-program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundled-program-'));
  mkdirSync(join(folder, 'src'));
  write('package.json', '{ "type": "module", "imports": { "#word": "./src/one.ts" } }');
  write('src/one.ts', `export const word: string = 'one';`);
  write('src/two.ts', `export const word: string = 'two';`);
  write('src/main.ts', `import { word } from '#word'; console.log(word);`);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As if it had been written a while ago, so that what is made of it now is newer. */
function write(name: string, text: string, agoMs = 60_000): void {
  const path = join(folder, name);
  writeFileSync(path, text);
  const writtenAt = new Date(Date.now() - agoMs);
  utimesSync(path, writtenAt, writtenAt);
}

async function said(): Promise<string> {
  const program = await bundledProgram(join(folder, 'src/main.ts'));
  return execFileSync(process.execPath, [program], { encoding: 'utf8' }).trim();
}

it('is made once', async () => {
  const programs = join(folder, 'node_modules/.cache/programs');
  expect(await said()).toBe('one');
  const marks = (): number[] => readdirSync(programs).map((name) => statSync(join(programs, name)).mtimeMs);
  const made = marks();
  expect(await said()).toBe('one');
  expect(marks()).toEqual(made);
});

it.each([
  ['a source', 'src/one.ts', `export const word: string = 'two';`],
  ['what says where a source is', 'package.json', '{ "type": "module", "imports": { "#word": "./src/two.ts" } }'],
])('is made again when %s has changed', async (_what, name, text) => {
  expect(await said()).toBe('one');
  write(name, text, 0);
  expect(await said()).toBe('two');
});
