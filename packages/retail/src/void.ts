/** Voiding: the whole sale taken back by a document of its own; the sale itself stays as it was written. */
import {
  defineVerb,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { refuseUnlessRules, ruleTables } from '@tallystick/guards';
import { ledgerTables, reverse } from '@tallystick/ledger';
import type { SaleVoidArgs } from './args.ts';
import { acceptCash, cashTables, checkSession, moveDrawer } from './cash.ts';
import { backorderEnds } from './counter/tables.ts';
import { chargeAccount, customerTables, onAccountMinor } from './counter/customer.ts';
import { addTakings } from './counter/takings.ts';
import { documentTables, issueDocument } from './document.ts';
import { redemptionTables, unredeem } from './entitlement/redeem.ts';
import { putMovement } from './goods.ts';
import { saleVoidArgs } from './schema.ts';
import {
  discounts,
  documentLines,
  documents,
  lotMoves,
  lotStock,
  movements,
  refunded,
  stock,
  tenders,
  voids,
} from './tables.ts';

function planVoid(view: View, op: OpFacts, args: SaleVoidArgs): Outcome {
  const { document, day, reason } = args;
  const sale = view.get(documents, { id: document });
  if (sale === undefined) return refuse('retail/unknown-document', { document });
  // What a layaway became was paid before: it comes back by a refund.
  if (sale.kind !== 'sale' || sale.original !== '') return refuse('retail/not-a-sale', { document, kind: sale.kind });
  if (view.get(voids, { document }) !== undefined) return refuse('retail/voided', { document });
  const unfit =
    checkSession(view, op, args.session, sale.currency) ??
    refuseUnlessRules(view, 'sale.void', { args, rows: { sale } });
  if (unfit !== undefined) return unfit;
  const { currency, totalMinor, taxMinor, customer } = sale;
  const session = args.session ?? sale.session;
  for (const { sku } of view.list(backorderEnds, { document }))
    return refuse('retail/backorder-ended', { document, sku });
  const effects: Effect[] = [voids.put({ document, by: op.id })];
  const refusal = returnLines(view, op, document, effects);
  if (refusal !== undefined) return refusal;
  returnTenders(view, op, { document, day, session, currency }, effects);
  const onAccount = onAccountMinor(view.list(tenders, { document }));
  chargeAccount(view, op, { customer, currency, day, amountMinor: 0 - onAccount }, effects);
  const header = { day, currency, session, customer, reason, original: document };
  const totals = { totalMinor: 0 - totalMinor, taxMinor: 0 - taxMinor };
  const memo = issueDocument(view, op, 'void', header, totals, effects);
  const all = effects.concat(reverse(view, op, { of: document, day, memo }));
  return acceptCash(view, session, addTakings(session, all));
}

function returnLines(view: View, op: OpFacts, document: string, effects: Effect[]): Refusal | undefined {
  const made = new Set<number>();
  for (const { line, sku, quantity } of view.list(movements, { document })) {
    made.add(line);
    putMovement(op, { line, sku, quantity: 0 - quantity }, effects);
  }
  for (const row of view.list(documentLines, { document })) {
    const { line, sku, quantity, amountMinor, taxMinor } = row;
    if (view.sum(refunded, { document, line }).quantity !== 0) return refuse('retail/refunded', { document, line });
    const taken = { quantity: 0 - quantity, amountMinor: 0 - amountMinor, taxMinor: 0 - taxMinor };
    effects.push(documentLines.put({ ...row, ...taken, document: op.id, kind: 'void', at: op.at }));
    if (!made.has(line)) effects.push(stock.add({ sku }, { onHand: quantity }));
  }
  for (const row of view.list(discounts, { document })) {
    effects.push(discounts.put({ ...row, document: op.id, amountMinor: 0 - row.amountMinor }));
  }
  for (const row of view.list(lotMoves, { document }))
    effects.push(lotMoves.put({ ...row, document: op.id, quantity: 0 - row.quantity }));
  return undefined;
}

interface Returned {
  readonly document: string;
  readonly day: string;
  readonly session: string;
  readonly currency: string;
}

function returnTenders(
  view: View,
  op: OpFacts,
  { document, day, session, currency }: Returned,
  effects: Effect[],
): void {
  let cashMinor = 0;
  let hasEntitlement = false;
  for (const row of view.list(tenders, { document })) {
    if (row.kind === 'cash') cashMinor += row.amountMinor;
    hasEntitlement ||= row.kind === 'entitlement';
    effects.push(tenders.put({ ...row, document: op.id, amountMinor: 0 - row.amountMinor }));
  }
  if (hasEntitlement) unredeem(view, op, { document, day }, effects);
  moveDrawer(session, currency, 0 - cashMinor, effects);
}

/** Voids a sale, once, and not after a part of it was refunded. */
export const saleVoid: Verb<'sale.void', SaleVoidArgs> = defineVerb({
  name: 'sale.void',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [
    ...ledgerTables,
    ...documentTables,
    ...cashTables,
    ...redemptionTables,
    ...ruleTables,
    ...customerTables,
    backorderEnds,
    documentLines,
    lotMoves,
    lotStock,
    discounts,
    movements,
    refunded,
    stock,
    voids,
  ],
  args: saleVoidArgs,
  plan: planVoid,
});
