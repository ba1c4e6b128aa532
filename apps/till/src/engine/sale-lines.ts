// Lines and tenders of what is sold and of what comes back: as words, so that a request is known again, and as the book records them.
import { refundAmountMinor, refundUnitPrice } from '../model/refund.ts';
import type { SaleLine } from '../model/sale-line.ts';
import type { MoneyKind, Tender } from '../model/tender.ts';
import type { Failed } from './entry.ts';
import type { Receipt } from './port.ts';
import type { RefundRequest } from './requests.ts';

export function isMoney(tender: Tender): tender is Tender & { readonly kind: MoneyKind } {
  return tender.amountMinor > 0 && tender.kind !== 'entitlement' && tender.kind !== 'deposit';
}

export function lineWords(line: SaleLine): string {
  const { sku, name, quantity, quantityScale, unitPriceMilliMinor, taxRateBasisPoints, lot = '' } = line;
  const { discountMinor = 0, promotion = '' } = line;
  const goods = [sku, name, quantity, quantityScale, unitPriceMilliMinor, taxRateBasisPoints, lot];
  return JSON.stringify([...goods, discountMinor, discountMinor === 0 ? '' : promotion]);
}

export function tenderWords({ kind, amountMinor }: { readonly kind: string; readonly amountMinor: number }): string {
  return `${kind} ${amountMinor}`;
}

export function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((words, index) => words === other[index]);
}

export interface RefundLine extends SaleLine {
  readonly line: number;
  readonly amountMinor: number;
}

export function refundLines(original: Receipt, chosen: RefundRequest['lines']): readonly RefundLine[] | undefined {
  const lines: RefundLine[] = [];
  for (const { line, quantity } of chosen) {
    const sold = original.lines.find((candidate) => candidate.line === line);
    if (sold === undefined || quantity <= 0 || quantity > sold.quantity - sold.refundedQuantity) return undefined;
    const unitPriceMilliMinor = refundUnitPrice(sold, quantity);
    if (unitPriceMilliMinor === undefined) return undefined;
    const { sku, name, quantityScale, taxRateBasisPoints, lot } = sold;
    const amountMinor = refundAmountMinor(sold, quantity);
    const goods = { sku, name, quantityScale, taxRateBasisPoints, ...(lot === undefined ? {} : { lot }) };
    lines.push({ line, ...goods, quantity, unitPriceMilliMinor, amountMinor });
  }
  return lines.length === 0 ? undefined : lines;
}

/** As the book takes it: what it comes to follows from the rest. */
export function withoutAmount({ amountMinor: _, ...line }: RefundLine): Omit<RefundLine, 'amountMinor'> {
  return line;
}

/** What was never paid is not paid back: it comes off the account. */
export function moneyFault({ moneyLeftMinor }: Receipt, moneyMinor: number): Failed | undefined {
  if (moneyLeftMinor === undefined || moneyMinor <= moneyLeftMinor) return undefined;
  return { ok: false, code: 'till/off-the-account', message: `${moneyLeftMinor} of it was paid.` };
}
