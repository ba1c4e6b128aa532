/** What `hq` wants on the shelves of its branches, and what it tells one scope to send to another. Nothing here moves goods. */
import {
  type Correction,
  defineVerb,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { goodsTables, putLines } from '../goods.ts';
import { priceLines } from '../price.ts';
import { products } from '../catalogue/tables.ts';
import type { StockLevelArgs, TransferCancelArgs, TransferOrderArgs } from './args.ts';
import { stockLevelArgs, transferCancelArgs, transferOrderArgs } from './schema.ts';
import { fulfilments, stockLevels, transferOrders } from './tables.ts';

/** Says how much of a product a branch keeps. */
export const stockLevel: Verb<'stock.level', StockLevelArgs> = defineVerb({
  name: 'stock.level',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [products, stockLevels],
  args: stockLevelArgs,
  plan: (view, op, { branch, sku, minimum, maximum, source = '' }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    if (source === branch) return refuse('retail/own-scope', { scope: branch });
    if (minimum > maximum) return refuse('retail/bad-level', { sku, minimum, maximum });
    if (view.get(products, { sku }) === undefined) return refuse('retail/unknown-product', { sku });
    return [stockLevels.write({ branch, sku, minimum, maximum, source })];
  },
});

function planOrder(view: View, op: OpFacts, args: TransferOrderArgs): Outcome {
  const { from, to, round, lines } = args;
  if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
  if (from === to) return refuse('retail/own-scope', { scope: to });
  const route = { toScope: to, fromScope: from };
  const isNext =
    view.get(transferOrders, { ...route, round }) === undefined &&
    (round === 1 || view.get(transferOrders, { ...route, round: round - 1 }) !== undefined);
  if (!isNext) return refuse('retail/bad-round', { from, to, round });
  const goods = lines.map((line) => ({ ...line, unitPriceMilliMinor: 0 }));
  const priced = priceLines(goods, false);
  if ('code' in priced) return priced;
  const effects: Effect[] = [transferOrders.write({ ...route, round, document: op.id, state: 'ordered', reason: '' })];
  putLines(op, { kind: 'transfer-order', currency: args.currency, lines: goods, priced, sign: 1 }, effects);
  issueDocument(view, op, 'transfer-order', args, { totalMinor: 0, taxMinor: 0 }, effects);
  return effects;
}

/** Tells one scope to send goods to another. */
export const transferOrder: Verb<'transfer.order', TransferOrderArgs> = defineVerb({
  remains: keepNumber('transfer-order'),
  name: 'transfer.order',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [...documentTables, ...goodsTables, transferOrders],
  args: transferOrderArgs,
  plan: planOrder,
});

/** Takes an order back that is not wanted any more. What was dispatched before its scope took notice is on its way all the same. */
export const transferCancel: Verb<'transfer.cancel', TransferCancelArgs> = defineVerb({
  name: 'transfer.cancel',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [transferOrders],
  args: transferCancelArgs,
  plan: (view, op, { from, to, round, reason }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const row = view.get(transferOrders, { toScope: to, fromScope: from, round });
    if (row === undefined) return refuse('retail/no-transfer-order', { from, to, round });
    if (row.state === 'cancelled') return refuse('retail/order-cancelled', { from, to, round });
    return [transferOrders.write({ ...row, state: 'cancelled', reason })];
  },
});

/**
 * Counts a dispatch as what `hq` ordered, if it names a round: an order of this scope, once. Refuses `retail/no-transfer-order`; where the order was cancelled or is fulfilled,
 * that is the correction of goods that have left all the same, and the dispatch is of no order.
 */
export function fulfil(
  view: View,
  op: OpFacts,
  to: string,
  round: number | undefined,
  effects: Effect[],
): Correction | Refusal | undefined {
  if (round === undefined) return undefined;
  const from = op.scope;
  const order = view.hq.get(transferOrders, { toScope: to, fromScope: from, round });
  if (order === undefined) return refuse('retail/no-transfer-order', { from, to, round });
  if (order.state === 'cancelled') return { code: 'retail/order-cancelled', details: { from, to, round } };
  const before = view.get(fulfilments, { toScope: to, round });
  if (before !== undefined)
    return { code: 'retail/order-fulfilled', details: { to, round, transfer: before.transfer } };
  effects.push(fulfilments.put({ toScope: to, round, transfer: op.id }));
  return undefined;
}
