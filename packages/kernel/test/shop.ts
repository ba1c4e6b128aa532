/** Verbs that commute and verbs that do not, small enough to reason about, and stores to run them on. */
import { publicText } from '@tallystick/erasure/marking';
import {
  type BookStore,
  defineVerb,
  type Edge,
  type RegisterTable,
  refuse,
  registerTable,
  type SetTable,
  type SumTable,
  setTable,
  sumTable,
  type Verb,
} from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { createMemoryKeyStore, type KeyStore } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { nodeHasher } from '@tallystick/chain/node';
import initSqlJs, { type SqlJsStatic } from 'sql.js';
import { z } from 'zod';

export const stock: SumTable<{ sku: 'text' }, 'onHand'> = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
export const moves: SetTable<{ id: 'text' }, { sku: 'text'; quantity: 'integer' }> = setTable('moves', {
  key: { id: 'text' },
  columns: { sku: 'text', quantity: 'integer' },
  check: (rows) => (rows.some((row) => row['quantity'] === 13) ? refuse('shop/unlucky') : undefined),
  derive: (row) => [counted.add({ sku: String(row['sku']) }, { moves: 1 })],
});
export const counted: SumTable<{ sku: 'text' }, 'moves'> = sumTable('counted', {
  key: { sku: 'text' },
  sums: ['moves'],
  derived: true,
});
export const seats: RegisterTable<{ row: 'integer'; seat: 'integer' }, { holder: 'text' }> = registerTable('seats', {
  key: { row: 'integer', seat: 'integer' },
  columns: { holder: 'text' },
});
export const prices: RegisterTable<{ sku: 'text' }, { priceMinor: 'integer' }> = registerTable('prices', {
  key: { sku: 'text' },
  columns: { priceMinor: 'integer' },
});

export interface MoveArgs {
  readonly sku: string;
  readonly quantity: number;
}
/** Commutes with everything but a reader of the same sku. */
export const move: Verb<'stock.move', MoveArgs> = defineVerb({
  name: 'stock.move',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [stock, moves, counted],
  args: z.strictObject({ sku: publicText(z.string(), 'any name of goods'), quantity: z.int() }),
  plan: (_view, op, { sku, quantity }) => [
    moves.put({ id: op.id, sku, quantity }),
    stock.add({ sku }, { onHand: quantity }),
  ],
});

/** Reads a sum: refused when there is not enough. */
export const take: Verb<'stock.take', MoveArgs> = defineVerb({
  name: 'stock.take',
  version: 1,
  roles: ['owner', 'till'],
  tables: [stock],
  args: z.strictObject({ sku: publicText(z.string(), 'any name of goods'), quantity: z.int().positive() }),
  plan: (view, _op, { sku, quantity }) => {
    const { onHand } = view.sum(stock, { sku });
    return onHand < quantity ? refuse('shop/too-few', { onHand }) : [stock.add({ sku }, { onHand: -quantity })];
  },
});

export interface SeatArgs {
  readonly row: number;
  readonly seat: number;
}
/** First in order wins: reads an absence. */
export const seatTake: Verb<'seat.take', SeatArgs> = defineVerb({
  name: 'seat.take',
  version: 1,
  roles: ['owner', 'till'],
  tables: [seats],
  args: z.strictObject({ row: z.int(), seat: z.int() }),
  plan: (view, op, { row, seat }) => {
    const taken = view.get(seats, { row, seat });
    return taken === undefined
      ? [seats.write({ row, seat, holder: op.id })]
      : refuse('shop/taken', { by: taken.holder });
  },
});

/** Reads a range: refused when the row of seats is half full. */
export const rowBook: Verb<'row.book', SeatArgs> = defineVerb({
  name: 'row.book',
  version: 1,
  roles: ['owner', 'till'],
  tables: [seats],
  args: z.strictObject({ row: z.int(), seat: z.int() }),
  plan: (view, op, { row, seat }) =>
    view.list(seats, { row }).length >= 2
      ? refuse('shop/row-full')
      : [seats.write({ row, seat, holder: `${op.id} of the row` })],
});

export interface PriceArgs {
  readonly sku: string;
  readonly priceMinor: number;
}
/** Last in order wins. */
export const priceSet: Verb<'price.set', PriceArgs> = defineVerb({
  name: 'price.set',
  version: 1,
  roles: ['owner', 'till'],
  tables: [prices],
  args: z.strictObject({ sku: publicText(z.string(), 'any name of goods'), priceMinor: z.int() }),
  plan: (_view, _op, args) => [prices.write(args)],
});

export interface SellArgs {
  readonly sku: string;
}
/** Reads `hq` as of the mark. */
export const sell: Verb<'shop.sell', SellArgs> = defineVerb({
  name: 'shop.sell',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [prices, stock],
  args: z.strictObject({ sku: publicText(z.string(), 'any name of goods') }),
  plan: (view, _op, { sku }) => {
    const price = view.hq.get(prices, { sku });
    return price === undefined
      ? refuse('shop/no-price')
      : [stock.add({ sku: `takings of ${sku}` }, { onHand: price.priceMinor })];
  },
});

export const shopVerbs: readonly [
  typeof move,
  typeof take,
  typeof seatTake,
  typeof rowBook,
  typeof priceSet,
  typeof sell,
] = [move, take, seatTake, rowBook, priceSet, sell];

const sqlite: SqlJsStatic = await initSqlJs();

export function memoryKeys(): KeyStore {
  return createMemoryKeyStore(nodeEd25519, nodeHasher);
}

/** Both drivers, in memory. */
export const stores: Readonly<Record<'better-sqlite3' | 'sql.js', () => BookStore>> = {
  'better-sqlite3': () => nodeStore(':memory:'),
  'sql.js': () => ({ ...sqljsStore({ sqlite }), crypto: nodeCrypto }),
};

/** A clock that ticks once a reading, and dice that repeat. */
export function testEdge(seed = 1, startMs = 1_764_500_000_000): Edge {
  let state = seed * 2654435761 + 1;
  let ms = startMs;
  return {
    now: () => (ms += 1),
    random: (count) =>
      Uint8Array.from({ length: count }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 24;
      }),
  };
}
