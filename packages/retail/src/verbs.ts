/** All retail verbs, for `openBook`. They post, so a book that has them needs the ledger's verbs too. */
import { priceSet, productSet } from './catalogue.ts';
import { chargeAdjust } from './charge.ts';
import { entitlementVerbs } from './entitlement/verbs.ts';
import { saleRefund } from './refund.ts';
import { saleComplete } from './sale.ts';
import { sessionClose, sessionOpen } from './session.ts';
import { stockAdjust, stockReceive } from './stock.ts';
import { saleVoid } from './void.ts';

export const retailVerbs: readonly [
  typeof productSet,
  typeof priceSet,
  typeof sessionOpen,
  typeof sessionClose,
  typeof saleComplete,
  typeof saleRefund,
  typeof saleVoid,
  typeof stockReceive,
  typeof stockAdjust,
  typeof chargeAdjust,
  ...typeof entitlementVerbs,
] = [
  productSet,
  priceSet,
  sessionOpen,
  sessionClose,
  saleComplete,
  saleRefund,
  saleVoid,
  stockReceive,
  stockAdjust,
  chargeAdjust,
  ...entitlementVerbs,
];
