// Goods that come back while others leave, and goods that come back without a receipt. Both are known by the key their request carries.
import { lineTotalMinor } from '../model/cart.ts';
import type { Entry } from './entry.ts';
import { nextFiscal } from './fiscal.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import { openDay } from './entitlements.ts';
import type { Outcome, Receipt, ReturnTerms } from './port.ts';
import type { ExchangeRequest, ReturnRequest } from './requests.ts';
import { findSame, frame, noSession, receiptOf, unknownDocument } from './sale-entries.ts';
import { isMoney, isSameList, lineWords, moneyFault, refundLines, tenderWords, withoutAmount } from './sale-lines.ts';

export const exchangeEntry: Entry<ExchangeRequest, Receipt> = {
  find: (shop, request) => {
    const original = receiptOf(shop, request.document);
    return findSame(shop, request.key, (document) => isSameExchange(document, request, original));
  },
  write: async (shop, request) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const original = receiptOf(shop, request.document);
    if (original === undefined) return unknownDocument;
    const back = refundLines(original, request.back);
    if (back === undefined)
      return { ok: false, code: 'till/refund-lines', message: 'These lines cannot be exchanged.' };
    const differenceMinor =
      request.lines.reduce((sum, line) => sum + lineTotalMinor(line), 0) -
      back.reduce((sum, line) => sum + line.amountMinor, 0);
    const moneyMinor = request.tenders.reduce(
      (sum, { kind, amountMinor }) => (kind === 'account' ? sum : sum + amountMinor),
      0,
    );
    const unpaid = differenceMinor < 0 ? moneyFault(original, moneyMinor) : undefined;
    if (unpaid !== undefined) return unpaid;
    // What takes the place of goods on account may come off the same account later.
    const isAccount = original.moneyLeftMinor !== undefined || request.tenders.some(({ kind }) => kind === 'account');
    const customer = request.customer ?? (isAccount && original.customer !== '' ? original.customer : undefined);
    return shop.book.commit('sale.exchange', {
      ...frame(shop, session),
      currency: original.currency,
      external: request.key,
      ...(customer === undefined ? {} : { customer }),
      original: original.id,
      back: back.map(withoutAmount),
      lines: request.lines,
      tenders: request.tenders.filter(isMoney),
      changeMinor: request.changeMinor,
      ...(request.coupons === undefined ? {} : { coupons: request.coupons }),
      reason: request.reason,
      ...nextFiscal(shop, 'sale'),
    });
  },
  show: receiptOf,
};

function isSameExchange(document: Receipt, request: ExchangeRequest, original: Receipt | undefined): boolean {
  const chosen = request.back.map(({ line, quantity }) => {
    const sold = original?.lines.find((candidate) => candidate.line === line);
    return `${sold?.sku ?? ''} ${quantity} ${sold?.quantityScale ?? 0}`;
  });
  const back = document.lines.filter(({ quantity }) => quantity < 0);
  const left = document.lines.filter(({ quantity }) => quantity > 0);
  const sign = document.totalMinor < 0 ? -1 : 1;
  const change = request.changeMinor > 0 ? [`cash ${-request.changeMinor}`] : [];
  return (
    document.kind === 'exchange' &&
    document.original?.id === request.document &&
    isSameList(
      back.map(({ sku, quantity, quantityScale }) => `${sku} ${-quantity} ${quantityScale}`),
      chosen,
    ) &&
    isSameList(left.map(lineWords), request.lines.map(lineWords)) &&
    isSameList(document.tenders.map(tenderWords), [
      ...request.tenders.filter(isMoney).map(({ kind, amountMinor }) => `${kind} ${sign * amountMinor}`),
      ...change,
    ])
  );
}

/** A refund that names no sale: what the shop's policy on it is, the fold judges. */
export const returnEntry: Entry<ReturnRequest, Receipt> = {
  find: (shop, request) => findSame(shop, request.key, (document) => isSameReturn(document, request)),
  write: async (shop, { key, lines, tender, reason, customer }) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const totalMinor = lines.reduce((sum, line) => sum + lineTotalMinor(line), 0);
    return shop.book.commit('sale.refund', {
      ...frame(shop, session),
      external: key,
      ...(customer === undefined ? {} : { customer }),
      lines: lines.map(({ promotion: _, ...line }) => line),
      tenders: totalMinor === 0 ? [] : [{ kind: tender, amountMinor: totalMinor }],
      reason,
      ...nextFiscal(shop, 'refund'),
    });
  },
  show: receiptOf,
};

function isSameReturn(document: Receipt, { lines, tender, customer = '' }: ReturnRequest): boolean {
  const goods = ({ sku, quantityScale, unitPriceMilliMinor }: SaleLineGoods, quantity: number): string =>
    `${sku} ${quantity} ${quantityScale} ${unitPriceMilliMinor}`;
  return (
    document.kind === 'refund' &&
    document.original === undefined &&
    document.customer === customer &&
    isSameList(
      document.lines.map((line) => goods(line, -line.quantity)),
      lines.map((line) => goods(line, line.quantity)),
    ) &&
    document.tenders.every(({ kind }) => kind === tender)
  );
}

type SaleLineGoods = Pick<ReturnRequest['lines'][number], 'sku' | 'quantityScale' | 'unitPriceMilliMinor'>;

interface PolicyRow {
  readonly allowed: number;
  readonly refundTo: string;
  readonly mostMinor: number;
  readonly [column: string]: string | number;
}

/** What the office allows of returns without a receipt; without a policy everything may come back. */
export function readReturnTerms(shop: OpenShop, customer?: string): Outcome<ReturnTerms> {
  const { book, record } = shop;
  const { currency } = describeShop(shop);
  const [policy] = book.query<PolicyRow>(
    "SELECT allowed, refundTo, mostMinor FROM returnPolicies WHERE scope = 'hq' AND currency = ?",
    [currency],
  );
  const isBounded = policy !== undefined && policy.mostMinor < Number.MAX_SAFE_INTEGER;
  const isAccountOnly = policy?.refundTo === 'account';
  const whose = customer === undefined ? {} : { customer };
  const terms = {
    isAllowed: policy?.allowed !== 0,
    isAccountOnly,
    needsCustomer: isBounded || isAccountOnly,
    ...whose,
  };
  if (!isBounded) return { ok: true, value: terms };
  const [had] = book.query<{ readonly amountMinor: number }>(
    'SELECT amountMinor FROM openReturns WHERE scope = ? AND customer = ? AND currency = ? AND day = ?',
    [record.scope, customer ?? '', currency, returnDay(shop)],
  );
  return { ok: true, value: { ...terms, leftMinor: Math.max(0, policy.mostMinor - (had?.amountMinor ?? 0)) } };
}

/** The fold counts by the business day that is open, where one is. */
function returnDay(shop: OpenShop): string {
  const [row] = shop.book.query<{ readonly day: string }>(
    "SELECT coalesce(max(day), '') AS day FROM businessDays WHERE scope IN ('hq', ?)",
    [shop.record.scope],
  );
  return row === undefined || row.day === '' ? openDay(shop) : row.day;
}
