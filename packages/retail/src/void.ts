/** Voiding: the whole sale taken back by a document of its own; the sale itself stays as it was written. */
import { defineVerb, type Effect, type OpFacts, type Outcome, refuse, type Verb, type View } from '@tallystick/kernel';
import { ruleTables } from '@tallystick/guards';
import { type EntryLine, ledgerTables, postDone, reversals, reverseDone, scaleHalfAway } from '@tallystick/ledger';
import type { SaleVoidArgs } from './args.ts';
import { acceptCash, cashTables, checkSession, moveDrawer } from './cash.ts';
import { retailAccounts } from './chart.ts';
import { backorderEnds, backorders } from './counter/tables.ts';
import { chargeAccount, customerTables, onAccountMinor } from './counter/customer.ts';
import { addTakings } from './counter/takings.ts';
import { type DocumentHeader, documentTables, issueDocument, keepNumber } from './document.ts';
import { redemptionTables, unredeem } from './entitlement/redeem.ts';
import { putMovement } from './goods.ts';
import type { LineAmounts } from './price.ts';
import { askRules, conclude, contested, posted, type Remark } from './remark.ts';
import { saleVoidArgs } from './schema.ts';
import { oweByDevice, shortageTables } from './shortage.ts';
import {
  discounts,
  documentLines,
  documents,
  lotMoves,
  lotStock,
  movements,
  refunded,
  sessions,
  stock,
  tenders,
  voids,
} from './tables.ts';

function planVoid(view: View, op: OpFacts, args: SaleVoidArgs): Outcome {
  const { document, reason, day } = args;
  const sale = view.get(documents, { id: document });
  if (sale === undefined) return planNothing(view, op, args);
  // What a layaway became was paid before: it comes back by a refund.
  if (sale.kind !== 'sale' || sale.original !== '') return refuse('retail/not-a-sale', { document, kind: sale.kind });
  const { currency, totalMinor, taxMinor, customer } = sale;
  const unfit = checkSession(view, op, args.session, currency);
  if (unfit !== undefined) return unfit;
  const remarks: Remark[] = [];
  const isForbidden = askRules(view, 'sale.void', { args, rows: { sale } }, remarks);
  // Nobody pays out of another's drawer: without a session of its own, a device takes the money back from none.
  const session = args.session ?? (sale.device === op.device ? sale.session : '');
  const place = { document, day, session, currency };
  const header = { day, currency, session, customer, reason, original: document };
  if (view.get(voids, { document }) !== undefined) return planAgain(view, op, place, header, remarks);
  const effects: Effect[] = [voids.put({ document, by: op.id })];
  const returned = returnLines(view, op, document, effects);
  // A void that the owner does not allow paid out what sales do not bear.
  const given = isForbidden ? { ...returned, amountMinor: totalMinor - taxMinor, taxMinor } : returned;
  const owedMinor = given.amountMinor + given.taxMinor;
  if (given.line > 0) remarks.push(contested(refuse('retail/refunded', { document, line: given.line, owedMinor })));
  returnTenders(view, op, place, effects);
  const onAccount = onAccountMinor(view.list(tenders, { document }));
  chargeAccount(view, op, { customer, currency, day, amountMinor: 0 - onAccount }, effects, remarks);
  const memo = issueDocument(view, op, 'void', header, { totalMinor: 0 - totalMinor, taxMinor: 0 - taxMinor }, effects);
  const lines: EntryLine[] = [
    { account: retailAccounts.sales, currency, amountMinor: 0 - given.amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: 0 - given.taxMinor },
  ];
  // An entry that was taken back by hand is not taken back again, nor is this beside it.
  if (view.get(reversals, { of: document }) === undefined) oweByDevice(op, currency, owedMinor, effects, lines);
  lines.push(...deliveredLines(view, document, currency, remarks));
  const entry = reverseDone(view, op, { of: document, day, memo, lines });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session, effects.concat(posted(entry, remarks))), remarks);
}

/** Of a sale that is not in the books the op does not say what it was worth: the void has its number, and takes nothing back. */
function planNothing(view: View, op: OpFacts, { document, day, reason, session }: SaleVoidArgs): Outcome {
  const row = session === undefined ? undefined : view.get(sessions, { id: session });
  const currency = row?.currency ?? NO_CURRENCY;
  const unfit = checkSession(view, op, session, currency);
  if (unfit !== undefined) return unfit;
  const effects: Effect[] = [];
  const header = { day, currency, reason, original: document };
  issueDocument(view, op, 'void', header, { totalMinor: 0, taxMinor: 0 }, effects);
  return conclude(effects, [contested(refuse('retail/unknown-document', { document }))]);
}

/** ISO 4217's code for no currency. */
const NO_CURRENCY = 'XXX';

/**
 * The money of a sale that somebody else had voided was paid out once more: the device owes it. Goods and what stood on account came back the first time.
 */
