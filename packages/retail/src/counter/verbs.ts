/** The verbs of the counter. */
import { backorderEnd } from './backorder.ts';
import { cashDrop, cashPay, cashReceive } from './cash-moves.ts';
import { stockCount } from './count.ts';
import { accountPay, accountReturn, customerSet } from './customer.ts';
import { saleExchange } from './exchange.ts';
import { fiscalLease, fiscalRange } from './fiscal.ts';
import { layawayCancel, layawayCollect } from './layaway-end.ts';
import { layawayOpen, layawayPay, layawayPolicy } from './layaway.ts';
import { personDescribe } from './person.ts';
import { returnsPolicy } from './returns.ts';

export const counterVerbs: readonly [
  typeof cashReceive,
  typeof cashPay,
  typeof cashDrop,
  typeof stockCount,
  typeof fiscalRange,
  typeof fiscalLease,
  typeof customerSet,
  typeof accountPay,
  typeof returnsPolicy,
  typeof saleExchange,
  typeof backorderEnd,
  typeof accountReturn,
  typeof layawayPolicy,
  typeof layawayOpen,
  typeof layawayPay,
  typeof layawayCollect,
  typeof layawayCancel,
  typeof personDescribe,
] = [
  cashReceive,
  cashPay,
  cashDrop,
  stockCount,
  fiscalRange,
  fiscalLease,
  customerSet,
  accountPay,
  returnsPolicy,
  saleExchange,
  backorderEnd,
  accountReturn,
  layawayPolicy,
  layawayOpen,
  layawayPay,
  layawayCollect,
  layawayCancel,
  personDescribe,
];
