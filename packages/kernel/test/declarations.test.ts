// Mistakes in declarations throw where they are declared or when the book opens; a verb that breaks its tables refuses its op and changes nothing.
import {
  type Book,
  defineVerb,
  type Effect,
  openBook,
  refuse,
  setTable,
  sumTable,
  type Verb,
} from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { provenDigest } from './fleet.ts';
import { counted, memoryKeys, move, moves, stock, stores, testEdge } from './shop.ts';

function kernelError(code: string): unknown {
  return expect.objectContaining({ name: 'KernelError', code });
}

/** A verb without args that answers these effects. */
function verbOf(name: string, effects: () => readonly Effect[]): Verb<string, Record<string, never>> {
  const args = z.strictObject({}) as never;
  return defineVerb({ name, version: 1, roles: ['owner'], tables: [stock, moves, counted], args, plan: effects });
}

async function openWith(verb: Verb): Promise<Book> {
  const store = stores['better-sqlite3']();
  return openBook<readonly Verb[]>({ store, keys: memoryKeys(), verbs: [move, verb], edge: testEdge() });
}

describe('a table', () => {
  const key = { sku: 'text' } as const;

  it.each([
    ['a name that is no camelCase', () => sumTable('Stock', { key, sums: ['onHand'] })],
    ['a name that SQL would read', () => sumTable('stock"; DROP', { key, sums: ['onHand'] })],
    ['a column that is no camelCase', () => sumTable('shelf', { key, sums: ['on_hand'] })],
    ['no key', () => sumTable('shelf', { key: {}, sums: ['onHand'] })],
    ['two columns that differ in case alone', () => sumTable('shelf', { key, sums: ['onHand', 'onhand'] })],
    ['a column of the engine', () => sumTable('shelf', { key, sums: ['scope'] })],
    ['a type that SQL knows', () => sumTable('shelf', { key: { sku: 'string' as 'text' }, sums: ['onHand'] })],
    ['no sums', () => sumTable('shelf', { key } as never)],
    ['one sum that is no list', () => sumTable('shelf', { key, sums: 'onHand' as never })],
    ['no columns', () => setTable('shelf', { key } as never)],
    ['neither key nor columns', () => setTable('shelf', {} as never)],
    ['a name of the engine', () => setTable('tail', { key, columns: {} })],
  ])('is not declared with %s', (_what, declare) => {
    expect(declare).toThrow(kernelError('kernel/bad-table'));
  });

  it('has its name alone', async () => {
    const other = sumTable('stock', { key, sums: ['onHand'] });
    await expect(openWith({ ...verbOf('shop.count', () => []), tables: [other] })).rejects.toThrow(
      kernelError('kernel/bad-table'),
    );
  });
});

