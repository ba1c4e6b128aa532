/** @tallystick/retail/supply. How goods come in and move between scopes: transfers under custody, replenishment. All verbs of it are in `retailVerbs`, too. */
export type {
  ArrivalLine,
  OrderedLine,
  StockLevelArgs,
  TransferCancelArgs,
  TransferDispatchArgs,
  TransferLine,
  TransferNote,
  TransferOrderArgs,
  TransferReceiveArgs,
} from './supply/args.ts';
export { custodyOffer, type CustodyTerms, parseCustodyTerms } from './supply/custody.ts';
export { custodyOf, type CustodyStep, type TransferFault, transferFaults } from './supply/custody-report.ts';
export { inTransit, type InTransitRow, type StockPosition, stockPositions, transferNote } from './supply/in-transit.ts';
export { stockLevel, transferCancel, transferOrder } from './supply/replenish.ts';
export { dispatchesDue, type Replenishment, replenishment, transferOrdersDue } from './supply/replenishment.ts';
export {
  arrivals,
  fulfilments,
  stockLevels,
  transferOrders,
  transfers,
  transit,
  transitLosses,
} from './supply/tables.ts';
export { transferDispatch, transferReceive } from './supply/transfer.ts';
export { supplyVerbs } from './supply/verbs.ts';
