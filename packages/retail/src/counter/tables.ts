/** The counter's tables: what each cash session took, how it closed, what was counted, and which fiscal numbers are whose. */
import {
  type RegisterTable,
  registerTable,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

const takingSums = [
  'sales',
  'salesMinor',
  'refunds',
  'refundsMinor',
  'voids',
  'voidsMinor',
  'payments',
  'paymentsMinor',
  'taxMinor',
  'discountMinor',
  'cashMinor',
  'cardMinor',
  'accountMinor',
  'otherMinor',
  'paidInMinor',
  'paidOutMinor',
  'droppedMinor',
] as const;

export type TakingSum = (typeof takingSums)[number];

/** What a session took, op by op: numbers of documents, and amounts that are negative where money went out. Tenders are of documents; `paidInMinor` and what
 * follows is cash without one. The difference of an exchange counts as a sale's. */
export const takings: SumTable<{ session: Text }, TakingSum> = sumTable('takings', {
  key: { session: 'text' },
  sums: takingSums,
});

const closingColumns = {
  number: 'text',
  day: 'text',
  device: 'text',
  currency: 'text',
  floatMinor: 'integer',
  expectedMinor: 'integer',
  countedMinor: 'integer',
  sales: 'integer',
  salesMinor: 'integer',
  refunds: 'integer',
  refundsMinor: 'integer',
  voids: 'integer',
  voidsMinor: 'integer',
  payments: 'integer',
  paymentsMinor: 'integer',
  taxMinor: 'integer',
  discountMinor: 'integer',
  cashMinor: 'integer',
  cardMinor: 'integer',
  accountMinor: 'integer',
  otherMinor: 'integer',
  paidInMinor: 'integer',
  paidOutMinor: 'integer',
  droppedMinor: 'integer',
} as const;

/** The Z report of each session that was closed: its number, and its takings as they stood. What came late is in `takings` alone. */
export const closings: SetTable<{ session: Text }, typeof closingColumns> = setTable('closings', {
  key: { session: 'text' },
  columns: closingColumns,
});

/** What was counted, and what the books had at that place. */
export const counts: SetTable<
  { document: Text; line: Int },
  { sku: Text; countedQuantity: Int; expectedQuantity: Int }
> = setTable('counts', {
  key: { document: 'text', line: 'integer' },
  columns: { sku: 'text', countedQuantity: 'integer', expectedQuantity: 'integer' },
});

/** What a sale owed of goods that were not on hand at its place, and their share of what they were sold for, without tax. */
export const backorders: SetTable<{ document: Text; sku: Text }, { quantity: Int; currency: Text; amountMinor: Int }> =
  setTable('backorders', {
    key: { document: 'text', sku: 'text' },
    columns: { quantity: 'integer', currency: 'text', amountMinor: 'integer' },
  });

/** Backorders that are owed no more, and the op that said so. */
export const backorderEnds: SetTable<{ document: Text; sku: Text }, { outcome: Text; by: Text }> = setTable(
  'backorderEnds',
  { key: { document: 'text', sku: 'text' }, columns: { outcome: 'text', by: 'text' } },
);

/** In `hq`: of the numbers that an authority gave, the next that no block has, and the last. */
export const fiscalSeries: RegisterTable<{ series: Text }, { next: Int; last: Int }> = registerTable('fiscalSeries', {
  key: { series: 'text' },
  columns: { next: 'integer', last: 'integer' },
});

/** In `hq`: which numbers a lease stands for. */
export const fiscalBlocks: RegisterTable<
  { block: Text },
  { series: Text; first: Int; last: Int; drawnIn: Text; device: Text }
> = registerTable('fiscalBlocks', {
  key: { block: 'text' },
  columns: { series: 'text', first: 'integer', last: 'integer', drawnIn: 'text', device: 'text' },
});

/** Fiscal numbers that were used, each once, by the document that carries it. A void does not give a number back. */
export const fiscalUses: SetTable<{ series: Text; number: Int }, { document: Text; device: Text; block: Text }> =
  setTable('fiscalUses', {
    key: { series: 'text', number: 'integer' },
    columns: { document: 'text', device: 'text', block: 'text' },
  });
