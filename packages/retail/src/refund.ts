/** Giving back: goods return to stock, money leaves, and where the sale is named it bounds both. */
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
import { ruleTables } from '@tallystick/guards';
import { ledgerTables, postDone, scaleHalfAway } from '@tallystick/ledger';
import type { SaleLine, SaleRefundArgs } from './args.ts';
import { acceptCash, cashTables, checkSession, settle } from './cash.ts';
import { retailAccounts } from './chart.ts';
import { chargeAccount, customerTables, onAccountMinor } from './counter/customer.ts';
import { fiscalTables, useFiscalNumber } from './counter/fiscal.ts';
import { checkOpenReturn, returnTables } from './counter/returns.ts';
import { addTakings } from './counter/takings.ts';
import { checkLinks, documentTables, issueDocument, keepNumber } from './document.ts';
import { countGivenBack } from './entitlement/redeem.ts';
import { tokenPaid } from './entitlement/tables.ts';
import { putLines, putLots, putMovement, tradeStock, tradeTables } from './goods.ts';
import { type LineAmounts, priceLines, totalsOf } from './price.ts';
import { countRefunded, type Returned } from './returned-lines.ts';
import { askRules, contested, posted, type Remark } from './remark.ts';
import { saleRefundArgs } from './schema.ts';
import { oweByDevice, shortageTables } from './shortage.ts';
import { discounts, documentLines, documents, movements, refunded, stock, voids } from './tables.ts';

/** Whose account a return goes to: the sale's customer, where it had one, and then nobody else's. Refuses `retail/other-customer`. */
export function creditedCustomer(
  view: View,
  { original, customer }: Pick<SaleRefundArgs, 'original' | 'customer'>,
  onAccount: number,
): Refusal | { readonly customer: string | undefined } {
  const sold = original === undefined ? '' : (view.get(documents, { id: original })?.customer ?? '');
  if (sold === '' || onAccount === 0) return { customer };
  if (customer !== undefined && customer !== sold) return refuse('retail/other-customer', { customer: sold });
  return { customer: sold };
}