describe('a verb', () => {
  const definition = { ...move, plan: () => [] };

  it.each([
    ['one word', { name: 'move' }],
    ['capitals', { name: 'Stock.move' }],
    ['more than 64 letters', { name: `stock.${'m'.repeat(60)}` }],
    ['version 0', { version: 0 }],
    ['half a version', { version: 1.5 }],
    ['no plan', { plan: undefined }],
    ['no args', { args: undefined }],
    ['args that are no schema', { args: { sku: 'text' } }],
    ['no roles', { roles: undefined }],
    ['one role that is no list', { roles: 'owner' }],
    ['no tables', { tables: undefined }],
    ['names of tables', { tables: ['stock'] }],
  ])('is not declared with %s', (_what, bad) => {
    const odd = { ...definition, ...bad } as unknown as typeof move;
    expect(() => defineVerb(odd)).toThrow(kernelError('kernel/bad-verb'));
  });

  it('is one, or opens no book', async () => {
    await expect(openWith({ name: 'shop.count', version: 1 } as Verb)).rejects.toThrow(kernelError('kernel/bad-verb'));
  });

  it('has its name and version alone', async () => {
    await expect(openWith(defineVerb(definition))).rejects.toThrow(kernelError('kernel/bad-verb'));
  });

  const undeclared = sumTable('undeclared', { key: { sku: 'text' }, sums: ['onHand'] });
  const namesake = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
  const row = { sku: 'apple', quantity: 1 };

  it.each([
    [
      'writes a table that no verb declares',
      () => [undeclared.add({ sku: 'apple' }, { onHand: 1 })],
      'kernel/bad-effect',
    ],
    [
      'writes a table by a second declaration',
      () => [namesake.add({ sku: 'apple' }, { onHand: 1 })],
      'kernel/bad-effect',
    ],
    ['writes a number that is no integer', () => [stock.add({ sku: 'apple' }, { onHand: 0.5 })], 'kernel/bad-row'],
    ['leaves a column out', () => [moves.put({ id: 'a', quantity: 1 } as never)], 'kernel/bad-row'],
    ['writes text with half a character', () => [moves.put({ ...row, id: '\ud800' })], 'kernel/bad-row'],
  ])('that %s refuses its op, and says what was wrong', async (_what, effects, reason) => {
    const book = await openWith(verbOf('shop.break', () => [stock.add({ sku: 'pear' }, { onHand: 1 }), ...effects()]));
    expect(await book.commit('shop.break', {})).toMatchObject({
      ok: false,
      code: 'kernel/verb-failed',
      details: { reason },
    });
    expect(book.query('SELECT * FROM stock')).toEqual([]);
    await book.close();
  });

  const broken = (): never => {
    throw new TypeError('nothing there');
  };
  it.each([
    ['check throws', { check: broken }],
    ['check answers no refusal', { check: () => ({ code: 'shop/odd' }) as never }],
    ['derivation throws', { derive: broken }],
    ['derivation answers no list', { derive: () => undefined as never }],
    ['derivation names no table', { derive: () => [{ kind: 'add', row: {} }] as never }],
  ])('whose table brings code whose %s refuses its op', async (_what, code) => {
    const odd = setTable('odd', { key: { id: 'text' }, columns: { sku: 'text' }, ...code });
    const plan = () => [stock.add({ sku: 'pear' }, { onHand: 1 }), odd.put({ id: 'a', sku: 'pear' })];
    const verb = defineVerb({
      ...definition,
      name: 'shop.odd',
      tables: [stock, odd],
      args: z.strictObject({}) as never,
      plan,
    });
    const book = await openWith(verb);
    expect(await book.commit('shop.odd', {})).toMatchObject({
      ok: false,
      code: 'kernel/verb-failed',
      details: { reason: 'kernel/bad-effect' },
    });
    expect(book.query('SELECT * FROM stock')).toEqual([]);
    await book.close();
  });

  it('whose table checks what the rows come to is refused where they come to too much, and where it reads what the verb does not list', async () => {
    const shelf = setTable('shelf', {
      key: { id: 'text' },
      columns: { sku: 'text' },
      check: (_rows, _op, view) => {
        const { onHand } = view.sum(stock, { sku: 'pear' });
        return onHand > 2 ? refuse('shop/full', { onHand }) : undefined;
      },
    });
    const plan = (_view: unknown, op: { id: string }) => [
      shelf.put({ id: op.id, sku: 'pear' }),
      stock.add({ sku: 'pear' }, { onHand: 1 }),
    ];
    const fill = { ...definition, args: z.strictObject({}) as never, plan };
    const book = await openWith(defineVerb({ ...fill, name: 'shop.fill', tables: [stock, shelf] }));
    const commits = [];
    for (let count = 0; count < 3; count++) commits.push(await book.commit('shop.fill', {}));
    expect(commits).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: false, code: 'shop/full', details: { onHand: 3 } },
    ]);
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 2 }]);
    await book.close();
    const blind = await openWith(
      defineVerb({ ...fill, name: 'shop.fill', tables: [shelf], plan: () => [shelf.put({ id: 'a', sku: 'pear' })] }),
    );
    expect(await blind.commit('shop.fill', {})).toMatchObject({
      code: 'kernel/verb-failed',
      details: { reason: 'kernel/bad-read' },
    });
    await blind.close();
  });

  it('that adds to a derived table is refused: only the rows that it follows from may', async () => {
    const book = await openWith(verbOf('shop.cheat', () => [counted.add({ sku: 'apple' }, { moves: 7 })]));
    expect(await book.commit('shop.cheat', {})).toEqual({
      ok: false,
      code: 'kernel/derived-table',
      details: { table: 'counted' },
    });
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    expect(book.query('SELECT sku, moves FROM counted')).toEqual([{ sku: 'apple', moves: 1 }]);
    await provenDigest(book);
  });

  it('that puts an id twice is refused, in one op and in two; the row stays as it was', async () => {
    const twice = await openWith(
      verbOf('shop.twice', () => [moves.put({ ...row, id: 'a' }), moves.put({ ...row, id: 'a' })]),
    );
    expect(await twice.commit('shop.twice', {})).toMatchObject({ ok: false, code: 'kernel/duplicate-id' });
    expect(twice.query('SELECT * FROM moves')).toEqual([]);

    let quantity = 0;
    const again = await openWith(
      verbOf('shop.again', () => [moves.put({ id: 'a', sku: 'apple', quantity: ++quantity })]),
    );
    expect((await again.commit('shop.again', {})).ok).toBe(true);
    expect(await again.commit('shop.again', {})).toEqual({
      ok: false,
      code: 'kernel/duplicate-id',
      details: { table: 'moves', key: '["a"]' },
    });
    expect(again.query('SELECT id, quantity FROM moves')).toEqual([{ id: 'a', quantity: 1 }]);
  });
});
