// What a refund of part of a line pays back: the buyer's share of what was paid, the rest with the last piece, so that all
// parts together are exactly the line and never a cent more.
import { lineAmountMinor, roundHalfAway } from '@tallystick/ledger';
import type { ReceiptLine } from '../engine/port.ts';

export type RefundableLine = Pick<
  ReceiptLine,
  'quantity' | 'quantityScale' | 'unitPriceMilliMinor' | 'paidMinor' | 'refundedQuantity' | 'refundedMinor'
>;

/** What returning `quantity` of the line pays back, with tax. */
export function refundAmountMinor(line: RefundableLine, quantity: number): number {
  const leftQuantity = line.quantity - line.refundedQuantity;
  const leftMinor = line.paidMinor - line.refundedMinor;
  if (quantity >= leftQuantity) return leftMinor;
  const share = roundHalfAway(BigInt(line.paidMinor) * BigInt(quantity), line.quantity) ?? leftMinor;
  return Math.min(share, leftMinor);
}

/**
 * The unit price that makes `quantity` come to that amount: the sale's own wherever it does, otherwise the nearest that
 * does. Undefined when no price in thousandths of a minor unit does (more than a thousand units on one line).
 */
export function refundUnitPrice(line: RefundableLine, quantity: number): number | undefined {
  const target = refundAmountMinor(line, quantity);
  const comesTo = (price: number): boolean => lineAmountMinor(quantity, line.quantityScale, price) === target;
  if (comesTo(line.unitPriceMilliMinor)) return line.unitPriceMilliMinor;
  const exact = roundHalfAway(BigInt(target) * 10n ** BigInt(line.quantityScale + 3), quantity);
  return exact !== undefined && comesTo(exact) ? exact : undefined;
}
