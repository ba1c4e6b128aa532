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

/** Orders to suppliers, by the op that ordered; `state` is `open`, or `closed` when nothing more is waited for. Lines are those of the document. */
export const purchaseOrders: RegisterTable<
  { purchase: Text },
  { supplier: Text; day: Text; currency: Text; state: Text; reason: Text }
> = registerTable('purchaseOrders', {
  key: { purchase: 'text' },
  columns: { supplier: 'text', day: 'text', currency: 'text', state: 'text', reason: 'text' },
});

const askedColumns = {
  hash: 'text',
  state: 'text',
  decidedBy: 'text',
  reason: 'text',
} as const;

/** Orders that were asked for, by the op that asked; `state` is `asked`, `approved` or `rejected`. What an approval ordered is the document whose `original` it is. */
export const askedOrders: RegisterTable<{ asked: Text }, typeof askedColumns> = registerTable('askedOrders', {
  key: { asked: 'text' },
  columns: askedColumns,
});

/** What came of each line of an order, what of it was damaged, and how much posted bills charge for. */
export const purchased: SumTable<{ purchase: Text; line: Int }, 'received' | 'damaged' | 'billed'> = sumTable(
  'purchased',
  {
    key: { purchase: 'text', line: 'integer' },
    sums: ['received', 'damaged', 'billed'],
  },
);

/** How far a bill may differ and still match, in `hq`; of supplier '' for all that have none of their own. */
export const matchTolerances: RegisterTable<{ supplier: Text }, { priceBasisPoints: Int; quantityBasisPoints: Int }> =
  registerTable('matchTolerances', {
    key: { supplier: 'text' },
    columns: { priceBasisPoints: 'integer', quantityBasisPoints: 'integer' },
  });

const billColumns = {
  bill: 'text',
  purchase: 'text',
  day: 'text',
  currency: 'text',
  totalMinor: 'integer',
  device: 'text',
  state: 'text',
  why: 'text',
  decidedBy: 'text',
  reason: 'text',
} as const;

/** Suppliers' bills. `state` is `held`, with the code `why`, `posted` or `rejected`; `device` entered it, `decidedBy` approved or rejected it. */
export const bills: RegisterTable<{ supplier: Text; reference: Text }, typeof billColumns> = registerTable('bills', {
  key: { supplier: 'text', reference: 'text' },
  columns: billColumns,
});

/** What was paid of a bill. */
export const billPayments: SumTable<{ supplier: Text; reference: Text }, 'paidMinor'> = sumTable('billPayments', {
  key: { supplier: 'text', reference: 'text' },
  sums: ['paidMinor'],
});

const settlementColumns = {
  seller: 'text',
  day: 'text',
  currency: 'text',
  shortMinor: 'integer',
  overMinor: 'integer',
  cashShortMinor: 'integer',
  cashOverMinor: 'integer',
} as const;

/** What sellers were short and over, by the op that settled; goods and cash apart, and never one against the other. */
export const vanSettlements: SetTable<{ settlement: Text }, typeof settlementColumns> = setTable('vanSettlements', {
  key: { settlement: 'text' },
  columns: settlementColumns,
});

/** What sellers owe for what they were short. */
export const sellerDebts: SumTable<{ seller: Text; currency: Text }, 'amountMinor'> = sumTable('sellerDebts', {
  key: { seller: 'text', currency: 'text' },
  sums: ['amountMinor'],
});

/** By the session that was settled: whose, and by how much its cash was over (below nought: short) with every scan that has come in since. */
export const settledVans: RegisterTable<{ session: Text }, { settlement: Text; seller: Text; cashMinor: Int }> =
  registerTable('settledVans', {
    key: { session: 'text' },
    columns: { settlement: 'text', seller: 'text', cashMinor: 'integer' },
  });

/** What a settlement missed and charged to its seller, less what late scans say was sold. */
export const settledGoods: SumTable<{ session: Text; sku: Text }, 'quantity' | 'amountMinor'> = sumTable(
  'settledGoods',
  { key: { session: 'text', sku: 'text' }, sums: ['quantity', 'amountMinor'] },
);
