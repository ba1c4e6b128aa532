/** All retail verbs, for `openBook`. They post, so a book that has them needs the ledger's verbs too. */
import { catalogueVerbs } from './catalogue/verbs.ts';
import { chargeAdjust } from './charge.ts';
import { counterVerbs } from './counter/verbs.ts';
import { entitlementVerbs } from './entitlement/verbs.ts';
import { saleRefund } from './refund.ts';
import { saleComplete } from './sale.ts';
import { sessionClose, sessionOpen } from './session.ts';
import { stockAdjust, stockReceive } from './stock.ts';
import { supplyVerbs } from './supply/verbs.ts';
import { saleVoid } from './void.ts';

export const retailVerbs: readonly [
  ...typeof catalogueVerbs,
  typeof sessionOpen,
  typeof sessionClose,
  typeof saleComplete,
  typeof saleRefund,
  typeof saleVoid,
  typeof stockReceive,
  typeof stockAdjust,
  typeof chargeAdjust,
  ...typeof counterVerbs,
  ...typeof entitlementVerbs,
  ...typeof supplyVerbs,
] = [
  ...catalogueVerbs,
  sessionOpen,
  sessionClose,
  saleComplete,
  saleRefund,
  saleVoid,
  stockReceive,
  stockAdjust,
  chargeAdjust,
  ...counterVerbs,
  ...entitlementVerbs,
  ...supplyVerbs,
];
