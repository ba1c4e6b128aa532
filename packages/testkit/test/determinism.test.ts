// The gate is shut to every verb that folds differently another time or elsewhere, and open to those that do not.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineVerb, sumTable, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { checkDeterminism } from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { planted, type Way, ways } from './planted-verbs.ts';

const sqlite = await initSqlJs();
const stores = { 'better-sqlite3': () => nodeStore(':memory:'), 'sql.js': () => sqljsStore({ sqlite }) };
const crypto = nodeCrypto;

const counts = sumTable('counts', { key: { of: 'text' }, sums: ['times'] });
const honest = defineVerb({
  name: 'count.up',
  version: 1,
  roles: ['owner'],
  tables: [counts],
  args: z.strictObject({ of: z.string().regex(/^[!-?A-~]*$/) }),
  plan: (_view, _op, { of }) => [counts.add({ of }, { times: 1 })],
});

describe('checkDeterminism', () => {
  it('lets an honest verb pass, and counts its ops', async () => {
    const report = await checkDeterminism({
      verbs: [honest],
      crypto,
      stores,
      commits: 20,
      next: (dice) => ({ verb: 'count.up', args: { of: dice.pick(['a', 'b']) } }),
    });
    expect(report).toMatchObject({ ok: true, problems: [], verbs: [{ verb: 'count.up@1', accepted: 20, refused: 0 }] });
  });

  it('does not pass a verb that never occurred', async () => {
    const report = await checkDeterminism({ verbs: [honest], crypto, stores, commits: 3, next: () => undefined });
    expect(report.problems).toEqual(['no op of count.up@1 was accepted: nothing is known of it']);
  });

  /**
   * What these do leaves no trace in the state, or one that only another machine changes: a formatter keeps the language it was made in, and another
   * engine has other last digits. Args come in the order of the log, whatever order they were written in.
   */
  const untold: readonly Way[] = [
    'network',
    'timer',
    'table',
    'temporal',
    'formatter',
    'unordered',
    'curve',
    'decimals',
  ];
  it.each(ways.filter((way) => !untold.includes(way)))('stops %s', async (way) => {
    const verb: Verb = planted[way];
    const next = () => ({ verb: verb.name, args: way === 'unordered' ? { z: 1, a: 2 } : {} });
    const { ok, problems } = await checkDeterminism({
      verbs: [verb],
      crypto,
      stores,
      commits: 20,
      next,
    });
    expect(ok).toBe(false);
    expect(problems.join()).toMatch(way === 'floats' || way === 'text' ? /failed/ : /replay/);
  });
});

describe('the lint rules', () => {
  it('find every planted verb', () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), 'tallystick-planted-'));
    const names = ['async', 'catch', 'clock', 'dice', 'floats', 'io', 'locale', 'shared-state', 'unordered'];
    const config = {
      plugins: [],
      categories: { correctness: 'off' },
      jsPlugins: [join(root, 'packages/eslint-plugin/src/index.ts')],
      rules: Object.fromEntries(names.map((name) => [`@tallystick/no-${name}`, 'error'])),
    };
    writeFileSync(join(folder, 'oxlint.json'), JSON.stringify(config));
    const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
    const args = ['-c', join(folder, 'oxlint.json'), '--format=unix', 'packages/testkit/test/planted-verbs.ts'];
    const { stdout } = spawnSync(process.execPath, [oxlint, ...args], { cwd: root, encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    const found = new Set([...stdout.matchAll(/\(no-([a-z-]+)\)/g)].map(([, rule]) => rule));
    expect([...found].sort()).toEqual(names);
    expect(stdout.split('\n').filter((line) => line.includes('Error/@tallystick')).length).toBeGreaterThanOrEqual(
      ways.length,
    );
  });
});
