// What the page asks of an open shop that changes nothing, by the name of the call.
import { readCouponOffers, readCustomerPrices } from './cart-terms.ts';
import { readDrawerReport } from './cash-entries.ts';
import { readCustomer } from './customers.ts';
import { findByKey, findByNumber, readReceipt } from './documents.ts';
import { readShown } from './entitlements.ts';
import { readLayaways } from './layaways.ts';
import { describeShop, documentReader, type OpenShop } from './open-shop.ts';
import type { LayawayList, Outcome, Receipt, TillEngine } from './port.ts';
import { readScan } from './scanning.ts';
import { readLog } from './storage.ts';
import { readDay, statusOf } from './till-state.ts';

type ReadName =
  | 'findSale'
  | 'customer'
  | 'customerPrices'
  | 'couponOffers'
  | 'scan'
  | 'shownEntitlement'
  | 'layaways'
  | 'receipt'
  | 'stageOf'
  | 'day'
  | 'drawerReport'
  | 'findDocuments'
  | 'status';

type Answered<Name extends ReadName> = Awaited<ReturnType<TillEngine[Name]>>;

type Reads = {
  readonly [Name in ReadName]: (
    shop: OpenShop,
    ...args: Parameters<TillEngine[Name]>
  ) => Answered<Name> | Promise<Answered<Name>>;
};

export const reads: Reads = {
  findSale: (shop, key) => {
    const document = findByKey(documentReader(shop), key);
    return document === undefined ? { ok: true, value: undefined } : receiptOutcome(shop, document);
  },
  customer: readCustomer,
  customerPrices: readCustomerPrices,
  couponOffers: readCouponOffers,
  scan: readScan,
  shownEntitlement: readShown,
  layaways: (shop): Outcome<LayawayList> => ({ ok: true, value: readLayaways(shop) }),
  receipt: receiptOutcome,
  stageOf: (shop, document) => ({ ok: true, value: documentReader(shop).stageOf(document) }),
  day: (shop, day, most) => ({ ok: true, value: readDay(shop, day, most) }),
  drawerReport: readDrawerReport,
  findDocuments: (shop, text) => ({ ok: true, value: findByNumber(documentReader(shop), text) }),
  status: async (shop) => ({ ok: true, value: statusOf(shop, (await readLog())?.size ?? 0) }),
};

function receiptOutcome(shop: OpenShop, document: string): Outcome<Receipt> {
  const receipt = readReceipt(documentReader(shop), document, describeShop(shop));
  if (receipt !== undefined) return { ok: true, value: receipt };
  return { ok: false, code: 'till/unknown-document', message: 'No such document here.' };
}
