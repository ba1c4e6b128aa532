/** Retail verbs on the ledger: catalogue, cash sessions, sales, refunds, voids, stock and charges. */
export type {
  ChargeAdjustArgs,
  DocumentLinks,
  GoodsLine,
  MoneyTender,
  ReceiveLine,
  RefundLine,
  SaleCompleteArgs,
  SaleLine,
  SaleRefundArgs,
  SaleVoidArgs,
  SessionCloseArgs,
  SessionOpenArgs,
  StockAdjustArgs,
  StockReceiveArgs,
  Tender,
  TenderKind,
} from './args.ts';
export type {
  BarcodeSetArgs,
  PriceSetArgs,
  ProductSetArgs,
  PromotionEndArgs,
  PromotionOffer,
  PromotionSetArgs,
  RecipePart,
  RecipeSetArgs,
} from './catalogue/args.ts';
export { type BarcodeMeaning, barcodeSet, findBarcode } from './catalogue/barcode.ts';
export { gtinOf, isCheckedKey } from './catalogue/gtin.ts';
export { type PriceAsked, priceOf, priceSet } from './catalogue/price-list.ts';
export { productSet, recipeSet } from './catalogue/product.ts';
export { applyPromotions, type Discount, type PromotionRow } from './catalogue/offer.ts';
export {
  promotionEnd,
  type PromotionContext,
  promotionSet,
  promotionsInForce,
} from './catalogue/promotion.ts';
export { barcodes, prices, products, promotions } from './catalogue/tables.ts';
export { taxRateOf } from './catalogue/tax.ts';
export { catalogueVerbs } from './catalogue/verbs.ts';
export type {
  BackorderEndArgs,
  CashDropArgs,
  CashMoveArgs,
  CountLine,
  FiscalLeaseArgs,
  FiscalNumber,
  FiscalRangeArgs,
  StockCountArgs,
} from './counter/args.ts';
export { type Backorder, backorderEnd, openBackorders } from './counter/backorder.ts';
export { cashDrop, cashPay, cashReceive } from './counter/cash-moves.ts';
export { stockCount } from './counter/count.ts';
export { accountPay, accountReturn, customerSet } from './counter/customer.ts';
export type {
  AccountPayArgs,
  CustomerSetArgs,
  PersonDescribeArgs,
  ReturnsPolicyArgs,
  SaleExchangeArgs,
} from './counter/customer-args.ts';
export {
  customerAccounts,
  customerEntries,
  customers,
  openReturns,
  returnPolicies,
} from './counter/customer-tables.ts';
export { saleExchange } from './counter/exchange.ts';
export type {
  LayawayCancelArgs,
  LayawayCollectArgs,
  LayawayLine,
  LayawayOpenArgs,
  LayawayPayArgs,
  LayawayPolicyArgs,
} from './counter/layaway-args.ts';
export { layawayCancel, layawayCollect } from './counter/layaway-end.ts';
export { type LayawayStanding, openLayaways, type Reservation, reservations } from './counter/layaway-report.ts';
export { layawayEnds, layawayPaid, layawayPolicies, reserved } from './counter/layaway-tables.ts';
export { layawayOpen, layawayPay, layawayPolicy } from './counter/layaway.ts';
export { returnsPolicy } from './counter/returns.ts';
export { personDescribe, persons } from './counter/person.ts';
export { customerStatement, type StatementEntry } from './counter/statement.ts';
export { fiscalLease, fiscalRange } from './counter/fiscal.ts';
export {
  type FiscalAlert,
  fiscalAlerts,
  type FiscalBlock,
  fiscalBlockList,
  nextFiscalNumber,
} from './counter/fiscal-report.ts';
export { type SessionReport, sessionReport, sessionSums } from './counter/session-report.ts';
export {
  backorderEnds,
  backorders,
  closings,
  counts,
  fiscalBlocks,
  fiscalSeries,
  fiscalUses,
  takings,
} from './counter/tables.ts';
export { counterVerbs } from './counter/verbs.ts';
export { chargeAdjust } from './charge.ts';
export { chart, correctionAccounts, retailAccounts } from './chart.ts';
export { type DocumentKind, documentSeries } from './document.ts';
export { type LineAmounts, type Priced, type PricedLines, priceLine, priceLines } from './price.ts';
export { saleRefund } from './refund.ts';
export { saleComplete } from './sale.ts';
export { sessionClose, sessionOpen } from './session.ts';
export { stockAdjust, stockReceive } from './stock.ts';
export {
  counters,
  deviceSessions,
  discounts,
  documentLines,
  documents,
  drawers,
  lotMoves,
  lotStock,
  movements,
  refunded,
  refusedDocuments,
  sessions,
  stock,
  tenders,
  voids,
} from './tables.ts';
export { retailVerbs } from './verbs.ts';
export { saleVoid } from './void.ts';
