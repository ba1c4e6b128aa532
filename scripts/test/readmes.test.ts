// What each package's README promises its reader: every export and every code of the package is named there or on a page of docs/ that
// it links to, and met by a test; no code is named that is not there; it stays short. Samples are run by docs.test.ts.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readDocument, repository } from './markdown.ts';

/** Which package owns the codes of a family, and so explains them: `chain/gap` is of the family `chain`. */
const ownersByFamily: Readonly<Record<string, string>> = {
  canonical: 'oplog',
  op: 'oplog',
  record: 'oplog',
  frame: 'oplog',
  bundle: 'oplog',
  id: 'oplog',
  store: 'oplog',
  chain: 'chain',
  sign: 'sign',
  token: 'sign',
  custody: 'custody',
  erasure: 'erasure',
  relay: 'relay-protocol',
  kernel: 'kernel',
  log: 'kernel',
  recovery: 'recovery',
  guards: 'guards',
  ledger: 'ledger',
  retail: 'retail',
  testkit: 'testkit',
};
const codePattern = `(?:${Object.keys(ownersByFamily).join('|')})/[a-z][a-z0-9-]*`;

const packageNames = globSync('packages/*/README.md', { cwd: repository })
  .map((path) => dirname(path).slice('packages/'.length))
  .sort();
const readmesByPackage = new Map(
  packageNames.map((name) => [name, withPages(readDocument(`packages/${name}/README.md`))]),
);
const specs = globSync('docs/spec/*.md', { cwd: repository }).map(readDocument).join('\n');

/** The README and the pages of docs/ that it links to. */
function withPages(readme: string): string {
  const pages = [...readme.matchAll(/\]\(\.\.\/\.\.\/(docs\/[\w-]+\.md)/g)].map(([, path = '']) => readDocument(path));
  return [readme, ...pages].join('\n');
}

function sourcesOf(name: string, folder: 'src' | 'test'): string {
  const files = globSync(`packages/${name}/${folder}/**/*.ts`, { cwd: repository });
  return files.map((file) => readFileSync(join(repository, file), 'utf8')).join('\n');
}

/** Codes between two quotes: ' in sources, " in vectors, ` in documents. */
function codesIn(text: string, quote: string): ReadonlySet<string> {
  return new Set([...text.matchAll(new RegExp(`${quote}(${codePattern})${quote}`, 'g'))].map(([, code = '']) => code));
}

/** The codes of `source` that neither its owner's README nor a specification names. */
function unexplained(source: string): readonly string[] {
  return [...codesIn(source, "'")].filter((code) => {
    const owner = ownersByFamily[code.slice(0, code.indexOf('/'))] ?? '';
    return !`${readmesByPackage.get(owner)}\n${specs}`.includes(`\`${code}\``);
  });
}

/** The codes that the tests name, and those of the vectors that they judge. */
function testedCodes(): ReadonlySet<string> {
  const tests = packageNames.map((name) => sourcesOf(name, 'test')).join('\n');
  const vectors = new Set([...tests.matchAll(/'(?:\.\.\/)+(fixtures\/[\w/-]+\.json)'/g)].map(([, path = '']) => path));
  const judged = [...vectors].map((path) => readFileSync(join(repository, path), 'utf8')).join('\n');
  return new Set([...codesIn(tests, "'"), ...codesIn(judged, '"')]);
}

async function exportsOf(name: string): Promise<readonly string[]> {
  const manifest = JSON.parse(readDocument(`packages/${name}/package.json`)) as { exports: Record<string, string> };
  const entries = Object.values(manifest.exports).filter((path) => path.endsWith('.ts'));
  const modules = await Promise.all(
    entries.map((path) => import(pathToFileURL(join(repository, 'packages', name, path)).href) as Promise<object>),
  );
  return modules.flatMap((module) => Object.keys(module));
}

describe.each([...readmesByPackage])('the README of %s', (name, readme) => {
  it('names every export, or a page it links to does', async () => {
    const names = await exportsOf(name);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((exported) => !new RegExp(`\\b${exported}\\b`).test(readme))).toEqual([]);
  });

  it('stays under 150 lines', () => {
    expect(readDocument(`packages/${name}/README.md`).split('\n').length).toBeLessThan(150);
  });
});

describe('every code', () => {
  const source = packageNames.map((name) => sourcesOf(name, 'src')).join('\n');
  const codes = codesIn(source, "'");

  it('is explained by a README or a specification', () => {
    expect(codes.size).toBeGreaterThan(150);
    expect(unexplained(source)).toEqual([]);
    expect(unexplained("refuse('kernel/unheard-of')")).toEqual(['kernel/unheard-of']);
  });

  it('is met by a test', () => {
    const tested = testedCodes();
    expect([...codes].filter((code) => !tested.has(code)).sort()).toEqual([]);
  });

  it('that a README or a specification names is there', () => {
    const named = codesIn([...readmesByPackage.values(), specs].join('\n'), '`');
    expect(named.size).toBeGreaterThan(150);
    expect([...named].filter((code) => !codes.has(code)).sort()).toEqual([]);
  });
});
