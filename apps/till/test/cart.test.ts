import { lineAmountMinor } from '@tallystick/ledger';
import { priceLines } from '@tallystick/retail';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Product } from '../src/engine/port.ts';
import {
  addProduct,
  type Cart,
  cartTotalMinor,
  countInCart,
  countItems,
  emptyCart,
  largestQuantity,
  removeLine,
  setQuantity,
} from '../src/model/cart.ts';
import type { SaleLine } from '../src/model/sale-line.ts';

const coffee = product('C1', 'Flat white', 360_000);
const cheese: Product = { ...product('W1', 'Manchego', 2_450_000), unitScale: 3 };

function product(sku: string, name: string, unitPriceMilliMinor: number): Product {
  return { sku, name, category: 'x', unitScale: 0, taxRateBasisPoints: 2_000, unitPriceMilliMinor, onHand: undefined };
}

describe('the cart', () => {
  it('adds the same product to its line and another price to a line of its own', () => {
    const dearer = { ...coffee, unitPriceMilliMinor: 400_000 };
    const cart = [coffee, coffee, dearer].reduce((before, each) => addProduct(before, each), emptyCart('k'));
    expect(cart.lines.map((line) => [line.quantity, line.unitPriceMilliMinor])).toEqual([
      [2, 360_000],
      [1, 400_000],
    ]);
    expect(cartTotalMinor(cart)).toBe(1_120);
    expect(countInCart(cart, 'C1')).toBe(3);
  });

  it('keeps each lot in a line of its own', () => {
    const lots = ['A', 'B', 'A', undefined];
    const cart = lots.reduce((before, lot) => addProduct(before, coffee, 1, lot), emptyCart('k'));
    expect(cart.lines.map((line) => [line.lot, line.quantity])).toEqual([
      ['A', 2],
      ['B', 1],
      [undefined, 1],
    ]);
  });

  it('weighs in the product’s own scale and counts a weighed line once', () => {
    const cart = addProduct(emptyCart('k'), cheese, 245);
    expect(cartTotalMinor(cart)).toBe(600);
    expect(countItems(cart)).toBe(1);
  });

  it('drops a line at quantity zero and below', () => {
    const cart = addProduct(emptyCart('k'), coffee);
    expect(setQuantity(cart, 0, 0).lines).toEqual([]);
    expect(setQuantity(cart, 0, -4).lines).toEqual([]);
    expect(removeLine(cart, 0).lines).toEqual([]);
  });

  it('bounds quantities, and has no total where money would leave the safe integers', () => {
    const priceless = { ...coffee, unitPriceMilliMinor: 10 ** 13 };
    const cart = setQuantity(addProduct(emptyCart('k'), priceless), 0, Number.MAX_SAFE_INTEGER);
    expect(cart.lines[0]?.quantity).toBe(largestQuantity);
    expect(cartTotalMinor(cart)).toBeUndefined();
  });

  it('asks for exactly what the book will check', () => {
    fc.assert(
      fc.property(fc.array(cartLine(), { minLength: 1, maxLength: 20 }), (lines) => {
        const priced = priceLines(lines, true);
        const book = 'code' in priced ? undefined : priced.amountMinor + priced.taxMinor;
        expect(cartTotalMinor({ lines })).toBe(book);
      }),
    );
  });

  it('is never changed in place', () => {
    fc.assert(
      fc.property(fc.array(cartLine(), { maxLength: 6 }), fc.nat(5), fc.integer(), (lines, at, quantity) => {
        const cart: Cart = { key: 'k', lines };
        const before = structuredClone(cart);
        setQuantity(cart, at, quantity);
        removeLine(cart, at);
        addProduct(cart, coffee);
        expect(cart).toEqual(before);
      }),
    );
  });
});

function cartLine(): fc.Arbitrary<SaleLine> {
  return fc
    .record({
      sku: fc.constantFrom('a', 'b', 'c'),
      name: fc.constant('x'),
      quantity: fc.integer({ min: 1, max: 100_000 }),
      quantityScale: fc.integer({ min: 0, max: 3 }),
      unitPriceMilliMinor: fc.integer({ min: 0, max: 10 ** 9 }),
      taxRateBasisPoints: fc.constantFrom(0, 550, 2_000),
    })
    .filter((line) => lineAmountMinor(line.quantity, line.quantityScale, line.unitPriceMilliMinor) !== undefined);
}
