import { lineAmountMinor } from '@tallystick/ledger';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RefundableLine, refundAmountMinor, refundUnitPrice } from '../src/model/refund.ts';

function sold(quantity: number, quantityScale: number, unitPriceMilliMinor: number): RefundableLine {
  const paidMinor = lineAmountMinor(quantity, quantityScale, unitPriceMilliMinor) as number;
  return { quantity, quantityScale, unitPriceMilliMinor, paidMinor, refundedQuantity: 0, refundedMinor: 0 };
}

describe('refunding a part of a line', () => {
  it('pays back the price of whole pieces at whole cents', () => {
    const line = sold(5, 0, 250_000);
    expect([refundAmountMinor(line, 2), refundUnitPrice(line, 2)]).toEqual([500, 250_000]);
  });

  it('gives the odd cent back with the last piece', () => {
    const first = sold(2, 0, 127_500);
    expect(first.paidMinor).toBe(255);
    expect(refundAmountMinor(first, 1)).toBe(128);
    const last = { ...first, refundedQuantity: 1, refundedMinor: 128 };
    expect(refundAmountMinor(last, 1)).toBe(127);
  });

  it('returns a line in any parts for exactly what was paid, at prices that come to each part', () => {
    const parts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
    const scale = fc.integer({ min: 0, max: 3 });
    const price = fc.integer({ min: 0, max: 5_000_000 });
    fc.assert(
      fc.property(parts, scale, price, (quantities, quantityScale, unitPrice) => {
        const total = quantities.reduce((sum, quantity) => sum + quantity, 0);
        let line = sold(total, quantityScale, unitPrice);
        for (const quantity of quantities) {
          const amount = refundAmountMinor(line, quantity);
          const unit = refundUnitPrice(line, quantity);
          expect(unit).toBeDefined();
          expect(lineAmountMinor(quantity, quantityScale, unit as number)).toBe(amount);
          const refundedQuantity = line.refundedQuantity + quantity;
          line = { ...line, refundedQuantity, refundedMinor: line.refundedMinor + amount };
          expect(line.refundedMinor).toBeLessThanOrEqual(line.paidMinor);
        }
        expect(line.refundedMinor).toBe(line.paidMinor);
      }),
    );
  });
});
