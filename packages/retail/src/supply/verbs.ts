/** The supply verbs, for `openBook`. Custody needs `tallyVerbs` of the kernel beside them. */
import { orderApprove, orderAsk, orderReject } from './asked-order.ts';
import { purchaseApprove, purchaseBill, purchaseMatch, purchasePay, purchaseReject } from './bill.ts';
import { purchaseClose, purchaseOrder, purchaseReceive, purchaseTolerance } from './purchase.ts';
import { stockLevel, transferCancel, transferOrder } from './replenish.ts';
import { transferDispatch, transferReceive } from './transfer.ts';
import { sellerPay, vanScan, vanSettle } from './van.ts';

export const supplyVerbs: readonly [
  typeof transferDispatch,
  typeof transferReceive,
  typeof stockLevel,
  typeof transferOrder,
  typeof transferCancel,
  typeof purchaseOrder,
  typeof orderAsk,
  typeof orderApprove,
  typeof orderReject,
  typeof purchaseReceive,
  typeof purchaseClose,
  typeof purchaseTolerance,
  typeof purchaseBill,
  typeof purchaseMatch,
  typeof purchaseApprove,
  typeof purchaseReject,
  typeof purchasePay,
  typeof vanScan,
  typeof vanSettle,
  typeof sellerPay,
] = [
  transferDispatch,
  transferReceive,
  stockLevel,
  transferOrder,
  transferCancel,
  purchaseOrder,
  orderAsk,
  orderApprove,
  orderReject,
  purchaseReceive,
  purchaseClose,
  purchaseTolerance,
  purchaseBill,
  purchaseMatch,
  purchaseApprove,
  purchaseReject,
  purchasePay,
  vanScan,
  vanSettle,
  sellerPay,
];