function planRefund(view: View, op: OpFacts, args: SaleRefundArgs): Outcome {
  const { day, currency, session, lines } = args;
  const remarks: Remark[] = [];
  const unfit =
    checkLinks(view, args, remarks) ?? checkSession(view, op, session, currency) ?? checkOriginal(view, args, remarks);
  if (unfit !== undefined) return unfit;
  const asPriced = priceLines(lines, args.taxIncluded);
  if ('code' in asPriced) return asPriced;
  const effects: Effect[] = [];
  const counted = countRefunded(view, args, asPriced, effects);
  if ('code' in counted) return counted;
  const { priced, over } = counted;
  const sale = args.original === undefined ? undefined : view.get(documents, { id: args.original });
  const isForbidden = askRules(view, 'sale.refund', { args, rows: { totals: totalsOf(lines, priced), sale } }, remarks);
  const totalMinor = priced.amountMinor + priced.taxMinor;
  remarks.push(...counted.remarks);
  const isUnwanted = checkOpenReturn(view, args, totalMinor, effects, remarks);
  // What the owner does not allow was given all the same: sales do not bear it, and whoever gave it owes it.
  const moneyMinor = totalMinor - onAccountMinor(args.tenders);
  const beyondMinor = countGivenBack(view, { original: args.original, totalMinor, moneyMinor }, effects, remarks);
  const borne = isForbidden || isUnwanted ? priced : larger(over, shareOf(priced, beyondMinor));
  restock(view, op, args, effects, remarks);
  putLines(op, { kind: 'refund', currency, lines: withPromotions(view, args), priced, sign: -1 }, effects);
  putLots(op, lines, 1, effects);
  useFiscalNumber(view, op, args.fiscal, effects, remarks);
  const debits = settle(
    op,
    { currency, session, tenders: args.tenders, changeMinor: 0, totalMinor, sign: -1 },
    effects,
  );
  if ('code' in debits) return debits;
  const onAccount = onAccountMinor(args.tenders);
  const credited = creditedCustomer(view, args, onAccount);
  if ('code' in credited) return credited;
  chargeAccount(view, op, { ...credited, currency, day, amountMinor: 0 - onAccount }, effects, remarks);
  const totals = { totalMinor: 0 - totalMinor, taxMinor: 0 - priced.taxMinor };
  const memo = issueDocument(view, op, 'refund', args, totals, effects);
  debits.push(
    { account: retailAccounts.sales, currency, amountMinor: priced.amountMinor - borne.amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: priced.taxMinor - borne.taxMinor },
  );
  oweByDevice(op, currency, borne.amountMinor + borne.taxMinor, effects, debits);
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

/** Of what a document comes to, an amount with its share of the tax. */
export function shareOf({ amountMinor, taxMinor }: LineAmounts, partMinor: number): LineAmounts {
  const wholeMinor = amountMinor + taxMinor;
  const tax = wholeMinor === 0 ? 0 : (scaleHalfAway(taxMinor, partMinor, wholeMinor) ?? 0);
  return { amountMinor: partMinor - tax, taxMinor: tax };
}

/** What is wrong for two reasons is owed once. */
export function larger(one: LineAmounts, other: LineAmounts): LineAmounts {
  return other.amountMinor + other.taxMinor > one.amountMinor + one.taxMinor ? other : one;
}

/** What is given back of a discount counts against the promotion that gave it. */
export function withPromotions(view: View, { original: document, lines }: Returned): readonly SaleLine[] {
  if (document === undefined) return lines;
  return lines.map((given) => {
    if (given.discountMinor === undefined || given.line === undefined) return given;
    const promotion = view.get(discounts, { document, line: given.line })?.promotion ?? '';
    return promotion === '' ? given : { ...given, promotion };
  });
}

/**
 * The sale that is given back stands here, in this currency, and was not voided; each line names its line there. That it does not stand here, or was voided
 * by somebody else, is contested.
 */
export function checkOriginal(
  view: View,
  { original, currency, lines }: Returned,
  remarks: Remark[],
): Refusal | undefined {
  const stray = lines.findIndex((line) => (line.line === undefined) !== (original === undefined));
  if (stray >= 0) return refuse('retail/refund-reference', { line: stray + 1 });
  if (original === undefined) return undefined;
  const sale = view.get(documents, { id: original });
  if (sale === undefined) {
    remarks.push(contested(refuse('retail/unknown-document', { document: original })));
    return undefined;
  }
  if (sale.kind !== 'sale' && sale.kind !== 'exchange')
    return refuse('retail/not-a-sale', { document: original, kind: sale.kind });
  if (sale.currency !== currency) return refuse('retail/currency-mismatch', { expected: sale.currency, got: currency });
  if (view.get(voids, { document: original }) !== undefined)
    remarks.push(contested(refuse('retail/voided', { document: original })));
  return undefined;
}

/** Goods go back on the shelf as they left it: parts of a recipe as the sale took them, whatever the recipe says by now. */
export function restock(
  view: View,
  op: OpFacts,
  { original, lines }: Returned,
  effects: Effect[],
  remarks: Remark[],
): void {
  if (original === undefined || view.get(documents, { id: original }) === undefined) {
    tradeStock(view, op, lines, 1, effects, remarks);
    return;
  }
  const backByLine = new Map<number, number>();
  for (let index = 0; index < lines.length; index++) {
    const given = lines[index];
    if (given?.line === undefined) break;
    const key = { document: original, line: given.line };
    const before = backByLine.get(given.line) ?? view.sum(refunded, key).quantity;
    backByLine.set(given.line, before + given.quantity);
    if (given.restock === false) continue;
    const parts = view.list(movements, key);
    if (parts.length === 0) effects.push(stock.add({ sku: given.sku }, { onHand: given.quantity }));
    const sold = view.get(documentLines, key)?.quantity ?? 0;
    for (const { sku, quantity } of parts) {
      // What all refunds so far come to, less what the earlier ones did: so the last one leaves nothing over.
      const after = scaleHalfAway(0 - quantity, before + given.quantity, sold) ?? 0;
      const already = scaleHalfAway(0 - quantity, before, sold) ?? 0;
      putMovement(op, { line: index + 1, sku, quantity: after - already }, effects);
    }
  }
}

/** Refunds goods, with or without the sale they came from. */
export const saleRefund: Verb<'sale.refund', SaleRefundArgs> = defineVerb({
  remains: keepNumber('refund'),
  name: 'sale.refund',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [
    ...ledgerTables,
    ...documentTables,
    ...tradeTables,
    ...cashTables,
    ...fiscalTables,
    ...ruleTables,
    ...customerTables,
    ...returnTables,
    ...shortageTables,
    refunded,
    tokenPaid,
    voids,
  ],
  args: saleRefundArgs,
  plan: planRefund,
});
