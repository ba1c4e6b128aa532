/**
 * A person at a till: turns an action of a day into the request that a till would make from what its own book shows at that moment, and
 * commits it. What the book then refuses is part of the day.
 */
import type { Book, Commit } from '@tallystick/kernel';
import { ledgerVerbs } from '@tallystick/ledger';
import { priceLines, type RefundLine, retailVerbs, type SaleLine, type Tender } from '@tallystick/retail';
import type { Action, Payment, Picked } from './day.ts';
import { priceSetArgs, productSetArgs, type Shop, type ShopProduct } from './shop.ts';

/** Everything a shop needs. */
export const shopVerbs: readonly [...typeof ledgerVerbs, ...typeof retailVerbs] = [...ledgerVerbs, ...retailVerbs];

/** A book of a shop; a book that has further verbs is one too. */
export type ShopBook = Book<typeof shopVerbs>;

/** `shared`: every device works on the same goods, sales and sessions. `own`: each keeps to its own, so that nothing crosses. */
export type Crossing = 'shared' | 'own';

export interface Trader {
  readonly book: ShopBook;
  readonly shop: Shop;
  /** The fleet index of this device, and how many there are: they divide the goods when the work does not cross. */
  readonly device: number;
  readonly devices: number;
  readonly crossing: Crossing;
  nowMs(): number;
}

type Request = Parameters<ShopBook['commitAll']>[0][number];

/** Does one action. Undefined when there is nothing to do it to: no sale to void yet, no session to close. */
export async function perform(trader: Trader, action: Action): Promise<Commit | undefined> {
  const request = requestOf(trader, action);
  if (request === undefined) return undefined;
  const [commit] = await trader.book.commitAll([request]);
  return commit;
}

function requestOf(trader: Trader, action: Action): Request | undefined {
  const trade = { day: dayOf(trader.nowMs()), currency: trader.shop.currency };
  switch (action.kind) {
    case 'sale':
      return saleRequest(trader, action.lines, action.payment);
    case 'refund':
      return refundRequest(trader, action);
    case 'return':
      return returnRequest(trader, action.lines);
    case 'void': {
      const document = pickSale(trader, action.sale);
      if (document === undefined) return undefined;
      return { verb: 'sale.void', args: { document, day: trade.day, reason: 'wrong goods', ...sessionOf(trader) } };
    }
    case 'receive': {
      const lines = action.lines.map((line) => {
        const { unitPriceMilliMinor, ...goods } = goodsLine(pickProduct(trader, line.product), line.quantity);
        return { ...goods, unitCostMilliMinor: Math.floor(unitPriceMilliMinor / 2) };
      });
      return { verb: 'stock.receive', args: { ...trade, lines, reference: 'DN-1' } };
    }
    case 'adjust': {
      const line = goodsLine(pickProduct(trader, action.line.product), action.line.quantity);
      const lines = [{ ...line, quantity: action.lost ? -line.quantity : line.quantity }];
      return { verb: 'stock.adjust', args: { ...trade, lines, reason: action.lost ? 'broken' : 'found' } };
    }
    case 'charge': {
      const { quantity, unitPriceMilliMinor } = action;
      const lines = [{ sku: 'FEE', name: 'fee', quantity, unitPriceMilliMinor }];
      return { verb: 'charge.adjust', args: { ...trade, lines, account: '6100', reason: 'fee' } };
    }
    case 'open-session':
      return { verb: 'session.open', args: { ...trade, floatMinor: action.floatMinor } };
    case 'close-session':
      return closeRequest(trader, action.session, action.overMinor);
    case 'set-product': {
      const product = pickProduct(trader, action.product);
      return { verb: 'product.set', args: { ...productSetArgs(product), negativeStock: action.negativeStock } };
    }
    case 'set-price': {
      const { sku } = pickProduct(trader, action.product);
      return {
        verb: 'price.set',
        args: { sku, currency: trade.currency, unitPriceMilliMinor: action.unitPriceMilliMinor },
      };
    }
  }
}

/** Puts the shop's catalogue and prices into the book. */
export function stockShelves(book: ShopBook, shop: Shop): Promise<Commit[]> {
  return book.commitAll(
    shop.products.flatMap((product): Request[] => [
      { verb: 'product.set', args: productSetArgs(product) },
      { verb: 'price.set', args: priceSetArgs(shop, product) },
    ]),
  );
}

function saleRequest(trader: Trader, picks: readonly Picked[], payment: Payment): Request | undefined {
  const { shop } = trader;
  const lines = picks.map(({ product, quantity }) => taxedLine(pickProduct(trader, product), quantity));
  const priced = priceLines(lines, shop.taxIncluded);
  if ('code' in priced) return undefined;
  const totalMinor = priced.amountMinor + priced.taxMinor;
  return {
    verb: 'sale.complete',
    args: {
      day: dayOf(trader.nowMs()),
      currency: shop.currency,
      ...sessionOf(trader),
      taxIncluded: shop.taxIncluded,
      lines,
      ...paidBy(payment, totalMinor),
    },
  };
}

