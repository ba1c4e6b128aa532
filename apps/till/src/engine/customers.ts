// Customers who buy on account: what the till asks about one of them, and what one pays.
import { businessDay } from '../model/business-day.ts';
import { findByKey } from './documents.ts';
import type { Entry } from './entry.ts';
import { describeShop, documentReader, type OpenShop, readSession } from './open-shop.ts';
import type { AccountPayment, Customer, Outcome } from './port.ts';
import type { AccountPaymentRequest } from './requests.ts';
import { noSession } from './sale-entries.ts';

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
  if (row.currency !== describeShop(shop).currency)
    return { ok: false, code: 'till/customer-currency', message: row.currency };
  const { limitMinor, owedMinor, overLimit, active } = row;
  const terms = { isActive: active === 1, isRefusedAbove: overLimit === 'refuse' };
  return { ok: true, value: { customer, owedMinor, limitMinor, ...terms } };
}

/** Known by its key, for good: under it another payment is refused. */
export const payAccountEntry: Entry<AccountPaymentRequest, AccountPayment> = {
  find: (shop, request) => {
    const id = findByKey(documentReader(shop), request.key);
    if (id === undefined) return undefined;
    const paid = readPayment(shop, id);
    const isSame =
      paid?.customer === request.customer && paid.amountMinor === request.amountMinor && paid.tender === request.tender;
    return isSame ? { ok: true, id } : { ok: false, code: 'till/key-used', message: paid?.number ?? id };
  },
  write: async (shop, { key, customer, amountMinor, tender }) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const day = businessDay(new Date(), session.openedDay);
    const { currency } = describeShop(shop);
    const tenders = [{ kind: tender, amountMinor }];
    return shop.book.commit('account.pay', { customer, day, currency, session: session.id, tenders, external: key });
  },
  show: readPayment,
};

interface PaymentRow {
  readonly number: string;
  readonly customer: string;
  readonly amountMinor: number;
  readonly tender: AccountPayment['tender'];
  readonly owedMinor: number;
  readonly [column: string]: string | number;
}

function readPayment({ book, record }: OpenShop, id: string): AccountPayment | undefined {
  const [row] = book.query<PaymentRow>(
    `SELECT d.number, d.customer, d.totalMinor AS amountMinor, t.kind AS tender, coalesce(a.owedMinor, 0) AS owedMinor
     FROM documents d JOIN tenders t ON t.scope = d.scope AND t.document = d.id
     JOIN customerEntries e ON e.scope = d.scope AND e.document = d.id
     LEFT JOIN customerAccounts a ON a.scope = d.scope AND a.customer = e.customer AND a.currency = d.currency
     WHERE d.scope = ? AND d.id = ? AND d.kind = 'account-payment'`,
    [record.scope, id],
  );
  return row;
}
