// Customers who buy on account, as the till asks about one of them.
import { describeShop, type OpenShop } from './open-shop.ts';
import type { Customer, Outcome } from './port.ts';

interface CustomerRow {
  readonly currency: string;
  readonly limitMinor: number;
  readonly overLimit: string;
  readonly active: number;
  readonly owedMinor: number;
  readonly [column: string]: string | number;
}

/** Somebody without terms would have no limit, and a mistyped number would owe for nobody: neither buys on account here. */
export function readCustomer(shop: OpenShop, customer: string): Outcome<Customer> {
  const { book, record } = shop;
  const [row] = book.query<CustomerRow>(
    `SELECT c.currency, c.limitMinor, c.overLimit, c.active, coalesce(a.owedMinor, 0) AS owedMinor
     FROM customers c LEFT JOIN customerAccounts a ON a.scope = ? AND a.customer = c.customer AND a.currency = c.currency
     WHERE c.scope = 'hq' AND c.customer = ?`,
    [record.scope, customer],
  );
  if (row === undefined) return { ok: false, code: 'till/unknown-customer', message: customer };
  if (row.active === 0) return { ok: false, code: 'till/customer-stopped', message: customer };
  if (row.currency !== describeShop(shop).currency)
    return { ok: false, code: 'till/customer-currency', message: row.currency };
  const { limitMinor, owedMinor, overLimit } = row;
  return { ok: true, value: { customer, owedMinor, limitMinor, isRefusedAbove: overLimit === 'refuse' } };
}
