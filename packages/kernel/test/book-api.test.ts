// What an integrator's editor says of a book: names and args of verbs come from their schemas, rows from the query. The types are checked by the
// type checker, which fails where a line that is expected to be wrong is not.
import { type Book, type Commit, type NotCommitted, openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import type { Scope } from '@tallystick/oplog';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { createTestRelay } from './fleet.ts';
import { type MoveArgs, move, shopVerbs } from './shop.ts';

type OneVerb = Book<readonly [typeof move]>;

describe('the types of a book', () => {
  it('know each verb and its args', () => {
    const use = async (book: OneVerb): Promise<void> => {
      expectTypeOf<Parameters<OneVerb['commit']>[0]>().toExtend<string>();
      const commit = await book.commit('stock.move', { sku: 'apple', quantity: 1 } satisfies MoveArgs);
      expectTypeOf(commit).toEqualTypeOf<Commit>();
      if (commit.ok) expectTypeOf(commit.reached('settled')).toEqualTypeOf<Promise<void>>();
      else expectTypeOf(commit).toEqualTypeOf<NotCommitted>();
      // @ts-expect-error no verb of this book has that name
      await book.commit('stock.count', { sku: 'apple', quantity: 1 });
      // @ts-expect-error a quantity is a number
      await book.commit('stock.move', { sku: 'apple', quantity: '1' });
      await book.commit('stock.move@1', { sku: 'apple', quantity: 1 });
      await book.commitAll([{ verb: 'stock.move@1', args: { sku: 'apple', quantity: 1 } }]);
      // @ts-expect-error also of a version that is named
      await book.commit('stock.move@1', { sku: 'apple', quantity: '1' });
      // @ts-expect-error a version is a number
      await book.commit('stock.move@one', { sku: 'apple', quantity: 1 });
      // @ts-expect-error the quantity is missing
      await book.commit('stock.move', { sku: 'apple' });
      // @ts-expect-error there is no price to move
      await book.commit('stock.move', { sku: 'apple', quantity: 1, price: 5 });
      // @ts-expect-error in a batch as well
      await book.commitAll([{ verb: 'stock.move', args: { sku: 'apple' } }]);
      // The kernel's own verbs are there without being listed.
      await book.commit('manifest.adopt', { verbs: ['stock.move@2'] });
      // @ts-expect-error and have args too
      await book.commit('manifest.adopt', { verbs: 'stock.move@2' });
    };
    expect(use).toBeTypeOf('function');
  });

  it('know the rows that a query was given', () => {
    interface OnHand {
      readonly sku: string;
      readonly onHand: number;
    }
    const use = (book: OneVerb): void => {
      expectTypeOf(book.query<OnHand>('SELECT sku, onHand FROM stock')).toEqualTypeOf<readonly OnHand[]>();
      expectTypeOf(book.query('SELECT 1')[0]?.['one']).toEqualTypeOf<string | number | undefined>();
      const listener = (rows: readonly OnHand[]): number => rows.length;
      book.watch<OnHand>('SELECT sku, onHand FROM stock', [], listener);
      // @ts-expect-error the rows have no price
      book.watch<{ readonly price: number }>('SELECT price FROM stock', [], listener);
      // @ts-expect-error a parameter is a number or a text
      book.query('SELECT ?', [new Date()]);
    };
    expect(use).toBeTypeOf('function');
  });
});

it('a query that is watched answers at once, and again only when its rows are others', async () => {
  const book = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs });
  const seen: unknown[] = [];
  const sql = 'SELECT onHand FROM stock WHERE sku = ?';
  const stop = book.watch(sql, ['apple'], (rows) => seen.push(rows));
  await book.commit('stock.move', { sku: 'apple', quantity: 5 });
  await book.commit('stock.move', { sku: 'pear', quantity: 1 });
  await book.commit('stock.move', { sku: 'apple', quantity: -2 });
  stop();
  await book.commit('stock.move', { sku: 'apple', quantity: 1 });
  expect(seen).toEqual([[], [{ onHand: 5 }], [{ onHand: 3 }]]);
  expect(() => book.watch('DELETE FROM stock', [], () => undefined)).toThrow('only reads');
  await book.close();
});

it('says that there is news where something was stored, not where all was refused', async () => {
  const book = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs, replicate: 'all' });
  const heard: string[] = [];
  book.subscribe(({ kind }) => heard.push(kind));
  const asked = [
    () => book.commit('stock.take', { sku: 'apple', quantity: 1 }),
    () => book.commit('stock.move@1', { sku: 'apple', quantity: 1 }),
    () => book.commit('stock.take@2', { sku: 'apple', quantity: 1 }),
    () => book.commit('stock.take@1', { sku: 'apple', quantity: 1 }),
  ];
  const answers: boolean[] = [];
  for (const ask of asked) answers.push((await ask()).ok);
  expect(answers).toEqual([false, true, false, true]);
  expect(heard).toEqual(['commit', 'commit']);
  // What is refused in a branch may have brought the mark of hq with it.
  await book.sync(await createTestRelay());
  heard.length = 0;
  for (const sku of ['apple', 'pear'])
    expect(await book.commit('shop.sell', { sku }, { scope: 'b/1' as Scope })).toMatchObject({ ok: false });
  expect(heard).toEqual(['commit']);
  await book.close();
});

it('needs no configuration: reads see a commit at once, and its stages come later', async () => {
  const book = await openBook({ store: nodeStore(':memory:'), verbs: [move] });
  const commit = await book.commit('stock.move', { sku: 'apple', quantity: 5 });
  expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 5 }]);
  expect(commit.ok && (await commit.stage())).toBe('local');
  expect(book.status()).toMatchObject({ role: 'owner', scopes: [{ scope: 'hq', settled: 0, stop: undefined }] });
  // One plain object: it can be posted, kept and printed.
  expect(structuredClone(book.status())).toEqual(book.status());
  await book.close();
});
