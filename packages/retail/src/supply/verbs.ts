/** The supply verbs, for `openBook`. Custody needs `tallyVerbs` of the kernel beside them. */
import { stockLevel, transferCancel, transferOrder } from './replenish.ts';
import { transferDispatch, transferReceive } from './transfer.ts';

export const supplyVerbs: readonly [
  typeof transferDispatch,
  typeof transferReceive,
  typeof stockLevel,
  typeof transferOrder,
  typeof transferCancel,
] = [transferDispatch, transferReceive, stockLevel, transferOrder, transferCancel];
