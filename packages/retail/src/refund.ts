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
import { ledgerTables, post } from '@tallystick/ledger';
import type { RefundLine, SaleRefundArgs } from './args.ts';
import { acceptCash, cashTables, checkSession, settle } from './cash.ts';
import { retailAccounts } from './chart.ts';
import { checkLinks, documentTables, issueDocument } from './document.ts';
import { goodsTables, moveStock, putLines, putLots } from './goods.ts';
import { type PricedLines, priceLines } from './price.ts';
import { saleRefundArgs } from './schema.ts';
import { documentLines, documents, lotMoves, refunded, voids } from './tables.ts';

function planRefund(view: View, op: OpFacts, args: SaleRefundArgs): Outcome {
  const { day, currency, session, lines } = args;
  const unfit = checkLinks(view, args) ?? checkSession(view, op, session, currency) ?? checkOriginal(view, args);
  if (unfit !== undefined) return unfit;
  const priced = priceLines(lines, args.taxIncluded);
  if ('code' in priced) return priced;
  const effects: Effect[] = [];
  const refusal = countRefunded(view, args, priced, effects) ?? moveStock(view, lines, 1, effects);
  if (refusal !== undefined) return refusal;
  putLines(op, { kind: 'refund', lines, priced, sign: -1 }, effects);
  putLots(op, lines, 1, effects);
  const totalMinor = priced.amountMinor + priced.taxMinor;
  const debits = settle(
    op,
    { currency, session, tenders: args.tenders, changeMinor: 0, totalMinor, sign: -1 },
    effects,
  );
  if ('code' in debits) return debits;
  const totals = { totalMinor: 0 - totalMinor, taxMinor: 0 - priced.taxMinor };
  const memo = issueDocument(view, op, 'refund', args, totals, effects);
  debits.push(
    { account: retailAccounts.sales, currency, amountMinor: priced.amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: priced.taxMinor },
  );
  const posted = post(view, op, { day, memo, lines: debits });
  return 'code' in posted ? posted : acceptCash(view, session, effects.concat(posted));
}

/** The sale that is given back stands here, in this currency, and was not voided; each line names its line there. */
function checkOriginal(view: View, { original, currency, lines }: SaleRefundArgs): Refusal | undefined {
  const stray = lines.findIndex((line) => (line.line === undefined) !== (original === undefined));
  if (stray >= 0) return refuse('retail/refund-reference', { line: stray + 1 });
  if (original === undefined) return undefined;
  const sale = view.get(documents, { id: original });
  if (sale === undefined) return refuse('retail/unknown-document', { document: original });
  if (sale.kind !== 'sale') return refuse('retail/not-a-sale', { document: original, kind: sale.kind });
  if (sale.currency !== currency) return refuse('retail/currency-mismatch', { expected: sale.currency, got: currency });
  if (view.get(voids, { document: original }) !== undefined) return refuse('retail/voided', { document: original });
  return undefined;
}

/** Takes the lines off what is left of the original's: never more goods, and never more money, than were sold. */
function countRefunded(view: View, args: SaleRefundArgs, priced: PricedLines, effects: Effect[]): Refusal | undefined {
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
  tables: [...ledgerTables, ...documentTables, ...goodsTables, ...cashTables, refunded, voids],
  args: saleRefundArgs,
  plan: planRefund,
});
