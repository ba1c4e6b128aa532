// What a seller does, as ops. Each resolves only after the op is flushed to this device, and a failure of the storage is told
// apart from a refusal of the book.
import type { Commit } from '@tallystick/kernel';
import { businessDay } from '../model/business-day.ts';
import { refundAmountMinor, refundUnitPrice } from '../model/refund.ts';
import { findByKey, readReceipt } from './documents.ts';
import { codeOf, messageOf } from './link.ts';
import { describeShop, documentReader, type OpenShop, readSession } from './open-shop.ts';
import type { ClosedSession, Outcome, Receipt, RefundRequest, SaleRequest, Session, VoidRequest } from './port.ts';
import { mustReachRelay } from './torn-log.ts';

interface Failed {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
}

const noSession: Failed = { ok: false, code: 'till/no-session', message: 'The drawer is closed.' };
const unanchored: Failed = { ok: false, code: 'kernel/unanchored', message: 'The end of the log is missing here.' };
const unknownDocument: Failed = { ok: false, code: 'till/unknown-document', message: 'No such document here.' };

/** Sells once per cart key: asked again, it answers with the sale that was saved. */
export async function sell(shop: OpenShop, request: SaleRequest): Promise<Outcome<Receipt>> {
  const earlier = findByKey(documentReader(shop), request.key);
  if (earlier !== undefined) return receiptOf(shop, earlier);
  const session = readSession(shop);
  if (session === undefined) return noSession;
  const saved = await attempt(shop, () =>
    shop.book.commit('sale.complete', {
      ...frame(shop, session),
      external: request.key,
      lines: request.lines,
      tenders: request.tenders.filter((tender) => tender.amountMinor > 0),
      changeMinor: request.changeMinor,
    }),
  );
  return saved.ok ? receiptOf(shop, saved.value) : saved;
}

export async function refund(shop: OpenShop, request: RefundRequest): Promise<Outcome<Receipt>> {
  const reader = documentReader(shop);
  const earlier = findByKey(reader, request.key);
  if (earlier !== undefined) return receiptOf(shop, earlier);
  const session = readSession(shop);
  if (session === undefined) return noSession;
  const original = readReceipt(reader, request.document, describeShop(shop));
  if (original === undefined) return unknownDocument;
  const lines = refundLines(original, request.lines);
  if (lines === undefined) return { ok: false, code: 'till/refund-lines', message: 'These lines cannot be refunded.' };
  const totalMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
  const saved = await attempt(shop, () =>
    shop.book.commit('sale.refund', {
      ...frame(shop, session),
      currency: original.currency,
      external: request.key,
      original: original.id,
      lines: lines.map(({ amountMinor: _, ...line }) => line),
      tenders: totalMinor === 0 ? [] : [{ kind: request.tender, amountMinor: totalMinor }],
      reason: request.reason,
    }),
  );
  return saved.ok ? receiptOf(shop, saved.value) : saved;
}

export async function voidSale(shop: OpenShop, request: VoidRequest): Promise<Outcome<Receipt>> {
  const session = readSession(shop);
  if (session === undefined) return noSession;
  const { day } = frame(shop, session);
  const saved = await attempt(shop, () => shop.book.commit('sale.void', { ...request, day, session: session.id }));
  return saved.ok ? receiptOf(shop, saved.value) : saved;
}

export async function openSession(shop: OpenShop, floatMinor: number): Promise<Outcome<void>> {
  const day = businessDay(new Date(), undefined);
  const { currency } = describeShop(shop);
  const saved = await attempt(shop, () => shop.book.commit('session.open', { day, currency, floatMinor }));
  return saved.ok ? { ok: true, value: undefined } : saved;
}

export async function closeSession(shop: OpenShop, countedMinor: number): Promise<Outcome<ClosedSession>> {
  const session = readSession(shop);
  if (session === undefined) return noSession;
  const { day } = frame(shop, session);
  const saved = await attempt(shop, () =>
    shop.book.commit('session.close', { session: session.id, countedMinor, day }),
  );
  if (!saved.ok) return saved;
  const { id, openedDay, floatMinor, expectedMinor } = session;
  return { ok: true, value: { id, openedDay, floatMinor, expectedMinor, countedMinor } };
}

/** What every document of this till says about its place and time. Shelf prices include the tax. */
function frame(
  shop: OpenShop,
  session: Session,
): { day: string; currency: string; session: string; taxIncluded: boolean } {
  const day = businessDay(new Date(), session.openedDay);
  return { day, currency: describeShop(shop).currency, session: session.id, taxIncluded: true };
}

interface RefundLine {
  readonly line: number;
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale: number;
  readonly unitPriceMilliMinor: number;
  readonly taxRateBasisPoints: number;
  readonly amountMinor: number;
}

function refundLines(original: Receipt, chosen: RefundRequest['lines']): readonly RefundLine[] | undefined {
  const lines: RefundLine[] = [];
  for (const { line, quantity } of chosen) {
    const sold = original.lines.find((candidate) => candidate.line === line);
    if (sold === undefined || quantity <= 0 || quantity > sold.quantity - sold.refundedQuantity) return undefined;
    const unitPriceMilliMinor = refundUnitPrice(sold, quantity);
    if (unitPriceMilliMinor === undefined) return undefined;
    const { sku, name, quantityScale, taxRateBasisPoints } = sold;
    const amountMinor = refundAmountMinor(sold, quantity);
    lines.push({ line, sku, name, quantity, quantityScale, unitPriceMilliMinor, taxRateBasisPoints, amountMinor });
  }
  return lines.length === 0 ? undefined : lines;
}

async function attempt({ log, sync }: OpenShop, commit: () => Promise<Commit>): Promise<Outcome<string>> {
  if (sync !== undefined && mustReachRelay(log)) return unanchored;
  try {
    const done = await commit();
    if (done.ok) return { ok: true, value: done.id };
    return { ok: false, code: done.code, message: refusalMessage(done.code, done.details) };
  } catch (error) {
    return { ok: false, ...faultOf(error) };
  }
}

/** An exception while writing: the storage failed, or the program did. Either way nothing was saved. */
export function faultOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = codeOf(error);
  const isStorage = code.startsWith('store/') || code === 'kernel/storage' || error instanceof DOMException;
  return { code: isStorage ? 'till/storage' : 'till/failed', message: messageOf(error) };
}

function refusalMessage(code: string, details: Readonly<Record<string, string | number>>): string {
  const facts = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  return facts.length === 0 ? `The book refused it (${code}).` : `The book refused it (${code}: ${facts.join(', ')}).`;
}

function receiptOf(shop: OpenShop, document: string): Outcome<Receipt> {
  const receipt = readReceipt(documentReader(shop), document, describeShop(shop));
  return receipt === undefined ? unknownDocument : { ok: true, value: receipt };
}
