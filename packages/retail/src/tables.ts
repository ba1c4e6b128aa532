/**
 * Retail's projection tables. Quantities and amounts of what is taken back (refund, void, write-off) are negative rows, so
 * plain sums over any table are net. A text that does not apply is '', a document of one op is part 1 of 1.
 */
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

const documentColumns = {
  kind: 'text',
  number: 'text',
  day: 'text',
  at: 'integer',
  device: 'text',
  session: 'text',
  currency: 'text',
  totalMinor: 'integer',
  taxMinor: 'integer',
  external: 'text',
  part: 'integer',
  parts: 'integer',
  first: 'text',
  original: 'text',
  customer: 'text',
  reason: 'text',
} as const;

/** One document an op; its id is the op's. `totalMinor` includes `taxMinor`. `original` is what was refunded or voided. */
export const documents: SetTable<{ id: Text }, typeof documentColumns> = setTable('documents', {
  key: { id: 'text' },
  columns: documentColumns,
});

const lineColumns = {
  kind: 'text',
  sku: 'text',
  name: 'text',
  quantity: 'integer',
  quantityScale: 'integer',
  unitPriceMilliMinor: 'integer',
  amountMinor: 'integer',
  taxMinor: 'integer',
  taxRateBasisPoints: 'integer',
  at: 'integer',
} as const;

/** Lines count from 1. `kind` is the document's; `amountMinor` is without tax whichever way the price was quoted. */
export const documentLines: SetTable<{ document: Text; line: Int }, typeof lineColumns> = setTable('documentLines', {
  key: { document: 'text', line: 'integer' },
  columns: lineColumns,
});

/** What was paid how. Change given back is a cash row of its own with a negative amount. */
export const tenders: SetTable<{ document: Text; line: Int }, { kind: Text; currency: Text; amountMinor: Int }> =
  setTable('tenders', {
    key: { document: 'text', line: 'integer' },
    columns: { kind: 'text', currency: 'text', amountMinor: 'integer' },
  });

/**
 * What was taken off a line, by which promotion ('' for none), in minor units and in the terms in which the price was quoted. Only lines with a discount
 * stand here; the amounts of `documentLines` are what is left. What is given back is a negative row.
 */
export const discounts: SetTable<{ document: Text; line: Int }, { promotion: Text; currency: Text; amountMinor: Int }> =
  setTable('discounts', {
    key: { document: 'text', line: 'integer' },
    columns: { promotion: 'text', currency: 'text', amountMinor: 'integer' },
  });

/** What was taken out of stock in place of a line that has a recipe. What is given back is a negative row. */
export const movements: SetTable<{ document: Text; line: Int; sku: Text }, { quantity: Int }> = setTable('movements', {
  key: { document: 'text', line: 'integer', sku: 'text' },
  columns: { quantity: 'integer' },
});

/** On-hand per sku, in the product's unit scale: the sum of all movements. */
export const stock: SumTable<{ sku: Text }, 'onHand'> = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });

/** On-hand per lot, derived from `lotMoves`. */
export const lotStock: SumTable<{ sku: Text; lot: Text }, 'onHand'> = sumTable('lotStock', {
  key: { sku: 'text', lot: 'text' },
  sums: ['onHand'],
  derived: true,
});

/** What moved of goods with a lot or serial number, by the line that moved it: into stock positive, out of it negative. */
export const lotMoves: SetTable<{ document: Text; line: Int }, { sku: Text; lot: Text; quantity: Int }> = setTable(
  'lotMoves',
  {
    key: { document: 'text', line: 'integer' },
    columns: { sku: 'text', lot: 'text', quantity: 'integer' },
    derive: ({ sku, lot, quantity }) => [
      lotStock.add({ sku: String(sku), lot: String(lot) }, { onHand: Number(quantity) }),
    ],
  },
);

/**
 * Numbers that a device gave to documents which were refused at their place, or wait for a person: nobody else gets them. A document that is adopted has its own in
 * `documents` too.
 */
export const refusedDocuments: SetTable<{ id: Text }, { number: Text; kind: Text; day: Text; device: Text }> = setTable(
  'refusedDocuments',
  { key: { id: 'text' }, columns: { number: 'text', kind: 'text', day: 'text', device: 'text' } },
);

/** How many documents of a series a device has issued, refused ones too; the next number is one more. */
export const counters: SumTable<{ device: Text; series: Text }, 'issued'> = sumTable('counters', {
  key: { device: 'text', series: 'text' },
  sums: ['issued'],
});

const sessionColumns = {
  device: 'text',
  state: 'text',
  currency: 'text',
  floatMinor: 'integer',
  openedDay: 'text',
  closedDay: 'text',
  closedBy: 'text',
  expectedMinor: 'integer',
  countedMinor: 'integer',
} as const;

/** Cash sessions; a session's id is the id of the op that opened it. */
export const sessions: RegisterTable<{ id: Text }, typeof sessionColumns> = registerTable('sessions', {
  key: { id: 'text' },
  columns: sessionColumns,
});

/** The open session of each device, '' when it has none. */
export const deviceSessions: RegisterTable<{ device: Text }, { session: Text }> = registerTable('deviceSessions', {
  key: { device: 'text' },
  columns: { session: 'text' },
});

/** Cash in the drawer of a session, float included. A close empties it; what a closed session still shows came in late. */
export const drawers: SumTable<{ session: Text; currency: Text }, 'amountMinor'> = sumTable('drawers', {
  key: { session: 'text', currency: 'text' },
  sums: ['amountMinor'],
});

/** What has been given back of a line that was sold: quantity, and money with tax. */
export const refunded: SumTable<{ document: Text; line: Int }, 'quantity' | 'amountMinor'> = sumTable('refunded', {
  key: { document: 'text', line: 'integer' },
  sums: ['quantity', 'amountMinor'],
});

/** Sales that were voided, and the op that did it. */
export const voids: SetTable<{ document: Text }, { by: Text }> = setTable('voids', {
  key: { document: 'text' },
  columns: { by: 'text' },
});
