/** Retail verbs on the ledger: catalogue, cash sessions, sales, refunds, voids, stock and charges. */
export type {
  ChargeAdjustArgs,
  DocumentLinks,
  GoodsLine,
  MoneyTender,
  PriceSetArgs,
  ProductSetArgs,
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
export { priceSet, productSet } from './catalogue.ts';
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
  documentLines,
  documents,
  drawers,
  lotMoves,
  prices,
  products,
  refunded,
  sessions,
  stock,
  tenders,
  voids,
} from './tables.ts';
export { retailVerbs } from './verbs.ts';
export { saleVoid } from './void.ts';
