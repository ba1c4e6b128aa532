// Every sample in every document runs and prints what it says, every link leads somewhere, every command exists.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkSamples,
  documents,
  installSamples,
  localLinks,
  npmCommands,
  readDocument,
  repository,
  runSample,
  samplesOf,
} from './markdown.ts';

const paths = documents();
const samples = paths.flatMap((path) => samplesOf(path, readDocument(path)));
let folder = '';
let files: readonly string[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-samples-'));
  files = installSamples(folder, samples);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('samples', () => {
  it('stand where readers begin', () => {
    const files = new Set(samples.map(({ place }) => place.split(':')[0]));
    for (const path of ['README.md', 'docs/start.md', 'packages/kernel/README.md']) expect(files).toContain(path);
  });

  // Readers try one after another in one folder, and a book goes on where another program left it.
  it('keep their books apart', () => {
    const booksOf = (source: string): readonly string[] =>
      [...source.matchAll(/nodeStore\('([^:']+)'/g)].map(([, name = '']) => name);
    const names = samples.flatMap(({ source }) => [...new Set(booksOf(source))]);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(samples.map(({ place, prints }, index) => [place, prints, index] as const))(
    'at %s prints what it says',
    async (_place, prints, index) => {
      expect(prints).not.toBe('');
      expect(await runSample(files[index] ?? '')).toBe(prints);
    },
    60_000,
  );

  it('have no type error', async () => {
    expect(await checkSamples(folder)).toBe('');
  });

  it('are seen to fail: a wrong output, a thrown error, a wrong type', async () => {
    const text =
      "```ts\nconsole.log(1); // 2\n```\n```ts\nthrow new Error('no');\n```\n```ts\nexport const n: number = 'x';\n```\n";
    const wrong = samplesOf('x.md', text);
    expect(wrong.map(({ place, prints }) => [place, prints])).toEqual([
      ['x.md:1', '2\n'],
      ['x.md:4', ''],
      ['x.md:7', ''],
    ]);
    const other = mkdtempSync(join(tmpdir(), 'tallystick-wrong-'));
    const [printing = '', throwing = ''] = installSamples(other, wrong);
    expect(await runSample(printing)).toBe('1\n');
    await expect(runSample(throwing)).rejects.toThrow('no');
    expect(await checkSamples(other)).toContain("'string' is not assignable to type 'number'");
    rmSync(other, { recursive: true });
  });
});

describe('links and commands', () => {
  it('lead to files that are there', () => {
    const targets = paths.flatMap((path) => localLinks(readDocument(path)).map((target) => [path, target] as const));
    expect(targets.length).toBeGreaterThan(30);
    const dead = targets.filter(
      ([path, target]) => !existsSync(join(repository, dirname(path), target.replace(/#.*/, '') || '.')),
    );
    expect(dead).toEqual([]);
  });

  it('are npm scripts of the repository, or of the example that they are about', () => {
    const scriptsIn = (folder: string): object =>
      (JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')) as { scripts: object }).scripts;
    const isThere = (path: string, name: string): boolean =>
      name in scriptsIn('.') || (path.startsWith('examples/') && name in scriptsIn(dirname(path)));
    const named = paths.flatMap((path) => npmCommands(readDocument(path)).map((name) => [path, name] as const));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(([path, name]) => !isThere(path, name))).toEqual([]);
  });

  it('run on any Node, or say which they need: only npm scripts bring their own', () => {
    const typed = paths.filter((path) => /\bnode [^\s`]*\.ts\b/.test(readDocument(path)));
    expect(typed.length).toBeGreaterThan(0);
    expect(typed.filter((path) => !readDocument(path).includes('Node 24'))).toEqual([]);
  });
});

describe('decisions', () => {
  it('stand in their list, once and by their title', () => {
    const folder = 'docs/decisions';
    const files = readdirSync(join(repository, folder)).filter((name) => name !== 'README.md');
    const lines = files.map((name) => {
      const [, number, title] = /^# (\d{3}): (.+)/.exec(readDocument(`${folder}/${name}`)) ?? [];
      return `- [${number}](${name}) ${title}`;
    });
    const listed = readDocument(`${folder}/README.md`)
      .split('\n')
      .filter((line) => line.startsWith('- '));
    expect(listed.sort()).toEqual(lines.sort());
  });
});
