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
import { refuseUnlessRules, ruleTables } from '@tallystick/guards';
import { ledgerTables, post, scaleHalfAway } from '@tallystick/ledger';
import type { RefundLine, SaleLine, SaleRefundArgs } from './args.ts';
import { acceptCash, cashTables, checkSession, settle } from './cash.ts';
import { retailAccounts } from './chart.ts';
import { chargeAccount, customerTables, onAccountMinor } from './counter/customer.ts';
import { fiscalTables, useFiscalNumber } from './counter/fiscal.ts';
import { checkOpenReturn, returnTables } from './counter/returns.ts';
import { addTakings } from './counter/takings.ts';
import { checkLinks, documentTables, issueDocument } from './document.ts';
import { moveStock, putLines, putLots, putMovement, tradeStock, tradeTables } from './goods.ts';
import { type PricedLines, priceLines, totalsOf } from './price.ts';
import { saleRefundArgs } from './schema.ts';
import { discounts, documentLines, documents, lotMoves, movements, refunded, voids } from './tables.ts';

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
  const unfit = checkLinks(view, args) ?? checkSession(view, op, session, currency) ?? checkOriginal(view, args);
  if (unfit !== undefined) return unfit;
  const priced = priceLines(lines, args.taxIncluded);
  if ('code' in priced) return priced;
  const sale = args.original === undefined ? undefined : view.get(documents, { id: args.original });
  const rows = { totals: totalsOf(lines, priced), sale };
  const forbidden = refuseUnlessRules(view, 'sale.refund', { args, rows });
  if (forbidden !== undefined) return forbidden;
  const effects: Effect[] = [];
  const totalMinor = priced.amountMinor + priced.taxMinor;
  const refusal =
    countRefunded(view, args, priced, effects) ??
    checkOpenReturn(view, args, totalMinor, effects) ??
    restock(view, op, args, effects);
  if (refusal !== undefined) return refusal;
  putLines(op, { kind: 'refund', currency, lines: withPromotions(view, args), priced, sign: -1 }, effects);
  putLots(op, lines, 1, effects);
  const unnumbered = useFiscalNumber(view, op, args.fiscal, effects);
  if (unnumbered !== undefined) return unnumbered;
  const debits = settle(
    op,
    { currency, session, tenders: args.tenders, changeMinor: 0, totalMinor, sign: -1 },
    effects,
  );
  if ('code' in debits) return debits;
  const onAccount = onAccountMinor(args.tenders);
  const credited = creditedCustomer(view, args, onAccount);
  if ('code' in credited) return credited;
  chargeAccount(view, op, { ...credited, currency, day, amountMinor: 0 - onAccount }, effects);
  const totals = { totalMinor: 0 - totalMinor, taxMinor: 0 - priced.taxMinor };
  const memo = issueDocument(view, op, 'refund', args, totals, effects);
  debits.push(
    { account: retailAccounts.sales, currency, amountMinor: priced.amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: priced.taxMinor },
  );
  const posted = post(view, op, { day, memo, lines: debits });
  return 'code' in posted ? posted : acceptCash(view, session, addTakings(session ?? '', effects.concat(posted)));
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

/** The sale that is given back stands here, in this currency, and was not voided; each line names its line there. */
export function checkOriginal(view: View, { original, currency, lines }: Returned): Refusal | undefined {
  const stray = lines.findIndex((line) => (line.line === undefined) !== (original === undefined));
  if (stray >= 0) return refuse('retail/refund-reference', { line: stray + 1 });
  if (original === undefined) return undefined;
  const sale = view.get(documents, { id: original });
  if (sale === undefined) return refuse('retail/unknown-document', { document: original });
  if (sale.kind !== 'sale' && sale.kind !== 'exchange')
    return refuse('retail/not-a-sale', { document: original, kind: sale.kind });
  if (sale.currency !== currency) return refuse('retail/currency-mismatch', { expected: sale.currency, got: currency });
  if (view.get(voids, { document: original }) !== undefined) return refuse('retail/voided', { document: original });
  return undefined;
}

/** Takes the lines off what is left of the original's: never more goods, and never more money, than were sold. */
export function countRefunded(view: View, args: Returned, priced: PricedLines, effects: Effect[]): Refusal | undefined {
  const document = args.original;
  if (document === undefined) return undefined;
  const takenByLine = new Map<number, { quantity: number; amountMinor: number }>();
  for (let index = 0; index < args.lines.length; index++) {
    const given = args.lines[index];
    const amounts = priced.amounts[index];
    if (given?.line === undefined || amounts === undefined) break;
    const key = { document, line: given.line };
    const sold = view.get(documentLines, key);
    if (sold === undefined) return refuse('retail/unknown-line', key);
    const lot = view.get(lotMoves, key)?.lot;
    if (!isSameGoods(given, sold) || given.lot !== lot)
      return refuse('retail/line-mismatch', { ...key, sku: sold.sku });
    const before = takenByLine.get(given.line) ?? view.sum(refunded, key);
    const amountMinor = amounts.amountMinor + amounts.taxMinor;
    const taken = { quantity: before.quantity + given.quantity, amountMinor: before.amountMinor + amountMinor };
    if (taken.quantity > sold.quantity || taken.amountMinor > sold.amountMinor + sold.taxMinor) {
      const left = {
        quantity: sold.quantity - before.quantity,
        amountMinor: sold.amountMinor + sold.taxMinor - before.amountMinor,
      };
      return refuse('retail/over-refunded', { ...key, ...left });
    }
    takenByLine.set(given.line, taken);
    effects.push(refunded.add(key, { quantity: given.quantity, amountMinor }));
  }
  return undefined;
}

/** Goods go back on the shelf as they left it: parts of a recipe as the sale took them, whatever the recipe says by now. */
export function restock(
  view: View,
  op: OpFacts,
  { original, lines }: Returned,
  effects: Effect[],
): Refusal | undefined {
  if (original === undefined) return tradeStock(view, op, lines, 1, effects);
  const backByLine = new Map<number, number>();
  for (let index = 0; index < lines.length; index++) {
    const given = lines[index];
    if (given?.line === undefined) break;
    const key = { document: original, line: given.line };
    const before = backByLine.get(given.line) ?? view.sum(refunded, key).quantity;
    backByLine.set(given.line, before + given.quantity);
    if (given.restock === false) continue;
    const parts = view.list(movements, key);
    const refusal = parts.length === 0 ? moveStock(view, [given], 1, effects) : undefined;
    if (refusal !== undefined) return refusal;
    const sold = view.get(documentLines, key)?.quantity ?? 0;
    for (const { sku, quantity } of parts) {
      // What all refunds so far come to, less what the earlier ones did: so the last one leaves nothing over.
      const after = scaleHalfAway(0 - quantity, before + given.quantity, sold) ?? 0;
      const already = scaleHalfAway(0 - quantity, before, sold) ?? 0;
      putMovement(op, { line: index + 1, sku, quantity: after - already }, effects);
    }
  }
  return undefined;
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
    refunded,
    voids,
  ],
  args: saleRefundArgs,
  plan: planRefund,
});
