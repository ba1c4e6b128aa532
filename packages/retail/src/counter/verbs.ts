/** The verbs of the counter. */
import { cashDrop, cashPay, cashReceive } from './cash-moves.ts';
import { stockCount } from './count.ts';
import { fiscalLease, fiscalRange } from './fiscal.ts';

export const counterVerbs: readonly [
  typeof cashReceive,
  typeof cashPay,
  typeof cashDrop,
  typeof stockCount,
  typeof fiscalRange,
  typeof fiscalLease,
] = [cashReceive, cashPay, cashDrop, stockCount, fiscalRange, fiscalLease];