function planAgain(view: View, op: OpFacts, place: Returned, header: DocumentHeader, remarks: Remark[]): Outcome {
  const { document, day, session, currency } = place;
  const effects: Effect[] = [];
  const lines: EntryLine[] = [];
  let paidMinor = 0;
  let cashMinor = 0;
  for (const row of view.list(tenders, { document })) {
    if (row.kind !== 'cash' && row.kind !== 'card') continue;
    paidMinor += row.amountMinor;
    if (row.kind === 'cash') cashMinor += row.amountMinor;
    const account = row.kind === 'cash' ? retailAccounts.cash : retailAccounts.cardClearing;
    lines.push({ account, currency, amountMinor: 0 - row.amountMinor });
    effects.push(tenders.put({ ...row, document: op.id, amountMinor: 0 - row.amountMinor }));
  }
  moveDrawer(session, currency, 0 - cashMinor, effects);
  oweByDevice(op, currency, paidMinor, effects, lines);
  remarks.push(contested(refuse('retail/voided', { document, owedMinor: paidMinor })));
  const memo = issueDocument(view, op, 'void', header, { totalMinor: 0 - paidMinor, taxMinor: 0 }, effects);
  const entry = postDone(view, op, { day, memo, lines });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session, effects.concat(posted(entry, remarks))), remarks);
}

/** Takes the lines back, and of the goods what is left. Answers the money that had been given back for them, at most what they were sold for, and the first such line or 0. */
function returnLines(
  view: View,
  op: OpFacts,
  document: string,
  effects: Effect[],
): LineAmounts & { readonly line: number } {
  const given = { amountMinor: 0, taxMinor: 0, line: 0 };
  const backByLine = new Map<number, { readonly back: number; readonly sold: number }>();
  for (const row of view.list(documentLines, { document })) {
    const { line, quantity, amountMinor, taxMinor } = row;
    const before = view.sum(refunded, { document, line });
    const back = Math.min(before.quantity, quantity);
    const taken = { quantity: back - quantity, amountMinor: 0 - amountMinor, taxMinor: 0 - taxMinor };
    effects.push(documentLines.put({ ...row, ...taken, document: op.id, kind: 'void', at: op.at }));
    backByLine.set(line, { back, sold: quantity });
    if (before.quantity === 0) continue;
    const worthMinor = Math.min(before.amountMinor, amountMinor + taxMinor);
    const tax = worthMinor === 0 ? 0 : (scaleHalfAway(taxMinor, worthMinor, amountMinor + taxMinor) ?? 0);
    given.amountMinor += worthMinor - tax;
    given.taxMinor += tax;
    if (given.line === 0) given.line = line;
  }
  returnGoods(view, op, document, backByLine, effects);
  return given;
}

function returnGoods(
  view: View,
  op: OpFacts,
  document: string,
  backByLine: ReadonlyMap<number, { readonly back: number; readonly sold: number }>,
  effects: Effect[],
): void {
  const made = new Set<number>();
  /** What is left of a quantity of this line after what was given back. */
  const leftOf = (line: number, quantity: number): number => {
    const { back, sold } = backByLine.get(line) ?? { back: 0, sold: 1 };
    return back === 0 ? quantity : quantity - (scaleHalfAway(quantity, back, sold) ?? 0);
  };
  for (const { line, sku, quantity } of view.list(movements, { document })) {
    made.add(line);
    putMovement(op, { line, sku, quantity: 0 - leftOf(line, quantity) }, effects);
  }
  for (const { line, sku, quantity } of view.list(documentLines, { document }))
    if (!made.has(line)) effects.push(stock.add({ sku }, { onHand: leftOf(line, quantity) }));
  for (const row of view.list(discounts, { document })) {
    effects.push(discounts.put({ ...row, document: op.id, amountMinor: 0 - row.amountMinor }));
  }
  for (const row of view.list(lotMoves, { document }))
    effects.push(lotMoves.put({ ...row, document: op.id, quantity: 0 - leftOf(row.line, row.quantity) }));
}

/** Goods that the sale owed and that somebody has delivered or cancelled: the sale's entry takes a debt back that is no more, so that goes to sales. */
function deliveredLines(view: View, document: string, currency: string, remarks: Remark[]): readonly EntryLine[] {
  const ends = view.list(backorderEnds, { document });
  const [first] = ends;
  if (first !== undefined) remarks.push(contested(refuse('retail/backorder-ended', { document, sku: first.sku })));
  return ends.flatMap(({ sku }) => {
    const amountMinor = view.get(backorders, { document, sku })?.amountMinor ?? 0;
    return [
      { account: retailAccounts.backordersOwed, currency, amountMinor: 0 - amountMinor },
      { account: retailAccounts.sales, currency, amountMinor },
    ];
  });
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

/** Voids a sale, once, and not after a part of it was refunded; what was paid back all the same is owed by who did. */
export const saleVoid: Verb<'sale.void', SaleVoidArgs> = defineVerb({
  remains: keepNumber('void'),
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
    ...shortageTables,
    backorderEnds,
    backorders,
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
