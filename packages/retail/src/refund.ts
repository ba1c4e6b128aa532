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
import type { RefundLine, SaleLine, SaleRefundArgs } from './args.ts';
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
import { type LineAmounts, type PricedLines, priceLines, totalsOf } from './price.ts';
import { askRules, contested, posted, type Remark } from './remark.ts';
import { saleRefundArgs } from './schema.ts';
import { oweByDevice, shortageTables } from './shortage.ts';
import { discounts, documentLines, documents, lotMoves, movements, refunded, stock, voids } from './tables.ts';

/** What comes back, and of which sale. */
export type Returned = Pick<SaleRefundArgs, 'original' | 'currency' | 'lines'>;

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
  const priced = priceLines(lines, args.taxIncluded);
  if ('code' in priced) return priced;
  const sale = args.original === undefined ? undefined : view.get(documents, { id: args.original });
  const isForbidden = askRules(view, 'sale.refund', { args, rows: { totals: totalsOf(lines, priced), sale } }, remarks);
  const effects: Effect[] = [];
  const totalMinor = priced.amountMinor + priced.taxMinor;
  const over = countRefunded(view, args, priced, effects, remarks);
  if ('code' in over) return over;
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
  if (isVoided(view, original)) remarks.push(contested(refuse('retail/voided', { document: original })));
  return undefined;
}

function isVoided(view: View, document: string): boolean {
  return view.get(voids, { document }) !== undefined;
}

interface Left {
  readonly quantity: number;
  /** With tax. */
  readonly amountMinor: number;
}

/**
 * Takes the lines off what is left of the original's: never more goods, and never more money, than were sold. More than that is contested
 * (`retail/over-refunded`, once with what the whole op is over by), and answered: nobody's sale it is, so the device that paid it out owes it.
 */
export function countRefunded(
  view: View,
  args: Returned,
  priced: PricedLines,
  effects: Effect[],
  remarks: Remark[],
): LineAmounts | Refusal {
  const document = args.original;
  const over = { amountMinor: 0, taxMinor: 0 };
  if (document === undefined) return over;
  const isThere = view.get(documents, { id: document }) !== undefined;
  const isGone = !isThere || isVoided(view, document);
  let first: Readonly<Record<string, string | number>> | undefined;
  const takenByLine = new Map<number, Left>();
  for (let index = 0; index < args.lines.length; index++) {
    const given = args.lines[index];
    const amounts = priced.amounts[index];
    if (given?.line === undefined || amounts === undefined) break;
    const key = { document, line: given.line };
    const sold = view.get(documentLines, key);
    if (isThere && sold === undefined) return refuse('retail/unknown-line', key);
    if (sold !== undefined && !(isSameGoods(given, sold) && given.lot === view.get(lotMoves, key)?.lot))
      return refuse('retail/line-mismatch', { ...key, sku: sold.sku });
    const before = takenByLine.get(given.line) ?? view.sum(refunded, key);
    const amountMinor = amounts.amountMinor + amounts.taxMinor;
    takenByLine.set(given.line, {
      quantity: before.quantity + given.quantity,
      amountMinor: before.amountMinor + amountMinor,
    });
    effects.push(refunded.add(key, { quantity: given.quantity, amountMinor }));
    const left: Left =
      sold === undefined || isGone
        ? { quantity: 0, amountMinor: 0 }
        : {
            quantity: sold.quantity - before.quantity,
            amountMinor: sold.amountMinor + sold.taxMinor - before.amountMinor,
          };
    if (given.quantity <= left.quantity && amountMinor <= left.amountMinor) continue;
    first ??= { ...key, ...left };
    const beyond = beyondOf({ quantity: given.quantity, amountMinor }, left, amounts.taxMinor);
    over.amountMinor += beyond.amountMinor;
    over.taxMinor += beyond.taxMinor;
  }
  if (first === undefined) return over;
  const details = { ...first, owedMinor: over.amountMinor + over.taxMinor };
  remarks.push(contested(refuse('retail/over-refunded', details)));
  return over;
}

/** What of a line that is given back is beyond what is left: the money of goods too many, or the money too much. */
function beyondOf(given: Left, left: Left, lineTaxMinor: number): LineAmounts {
  const goods = Math.min(given.quantity, Math.max(0, left.quantity));
  const fits = scaleHalfAway(given.amountMinor, goods, given.quantity) ?? 0;
  const beyondMinor = given.amountMinor - Math.min(fits, Math.max(0, left.amountMinor));
  const taxMinor = given.amountMinor === 0 ? 0 : (scaleHalfAway(lineTaxMinor, beyondMinor, given.amountMinor) ?? 0);
  return { amountMinor: beyondMinor - taxMinor, taxMinor };
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

function isSameGoods(
  given: RefundLine,
  sold: { readonly sku: string; readonly quantityScale: number; readonly taxRateBasisPoints: number },
): boolean {
  return (
    given.sku === sold.sku &&
    (given.quantityScale ?? 0) === sold.quantityScale &&
    (given.taxRateBasisPoints ?? 0) === sold.taxRateBasisPoints
  );
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
