/** Tables of transfers. What one scope cannot know of another is a sum over both, so no order of arrival counts anything twice. */
import {
  type RegisterTable,
  registerTable,
  type SetTable,
  type SumTable,
  setTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

/** Goods on their way: the sending scope adds what it dispatched, the receiving one takes off what was sent to it. Their sum over scopes is in transit. */
export const transit: SumTable<{ sku: Text }, 'quantity'> = sumTable('transit', {
  key: { sku: 'text' },
  sums: ['quantity'],
});

const transferColumns = {
  dispatch: 'text',
  toScope: 'text',
  day: 'text',
  currency: 'text',
  amountMinor: 'integer',
  round: 'integer',
} as const;

/** Transfers that left this scope, by the op that dispatched them; `dispatch` is its hash, `round` 0 without a transfer order. */
export const transfers: SetTable<{ transfer: Text }, typeof transferColumns> = setTable('transfers', {
  key: { transfer: 'text' },
  columns: transferColumns,
});

const arrivalColumns = {
  arrival: 'text',
  fromScope: 'text',
  dispatch: 'text',
  delivery: 'text',
  day: 'text',
  amountMinor: 'integer',
} as const;

/** Transfers that came to this scope and were counted in, by the op `arrival`; `amountMinor` is what was sent. */
export const arrivals: SetTable<{ transfer: Text }, typeof arrivalColumns> = setTable('arrivals', {
  key: { transfer: 'text' },
  columns: arrivalColumns,
});

const lossColumns = {
  sku: 'text',
  lot: 'text',
  holder: 'text',
  tally: 'text',
  quantity: 'integer',
  currency: 'text',
  amountMinor: 'integer',
} as const;

/**
 * What came to less than was sent, line by line and hop by hop; more is negative. `hop` is `earlier` for all before the hop that the delivery ends,
 * `carried` for that one, `counted` for what is missing of what was signed for here, `unsigned` where nobody signed; `holder` is the device that had it.
 */
export const transitLosses: SetTable<{ transfer: Text; line: Int; hop: Text }, typeof lossColumns> = setTable(
  'transitLosses',
  { key: { transfer: 'text', line: 'integer', hop: 'text' }, columns: lossColumns },
);

/** How much of a product a branch keeps, in `hq`; `source` is '' where the branch buys for itself. */
export const stockLevels: RegisterTable<{ branch: Text; sku: Text }, { minimum: Int; maximum: Int; source: Text }> =
  registerTable('stockLevels', {
    key: { branch: 'text', sku: 'text' },
    columns: { minimum: 'integer', maximum: 'integer', source: 'text' },
  });

/** What `hq` told a scope to send to another, round by round; the lines are those of `document`. `state` is `ordered` or `cancelled`. */
export const transferOrders: RegisterTable<
  { toScope: Text; fromScope: Text; round: Int },
  { document: Text; state: Text; reason: Text }
> = registerTable('transferOrders', {
  key: { toScope: 'text', fromScope: 'text', round: 'integer' },
  columns: { document: 'text', state: 'text', reason: 'text' },
});

/** Transfer orders that this scope has dispatched. */
export const fulfilments: SetTable<{ toScope: Text; round: Int }, { transfer: Text }> = setTable('fulfilments', {
  key: { toScope: 'text', round: 'integer' },
  columns: { transfer: 'text' },
});
