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

const productColumns = {
  name: 'text',
  category: 'text',
  unitScale: 'integer',
  taxRateBasisPoints: 'integer',
  negativeStock: 'text',
  active: 'integer',
} as const;

/** The catalogue, kept in `hq`. Quantities of a product count units of 10^-unitScale. */
export const products: RegisterTable<{ sku: Text }, typeof productColumns> = registerTable('products', {
  key: { sku: 'text' },
  columns: productColumns,
});

/** List prices per currency, kept in `hq`, in thousandths of a minor unit. */
export const prices: RegisterTable<{ sku: Text; currency: Text }, { unitPriceMilliMinor: Int }> = registerTable(
  'prices',
  { key: { sku: 'text', currency: 'text' }, columns: { unitPriceMilliMinor: 'integer' } },
);

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

/** On-hand per sku, in the product's unit scale: the sum of all movements. */
export const stock: SumTable<{ sku: Text }, 'onHand'> = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });

/** What moved of goods with a lot or serial number, by the line that moved it: into stock positive, out of it negative. */
export const lotMoves: SetTable<{ document: Text; line: Int }, { sku: Text; lot: Text; quantity: Int }> = setTable(
  'lotMoves',
  { key: { document: 'text', line: 'integer' }, columns: { sku: 'text', lot: 'text', quantity: 'integer' } },
);

/** How many documents of a series a device has issued; the next number is one more. */
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
