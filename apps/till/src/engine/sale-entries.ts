// Sales, refunds and voids as entries. A sale and a refund are known by the key their request carries, a void by what it voids.
import { businessDay } from '../model/business-day.ts';
import type { Tender } from '../model/tender.ts';
import { findByKey, readReceipt } from './documents.ts';
import { releaseUnused, takeShown } from './entitlements.ts';
import type { Entry, Failed, Found } from './entry.ts';
import { nextFiscal } from './fiscal.ts';
import { describeShop, documentReader, type OpenShop, readSession } from './open-shop.ts';
import type { Receipt, Session } from './port.ts';
import type { RefundRequest, SaleRequest, VoidRequest } from './requests.ts';
import { isMoney, isSameList, lineWords, moneyFault, refundLines, tenderWords, withoutAmount } from './sale-lines.ts';

export const noSession: Failed = { ok: false, code: 'till/no-session', message: 'The drawer is closed.' };
export const unknownDocument: Failed = { ok: false, code: 'till/unknown-document', message: 'No such document here.' };

export const saleEntry: Entry<SaleRequest, Receipt> = {
  find: (shop, request) => findSame(shop, request.key, (document) => isSameSale(document, request)),
  write: async (shop, request) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const shown = request.tenders.some(({ kind }) => kind === 'entitlement')
      ? await takeShown(shop, request)
      : noneShown;
    if (!shown.ok) return shown;
    const commit = await shop.book.commit('sale.complete', {
      ...frame(shop, session),
      external: request.key,
      ...(request.customer === undefined ? {} : { customer: request.customer }),
      lines: request.lines,
      tenders: [...request.tenders.filter(isMoney), ...shown.tenders],
      changeMinor: request.changeMinor,
      ...(request.coupons === undefined ? {} : { coupons: request.coupons }),
      ...nextFiscal(shop, 'sale'),
    });
    if (!commit.ok) await shown.release();
    return commit;
  },
  show: receiptOf,
};

export const refundEntry: Entry<RefundRequest, Receipt> = {
  find: (shop, request) => {
    const original = receiptOf(shop, request.document);
    return findSame(shop, request.key, (document) => isSameRefund(document, request, original));
  },
  write: async (shop, request) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const original = receiptOf(shop, request.document);
    if (original === undefined) return unknownDocument;
    const lines = refundLines(original, request.lines);
    if (lines === undefined)
      return { ok: false, code: 'till/refund-lines', message: 'These lines cannot be refunded.' };
    const totalMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
    const unpaid = request.tender === 'account' ? undefined : moneyFault(original, totalMinor);
    if (unpaid !== undefined) return unpaid;
    return shop.book.commit('sale.refund', {
      ...frame(shop, session),
      currency: original.currency,
      external: request.key,
      // What was put on account comes off the account of the same customer.
      ...(request.tender === 'account' ? { customer: original.customer } : {}),
      original: original.id,
      lines: lines.map(withoutAmount),
      tenders: totalMinor === 0 ? [] : [{ kind: request.tender, amountMinor: totalMinor }],
      reason: request.reason,
      ...nextFiscal(shop, 'refund'),
    });
  },
  show: receiptOf,
};

export const voidEntry: Entry<VoidRequest, Receipt> = {
  find: ({ book, record }, { document }) => {
    const [row] = book.query<{ readonly id: string }>(
      `SELECT d.id FROM voids v JOIN documents d ON d.scope = v.scope AND d.id = v.by
       WHERE v.scope = ? AND v.document = ? AND d.device = ?`,
      [record.scope, document, book.device],
    );
    return row === undefined ? undefined : { ok: true, id: row.id };
  },
  write: async (shop, request) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const commit = await shop.book.commit('sale.void', {
      ...request,
      day: frame(shop, session).day,
      session: session.id,
    });
    if (commit.ok) await releaseUnused(shop);
    return commit;
  },
  show: receiptOf,
};

/** What every document of this till says about its place and time. Shelf prices include the tax. */
export function frame(
  shop: OpenShop,
  session: Session,
): { day: string; currency: string; session: string; taxIncluded: boolean } {
  const day = businessDay(new Date(), session.openedDay);
  return { day, currency: describeShop(shop).currency, session: session.id, taxIncluded: true };
}

export function receiptOf(shop: OpenShop, document: string): Receipt | undefined {
  return readReceipt(documentReader(shop), document, describeShop(shop));
}

/** A key names one sale for good: where that sale says something else, this one was not saved and must not seem to be. */
export function findSame(
  shop: OpenShop,
  key: string,
  isSame: (document: Receipt) => boolean,
): Found | Failed | undefined {
  const id = findByKey(documentReader(shop), key);
  if (id === undefined) return undefined;
  const document = receiptOf(shop, id);
  if (document === undefined) return unknownDocument;
  if (isSame(document)) return { ok: true, id };
  return { ok: false, code: 'till/key-used', message: document.number };
}

function isSameSale(document: Receipt, { lines, tenders, changeMinor, customer = '' }: SaleRequest): boolean {
  const change = changeMinor > 0 ? [`cash ${-changeMinor}`] : [];
  return (
    document.kind === 'sale' &&
    document.customer === customer &&
    isSameList(document.lines.map(lineWords), lines.map(lineWords)) &&
    isSameList(document.tenders.map(tenderWords), [
      ...tenders.filter(isMoney).map(tenderWords),
      ...tenders.filter(isShown).map(tenderWords),
      ...change,
    ])
  );
}

/** Amounts follow from the lines, whose remainder has changed since; what was chosen has not. */
function isSameRefund(document: Receipt, request: RefundRequest, original: Receipt | undefined): boolean {
  const chosen = request.lines.map(({ line, quantity }) => {
    const sold = original?.lines.find((candidate) => candidate.line === line);
    return `${sold?.sku ?? ''} ${quantity} ${sold?.quantityScale ?? 0}`;
  });
  return (
    document.kind === 'refund' &&
    document.original?.id === request.document &&
    isSameList(
      document.lines.map(({ sku, quantity, quantityScale }) => `${sku} ${-quantity} ${quantityScale}`),
      chosen,
    ) &&
    document.tenders.every(({ kind }) => kind === request.tender)
  );
}

const noneShown = { ok: true, tenders: [], release: () => Promise.resolve() } as const;

function isShown({ kind, amountMinor }: Tender): boolean {
  return kind === 'entitlement' && amountMinor > 0;
}
