// Selling from a van by the scan: each is an op of its own, paid at once. A scan carries no key, so it is known by what it says and by being newer than
// every document that the seller knew of.
import type { Entry } from './entry.ts';
import { type OpenShop, readSession } from './open-shop.ts';
import type { Outcome, Receipt } from './port.ts';
import type { ScanSaleRequest } from './requests.ts';
import { frame, noSession, receiptOf } from './sale-entries.ts';

export const scanSaleEntry: Entry<ScanSaleRequest, Receipt> = {
  find: (shop, request) => {
    const { book, record } = shop;
    const rows = book.query<{ readonly id: string }>(
      "SELECT id FROM documents WHERE scope = ? AND device = ? AND id > ? AND kind = 'sale' ORDER BY id LIMIT 50",
      [record.scope, book.device, request.after],
    );
    const same = rows.find(({ id }) => isSame(receiptOf(shop, id), request));
    return same === undefined ? undefined : { ok: true, id: same.id };
  },
  write: async (shop, { after: _, ...scan }) => {
    const session = readSession(shop);
    return session === undefined ? noSession : shop.book.commit('van.scan', { ...frame(shop, session), ...scan });
  },
  show: receiptOf,
};

function isSame(document: Receipt | undefined, { sku, unitPriceMilliMinor, lot, tender }: ScanSaleRequest): boolean {
  const [line, ...others] = document?.lines ?? [];
  return (
    line !== undefined &&
    others.length === 0 &&
    line.sku === sku &&
    line.unitPriceMilliMinor === unitPriceMilliMinor &&
    line.lot === lot &&
    document?.tenders.every(({ kind }) => kind === tender) === true
  );
}

/** The newest document of this till, or ''. */
export function readNewestDocument(shop: OpenShop): Outcome<string> {
  return { ok: true, value: shop.newest.read() };
}
