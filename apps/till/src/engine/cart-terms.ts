// What a cart is sold on beside the shop's own prices and offers: the price list of the customer who is named, and the offers of the coupon
// codes that were handed in.
import { promotionsInForce } from '@tallystick/retail';
import type { Offer } from '../model/offers.ts';
import { openDay } from './entitlements.ts';
import { describeShop, type OpenShop } from './open-shop.ts';
import type { CustomerPrices, Outcome } from './port.ts';

interface PriceRow {
  readonly sku: string;
  readonly unitPriceMilliMinor: number;
  readonly [column: string]: string | number;
}

/** The prices of the customer's list that are in force; what is not on it costs what it costs everybody. */
export function readCustomerPrices(shop: OpenShop, customer: string): Outcome<CustomerPrices> {
  const { book } = shop;
  const [row] = book.query<{ readonly priceList: string }>(
    "SELECT priceList FROM customers WHERE scope = 'hq' AND customer = ?",
    [customer],
  );
  if (row === undefined) return { ok: false, code: 'till/unknown-customer', message: customer };
  const list = row.priceList;
  if (list === '') return { ok: true, value: { customer, list, prices: [] } };
  const prices = book.query<PriceRow>(
    `SELECT p.sku, p.unitPriceMilliMinor FROM prices p WHERE p.scope = 'hq' AND p.list = ? AND p.currency = ?
        AND p.fromDay = (SELECT max(fromDay) FROM prices q WHERE q.scope = 'hq' AND q.list = p.list AND q.sku = p.sku
          AND q.currency = p.currency AND q.fromDay <= ?)`,
    [list, describeShop(shop).currency, openDay(shop)],
  );
  return { ok: true, value: { customer, list, prices } };
}

/** The offers that a coupon's code opens today. */
export function readCouponOffers(shop: OpenShop, code: string): Outcome<readonly Offer[]> {
  const offers = promotionsInForce(shop.book, { day: openDay(shop), coupons: [code] });
  const opened = offers.filter(({ coupon }) => coupon === code);
  if (opened.length === 0) return { ok: false, code: 'till/unknown-coupon', message: code };
  return { ok: true, value: opened };
}
