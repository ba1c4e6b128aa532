// The realm in Node: around a book, around a fleet, and around a program that listens to nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { createFleet } from '@tallystick/testkit';
import { describe, expect, it } from 'vitest';
import { planted } from './planted-verbs.ts';
import { realmCases } from './realm-cases.ts';

describe('the realm', () => {
  realmCases(() => nodeStore(':memory:'), nodeCrypto);
});

describe('a fleet', () => {
  it('folds in the realm', async () => {
    const deeds: string[] = [];
    const fleet = await createFleet({
      seed: 1,
      members: [{ name: 'office', role: 'owner' }],
      store: () => nodeStore(':memory:'),
      crypto: nodeCrypto,
      verbs: [planted.dice],
      onImpure: ({ message }) => deeds.push(message),
    });
    const [commit] = await fleet.book(0).commitAll([{ verb: 'planted.dice', args: {} } as never]);
    await fleet.close();
    expect(commit).toMatchObject({ ok: false, code: 'kernel/verb-failed' });
    expect(deeds[0]).toContain('planted.dice@1 reached for Math.random');
  });
});

describe('a program that does not listen', () => {
  it('ends when a verb reaches out, although the kernel only refuses the op', () => {
    const program = `
      const { openBook } = await import('@tallystick/kernel');
      const { nodeCrypto, nodeStore } = await import('@tallystick/kernel/node');
      const { createSeededKeys, pureVerbs } = await import('@tallystick/testkit');
      const { planted } = await import('./planted-verbs.ts');
      const keys = createSeededKeys('x', nodeCrypto);
      const book = await openBook({ store: nodeStore(':memory:'), keys, verbs: pureVerbs([planted.clock]) });
      await book.commit('planted.clock', {});
      setTimeout(() => console.log('went on'), 1_000);`;
    const options = { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' } as const;
    const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], options);
    expect(ended.stderr).toContain('planted.clock@1 reached for Date.now');
    expect(ended.stdout).toBe('');
    expect(ended.status).not.toBe(0);
  });
});
