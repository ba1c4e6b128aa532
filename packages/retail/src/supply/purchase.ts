/** Purchases: what was ordered from a supplier, and what came of it. What came and is not billed yet is owed as received, not invoiced. */
import {
  defineVerb,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type RowOf,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { authorityTables, spendAtOnce } from '@tallystick/guards';
import { ledgerTables, lineAmountMinor, postDone } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { goodsTables, moveStock, putLines, putLots } from '../goods.ts';
import { conclude, contested, countSpent, posted, type Remark } from '../remark.ts';
import { type PricedLines, priceLines } from '../price.ts';
import { documentLines } from '../tables.ts';
import type { PurchaseCloseArgs, PurchaseOrderArgs, PurchaseReceiveArgs, PurchaseToleranceArgs } from './args.ts';
import { atCost } from './line.ts';
import { purchaseCloseArgs, purchaseOrderArgs, purchaseReceiveArgs, purchaseToleranceArgs } from './schema.ts';
import { matchTolerances, purchased, purchaseOrders } from './tables.ts';

type OrderRow = RowOf<(typeof purchaseOrders)['columns']>;
export type OrderedRow = RowOf<(typeof documentLines)['columns'] & (typeof documentLines)['key']>;

function planOrder(view: View, op: OpFacts, args: PurchaseOrderArgs): Outcome {
  const { day, currency, supplier, lines, reference } = args;
  const goods = atCost(lines, ({ quantity }) => quantity);
  const priced = priceLines(goods, false);
  if ('code' in priced) return priced;
  // Nothing has left or come yet: whoever may not spend so much orders nothing, late or not.
  const spent = spendAtOnce(view, op, { currency, amountMinor: priced.amountMinor });
  if ('code' in spent) return spent;
  const effects: Effect[] = [...spent];
  putLines(op, { kind: 'order', currency, lines: goods, priced, sign: 1 }, effects);
  const header = { day, currency, customer: supplier, ...(reference === undefined ? {} : { external: reference }) };
  issueDocument(view, op, 'order', header, { totalMinor: priced.amountMinor, taxMinor: 0 }, effects);
  effects.push(purchaseOrders.write({ purchase: op.id, supplier, day, currency, state: 'open', reason: '' }));
  return effects;
}

/** Orders goods from a supplier. Nothing moves and nothing is owed yet. An agent orders within the limit of whom it spends for, and not otherwise. */
export const purchaseOrder: Verb<'purchase.order', PurchaseOrderArgs> = defineVerb({
  remains: keepNumber('order'),
  name: 'purchase.order',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'agent'],
  tables: [...documentTables, ...goodsTables, ...authorityTables, purchaseOrders],
  args: purchaseOrderArgs,
  plan: planOrder,
});

/** The lines of an order that others name by their numbers, each once. */
export function orderedLines(
  view: View,
  order: string,
  lines: readonly { readonly line: number }[],
): readonly OrderedRow[] | Refusal {
  const rows: OrderedRow[] = [];
  const named = new Set<number>();
  for (const { line } of lines) {
    const row = view.get(documentLines, { document: order, line });
    if (row === undefined) return refuse('retail/unknown-line', { document: order, line });
    if (named.has(line)) return refuse('retail/line-twice', { line });
    named.add(line);
    rows.push(row);
  }
  return rows;
}

/**
 * What the next `quantity` of a line adds to what `before` of it came to, at the price of the order. However a line is cut into deliveries and bills, the
 * parts add up to the same. Undefined out of range.
 */
export function addedMinor(ordered: OrderedRow, before: number, quantity: number): number | undefined {
  const { quantityScale, unitPriceMilliMinor } = ordered;
  const after = lineAmountMinor(before + quantity, quantityScale, unitPriceMilliMinor);
  const already = lineAmountMinor(before, quantityScale, unitPriceMilliMinor);
  return after === undefined || already === undefined ? undefined : after - already;
}

function knownOrder(view: View, order: string): OrderRow | Refusal {
  return view.get(purchaseOrders, { purchase: order }) ?? refuse('retail/no-purchase-order', { order });
}

/** What an order says of the lines that came, or what the op itself says where the order waits in quarantine: the goods are in the shop. */
function expected(
  view: View,
  { order, currency, lines }: PurchaseReceiveArgs,
  remarks: Remark[],
):
  | { readonly row: Pick<OrderRow, 'supplier' | 'currency' | 'state'>; readonly ordered: readonly OrderedRow[] }
  | Refusal {
  const row = view.get(purchaseOrders, { purchase: order });
  if (row !== undefined) {
    if (currency !== row.currency) return refuse('retail/currency-mismatch', { expected: row.currency, got: currency });
    const ordered = orderedLines(view, order, lines);
    if ('code' in ordered) return ordered;
    const other = lines.findIndex(({ goods }, index) => goods.sku !== ordered[index]?.sku);
    if (other >= 0) return refuse('retail/line-mismatch', { document: order, line: lines[other]?.line ?? 0 });
    return { row, ordered };
  }
  if (new Set(lines.map(({ line }) => line)).size < lines.length) return refuse('retail/line-twice', { order });
  const ordered = lines.map(({ line, goods }): OrderedRow => {
    const { sku, name, quantityScale = 0, unitCostMilliMinor: unitPriceMilliMinor } = goods;
    const none = { quantity: 0, amountMinor: 0, taxMinor: 0, taxRateBasisPoints: 0, at: 0 };
    return { document: order, line, kind: 'order', sku, name, quantityScale, unitPriceMilliMinor, ...none };
  });
  remarks.push(contested(refuse('retail/no-purchase-order', { order })));
  return { row: { supplier: '', currency, state: 'open' }, ordered };
}

