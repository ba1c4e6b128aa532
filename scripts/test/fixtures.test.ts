import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkFixtures, writeFixtures } from '../fixtures.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tallystick-fixtures-'));
  mkdirSync(join(root, 'fixtures/op/published'), { recursive: true });
  writeFileSync(
    join(root, 'fixtures/op/generate.ts'),
    `export const generate = (): Record<string, string> => ({ 'a.json': '1\\n', 'b.json': '2\\n' });\n`,
  );
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('what was written checks clean', async () => {
  expect(await writeFixtures(root)).toBe(2);
  expect(await checkFixtures(root)).toEqual({ checked: 2, differences: [] });
});

test('an edited, a lost and a stray file are found', async () => {
  await writeFixtures(root);
  appendFileSync(join(root, 'fixtures/op/a.json'), ' ');
  rmSync(join(root, 'fixtures/op/b.json'));
  writeFileSync(join(root, 'fixtures/op/c.json'), '');
  expect((await checkFixtures(root)).differences).toEqual([
    'op/a.json is not what its generator makes',
    'op/b.json is missing',
    'op/c.json is made by no generator',
  ]);
});
