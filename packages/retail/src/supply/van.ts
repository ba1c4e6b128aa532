/** Van sales: a van is a scope, loaded by a transfer. Each scan is an op that sells one unit; in the evening goods and cash are counted, and what is missing is the seller's. */
import {
  defineVerb,
  devices,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { type EntryLine, ledgerTables, postDone } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';
import { takings } from '../counter/tables.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { goodsTables, moveStock, putLines, unitsOfScale } from '../goods.ts';
import { priceLine, priceLines } from '../price.ts';
import { conclude, contested, noted, posted, type Remark } from '../remark.ts';
import { planSale, saleTables } from '../sale.ts';
import { closeDrawer, closingTables } from '../session.ts';
import { drawers, lotStock, sessions, stock } from '../tables.ts';
import type { SellerPayArgs, VanScanArgs, VanSettleArgs } from './args.ts';
import { sellerPayArgs, vanScanArgs, vanSettleArgs } from './schema.ts';
import { makeGood, type Missing, noteSettled } from './settled.ts';
import { sellerDebts, settledGoods, settledVans, vanSettlements } from './tables.ts';

/** What a scan comes to. The goods and the money have changed hands: what is not on board, or comes after the settlement, stands and is made good. */
function planScan(view: View, op: OpFacts, args: VanScanArgs): Outcome {
  const { day, currency, session, sku, name, quantityScale = 0, unitPriceMilliMinor, taxIncluded, lot, tender } = args;
  const quantity = unitsOfScale[quantityScale] ?? 1;
  const line = {
    sku,
    name,
    quantity,
    quantityScale,
    unitPriceMilliMinor,
    ...(args.taxRateBasisPoints === undefined ? {} : { taxRateBasisPoints: args.taxRateBasisPoints }),
    ...(lot === undefined ? {} : { lot }),
  };
  const priced = priceLine(line, taxIncluded);
  if (priced === undefined) return refuse('retail/amount-range', { line: 1 });
  const amountMinor = priced.amountMinor + priced.taxMinor;
  const sale = {
    day,
    currency,
    taxIncluded,
    lines: [line],
    tenders: [{ kind: tender, amountMinor }],
    ...(session === undefined ? {} : { session }),
    ...(args.customer === undefined ? {} : { customer: args.customer }),
  };
  const settled = session === undefined ? undefined : view.get(settledVans, { session });
  if (settled !== undefined) {
    const cashMinor = tender === 'cash' ? amountMinor : 0;
    return planSale(
      view,
      op,
      sale,
      makeGood(view, settled, { sku, quantity, currency, paidMinor: amountMinor, cashMinor }),
    );
  }
  const aboard = lot === undefined ? view.sum(stock, { sku }).onHand : view.sum(lotStock, { sku, lot }).onHand;
  const remarks: Remark[] = [];
  if (aboard < quantity)
    remarks.push(contested(refuse('retail/not-on-board', { sku, lot: lot ?? '', onHand: aboard })));
  return planSale(view, op, sale, { remarks, effects: [], lines: [] });
}

/** Sells one unit from the van; what is not on board cannot be scanned. */
export const vanScan: Verb<'van.scan', VanScanArgs> = defineVerb({
  remains: keepNumber('sale'),
  name: 'van.scan',
  version: 1,
  roles: ['owner', 'manager', 'van'],
  tables: [...saleTables, sellerDebts, settledGoods, settledVans],
  args: vanScanArgs,
  plan: planScan,
});

interface Difference {
  readonly shortMinor: number;
  readonly overMinor: number;
}

/** Sets what is on board to what was counted, line by line: nothing found makes good what is missing. */
function countGoods(
  view: View,
  op: OpFacts,
  args: VanSettleArgs,
  effects: Effect[],
  remarks: Remark[],
): (Difference & { readonly missing: readonly Missing[] }) | Refusal {
  const counted = new Set<string>();
  const lines = [];
  for (const { counted: found, ...line } of args.lines) {
    if (counted.has(line.sku)) return refuse('retail/counted-twice', { sku: line.sku });
    counted.add(line.sku);
    const quantity = found - view.sum(stock, { sku: line.sku }).onHand;
    if (quantity !== 0) lines.push({ ...line, quantity });
  }
  const priced = priceLines(lines, false);
  if ('code' in priced) return priced;
  putLines(op, { kind: 'settlement', currency: args.currency, lines, priced, sign: 1 }, effects);
  moveStock(view, lines, 1, effects, remarks);
  const sum = (sign: 1 | -1): number =>
    priced.amounts.reduce((total, { amountMinor }) => total + (amountMinor * sign > 0 ? amountMinor * sign : 0), 0);
  const missing = lines.flatMap(({ sku, quantity }, index) => {
    const { amountMinor } = priced.amounts[index] ?? { amountMinor: 0 };
    return quantity < 0 ? [{ sku, quantity: 0 - quantity, amountMinor: 0 - amountMinor }] : [];
  });
  return { shortMinor: sum(-1), overMinor: sum(1), missing };
}

/** A warehouse counts the drawers of vans, and of nobody else: a till closes its own, or an owner or manager does. */
function mayCount(view: View, device: string): boolean {
  const { role } = view.author;
  if (role === 'owner' || role === 'manager') return true;
  return (view.get(devices, { device }) ?? view.hq.get(devices, { device }))?.role === 'van';
}

/** Takes the cash of the seller's session in, and closes it under the number of the settlement. */
function countCash(
  view: View,
  op: OpFacts,
  args: VanSettleArgs,
  number: string,
  effects: Effect[],
  remarks: Remark[],
): (Difference & { readonly foundMinor: number }) | Refusal {
  const { day, currency, session, cashMinor: countedMinor } = args;
  if (session === undefined && countedMinor === undefined) return { shortMinor: 0, overMinor: 0, foundMinor: 0 };
  if (session === undefined || countedMinor === undefined) return refuse('retail/cash-without-session');
  const row = view.get(sessions, { id: session });
  if (row === undefined) {
    // The van's own ops wait in quarantine: its cash is here, and all of it is over until they are adopted.
    remarks.push(contested(refuse('retail/unknown-session', { session, countedMinor })));
    return { shortMinor: 0, overMinor: countedMinor, foundMinor: countedMinor };
  }
  if (!mayCount(view, row.device)) return refuse('retail/foreign-session', { session, device: row.device });
  if (row.currency !== currency) return refuse('retail/currency-mismatch', { expected: row.currency, got: currency });
  if (row.state !== 'open') {
    // Two people counted one drawer apart, as for `session.close`: the first count is in the books.
    const { closedBy, closedDay } = row;
    remarks.push(contested(refuse('retail/session-closed', { session, closedBy, closedDay, countedMinor })));
    return { shortMinor: 0, overMinor: 0, foundMinor: row.countedMinor - row.expectedMinor };
  }
  compareDocuments(view, session, args.documents, remarks);
  const expectedMinor = view.sum(drawers, { session, currency }).amountMinor;
  const overMinor = countedMinor - expectedMinor;
  if (!Number.isSafeInteger(overMinor)) return refuse('retail/amount-range', { session });
  closeDrawer(view, op, row, { number, day, expectedMinor, countedMinor }, effects);
  return { shortMinor: Math.max(0, 0 - overMinor), overMinor: Math.max(0, overMinor), foundMinor: overMinor };
}

/**
 * A count is of what the van had sold by then. Sales made since, or made by then and not here yet, are in the one number and not in the other: goods and cash that seem missing or too much.
 */
function compareDocuments(view: View, session: string, counted: number | undefined, remarks: Remark[]): void {
  const { sales, refunds, voids, payments } = view.sum(takings, { session });
  const here = sales + refunds + voids + payments;
  if (counted === undefined || here === counted) return;
  const details = { session, counted, here };
  remarks.push(
    here > counted ? contested({ code: 'retail/sold-on', details }) : noted({ code: 'retail/sales-missing', details }),
  );
}

function planSettle(view: View, op: OpFacts, args: VanSettleArgs): Outcome {
  const { day, currency, seller, session } = args;
  const effects: Effect[] = [];
  const remarks: Remark[] = [];
  const goods = countGoods(view, op, args, effects, remarks);
  if ('code' in goods) return goods;
  const header = { day, currency, customer: seller, ...(session === undefined ? {} : { session }) };
  const totals = { totalMinor: goods.overMinor - goods.shortMinor, taxMinor: 0 };
  const memo = issueDocument(view, op, 'settlement', header, totals, effects);
  const cash = countCash(view, op, args, memo, effects, remarks);
  if ('code' in cash) return cash;
  if (session !== undefined)
    noteSettled(view, op, { seller, session, missing: goods.missing, foundMinor: cash.foundMinor }, effects);
  const owedMinor = goods.shortMinor + cash.shortMinor;
  const entry: EntryLine[] = [
    { account: retailAccounts.sellersShortages, currency, amountMinor: owedMinor },
    { account: retailAccounts.purchases, currency, amountMinor: goods.overMinor - goods.shortMinor },
    { account: retailAccounts.stockWrittenOff, currency, amountMinor: 0 - goods.overMinor },
    { account: retailAccounts.cash, currency, amountMinor: cash.overMinor - cash.shortMinor },
    { account: retailAccounts.cashOverAndShort, currency, amountMinor: 0 - cash.overMinor },
  ];
  const { shortMinor: cashShortMinor, overMinor: cashOverMinor } = cash;
  const { shortMinor, overMinor } = goods;
  effects.push(
    vanSettlements.put({
      settlement: op.id,
      seller,
      day,
      currency,
      shortMinor,
      overMinor,
      cashShortMinor,
      cashOverMinor,
    }),
    sellerDebts.add({ seller, currency }, { amountMinor: owedMinor }),
  );
  const settled = postDone(view, op, { day, memo, lines: entry });
  return 'code' in settled ? settled : conclude(effects.concat(posted(settled, remarks)), remarks);
}

/** Counts goods and cash of a van in the evening. Somebody else than the van counts. */
export const vanSettle: Verb<'van.settle', VanSettleArgs> = defineVerb({
  remains: keepNumber('settlement'),
  name: 'van.settle',
  version: 1,
  roles: ['owner', 'manager', 'warehouse'],
  tables: [
    ...ledgerTables,
    ...documentTables,
    ...goodsTables,
    ...closingTables,
    sellerDebts,
    settledGoods,
    settledVans,
    vanSettlements,
  ],
  args: vanSettleArgs,
  plan: planSettle,
});

/** Takes money from a seller for what that one was short. */
export const sellerPay: Verb<'seller.pay', SellerPayArgs> = defineVerb({
  name: 'seller.pay',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [...ledgerTables, sellerDebts],
  args: sellerPayArgs,
  plan: (view, op, { day, currency, seller, amountMinor, account }) => {
    const owed = view.sum(sellerDebts, { seller, currency }).amountMinor;
    if (account === retailAccounts.sellersShortages) return refuse('retail/pay-account', { account });
    const paid = postDone(view, op, {
      day,
      memo: `seller ${seller}`,
      lines: [
        { account, currency, amountMinor },
        { account: retailAccounts.sellersShortages, currency, amountMinor: 0 - amountMinor },
      ],
    });
    if ('code' in paid) return paid;
    const remarks: Remark[] = [];
    if (amountMinor > owed) remarks.push(contested({ code: 'retail/over-paid', details: { seller, leftMinor: owed } }));
    const debt = sellerDebts.add({ seller, currency }, { amountMinor: 0 - amountMinor });
    return conclude([...posted(paid, remarks), debt], remarks);
  },
});
