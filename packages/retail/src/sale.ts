/** Selling: one op is one receipt, with its lines, tenders, stock movements, drawer and postings. */
import { defineVerb, type Effect, type OpFacts, type Outcome, type Verb, type View } from '@tallystick/kernel';
import { ruleTables } from '@tallystick/guards';
import { type EntryLine, ledgerTables, postDone } from '@tallystick/ledger';
import type { SaleCompleteArgs } from './args.ts';
import { acceptCash, cashTables, checkSession, settle } from './cash.ts';
import { retailAccounts } from './chart.ts';
import { checkPromotions } from './catalogue/promotion.ts';
import { promotions } from './catalogue/tables.ts';
import { oweGoods } from './counter/backorder.ts';
import { backorders } from './counter/tables.ts';
import { chargeAccount, customerTables, onAccountMinor } from './counter/customer.ts';
import { fiscalTables, useFiscalNumber } from './counter/fiscal.ts';
import { addTakings } from './counter/takings.ts';
import { checkLinks, documentTables, issueDocument, keepNumber } from './document.ts';
import { redeem, redemptionTables } from './entitlement/redeem.ts';
import { putLines, putLots, tradeStock, tradeTables } from './goods.ts';
import { priceLines, totalsOf } from './price.ts';
import { askRules, posted, type Remark } from './remark.ts';
import { saleCompleteArgs } from './schema.ts';

/** What else an op says that completes a sale, such as a scan after the settlement of its van. */
export interface MadeGood {
  readonly remarks: Remark[];
  readonly effects: readonly Effect[];
  readonly lines: readonly EntryLine[];
}

/** What a completed sale comes to. */
export function planSale(view: View, op: OpFacts, args: SaleCompleteArgs, also?: MadeGood): Outcome {
  const remarks = also?.remarks ?? [];
  const { day, currency, session, lines } = args;
  const unfit = checkLinks(view, args, remarks) ?? checkSession(view, op, session, currency);
  if (unfit !== undefined) return unfit;
  checkPromotions(view, lines, args, remarks);
  const priced = priceLines(lines, args.taxIncluded);
  if ('code' in priced) return priced;
  const totalMinor = priced.amountMinor + priced.taxMinor;
  askRules(view, 'sale.complete', { args, rows: { totals: totalsOf(lines, priced) } }, remarks);
  const effects: Effect[] = [];
  putLines(op, { kind: 'sale', currency, lines, priced, sign: 1 }, effects);
  putLots(op, lines, -1, effects);
  useFiscalNumber(view, op, args.fiscal, effects, remarks);
  const promised: string[] = [];
  tradeStock(view, op, lines, -1, effects, remarks, { promised, soldOn: day });
  const settlement = {
    currency,
    session,
    tenders: args.tenders,
    changeMinor: args.changeMinor ?? 0,
    totalMinor,
    sign: 1,
  } as const;
  const debits = settle(op, settlement, effects);
  if ('code' in debits) return debits;
  redeem(view, op, args, totalMinor, effects, remarks);
  const onAccount = { customer: args.customer, currency, day, amountMinor: onAccountMinor(args.tenders) };
  chargeAccount(view, op, onAccount, effects, remarks);
  const memo = issueDocument(view, op, 'sale', args, { totalMinor, taxMinor: priced.taxMinor }, effects);
  debits.push(
    { account: retailAccounts.sales, currency, amountMinor: 0 - priced.amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: 0 - priced.taxMinor },
  );
  oweGoods(view, op, { lines, amounts: priced.amounts, currency, skus: promised }, effects, debits, remarks);
  if (also !== undefined) {
    debits.push(...also.lines);
    effects.push(...also.effects);
  }
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

/** What a verb that completes a sale touches. */
export const saleTables: readonly [
  ...typeof ledgerTables,
  ...typeof documentTables,
  ...typeof tradeTables,
  ...typeof cashTables,
  ...typeof redemptionTables,
  ...typeof fiscalTables,
  ...typeof ruleTables,
  ...typeof customerTables,
  typeof backorders,
  typeof promotions,
] = [
  ...ledgerTables,
  ...documentTables,
  ...tradeTables,
  ...cashTables,
  ...redemptionTables,
  ...fiscalTables,
  ...ruleTables,
  ...customerTables,
  backorders,
  promotions,
];

/** Completes a sale. */
export const saleComplete: Verb<'sale.complete', SaleCompleteArgs> = defineVerb({
  remains: keepNumber('sale'),
  name: 'sale.complete',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: saleTables,
  args: saleCompleteArgs,
  plan: (view, op, args) => planSale(view, op, args),
});
