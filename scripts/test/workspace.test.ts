// What every library package promises in its manifest, and that the lists of entry points kept in several places agree.
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { commands } from '../commands.mjs';
import { layerOrder } from '../layers.ts';

interface Manifest {
  readonly [key: string]: unknown;
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly publishConfig: { readonly exports: unknown };
  readonly scripts: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifestOf = (path: string): Manifest => JSON.parse(read(path)) as Manifest;
/** Entries that only programs of Node load. */
const ofNode = new Set(['node', 'postgres', 'nats', 'mail', 'contract']);
const packages = globSync('packages/*/package.json', { cwd: root }).sort();

test('there are packages, and each has a place in the layer order', () => {
  expect(packages.length).toBeGreaterThan(0);
  for (const path of packages) expect(layerOrder).toContain(basename(dirname(path)));
});

describe.each(packages)('%s', (path) => {
  const manifest = manifestOf(path);
  const isData = (entry: string): boolean => manifest.exports[entry]?.endsWith('.ts') === false;
  const data = Object.keys(manifest.exports).filter(isData);
  const dataExports = data.map((entry) => [entry, entry]);
  const entries = Object.keys(manifest.exports)
    .filter((entry) => !isData(entry))
    .map((entry) => (entry === '.' ? 'index' : entry.slice(2)));

  test('is a library as we publish them', () => {
    expect(manifest).toMatchObject({
      name: `@tallystick/${basename(dirname(path))}`,
      type: 'module',
      license: 'Apache-2.0',
      sideEffects: false,
      engines: { node: '>=20.19' },
      files: ['dist', ...data.map((entry) => entry.slice(2).split('/')[0]), 'README.md'],
    });
  });

  test('publishes from dist what it exports from src', () => {
    const source = entries.map((entry) => [entry === 'index' ? '.' : `./${entry}`, `./src/${entry}.ts`]);
    expect(manifest.exports).toEqual(Object.fromEntries([...source, ...dataExports]));
    const published = entries.map((entry) => [
      entry === 'index' ? '.' : `./${entry}`,
      { types: `./dist/${entry}.d.ts`, default: `./dist/${entry}.js` },
    ]);
    expect(manifest.publishConfig.exports).toEqual(Object.fromEntries([...published, ...dataExports]));
  });

  test('builds every entry, and the threads that its sources start', () => {
    const built = /library\(\[(.*?)\]\)/s.exec(read(join(dirname(path), 'tsup.config.ts')))?.[1];
    const sources = globSync(join(dirname(path), 'src/*.ts'), { cwd: root })
      .map(read)
      .join('\n');
    const threads = sources.includes('new Worker(') ? [...sources.matchAll(/'\.\/([a-z-]+)\.js'/g)] : [];
    expect(built?.match(/[a-z-]+/g)).toEqual([...entries, ...threads.map(([, name]) => name)]);
  });

  test('has its portable entries typed without Node', () => {
    const portable = entries.filter((entry) => !ofNode.has(entry)).map((entry) => `src/${entry}.ts`);
    const own = JSON.parse(read(join(dirname(path), 'tsconfig.json'))) as { files: string[] };
    expect(own.files).toEqual(portable);
    const shared = JSON.parse(read('tsconfig.portable.json')) as { include: string[] };
    for (const file of portable) {
      const isIncluded = file === 'src/index.ts' || shared.include.includes(`${dirname(path)}/${file}`);
      expect(isIncluded, `${dirname(path)}/${file} in tsconfig.portable.json`).toBe(true);
    }
  });
});

test('every npm script goes through the bootstrap, and every command has a script', () => {
  const { scripts } = manifestOf('package.json');
  for (const [name, line] of Object.entries(scripts)) expect(line).toBe(`node scripts/bootstrap.mjs ${name}`);
  expect(Object.keys(scripts).sort()).toEqual([...Object.keys(commands), 'pnpm', 'setup'].sort());
});
