/** Layaway: goods are put by for a customer at a price, and paid in parts on customer deposits 2300. A sale they are when they are collected. */
import {
  type Correction,
  defineVerb,
  type Effect,
  type OpFacts,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { ledgerTables, postDone } from '@tallystick/ledger';
import { acceptCash, cashTables, checkSession, settle } from '../cash.ts';
import { products } from '../catalogue/tables.ts';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { inUnitsOf, putLines } from '../goods.ts';
import { priceLines } from '../price.ts';
import { conclude, contested, noted, posted, type Remark } from '../remark.ts';
import { documentLines, documents } from '../tables.ts';
import { chargeAccount, customerTables } from './customer.ts';
import type { LayawayOpenArgs, LayawayPayArgs, LayawayPolicyArgs } from './layaway-args.ts';
import { layawayOpenArgs, layawayPayArgs, layawayPolicyArgs } from './layaway-schema.ts';
import { layawayEnds, layawayPaid, layawayPolicies, reserved } from './layaway-tables.ts';
import { addTakings } from './takings.ts';

/** What a verb about a layaway touches. */
export const layawayTables: readonly [typeof layawayEnds, typeof layawayPaid] = [layawayEnds, layawayPaid];

/** A layaway as it stands at the place of an op. */
export interface Layaway {
  readonly document: {
    readonly id: string;
    readonly customer: string;
    readonly totalMinor: number;
    readonly taxMinor: number;
  };
  /** On customer deposits for it. */
  readonly paidMinor: number;
  /** False where the op that opened it waits in quarantine, or never was: `document` has its id and currency, and no customer and price. */
  readonly isThere: boolean;
  /** True where another device ended it: what this one did at its counter without knowing stands, and the customer's account evens it out. */
  readonly isLate: boolean;
}

/**
 * Finds the layaway that an op is about. One that the op's own device ended is over: `retail/layaway-ended`. One that is not in the books is contested
 * (`retail/unknown-layaway`): money has changed hands over it.
 */
export function findLayaway(
  view: View,
  op: OpFacts,
  { layaway, currency, session }: { readonly layaway: string; readonly currency: string; readonly session?: string },
  remarks: Remark[],
): Layaway | Refusal {
  const row = view.get(documents, { id: layaway });
  if (row !== undefined && row.kind !== 'layaway') return refuse('retail/unknown-layaway', { layaway });
  if (row !== undefined && row.currency !== currency)
    return refuse('retail/currency-mismatch', { expected: row.currency, got: currency });
  const unfit = checkSession(view, op, session, currency);
  if (unfit !== undefined) return unfit;
  const { paidMinor } = view.sum(layawayPaid, { layaway });
  if (row === undefined) {
    remarks.push(contested(refuse('retail/unknown-layaway', { layaway })));
    const document = { id: layaway, customer: '', totalMinor: Number.MAX_SAFE_INTEGER, taxMinor: 0 };
    return { document, paidMinor, isThere: false, isLate: false };
  }
  const end = view.get(layawayEnds, { layaway });
  if (end?.device === op.device) return refuse('retail/layaway-ended', { layaway, outcome: end.outcome });
  return { document: row, paidMinor, isThere: true, isLate: end !== undefined };
}

/** Says what came too late of an op on a layaway that another device had ended. */
export function lateLayaway({ document, isLate }: Layaway, owedMinor: number): Correction | undefined {
  const details = { layaway: document.id, customer: document.customer, owedMinor };
  return isLate ? { code: 'retail/late-layaway', details } : undefined;
}

/** Ends a layaway, once: its goods are put by no more, and what was paid for it leaves `layawayPaid`. */
export function endLayaway(
  view: View,
  op: OpFacts,
  { document, paidMinor, isLate }: Layaway,
  outcome: 'collected' | 'cancelled',
  effects: Effect[],
): void {
  if (isLate) return;
  const layaway = document.id;
  effects.push(
    layawayEnds.put({ layaway, outcome, by: op.id, device: op.device }),
    layawayPaid.add({ layaway }, { paidMinor: 0 - paidMinor }),
  );
  for (const { sku, quantity } of view.list(documentLines, { document: layaway })) {
    effects.push(reserved.add({ sku }, { quantity: 0 - quantity }));
  }
}

/** Puts goods by. They stay on hand, and `reserved` says how many are spoken for. Nothing is posted. */
export const layawayOpen: Verb<'layaway.open', LayawayOpenArgs> = defineVerb({
  remains: keepNumber('layaway'),
  name: 'layaway.open',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [...documentTables, documentLines, products, reserved],
  args: layawayOpenArgs,
  plan: (view, op, args) => {
    const { lines, currency } = args;
    const priced = priceLines(lines, args.taxIncluded);
    if ('code' in priced) return priced;
    const effects: Effect[] = [];
    const remarks: Remark[] = [];
    for (const line of lines) {
      inUnitsOf(view.hq.get(products, { sku: line.sku }), line, remarks);
      // As its line says it, so that the end frees as much.
      effects.push(reserved.add({ sku: line.sku }, { quantity: line.quantity }));
    }
    putLines(op, { kind: 'layaway', currency, lines, priced, sign: 1 }, effects);
    const { amountMinor, taxMinor } = priced;
    issueDocument(view, op, 'layaway', args, { totalMinor: amountMinor + taxMinor, taxMinor }, effects);
    return conclude(effects, remarks);
  },
});

/** Takes a part of the price. What is more than the price, or comes after the end, stands to the customer's credit: a correction says so. */
export const layawayPay: Verb<'layaway.pay', LayawayPayArgs> = defineVerb({
  remains: keepNumber('layaway-payment'),
  name: 'layaway.pay',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [...ledgerTables, ...documentTables, ...cashTables, ...customerTables, ...layawayTables],
  args: layawayPayArgs,
  plan: (view, op, args) => {
    const remarks: Remark[] = [];
    const found = findLayaway(view, op, args, remarks);
    if ('code' in found) return found;
    const { document, paidMinor, isLate } = found;
    const { layaway, day, currency, session, tenders } = args;
    const { customer } = document;
    const totalMinor = tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    if (!Number.isSafeInteger(totalMinor)) return refuse('retail/amount-range', { layaway });
    const keptMinor = isLate ? 0 : Math.max(0, Math.min(totalMinor, document.totalMinor - paidMinor));
    const creditMinor = totalMinor - keptMinor;
    const effects: Effect[] = [layawayPaid.add({ layaway }, { paidMinor: keptMinor })];
    const debits = settle(op, { currency, session, tenders, changeMinor: 0, totalMinor, sign: 1 }, effects);
    if ('code' in debits) return debits;
    chargeAccount(view, op, { customer, currency, day, amountMinor: 0 - creditMinor }, effects, remarks);
    const header = { day, currency, customer, original: layaway, ...(session === undefined ? {} : { session }) };
    const memo = issueDocument(view, op, 'layaway-payment', header, { totalMinor, taxMinor: 0 }, effects);
    debits.push(
      { account: retailAccounts.customerDeposits, currency, amountMinor: 0 - keptMinor },
      { account: retailAccounts.receivables, currency, amountMinor: 0 - creditMinor },
    );
    const entry = postDone(view, op, { day, memo, lines: debits });
    if ('code' in entry) return entry;
    const over = { code: 'retail/layaway-overpaid', details: { layaway, customer, creditMinor } } as const;
    const said = lateLayaway(found, 0 - creditMinor) ?? (creditMinor > 0 ? over : undefined);
    if (said !== undefined) remarks.push(noted(said));
    return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
  },
});

/** Says in `hq` what the shop keeps at most of a layaway that is cancelled. Without it nothing is kept. */
export const layawayPolicy: Verb<'layaway.policy', LayawayPolicyArgs> = defineVerb({
  name: 'layaway.policy',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [layawayPolicies],
  args: layawayPolicyArgs,
  plan: (_view, op, args) =>
    op.scope === 'hq' ? [layawayPolicies.write(args)] : refuse('retail/hq-only', { scope: op.scope }),
});
