// Goods put by for a customer, who pays in parts and collects them. No verb of a layaway carries a key, so an entry is known by what it
// says and by being newer than every document that the seller knew of; an end by which device made it, because there is one.
import { openLayaways } from '@tallystick/retail';
import type { Entry, Found } from './entry.ts';
import { nextFiscal } from './fiscal.ts';
import { openDay } from './entitlements.ts';
import { readReceipt } from './documents.ts';
import { describeShop, documentReader, type OpenShop, readSession } from './open-shop.ts';
import type { EndedLayaway, Layaway, LayawayList, Receipt, Session } from './port.ts';
import type { CancelLayawayRequest, CollectLayawayRequest, OpenLayawayRequest, PayLayawayRequest } from './requests.ts';
import { noSession } from './sale-entries.ts';

/** Those that wait here, the oldest first. */
export function readLayaways(shop: OpenShop): LayawayList {
  const { book } = shop;
  const { currency } = describeShop(shop);
  const [policy] = book.query<{ readonly mostFeeMinor: number }>(
    "SELECT mostFeeMinor FROM layawayPolicies WHERE scope = 'hq' AND currency = ?",
    [currency],
  );
  return {
    layaways: openLayaways(book)
      .filter((one) => one.currency === currency)
      .map((one) => withGoods(shop, one)),
    newest: shop.newest.read(),
    mostFeeMinor: policy?.mostFeeMinor ?? 0,
  };
}

function withGoods(
  { book }: OpenShop,
  { layaway, number, day, customer, totalMinor, paidMinor }: Omit<Layaway, 'goods'>,
): Layaway {
  const rows = book.query<{ readonly name: string }>(
    "SELECT CASE name WHEN '' THEN sku ELSE name END AS name FROM documentLines WHERE document = ? ORDER BY line LIMIT 5",
    [layaway],
  );
  return { layaway, number, day, customer, totalMinor, paidMinor, goods: rows.map(({ name }) => name) };
}

function readLayaway(shop: OpenShop, id: string): Layaway | undefined {
  return readLayaways(shop).layaways.find(({ layaway }) => layaway === id);
}

export const openLayawayEntry: Entry<OpenLayawayRequest, Layaway> = {
  find: (shop, { customer, totalMinor, after }) =>
    newerThan(shop, after, "kind = 'layaway' AND customer = ? AND totalMinor = ?", [customer, totalMinor]),
  write: async (shop, { customer, lines }) =>
    shop.book.commit('layaway.open', {
      day: openDay(shop),
      currency: describeShop(shop).currency,
      taxIncluded: true,
      customer,
      lines: lines.map(({ lot: _, discountMinor: _off, promotion: _name, ...line }) => line),
    }),
  show: readLayaway,
};

export const payLayawayEntry: Entry<PayLayawayRequest, Layaway> = {
  find: (shop, { layaway, amountMinor, after }) =>
    newerThan(shop, after, "kind = 'layaway-payment' AND original = ? AND totalMinor = ?", [layaway, amountMinor]),
  write: async (shop, { layaway, amountMinor, tender }) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const tenders = [{ kind: tender, amountMinor }];
    return shop.book.commit('layaway.pay', { ...placeOf(shop, layaway, session), tenders });
  },
  show: (shop, _id, { layaway }) => readLayaway(shop, layaway),
};

/** It becomes a sale, with a number of its own. */
export const collectLayawayEntry: Entry<CollectLayawayRequest, Receipt> = {
  find: (shop, { layaway }) => endOf(shop, layaway, 'collected'),
  write: async (shop, { layaway, amountMinor, tender }) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const tenders = amountMinor === 0 ? [] : [{ kind: tender, amountMinor }];
    return shop.book.commit('layaway.collect', {
      ...placeOf(shop, layaway, session),
      tenders,
      ...nextFiscal(shop, 'sale'),
    });
  },
  show: (shop, id) => readReceipt(documentReader(shop), id, describeShop(shop)),
};

export const cancelLayawayEntry: Entry<CancelLayawayRequest, EndedLayaway> = {
  find: (shop, { layaway }) => endOf(shop, layaway, 'cancelled'),
  write: async (shop, { layaway, backMinor, feeMinor, tender, reason }) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    const tenders = backMinor === 0 ? [] : [{ kind: tender, amountMinor: backMinor }];
    return shop.book.commit('layaway.cancel', {
      ...placeOf(shop, layaway, session),
      tenders,
      reason,
      ...(feeMinor === 0 ? {} : { feeMinor }),
    });
  },
  show: ({ book, record }, id) => {
    const [row] = book.query<{ readonly number: string; readonly backMinor: number }>(
      'SELECT number, 0 - totalMinor AS backMinor FROM documents WHERE scope = ? AND id = ?',
      [record.scope, id],
    );
    return row;
  },
};

interface Place {
  readonly layaway: string;
  readonly day: string;
  readonly currency: string;
  readonly session: string;
}

function placeOf(shop: OpenShop, layaway: string, session: Session): Place {
  return { layaway, day: openDay(shop), currency: describeShop(shop).currency, session: session.id };
}

function newerThan(
  { book, record }: OpenShop,
  after: string,
  condition: string,
  params: readonly (string | number)[],
): Found | undefined {
  const [row] = book.query<{ readonly id: string }>(
    `SELECT id FROM documents WHERE scope = ? AND device = ? AND id > ? AND ${condition} ORDER BY id LIMIT 1`,
    [record.scope, book.device, after, ...params],
  );
  return row === undefined ? undefined : { ok: true, id: row.id };
}

function endOf({ book, record }: OpenShop, layaway: string, outcome: string): Found | undefined {
  const [row] = book.query<{ readonly id: string }>(
    'SELECT [by] AS id FROM layawayEnds WHERE scope = ? AND layaway = ? AND outcome = ? AND device = ?',
    [record.scope, layaway, outcome, book.device],
  );
  return row === undefined ? undefined : { ok: true, id: row.id };
}
