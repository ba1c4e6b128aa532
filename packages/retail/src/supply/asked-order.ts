/**
 * Orders that somebody asks for and somebody else approves: the way past one's own spending limit. What is asked for binds nobody; the approval orders it, against
 * the limit of whoever approves.
 */
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
import { authorityTables, refuseUnlessRole, spendAtOnce, spenders } from '@tallystick/guards';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { putLines } from '../goods.ts';
import { priceLines } from '../price.ts';
import { documentLines, documents } from '../tables.ts';
import type { OrderApproveArgs, OrderRejectArgs, PurchaseOrderArgs } from './args.ts';
import { atCost } from './line.ts';
import { isSamePerson } from './own.ts';
import { orderApproveArgs, orderRejectArgs, purchaseOrderArgs } from './schema.ts';
import { askedOrders, purchaseOrders } from './tables.ts';

const deciders = ['owner', 'manager'] as const;

function planAsk(view: View, op: OpFacts, { day, currency, supplier, lines, reference }: PurchaseOrderArgs): Outcome {
  const goods = atCost(lines, ({ quantity }) => quantity);
  const priced = priceLines(goods, false);
  if ('code' in priced) return priced;
  const totalMinor = priced.amountMinor;
  const effects: Effect[] = [];
  putLines(op, { kind: 'asked-order', currency, lines: goods, priced, sign: 1 }, effects);
  const header = { day, currency, customer: supplier, ...(reference === undefined ? {} : { external: reference }) };
  issueDocument(view, op, 'asked-order', header, { totalMinor, taxMinor: 0 }, effects);
  effects.push(askedOrders.write({ asked: op.id, hash: op.hash, state: 'asked', decidedBy: '', reason: '' }));
  return effects;
}

/** Asks for an order to a supplier, of any worth. Nothing is ordered, and nothing counts against a limit, until somebody else approves it. */
export const orderAsk: Verb<'order.ask', PurchaseOrderArgs> = defineVerb({
  remains: keepNumber('asked-order'),
  name: 'order.ask',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'agent'],
  tables: [...documentTables, documentLines, askedOrders],
  args: purchaseOrderArgs,
  plan: planAsk,
});

interface Asked {
  readonly row: RowOf<(typeof askedOrders)['columns'] & (typeof askedOrders)['key']>;
  readonly paper: RowOf<(typeof documents)['columns']>;
}

/** What is asked for, as it was when it was decided upon, and nobody has decided yet. */
function waiting(view: View, { asked, hash }: Omit<OrderApproveArgs, 'day'>): Asked | Refusal {
  const row = view.get(askedOrders, { asked });
  const paper = view.get(documents, { id: asked });
  // The same id under another hash is what a forked device wrote beside what was read and agreed to.
  if (row === undefined || paper === undefined || row.hash !== hash) return refuse('retail/not-asked', { asked });
  return row.state === 'asked' ? { row, paper } : refuse('retail/order-decided', { asked, state: row.state });
}

function planApprove(view: View, op: OpFacts, args: OrderApproveArgs): Outcome {
  const found = waiting(view, args);
  if ('code' in found) return found;
  const { row, paper } = found;
  const { currency, totalMinor, customer: supplier, external } = paper;
  const { asked, day } = args;
  if (isSamePerson(view, op, paper.device)) return refuse('retail/own-order', { asked });
  const spent = spendAtOnce(view, op, { currency, amountMinor: totalMinor });
  if ('code' in spent) return spent;
  const effects: Effect[] = [...spent];
  for (const line of view.list(documentLines, { document: asked }))
    effects.push(documentLines.put({ ...line, document: op.id, kind: 'order', at: op.at }));
  const header = { day, currency, customer: supplier, original: asked, external };
  issueDocument(view, op, 'order', header, { totalMinor, taxMinor: 0 }, effects);
  effects.push(
    askedOrders.write({ ...row, state: 'approved', decidedBy: op.device }),
    purchaseOrders.write({ purchase: op.id, supplier, day, currency, state: 'open', reason: '' }),
  );
  return effects;
}

/** Orders what somebody else asked for: against the limit of whoever approves, where that has one. */
export const orderApprove: Verb<'order.approve', OrderApproveArgs> = defineVerb({
  remains: keepNumber('order'),
  name: 'order.approve',
  version: 1,
  roles: deciders,
  tables: [...documentTables, documentLines, ...authorityTables, askedOrders, purchaseOrders],
  args: orderApproveArgs,
  plan: planApprove,
});

/** Turns down what was asked for; whoever asked takes it back by this, too. */
export const orderReject: Verb<'order.reject', OrderRejectArgs> = defineVerb({
  name: 'order.reject',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'agent'],
  tables: [documents, askedOrders, spenders],
  args: orderRejectArgs,
  plan: (view, op, { reason, ...args }) => {
    const found = waiting(view, args);
    if ('code' in found) return found;
    const { row, paper } = found;
    const refusal = isSamePerson(view, op, paper.device) ? undefined : refuseUnlessRole(view, deciders);
    return refusal ?? [askedOrders.write({ ...row, state: 'rejected', decidedBy: op.device, reason })];
  },
});