function planReceive(view: View, op: OpFacts, args: PurchaseReceiveArgs): Outcome {
  const { order, day, reference, lines } = args;
  const remarks: Remark[] = [];
  const known = expected(view, args, remarks);
  if ('code' in known) return known;
  const { row, ordered } = known;
  const goods = lines.map(({ quantity, lot }, index) => {
    const { sku, name, quantityScale, unitPriceMilliMinor } = ordered[index] as OrderedRow;
    return { sku, name, quantity, quantityScale, unitPriceMilliMinor, ...(lot === undefined ? {} : { lot }) };
  });
  const effects: Effect[] = [];
  const priced = countReceived(view, args, ordered, effects);
  if ('code' in priced) return priced;
  const numberOf = (index: number): number => lines[index]?.line ?? 0;
  const { currency } = row;
  countSpent(view, op, { currency, amountMinor: unorderedMinor(view, args, ordered) }, effects, remarks);
  putLines(op, { kind: 'receipt', currency, lines: goods, priced, sign: 1, numberOf }, effects);
  putLots(op, goods, 1, effects, numberOf);
  moveStock(view, goods, 1, effects, remarks);
  const { amountMinor } = priced;
  const header = { day, currency, customer: row.supplier, external: reference, original: order };
  const memo = issueDocument(view, op, 'receipt', header, { totalMinor: amountMinor, taxMinor: 0 }, effects);
  const entry = postDone(view, op, {
    day,
    memo,
    lines: [
      { account: retailAccounts.purchases, currency, amountMinor },
      { account: retailAccounts.receivedNotInvoiced, currency, amountMinor: 0 - amountMinor },
    ],
  });
  if ('code' in entry) return entry;
  // Goods that are in the shop are its own, and owed for, also where nobody waited for them any more.
  if (row.state !== 'open') remarks.push(contested({ code: 'retail/purchase-closed', details: { order } }));
  return conclude(effects.concat(posted(entry, remarks)), remarks);
}

function countReceived(
  view: View,
  { order, lines }: PurchaseReceiveArgs,
  ordered: readonly OrderedRow[],
  effects: Effect[],
): PricedLines | Refusal {
  const amounts: { amountMinor: number; taxMinor: number }[] = [];
  let sumMinor = 0;
  for (const [index, { line, quantity, damaged = 0 }] of lines.entries()) {
    const key = { purchase: order, line };
    const amountMinor = addedMinor(ordered[index] as OrderedRow, view.sum(purchased, key).received, quantity);
    if (amountMinor === undefined || !Number.isSafeInteger(sumMinor + amountMinor))
      return refuse('retail/amount-range', { line });
    sumMinor += amountMinor;
    amounts.push({ amountMinor, taxMinor: 0 });
    effects.push(purchased.add(key, { received: quantity, damaged }));
  }
  return { amounts, amountMinor: sumMinor, taxMinor: 0 };
}

/** What came beyond the order is worth: nobody counted it as spent when that was made. */
function unorderedMinor(view: View, { order, lines }: PurchaseReceiveArgs, ordered: readonly OrderedRow[]): number {
  let sumMinor = 0;
  for (const [index, { line, quantity }] of lines.entries()) {
    const row = ordered[index] as OrderedRow;
    const { received } = view.sum(purchased, { purchase: order, line });
    const waitedFor = Math.min(quantity, Math.max(0, row.quantity - received));
    const beyond = addedMinor(row, received + waitedFor, quantity - waitedFor) ?? 0;
    sumMinor += beyond;
  }
  return sumMinor;
}

/** Takes in what came of an order: less, more or damaged, all of it is said as it is. */
export const purchaseReceive: Verb<'purchase.receive', PurchaseReceiveArgs> = defineVerb({
  remains: keepNumber('receipt'),
  name: 'purchase.receive',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'till', 'van'],
  tables: [...ledgerTables, ...documentTables, ...goodsTables, ...authorityTables, purchased, purchaseOrders],
  args: purchaseReceiveArgs,
  plan: planReceive,
});

/** Says that nothing more is waited for of an order. Bills for what came are entered all the same. */
export const purchaseClose: Verb<'purchase.close', PurchaseCloseArgs> = defineVerb({
  name: 'purchase.close',
  version: 1,
  roles: ['owner', 'manager', 'warehouse'],
  tables: [purchaseOrders],
  args: purchaseCloseArgs,
  plan: (view, _op, { order, reason }) => {
    const row = knownOrder(view, order);
    if ('code' in row) return row;
    if (row.state !== 'open') return refuse('retail/purchase-closed', { order });
    return [purchaseOrders.write({ ...row, purchase: order, state: 'closed', reason })];
  },
});

/** Says in `hq` how far bills may differ from order and receipt and still match. */
export const purchaseTolerance: Verb<'purchase.tolerance', PurchaseToleranceArgs> = defineVerb({
  name: 'purchase.tolerance',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [matchTolerances],
  args: purchaseToleranceArgs,
  plan: (_view, op, { supplier = '', priceBasisPoints, quantityBasisPoints }) =>
    op.scope === 'hq'
      ? [matchTolerances.write({ supplier, priceBasisPoints, quantityBasisPoints })]
      : refuse('retail/hq-only', { scope: op.scope }),
});
