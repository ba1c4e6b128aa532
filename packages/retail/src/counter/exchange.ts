/** Exchanging: goods of a sale come back and others leave, in one op with one number, and only the difference is paid. */
import { defineVerb, type Effect, type OpFacts, type Outcome, type Verb, type View } from '@tallystick/kernel';
import { ruleTables } from '@tallystick/guards';
import { ledgerTables, postDone } from '@tallystick/ledger';
import { acceptCash, cashTables, checkSession, settle } from '../cash.ts';
import { checkPromotions } from '../catalogue/promotion.ts';
import { promotions } from '../catalogue/tables.ts';
import { retailAccounts } from '../chart.ts';
import { checkLinks, documentTables, issueDocument, keepNumber } from '../document.ts';
import { putLines, putLots, signed, tradeStock, tradeTables } from '../goods.ts';
import { carryTokens } from '../entitlement/redeem.ts';
import { tokenPaid } from '../entitlement/tables.ts';
import { priceLines, totalsOf } from '../price.ts';
import { askRules, posted, type Remark } from '../remark.ts';
import { oweByDevice, shortageTables } from '../shortage.ts';
import { checkOriginal, creditedCustomer, larger, restock, shareOf, withPromotions } from '../refund.ts';
import { countRefunded } from '../returned-lines.ts';
import { saleExchangeArgs } from '../schema.ts';
import { refunded, voids } from '../tables.ts';
import { oweGoods } from './backorder.ts';
import { chargeAccount, customerTables, onAccountMinor } from './customer.ts';
import type { SaleExchangeArgs } from './customer-args.ts';
import { fiscalTables, useFiscalNumber } from './fiscal.ts';
import { backorders } from './tables.ts';
import { addTakings } from './takings.ts';

function planExchange(view: View, op: OpFacts, args: SaleExchangeArgs): Outcome {
  const { day, currency, session, customer, lines, tenders } = args;
  const returned = { original: args.original, currency, lines: args.back };
  const remarks: Remark[] = [];
  const unfit =
    checkLinks(view, args, remarks) ??
    checkSession(view, op, session, currency) ??
    checkOriginal(view, returned, remarks);
  if (unfit !== undefined) return unfit;
  checkPromotions(view, lines, args, remarks);
  const asPriced = priceLines(args.back, args.taxIncluded);
  if ('code' in asPriced) return asPriced;
  const effects: Effect[] = [];
  const counted = countRefunded(view, returned, asPriced, effects);
  if ('code' in counted) return counted;
  const { priced: back } = counted;
  const sold = priceLines(lines, args.taxIncluded);
  if ('code' in sold) return sold;
  const amountMinor = sold.amountMinor - back.amountMinor;
  const taxMinor = sold.taxMinor - back.taxMinor;
  const totals = { totalMinor: amountMinor + taxMinor, taxMinor };
  const rows = { totals: totalsOf(lines, { amountMinor, taxMinor }) };
  const promised: string[] = [];
  const from = args.back.length;
  const numberOf = (index: number): number => from + index + 1;
  putLines(op, { kind: 'exchange', currency, lines: withPromotions(view, returned), priced: back, sign: -1 }, effects);
  putLines(op, { kind: 'exchange', currency, lines, priced: sold, sign: 1, numberOf }, effects);
  putLots(op, args.back, 1, effects);
  putLots(op, lines, -1, effects, numberOf);
  const isForbidden = askRules(view, 'sale.exchange', { args, rows }, remarks);
  remarks.push(...counted.remarks);
  const { totalMinor } = totals;
  const carried = {
    original: args.original,
    worthMinor: back.amountMinor + back.taxMinor,
    paidInMinor: Math.max(0, totalMinor),
    totalMinor: Math.max(0, 0 - totalMinor),
    moneyMinor: totalMinor < 0 ? 0 - totalMinor - onAccountMinor(tenders) : 0,
  };
  const beyondMinor = carryTokens(view, op, carried, effects, remarks);
  const over = isForbidden ? back : larger(counted.over, shareOf(back, beyondMinor));
  restock(view, op, returned, effects, remarks);
  tradeStock(view, op, lines, -1, effects, remarks, { from, promised, soldOn: day });
  useFiscalNumber(view, op, args.fiscal, effects, remarks);
  // What leaves may be worth less: then the difference is paid out.
  const sign = totals.totalMinor < 0 ? -1 : 1;
  const changeMinor = args.changeMinor ?? 0;
  const settlement = {
    currency,
    session,
    tenders,
    changeMinor,
    totalMinor: signed(sign, totals.totalMinor),
    sign,
  } as const;
  const debits = settle(op, settlement, effects);
  if ('code' in debits) return debits;
  const amountOnAccount = onAccountMinor(tenders);
  const credited = sign === 1 ? { customer } : creditedCustomer(view, args, amountOnAccount);
  if ('code' in credited) return credited;
  const onAccount = { ...credited, currency, day, amountMinor: signed(sign, amountOnAccount) };
  chargeAccount(view, op, onAccount, effects, remarks);
  const memo = issueDocument(view, op, 'exchange', args, totals, effects);
  debits.push(
    { account: retailAccounts.sales, currency, amountMinor: 0 - amountMinor - over.amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: 0 - taxMinor - over.taxMinor },
  );
  oweByDevice(op, currency, over.amountMinor + over.taxMinor, effects, debits);
  oweGoods(view, op, { lines, amounts: sold.amounts, currency, skus: promised }, effects, debits, remarks);
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

/** Exchanges goods of a sale for others. */
export const saleExchange: Verb<'sale.exchange', SaleExchangeArgs> = defineVerb({
  remains: keepNumber('exchange'),
  name: 'sale.exchange',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [
    ...ledgerTables,
    ...documentTables,
    ...tradeTables,
    ...cashTables,
    ...customerTables,
    ...fiscalTables,
    ...ruleTables,
    ...shortageTables,
    backorders,
    promotions,
    refunded,
    tokenPaid,
    voids,
  ],
  args: saleExchangeArgs,
  plan: planExchange,
});
