// A whole verb of your own, its table and its test: a stamp for every coffee, the tenth is free.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineVerb, openBook, refuse, sumTable } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { z } from 'zod';

const cards = sumTable('cards', { key: { card: 'text' }, sums: ['stamps'] });

const redeem = defineVerb({
  name: 'stamp.redeem',
  version: 1,
  roles: ['owner', 'till'],
  tables: [cards],
  args: z.strictObject({ card: z.string().regex(/^[\w-]+$/) }),
  plan: (view, _op, { card }) =>
    view.sum(cards, { card }).stamps < 9 ? refuse('stamp/not-full') : [cards.add({ card }, { stamps: -9 })],
});
const collect = defineVerb({
  name: 'stamp.collect',
  version: 1,
  roles: ['owner', 'till'],
  tables: [cards],
  args: z.strictObject({ card: z.string().regex(/^[\w-]+$/), stamps: z.int().min(1).max(20) }),
  plan: (_view, _op, { card, stamps }) => [cards.add({ card }, { stamps })],
});

test('nine stamps are a free coffee, once', async () => {
  const book = await openBook({ store: nodeStore(':memory:'), verbs: [collect, redeem] });
  await book.commit('stamp.collect', { card: 'ann', stamps: 10 });
  assert.equal((await book.commit('stamp.redeem', { card: 'ann' })).ok, true);
  assert.equal((await book.commit('stamp.redeem', { card: 'ann' })).ok, false);
  assert.deepEqual(book.query('SELECT card, stamps FROM cards'), [{ card: 'ann', stamps: 1 }]);
});
