// Verbs are mostly TypeScript, of which ESLint reads nothing, and says nothing, where a configuration names none of its files.
import typescript from '@typescript-eslint/parser';
import { ESLint, type Linter } from 'eslint';
import { loadESLint as load9 } from 'eslint-9';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import plugin from '../src/index.ts';

const cwd = mkdtempSync(join(tmpdir(), 'typescript-verbs-'));
afterAll(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, 'shop.js'), 'export const nothing = 1;');
const verb = 'defineVerb({ plan: (): readonly number[] => [Date.now()] });';
for (const name of ['a.ts', 'b.mts', 'c.tsx', 'd.cts']) writeFileSync(join(cwd, name), verb);
writeFileSync(join(cwd, 'page.jsx'), 'defineVerb({ plan: () => [Date.now()] }); export const page = <p>Open</p>;');
const count = 5;

const { recommended } = plugin.configs;
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** What the README gives the parser to. */
const parsed = {
  files: [/files: \['([^']+)'\], languageOptions: \{ parser \}/.exec(readme)?.[1]],
  languageOptions: { parser: typescript },
};

describe.each([
  ['10', ESLint],
  ['9', (await load9({ useFlatConfig: true })) as unknown as typeof ESLint],
])('ESLint %s', (_major, Eslint) => {
  async function found(config: readonly unknown[]): Promise<unknown> {
    const overrideConfig = config as Linter.Config[];
    const results = await new Eslint({ cwd, overrideConfigFile: true, overrideConfig }).lintFiles(['.']);
    return results.flatMap(({ messages }) => messages.map(({ ruleId, fatal }) => ruleId ?? (fatal ? 'unread' : '')));
  }

  it('reads every file of verbs where a parser is named', async () => {
    expect(await found([parsed, recommended])).toEqual(Array.from({ length: count }, () => '@tallystick/no-clock'));
  });

  it('says that it cannot read them where none is', async () => {
    expect(await found([recommended])).toEqual(Array.from({ length: count }, () => 'unread'));
  });
});
