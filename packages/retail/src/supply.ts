/** @tallystick/retail/supply. How goods come in and move between scopes: transfers under custody, replenishment. All verbs of it are in `retailVerbs`, too. */
export type {
  ArrivalLine,
  BilledLine,
  BillName,
  CountedLine,
  DeliveredLine,
  OrderApproveArgs,
  OrderedLine,
  OrderRejectArgs,
  PurchaseApproveArgs,
  PurchaseBillArgs,
  PurchaseCloseArgs,
  PurchaseMatchArgs,
  PurchaseOrderArgs,
  PurchasePayArgs,
  PurchaseReceiveArgs,
  PurchaseRejectArgs,
  PurchaseToleranceArgs,
  SellerPayArgs,
  StockLevelArgs,
  TransferCancelArgs,
  TransferDispatchArgs,
  TransferLine,
  TransferNote,
  TransferOrderArgs,
  TransferReceiveArgs,
  VanScanArgs,
  VanSettleArgs,
} from './supply/args.ts';
export { orderApprove, orderAsk, orderReject } from './supply/asked-order.ts';
export { purchaseApprove, purchaseBill, purchaseMatch, purchasePay, purchaseReject } from './supply/bill.ts';
export { custodyOffer, type CustodyTerms, parseCustodyTerms } from './supply/custody.ts';
export {
  custodyOf,
  type CustodyStep,
  type TransferFault,
  transferFaults,
  type UnseenTransfer,
  unseenTransfers,
} from './supply/custody-report.ts';
export { inTransit, type InTransitRow, type StockPosition, stockPositions, transferNote } from './supply/in-transit.ts';
export { purchaseClose, purchaseOrder, purchaseReceive, purchaseTolerance } from './supply/purchase.ts';
export {
  type AskedOrder,
  askedOrdersWaiting,
  type DueBill,
  dueBills,
  type HeldBill,
  heldBills,
  type PurchaseLine,
  purchaseLines,
} from './supply/purchase-report.ts';
export {
  parseTransferNoteText,
  parseVanCountText,
  transferNoteText,
  type VanCount,
  vanCountText,
} from './supply/slip.ts';
export { stockLevel, transferCancel, transferOrder } from './supply/replenish.ts';
export { dispatchesDue, type Replenishment, replenishment, transferOrdersDue } from './supply/replenishment.ts';
export {
  arrivals,
  askedOrders,
  billPayments,
  bills,
  fulfilments,
  matchTolerances,
  purchased,
  purchaseOrders,
  sellerDebts,
  stockLevels,
  transferOrders,
  transfers,
  transit,
  transitLosses,
  settledGoods,
  settledVans,
  vanSettlements,
} from './supply/tables.ts';
export { type LotMove, type LotPlace, type Provenance, provenance, type Recall, recall } from './supply/trace.ts';
export { transferDispatch, transferReceive } from './supply/transfer.ts';
export { sellerPay, vanScan, vanSettle } from './supply/van.ts';
export { supplyVerbs } from './supply/verbs.ts';
