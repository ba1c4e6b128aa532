// A row that a plan has read is the kernel's own, which the next plan reads, too: who writes into it fails, and nobody after him reads what he wrote.
import { defineVerb, openBook, refuse, type RegisterTable, registerTable } from '@tallystick/kernel';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { memoryKeys, stores, testEdge } from './shop.ts';

const pots: RegisterTable<{ pot: 'integer' }, { left: 'integer' }> = registerTable('pots', {
  key: { pot: 'integer' },
  columns: { left: 'integer' },
});
const args = z.strictObject({ left: z.int() });
const fill = defineVerb({
  name: 'pot.fill',
  version: 1,
  roles: ['owner'],
  tables: [pots],
  args,
  plan: (_view, _op, { left }) => [pots.write({ pot: 1, left })],
});
/** As a program without types may do it. */
const draw = defineVerb({
  name: 'pot.draw',
  version: 1,
  roles: ['owner'],
  tables: [pots],
  args,
  plan: (view, _op, { left }) => {
    const row = view.get(pots, { pot: 1 }) as { pot: number; left: number };
    row.left -= left;
    return row.left < 0 ? refuse('pot/empty') : [pots.write(row)];
  },
});
const see = defineVerb({
  name: 'pot.see',
  version: 1,
  roles: ['owner'],
  tables: [pots],
  args,
  plan: (view, _op, { left }) => (view.get(pots, { pot: 1 })?.left === left ? [] : refuse('pot/other')),
});

it.each(Object.entries(stores))('is as it was written, on %s', async (_driver, createStore) => {
  const verbs = [fill, draw, see] as const;
  const book = await openBook({ store: createStore(), keys: memoryKeys(), verbs, edge: testEdge() });
  const spoil = (): Promise<unknown> => book.commit('pot.draw', { left: 12 });
  const failed = { ok: false, code: 'kernel/verb-failed', thrown: expect.stringContaining('TypeError') as string };
  expect(await book.commit('pot.fill', { left: 10 })).toMatchObject({ ok: true });
  expect(await spoil()).toMatchObject(failed);
  expect(await book.commit('pot.see', { left: 10 })).toMatchObject({ ok: true });
  await book.close();
});
