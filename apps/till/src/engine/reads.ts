// What the page asks of an open shop that changes nothing, by the name of the call.
import { readCouponOffers, readCustomerPrices } from './cart-terms.ts';
import { readCountList } from './count-entries.ts';
import { readCustomer } from './customers.ts';
import { documentSearch, findByKey, readReceipt } from './documents.ts';
import { readShown } from './entitlements.ts';
import { readReturnTerms } from './exchange-entries.ts';
import { readLayaways } from './layaways.ts';
import { describeShop, documentReader, type OpenShop } from './open-shop.ts';
import type { LayawayList, Outcome, Receipt, TillEngine } from './port.ts';
import { readScan } from './scanning.ts';
import { readDeliveries, readDelivery, writeVanCount } from './supply-notes.ts';
import { readNewestDocument } from './van-entries.ts';
import { askWallet } from './wallet-answers.ts';
import { readLog } from './storage.ts';
import { isContested, readDay } from './till-state.ts';

type ReadName =
  | 'findSale'
  | 'customer'
  | 'customerName'
  | 'nameCustomer'
  | 'customerPrices'
  | 'couponOffers'
  | 'scan'
  | 'shownEntitlement'
  | 'askWallet'
  | 'returnTerms'
  | 'newestDocument'
  | 'countList'
  | 'deliveries'
  | 'delivery'
  | 'vanCount'
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
  customerName: async ({ persons }, customer) => ({ ok: true, value: await persons.name(customer) }),
  nameCustomer: ({ persons }, customer, name) => persons.describe(customer, name),
  customerPrices: readCustomerPrices,
  couponOffers: readCouponOffers,
  scan: readScan,
  shownEntitlement: readShown,
  askWallet,
  returnTerms: readReturnTerms,
  newestDocument: readNewestDocument,
  countList: readCountList,
  deliveries: readDeliveries,
  delivery: readDelivery,
  vanCount: writeVanCount,
  layaways: (shop): Outcome<LayawayList> => ({ ok: true, value: readLayaways(shop) }),
  receipt: receiptOutcome,
  stageOf: (shop, document) => ({ ok: true, value: documentReader(shop).stageOf(document) }),
  day: (shop, day, most) => ({ ok: true, value: readDay(shop, day, most) }),
  drawerReport: async (shop, session) => (await import('./drawer-report.ts')).readDrawerReport(shop, session),
  findDocuments: async (shop, text) => {
    const { findByNumber } = await import('./find-documents.ts');
    return { ok: true, value: await findByNumber(documentSearch(documentReader(shop)), text) };
  },
  status: async (shop, most) => {
    // What stands otherwise than meant names its documents.
    if (shop.later.isComing && isContested(shop)) await shop.later.all();
    const { statusOf } = await import('./till-status.ts');
    return { ok: true, value: statusOf(shop, (await readLog())?.size ?? 0, most) };
  },
};

function receiptOutcome(shop: OpenShop, document: string): Outcome<Receipt> {
  const receipt = readReceipt(documentReader(shop), document, describeShop(shop));
  if (receipt !== undefined) return { ok: true, value: receipt };
  return { ok: false, code: 'till/unknown-document', message: 'No such document here.' };
}
