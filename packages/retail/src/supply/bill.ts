/**
 * Suppliers' bills, matched three ways: with the order for the price, with what was received for the quantity, each within the tolerance that `hq` states.
 * What does not match is held, with a code that says why, until it does or somebody with the right decides.
 */
import {
  compensate,
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
import { spenders } from '@tallystick/guards';
import { type DonePosting, type EntryLine, ledgerTables, postDone } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { goodsTables, putLines } from '../goods.ts';
import { priceLines } from '../price.ts';
import { documentLines } from '../tables.ts';
import { conclude, contested, posted, type Remark } from '../remark.ts';
import type {
  BillName,
  PurchaseApproveArgs,
  PurchaseBillArgs,
  PurchaseMatchArgs,
  PurchasePayArgs,
  PurchaseRejectArgs,
} from './args.ts';
import { isSamePerson } from './own.ts';
import { addedMinor, type OrderedRow, orderedLines } from './purchase.ts';
import {
  purchaseApproveArgs,
  purchaseBillArgs,
  purchaseMatchArgs,
  purchasePayArgs,
  purchaseRejectArgs,
} from './schema.ts';
import { billPayments, bills, matchTolerances, purchased, purchaseOrders } from './tables.ts';

type BillRow = RowOf<(typeof bills)['columns'] & (typeof bills)['key']>;
/** A line that is billed: its number in the order, what it is of, and what is asked for it. */
interface Asked {
  readonly ordered: OrderedRow;
  readonly quantity: number;
  readonly unitCostMilliMinor: number;
  readonly amountMinor: number;
  readonly taxMinor: number;
}

/** Why a bill does not match order and receipts; undefined where it does. Exact: products beyond 2^53 are compared as big integers. */
function misfit(view: View, supplier: string, purchase: string, lines: readonly Asked[]): Refusal | undefined {
  const { priceBasisPoints = 0, quantityBasisPoints = 0 } =
    view.hq.get(matchTolerances, { supplier }) ?? view.hq.get(matchTolerances, { supplier: '' }) ?? {};
  for (const { ordered, quantity, unitCostMilliMinor } of lines) {
    const { line, unitPriceMilliMinor } = ordered;
    const { received, billed } = view.sum(purchased, { purchase, line });
    if (BigInt(billed + quantity) * 10_000n > BigInt(received) * BigInt(10_000 + quantityBasisPoints))
      return refuse('retail/bill-quantity', { line, received, billed, asked: quantity });
    const differenceMilliMinor = BigInt(unitCostMilliMinor) - BigInt(unitPriceMilliMinor);
    const size = differenceMilliMinor < 0n ? 0n - differenceMilliMinor : differenceMilliMinor;
    if (size * 10_000n > BigInt(unitPriceMilliMinor) * BigInt(priceBasisPoints))
      return refuse('retail/bill-price', { line, ordered: unitPriceMilliMinor, asked: unitCostMilliMinor });
  }
  return undefined;
}

interface Posting {
  readonly day: string;
  readonly memo: string;
  readonly purchase: string;
  readonly currency: string;
}

/** What was received is invoiced now; what the supplier asks beside the order's price is a purchase, too, and the whole is payable. */
function postBill(view: View, op: OpFacts, posting: Posting, lines: readonly Asked[]): DonePosting | Refusal {
  const { day, memo, purchase, currency } = posting;
  const effects: Effect[] = [];
  const entry: EntryLine[] = [];
  for (const { ordered, quantity, amountMinor, taxMinor } of lines) {
    const key = { purchase, line: ordered.line };
    const expectedMinor = addedMinor(ordered, view.sum(purchased, key).billed, quantity);
    if (expectedMinor === undefined) return refuse('retail/amount-range', { line: ordered.line });
    effects.push(purchased.add(key, { billed: quantity }));
    entry.push(
      { account: retailAccounts.receivedNotInvoiced, currency, amountMinor: expectedMinor },
      { account: retailAccounts.purchases, currency, amountMinor: amountMinor - expectedMinor },
      { account: retailAccounts.taxPayable, currency, amountMinor: taxMinor },
      { account: retailAccounts.payables, currency, amountMinor: 0 - amountMinor - taxMinor },
    );
  }
  const done = postDone(view, op, { day, memo, lines: entry });
  return 'code' in done ? done : { ...done, effects: effects.concat(done.effects) };
}

function planBill(view: View, op: OpFacts, args: PurchaseBillArgs): Outcome {
  const { supplier, reference, order, day, lines } = args;
  const row = view.get(purchaseOrders, { purchase: order });
  if (row === undefined) return refuse('retail/no-purchase-order', { order });
  if (row.supplier !== supplier) return refuse('retail/other-supplier', { order, supplier: row.supplier });
  const before = view.get(bills, { supplier, reference });
  if (before !== undefined && before.state !== 'rejected')
    return refuse('retail/bill-entered', { supplier, reference });
  const ordered = orderedLines(view, order, lines);
  if ('code' in ordered) return ordered;
  const goods = lines.map(({ quantity, unitCostMilliMinor, taxRateBasisPoints = 0 }, index) => {
    const { sku, name, quantityScale } = ordered[index] as OrderedRow;
    return { sku, name, quantity, quantityScale, unitPriceMilliMinor: unitCostMilliMinor, taxRateBasisPoints };
  });
  const priced = priceLines(goods, false);
  if ('code' in priced) return priced;
  const { currency } = row;
  const effects: Effect[] = [];
  const numberOf = (index: number): number => lines[index]?.line ?? 0;
  putLines(op, { kind: 'bill', currency, lines: goods, priced, sign: 1, numberOf }, effects);
  const totals = { totalMinor: priced.amountMinor + priced.taxMinor, taxMinor: priced.taxMinor };
  const header = { day, currency, customer: supplier, external: reference, original: order };
  const memo = issueDocument(view, op, 'bill', header, totals, effects);
  const asked = lines.map(({ quantity, unitCostMilliMinor }, index) => {
    const { amountMinor, taxMinor } = priced.amounts[index] ?? { amountMinor: 0, taxMinor: 0 };
    return { ordered: ordered[index] as OrderedRow, quantity, unitCostMilliMinor, amountMinor, taxMinor };
  });
  const { totalMinor } = totals;
  const entered = { supplier, reference, bill: op.id, purchase: order, day, currency, totalMinor, device: op.device };
  const unfit = misfit(view, supplier, order, asked);
  if (unfit !== undefined) {
    effects.push(bills.write({ ...entered, state: 'held', why: unfit.code, decidedBy: '', reason: '' }));
    return compensate(unfit.code, { ...unfit.details, supplier, reference }, effects);
  }
  const entry = postBill(view, op, { day, memo, purchase: order, currency }, asked);
  if ('code' in entry) return entry;
  effects.push(bills.write({ ...entered, state: 'posted', why: '', decidedBy: '', reason: '' }));
  const remarks: Remark[] = [];
  return conclude(effects.concat(posted(entry, remarks)), remarks);
}

const postingTables = [...ledgerTables, bills, documentLines, matchTolerances, purchased, purchaseOrders] as const;

/** Enters a supplier's bill: payable where it matches, held where it does not. */
export const purchaseBill: Verb<'purchase.bill', PurchaseBillArgs> = defineVerb({
  remains: keepNumber('bill'),
  name: 'purchase.bill',
  version: 1,
  roles: ['owner', 'manager', 'warehouse'],
  tables: [...documentTables, ...goodsTables, ...postingTables],
  args: purchaseBillArgs,
  plan: planBill,
});

function heldBill(view: View, { supplier, reference }: BillName): BillRow | Refusal {
  const row = view.get(bills, { supplier, reference });
  if (row === undefined) return refuse('retail/no-bill', { supplier, reference });
  return row.state === 'held' ? row : refuse('retail/not-held', { supplier, reference, state: row.state });
}

/** The lines of a bill that was entered, as they were. */
function askedOf(view: View, { bill, purchase }: BillRow): readonly Asked[] {
  return view.list(documentLines, { document: bill }).flatMap((row) => {
    const ordered = view.get(documentLines, { document: purchase, line: row.line });
    const { quantity, unitPriceMilliMinor: unitCostMilliMinor, amountMinor, taxMinor } = row;
    return ordered === undefined ? [] : [{ ordered, quantity, unitCostMilliMinor, amountMinor, taxMinor }];
  });
}

function planDecision(
  view: View,
  op: OpFacts,
  args: PurchaseMatchArgs,
  decide: (row: BillRow, lines: readonly Asked[]) => Refusal | { readonly decidedBy: string; readonly reason: string },
): Outcome {
  const row = heldBill(view, args);
  if ('code' in row) return row;
  const lines = askedOf(view, row);
  const decided = decide(row, lines);
  if ('code' in decided) return decided;
  const { purchase, currency, supplier, reference } = row;
  const memo = `bill ${supplier} ${reference}`;
  const entry = postBill(view, op, { day: args.day, memo, purchase, currency }, lines);
  if ('code' in entry) return entry;
  const remarks: Remark[] = [];
  return conclude([...posted(entry, remarks), bills.write({ ...row, state: 'posted', why: '', ...decided })], remarks);
}

/** Tries a held bill again, after more was received. */
export const purchaseMatch: Verb<'purchase.match', PurchaseMatchArgs> = defineVerb({
  name: 'purchase.match',
  version: 1,
  roles: ['owner', 'manager', 'warehouse'],
  tables: postingTables,
  args: purchaseMatchArgs,
  plan: (view, op, args) =>
    planDecision(
      view,
      op,
      args,
      (row, lines) => misfit(view, row.supplier, row.purchase, lines) ?? { decidedBy: '', reason: '' },
    ),
});

/** Approves a held bill as it is. A manager does not approve what that manager's own device entered, nor one that spends for the same subject. */
export const purchaseApprove: Verb<'purchase.approve', PurchaseApproveArgs> = defineVerb({
  name: 'purchase.approve',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [...postingTables, spenders],
  args: purchaseApproveArgs,
  plan: (view, op, args) =>
    planDecision(view, op, args, ({ device }) =>
      isSamePerson(view, op, device) && view.author.role !== 'owner'
        ? refuse('retail/own-bill', { supplier: args.supplier, reference: args.reference })
        : { decidedBy: op.device, reason: args.reason },
    ),
});

/** Sends a held bill back. The supplier's corrected one may have the same number. */
export const purchaseReject: Verb<'purchase.reject', PurchaseRejectArgs> = defineVerb({
  name: 'purchase.reject',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [bills],
  args: purchaseRejectArgs,
  plan: (view, op, args) => {
    const row = heldBill(view, args);
    if ('code' in row) return row;
    return [bills.write({ ...row, state: 'rejected', decidedBy: op.device, reason: args.reason })];
  },
});

/** The money has left: a bill that waits in quarantine, is held or was sent back meanwhile makes the supplier owe it. */
function planPay(view: View, op: OpFacts, args: PurchasePayArgs): Outcome {
  const { supplier, reference, day, currency, amountMinor, account } = args;
  if (account === retailAccounts.payables) return refuse('retail/pay-account', { account });
  const row = view.get(bills, { supplier, reference });
  if (row !== undefined && row.currency !== currency)
    return refuse('retail/currency-mismatch', { expected: row.currency, got: currency });
  const remarks: Remark[] = [];
  if (row === undefined) remarks.push(contested(refuse('retail/no-bill', { supplier, reference })));
  else if (row.state !== 'posted')
    remarks.push(contested(refuse('retail/bill-held', { supplier, reference, state: row.state })));
  else {
    const leftMinor = row.totalMinor - view.sum(billPayments, { supplier, reference }).paidMinor;
    if (amountMinor > leftMinor)
      remarks.push(contested(refuse('retail/over-paid', { supplier, reference, leftMinor })));
  }
  const effects: Effect[] = [billPayments.add({ supplier, reference }, { paidMinor: amountMinor })];
  const header = { day, currency, customer: supplier, external: reference, original: row?.bill ?? '' };
  const totals = { totalMinor: 0 - amountMinor, taxMinor: 0 };
  const memo = issueDocument(view, op, 'payment', header, totals, effects);
  const entry = postDone(view, op, {
    day,
    memo,
    lines: [
      { account: retailAccounts.payables, currency, amountMinor },
      { account, currency, amountMinor: 0 - amountMinor },
    ],
  });
  return 'code' in entry ? entry : conclude(effects.concat(posted(entry, remarks)), remarks);
}

/** Pays a bill that was posted, or a part of it. */
export const purchasePay: Verb<'purchase.pay', PurchasePayArgs> = defineVerb({
  remains: keepNumber('payment'),
  name: 'purchase.pay',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [...ledgerTables, ...documentTables, billPayments, bills],
  args: purchasePayArgs,
  plan: planPay,
});
