/** Transfers: goods that leave one scope and come to another. What leaves is in transit until the other scope has counted it. */
import {
  contest,
  defineVerb,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { ruleTables } from '@tallystick/guards';
import { tallies } from '@tallystick/kernel/tally';
import { ledgerTables, postDone } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { goodsTables, moveStock, putLines, putLots } from '../goods.ts';
import { priceLines } from '../price.ts';
import type { TransferDispatchArgs, TransferReceiveArgs } from './args.ts';
import { custodyHop, type CustodyHop } from './custody.ts';
import { atCost } from './line.ts';
import { putLosses } from './loss.ts';
import { askRules, conclude, contested, posted, type Remark } from '../remark.ts';
import { fulfil } from './replenish.ts';
import { transferDispatchArgs, transferReceiveArgs } from './schema.ts';
import { arrivals, fulfilments, transferOrders, transfers, transit, transitLosses } from './tables.ts';

function planDispatch(view: View, op: OpFacts, args: TransferDispatchArgs): Outcome {
  const { day, currency, to, lines, round, reference } = args;
  if (to === op.scope) return refuse('retail/own-scope', { scope: to });
  const goods = atCost(lines, ({ quantity }) => quantity);
  const priced = priceLines(goods, false);
  if ('code' in priced) return priced;
  const { amountMinor } = priced;
  const effects: Effect[] = [];
  putLines(op, { kind: 'dispatch', currency, lines: goods, priced, sign: -1 }, effects);
  putLots(op, goods, -1, effects);
  const remarks: Remark[] = [];
  moveStock(view, goods, -1, effects, remarks);
  const unordered = fulfil(view, op, to, round, effects);
  if (unordered !== undefined && 'kind' in unordered) return unordered;
  if (unordered !== undefined) remarks.push(contested(unordered));
  for (const { sku, quantity } of lines) effects.push(transit.add({ sku }, { quantity }));
  const header = { day, currency, ...(reference === undefined ? {} : { external: reference }) };
  const memo = issueDocument(view, op, 'dispatch', header, { totalMinor: 0 - amountMinor, taxMinor: 0 }, effects);
  effects.push(
    transfers.put({
      transfer: op.id,
      dispatch: op.hash,
      toScope: to,
      day,
      currency,
      amountMinor,
      round: unordered === undefined ? (round ?? 0) : 0,
    }),
  );
  const entry = postDone(view, op, {
    day,
    memo,
    lines: [
      { account: retailAccounts.stockInTransit, currency, amountMinor },
      { account: retailAccounts.purchases, currency, amountMinor: 0 - amountMinor },
    ],
  });
  return 'code' in entry ? entry : conclude(effects.concat(posted(entry, remarks)), remarks);
}

/** Sends goods to another scope. */
export const transferDispatch: Verb<'transfer.dispatch', TransferDispatchArgs> = defineVerb({
  remains: keepNumber('dispatch'),
  name: 'transfer.dispatch',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'till', 'van'],
  tables: [...ledgerTables, ...documentTables, ...goodsTables, fulfilments, transferOrders, transfers, transit],
  args: transferDispatchArgs,
  plan: planDispatch,
});

/** From another scope, and under a tally that both sides signed if one is named. */
function checkArrival(view: View, op: OpFacts, args: TransferReceiveArgs): CustodyHop | Refusal | undefined {
  const { transfer, from, delivery, lines } = args;
  if (from === op.scope) return refuse('retail/own-scope', { scope: from });
  return delivery === undefined ? undefined : custodyHop(view, transfer, delivery, lines.length);
}

function planReceive(view: View, op: OpFacts, args: TransferReceiveArgs): Outcome {
  const { transfer, dispatch, from, day, currency, delivery = '', lines } = args;
  const hop = checkArrival(view, op, args);
  if (hop !== undefined && 'code' in hop) return hop;
  const sent = priceLines(
    atCost(lines, ({ quantity }) => quantity),
    false,
  );
  if ('code' in sent) return sent;
  const goods = atCost(lines, (line) => line.received);
  const priced = priceLines(goods, false);
  if ('code' in priced) return priced;
  const effects: Effect[] = [];
  const first = view.get(arrivals, { transfer });
  if (first !== undefined) {
    // Two people counted the same goods in apart: the first count is in the books, and what the second one found is said.
    const header = { day, currency, original: transfer };
    issueDocument(view, op, 'arrival', header, { totalMinor: 0, taxMinor: 0 }, effects);
    const received = lines.reduce((sum, line) => sum + line.received, 0);
    return contest('retail/transfer-received', { transfer, arrival: first.arrival, received }, effects);
  }
  putLines(op, { kind: 'arrival', currency, lines: goods, priced, sign: 1 }, effects);
  putLots(op, goods, 1, effects);
  const remarks: Remark[] = [];
  if (args.to !== undefined && args.to !== op.scope)
    remarks.push(contested(refuse('retail/not-for-here', { transfer, to: args.to })));
  askRules(view, 'transfer.receive', { args }, remarks);
  moveStock(view, goods, 1, effects, remarks);
  const unfit = putLosses(args, hop, effects);
  if (unfit !== undefined) return unfit;
  for (const { sku, quantity } of lines) effects.push(transit.add({ sku }, { quantity: 0 - quantity }));
  const totals = { totalMinor: priced.amountMinor, taxMinor: 0 };
  const memo = issueDocument(view, op, 'arrival', { day, currency, original: transfer }, totals, effects);
  const { amountMinor } = sent;
  effects.push(arrivals.put({ transfer, arrival: op.id, fromScope: from, dispatch, delivery, day, amountMinor }));
  const entry = postDone(view, op, {
    day,
    memo,
    lines: [
      { account: retailAccounts.stockInTransit, currency, amountMinor: 0 - amountMinor },
      { account: retailAccounts.purchases, currency, amountMinor: priced.amountMinor },
      { account: retailAccounts.lostInTransit, currency, amountMinor: amountMinor - priced.amountMinor },
    ],
  });
  return 'code' in entry ? entry : conclude(effects.concat(posted(entry, remarks)), remarks);
}

/** Counts in what another scope sent. What is missing is lost in transit, by the hop that had it; counting in nothing closes a transfer that never came. */
export const transferReceive: Verb<'transfer.receive', TransferReceiveArgs> = defineVerb({
  remains: keepNumber('arrival'),
  name: 'transfer.receive',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'till', 'van'],
  tables: [
    ...ledgerTables,
    ...documentTables,
    ...goodsTables,
    ...ruleTables,
    arrivals,
    tallies,
    transit,
    transitLosses,
  ],
  args: transferReceiveArgs,
  plan: planReceive,
});