function paidBy(payment: Payment, totalMinor: number): { tenders: Tender[]; changeMinor?: number } {
  switch (payment) {
    case 'cash-over':
      return { tenders: [{ kind: 'cash', amountMinor: totalMinor + 37 }], changeMinor: 37 };
    case 'split': {
      const cashMinor = Math.floor(totalMinor / 3);
      return {
        tenders: [
          { kind: 'cash', amountMinor: cashMinor },
          { kind: 'card', amountMinor: totalMinor - cashMinor },
        ],
      };
    }
    case 'short':
      return { tenders: [{ kind: 'cash', amountMinor: Math.max(0, totalMinor - 1) }] };
    case 'cash':
    case 'card':
    case 'account':
      return { tenders: [{ kind: payment, amountMinor: totalMinor }] };
  }
}

interface SoldRow {
  readonly line: number;
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale: number;
  readonly unitPriceMilliMinor: number;
  readonly taxRateBasisPoints: number;
  readonly [column: string]: number | string;
}

/** Gives back a part of a line, or more than was sold: then the book must refuse. */
function refundRequest(
  trader: Trader,
  action: { readonly sale: number; readonly line: number; readonly quantity: number },
): Request | undefined {
  const original = pickSale(trader, action.sale);
  if (original === undefined) return undefined;
  const rows = trader.book.query<SoldRow>(
    'SELECT line, sku, name, quantity, quantityScale, unitPriceMilliMinor, taxRateBasisPoints FROM documentLines WHERE document = ? ORDER BY line',
    [original],
  );
  const sold = rows[action.line % Math.max(1, rows.length)];
  if (sold === undefined) return undefined;
  const lines: RefundLine[] = [{ ...sold, quantity: action.quantity }];
  return refund(trader, lines, original);
}

function returnRequest(trader: Trader, picks: readonly Picked[]): Request | undefined {
  return refund(
    trader,
    picks.map(({ product, quantity }) => taxedLine(pickProduct(trader, product), quantity)),
    undefined,
  );
}

function refund(trader: Trader, lines: readonly RefundLine[], original: string | undefined): Request | undefined {
  const { shop } = trader;
  const priced = priceLines(lines, shop.taxIncluded);
  if ('code' in priced) return undefined;
  return {
    verb: 'sale.refund',
    args: {
      day: dayOf(trader.nowMs()),
      currency: shop.currency,
      ...sessionOf(trader),
      taxIncluded: shop.taxIncluded,
      ...(original === undefined ? {} : { original }),
      lines,
      tenders: [{ kind: 'cash', amountMinor: priced.amountMinor + priced.taxMinor }],
      reason: 'not as expected',
    },
  };
}

function closeRequest(trader: Trader, pick: number, overMinor: number): Request | undefined {
  const { book, crossing } = trader;
  const own = crossing === 'own' ? 'AND device = ?' : '';
  const open = book.query<{ id: string; currency: string }>(
    `SELECT id, currency FROM sessions WHERE state = 'open' ${own} ORDER BY id`,
    crossing === 'own' ? [book.device] : [],
  );
  const session = open[pick % Math.max(1, open.length)];
  if (session === undefined) return undefined;
  const drawer = book.query<{ amountMinor: number }>('SELECT amountMinor FROM drawers WHERE session = ?', [session.id]);
  const countedMinor = Math.max(0, (drawer[0]?.amountMinor ?? 0) + overMinor);
  return { verb: 'session.close', args: { session: session.id, countedMinor, day: dayOf(trader.nowMs()) } };
}

function sessionOf({ book }: Trader): { session?: string } {
  const rows = book.query<{ session: string }>('SELECT session FROM deviceSessions WHERE device = ?', [book.device]);
  const session = rows[0]?.session ?? '';
  return session === '' ? {} : { session };
}

function pickSale({ book, crossing }: Trader, pick: number): string | undefined {
  const own = crossing === 'own' ? 'AND device = ?' : '';
  const rows = book.query<{ id: string }>(
    `SELECT id FROM documents WHERE kind = 'sale' ${own} ORDER BY id`,
    crossing === 'own' ? [book.device] : [],
  );
  return rows[pick % Math.max(1, rows.length)]?.id;
}

function pickProduct({ shop, crossing, device, devices }: Trader, pick: number): ShopProduct {
  const { products } = shop;
  const own = products.filter((_product, index) => index % devices === device);
  const shelf = crossing === 'own' && own.length > 0 ? own : products;
  return shelf[pick % shelf.length] as ShopProduct;
}

function goodsLine({ sku, name, unitScale, unitPriceMilliMinor }: ShopProduct, units: number): SaleLine {
  const quantity = units * 10 ** unitScale;
  return { sku, name, quantity, ...(unitScale === 0 ? {} : { quantityScale: unitScale }), unitPriceMilliMinor };
}

function taxedLine(product: ShopProduct, units: number): SaleLine {
  const { taxRateBasisPoints } = product;
  return { ...goodsLine(product, units), ...(taxRateBasisPoints === 0 ? {} : { taxRateBasisPoints }) };
}

/** The business day, which for these shops is the day in UTC. */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
