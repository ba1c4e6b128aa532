import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkLayers, type Problem } from '../layers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-layers-'));
  plantPackage('oplog', []);
  plantPackage('chain', ['oplog']);
  plantPackage('sign', ['oplog', 'chain']);
  plantPackage('relay-protocol', ['oplog', 'chain', 'sign']);
  plantPackage('kernel', ['oplog', 'relay-protocol']);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plant(path: string, text: string): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function plantPackage(name: string, below: readonly string[], manifest: Record<string, unknown> = {}): void {
  const dependencies = Object.fromEntries(below.map((other) => [`@tallystick/${other}`, 'workspace:*']));
  const entries = { '.': './src/index.ts', './node': './src/node.ts' };
  plant(
    `packages/${name}/package.json`,
    JSON.stringify({ name: `@tallystick/${name}`, exports: entries, dependencies, ...manifest }),
  );
  plant(`packages/${name}/src/index.ts`, `export const name: string = '${name}';\n`);
  plant(`packages/${name}/src/node.ts`, `import 'node:fs';\nexport { name } from './index.ts';\n`);
}

const seen = (problems: readonly Problem[]): string[] => problems.map(({ rule, where }) => `${rule} ${where}`);

test('a tree in order has no problems, Node in its /node entry included', () => {
  plant(
    'packages/chain/src/index.ts',
    `import { name } from '@tallystick/oplog';\nexport const below: string = name;\n`,
  );
  expect(checkLayers(folder)).toEqual([]);
});

describe('an upward import is found, however it is written', () => {
  test.each([
    ['value', `import { name } from '@tallystick/kernel';\nexport { name };`],
    ['type', `import type { name } from '@tallystick/kernel';\nexport type N = typeof name;`],
    ['type position', `export type N = typeof import('@tallystick/kernel');`],
    ['dynamic', `export const n = (): Promise<unknown> => import('@tallystick/kernel');`],
    ['re-export', `export { name } from '@tallystick/kernel';`],
    ['sub-path', `export { name } from '@tallystick/kernel/node';`],
    ['computed', `export const n = (x: string): Promise<unknown> => import('@tallystick/' + x);`],
  ])('%s', (_, text) => {
    plant('packages/chain/src/extra.ts', `${text}\n`);
    expect(seen(checkLayers(folder)).filter((line) => line.endsWith('packages/chain/src/extra.ts:1'))).not.toEqual([]);
  });

  test('and text that only looks like one is not', () => {
    plant(
      'packages/chain/src/extra.ts',
      `// import '@tallystick/kernel'\nexport const s = "import '@tallystick/kernel'";\n`,
    );
    expect(checkLayers(folder)).toEqual([]);
  });
});

describe('a portable entry that reaches the host is found', () => {
  test.each([
    ['node:', `import { readFileSync } from 'node:fs';\nexport { readFileSync };`],
    ['a bare builtin', `import { readFileSync } from 'fs';\nexport { readFileSync };`],
    ['a builtin by type', `import type { Stats } from 'node:fs';\nexport type S = Stats;`],
    ['Buffer', `export const b = (): unknown => Buffer.from('x');`],
    ['process', `export const e: unknown = process.env;`],
    ['process by globalThis', `export const e: unknown = (globalThis as any).process;`],
    ['document', `export const d: unknown = document;`],
  ])('%s', (_, text) => {
    plant('packages/sign/src/deep.ts', `${text}\n`);
    plant('packages/sign/src/index.ts', `export * from './deep.ts';\n`);
    expect(seen(checkLayers(folder))).toContain('portable packages/sign/src/deep.ts:1');
  });

  test('better-sqlite3', () => {
    plantPackage('kernel', ['oplog'], { peerDependencies: { 'better-sqlite3': '>=12' } });
    plant('packages/kernel/src/index.ts', `import Database from 'better-sqlite3';\nexport { Database };\n`);
    expect(seen(checkLayers(folder))).toContain('portable packages/kernel/src/index.ts:1');
  });

  test("through another package's /node entry", () => {
    plant('packages/chain/src/index.ts', `export { name } from '@tallystick/oplog/node';\n`);
    expect(checkLayers(folder)).toMatchObject([{ rule: 'portable', where: 'packages/oplog/src/node.ts:1' }]);
  });

  test('but not a member, a key or a local of the same name', () => {
    const text = `export function f(process: { env: number }, x: { window: number }): number {\n  return process.env + x.window;\n}\n`;
    plant('packages/sign/src/index.ts', `${text}export const o = { document: 1 };\n`);
    expect(checkLayers(folder)).toEqual([]);
  });
});

describe('manifests and borders', () => {
  test('a dependency upward', () => {
    plantPackage('chain', ['oplog', 'kernel']);
    expect(seen(checkLayers(folder))).toContain('manifest packages/chain/package.json');
  });

  test('a dev dependency on the test kit', () => {
    plantPackage('chain', ['oplog'], { devDependencies: { '@tallystick/testkit': 'workspace:*' } });
    expect(seen(checkLayers(folder))).toEqual(['manifest packages/chain/package.json']);
  });

  test('relay-protocol that reaches kernel through a package below it', () => {
    plantPackage('sign', ['oplog', 'kernel']);
    plant('packages/sign/src/index.ts', `export { name } from '@tallystick/kernel';\n`);
    plant('packages/relay-protocol/src/index.ts', `export { name } from '@tallystick/sign';\n`);
    const lines = seen(checkLayers(folder));
    expect(lines).toContain('reach packages/relay-protocol/package.json');
    expect(lines).toContain('reach packages/sign/src/index.ts:1');
  });

  test('an import the manifest does not name', () => {
    plant('packages/chain/src/index.ts', `import 'left-pad';\n`);
    expect(seen(checkLayers(folder))).toEqual(['manifest packages/chain/src/index.ts:1']);
  });

  test("a path into another package's files", () => {
    plant('packages/chain/src/index.ts', `export { name } from '../../oplog/src/index.ts';\n`);
    expect(seen(checkLayers(folder))).toEqual(['boundary packages/chain/src/index.ts:1']);
  });

  test('a package without a place in the order', () => {
    plantPackage('extras', []);
    expect(seen(checkLayers(folder))).toContain('order packages/extras/package.json');
  });

  test('an entry that is not there', () => {
    rmSync(join(folder, 'packages/sign/src/index.ts'));
    expect(seen(checkLayers(folder))).toContain('manifest packages/sign/src/index.ts');
  });
});

test('the check goes red when a violation is planted in a copy of this repository', () => {
  cpSync(join(root, 'packages'), join(folder, 'packages'), {
    recursive: true,
    filter: (path) => !/node_modules|[\\/]dist$|[\\/]test$/.test(path.slice(root.length)),
  });
  const before = checkLayers(folder).length;
  plant('packages/oplog/src/planted.ts', `import 'node:fs';\nimport '@tallystick/retail';\n`);
  expect(checkLayers(folder).length).toBeGreaterThan(before);
});
