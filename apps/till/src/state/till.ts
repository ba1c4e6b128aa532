// The interface's own state: what the engine last said, the cart being rung up, where the seller is. The cart is a draft,
// not a fact, so it is kept in localStorage and survives a reload; everything else comes from the engine.
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { closedState } from '../engine/closed-state.ts';
import {
  type CustomerPrices,
  type Outcome,
  outcomeUnknown,
  type Product,
  type Receipt,
  type Saved,
  type TillEngine,
  type TillState,
} from '../engine/port.ts';
import type { SaleRequest } from '../engine/requests.ts';
import { type Cart, cartTotalMinor, emptyCart, type Exchange, repriced } from '../model/cart.ts';
import type { Counted } from '../model/count.ts';
import { type Offer, offeredLines } from '../model/offers.ts';
import type { SaleLine } from '../model/sale-line.ts';
import { changeMinor, type Payment } from '../model/tender.ts';
import { createCartTerms, pricedFor } from './cart-terms.ts';
import { type DraftStore, parseDraft } from './draft.ts';

/** What a person wants to do about this till's key. */
export type KeyTask = 'change' | 'go-on';

export type View = 'sell' | 'sales' | 'drawer' | 'till';

export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** What was asked for without an answer. */
interface Doubt {
  readonly key: string;
  /** Asks the book what became of it. */
  lookUp(): Promise<Outcome<Saved<Receipt>>>;
}

export interface Till {
  readonly engine: TillEngine;
  readonly state: ReadonlySignal<TillState>;
  readonly products: ReadonlySignal<readonly Product[] | undefined>;
  readonly cart: Signal<Cart>;
  /** The cart's lines with what the offers in force take off them: what is charged. */
  readonly lines: ReadonlySignal<readonly SaleLine[]>;
  readonly offers: ReadonlySignal<readonly Offer[]>;
  /** Of the customer who is named in the cart. */
  readonly customerPrices: ReadonlySignal<CustomerPrices | undefined>;
  /** Of the codes in the cart. */
  readonly couponOffers: ReadonlySignal<readonly Offer[]>;
  readonly cartTotal: ReadonlySignal<number | undefined>;
  /** What was counted of goods so far, by sku, in a count that is neither saved nor given up. */
  readonly counted: Signal<Counted>;
  readonly view: Signal<View>;
  /** The dialog about the key that is open. */
  readonly keyTask: Signal<KeyTask | undefined>;
  readonly toast: Signal<Toast | undefined>;
  /** Read out by screen readers, not shown. */
  readonly announcement: Signal<string>;
  readonly updateReady: Signal<(() => void) | undefined>;
  readonly persisted: Signal<boolean | undefined>;
  /** What went wrong in the engine when the screen may be behind what is saved. */
  readonly trouble: ReadonlySignal<string | undefined>;
  /** The sale of which nobody knows yet whether it was saved. */
  readonly doubt: ReadonlySignal<Doubt | undefined>;
  /** Sells these lines of the cart: those that were there when the payment began, whatever offers come or go meanwhile. */
  sell(payment: Payment, lines: readonly SaleLine[]): Promise<Outcome<Saved<Receipt>>>;
  /** Asks the book what became of the sale in doubt. */
  lookAgain(): Promise<Outcome<Saved<Receipt>>>;
  newCart(): void;
  clearCart(): void;
  /** Says whose cart it is, or that it is nobody's. */
  nameCustomer(customer: string | undefined): void;
  setCoupons(coupons: readonly string[]): void;
  /** What is in the cart leaves for goods that come back; undefined makes it a sale again. */
  beginExchange(exchange: Exchange | undefined): void;
  /** Makes what is in the cart another sale than the one its key stands for. */
  renewKey(): void;
}

export function createTill(engine: TillEngine, drafts: DraftStore, newKey: () => string): Till {
  const state = signal<TillState>(closedState({ kind: 'starting' }));
  const shopProducts = signal<readonly Product[] | undefined>(undefined);
  const cart = signal<Cart>(parseDraft(drafts.load()) ?? emptyCart(newKey()));
  const toast = signal<Toast | undefined>(undefined);
  const counted = signal<Counted>({});
  engine.subscribe((next) => {
    // A count that is done, also by whoever settled this van, says nothing of the next one.
    if (state.peek().isCounting && next.phase.kind === 'open' && !next.isCounting) counted.value = {};
    const wasWaiting = state.peek().phase.kind === 'waiting';
    if (state.peek().phase.kind === 'first-run' && next.phase.kind === 'open' && cart.peek().lines.length > 0)
      cart.value = { ...cart.peek(), isOlderThanBook: true };
    // The tab that wrote until now may have left a cart behind.
    if (wasWaiting && next.phase.kind === 'open') cart.value = parseDraft(drafts.load()) ?? emptyCart(newKey());
    state.value = next;
  });
  engine.onCatalogue((next) => {
    shopProducts.value = next;
  });
  const shopOffers = signal<readonly Offer[]>([]);
  engine.onOffers((next) => {
    shopOffers.value = next;
  });
  const terms = createCartTerms({ engine, cart, products: shopProducts, shopOffers });
  const products = computed(() => pricedFor(shopProducts.value, terms.prices.value));
  const offers = computed(() => [...shopOffers.value, ...terms.offers.value]);
  // Whoever is named, or no longer is, pays their own prices for what is in the cart already.
  effect(() => {
    const priced = pricedFor(shopProducts.peek(), terms.prices.value);
    if (priced !== undefined) cart.value = repriced(cart.peek(), priced);
  });
  const categories = computed(() => new Map((products.value ?? []).map(({ sku, category }) => [sku, category])));
  const lines = computed(() => offeredLines(cart.value.lines, offers.value, (sku) => categories.value.get(sku) ?? ''));
  const trouble = signal<string | undefined>(undefined);
  engine.onTrouble((next) => {
    trouble.value = next;
  });
  const doubt = signal<Doubt | undefined>(undefined);
  effect(() => drafts.save(JSON.stringify(cart.value)));
  // What was cleared does not come back on top of the next customer's goods.
  effect(() => {
    if (cart.value.lines.length > 0 && toast.peek()?.action !== undefined) toast.value = undefined;
  });

  const heard = async (asked: Doubt, answer: Promise<Outcome<Saved<Receipt>>>): Promise<Outcome<Saved<Receipt>>> => {
    const outcome = await answer;
    const isUnknown = !outcome.ok && outcome.code === outcomeUnknown;
    doubt.value = isUnknown ? asked : undefined;
    if (outcome.ok && cart.value.key === asked.key) till.newCart();
    return outcome;
  };

  const till: Till = {
    engine,
    state,
    products,
    cart,
    lines,
    offers,
    customerPrices: terms.prices,
    couponOffers: terms.offers,
    cartTotal: computed(() => cartTotalMinor({ ...cart.value, lines: lines.value })),
    counted,
    view: signal<View>('sell'),
    keyTask: signal<KeyTask | undefined>(undefined),
    toast,
    announcement: signal(''),
    updateReady: signal<(() => void) | undefined>(undefined),
    persisted: signal<boolean | undefined>(undefined),
    trouble,
    doubt,
    sell: async (payment, sold) => {
      const request = saleRequest(cart.value, sold, payment);
      const { key } = request;
      const { exchange } = cart.value;
      if (exchange === undefined) {
        const lookUp = (): Promise<Outcome<Saved<Receipt>>> => engine.lookUp('sell', request);
        return heard({ key, lookUp }, engine.sell(request));
      }
      const { document, reason } = exchange;
      const back = exchange.back.map(({ line, quantity }) => ({ line, quantity }));
      const exchanged = { ...request, document, reason, back };
      const lookUp = (): Promise<Outcome<Saved<Receipt>>> => engine.lookUp('exchange', exchanged);
      return heard({ key, lookUp }, engine.exchange(exchanged));
    },
    lookAgain: async () => {
      const asked = doubt.value;
      if (asked === undefined) return { ok: false, code: 'till/not-saved', message: 'Nothing is in doubt.' };
      return heard(asked, asked.lookUp());
    },
    newCart: () => {
      cart.value = emptyCart(newKey());
    },
    renewKey: () => {
      const { isOlderThanBook: _, ...rest } = cart.value;
      cart.value = { ...rest, key: newKey() };
    },
    nameCustomer: (customer) => {
      const { customer: _, ...rest } = cart.value;
      cart.value = customer === undefined ? rest : { ...rest, customer };
    },
    setCoupons: (coupons) => {
      const { coupons: _, ...rest } = cart.value;
      cart.value = coupons.length === 0 ? rest : { ...rest, coupons };
    },
    beginExchange: (exchange) => {
      const { exchange: _, ...rest } = cart.value;
      cart.value = exchange === undefined ? rest : { ...rest, exchange };
    },
    clearCart: () => {
      const before = cart.value;
      if (before.lines.length === 0 && before.exchange === undefined) return;
      cart.value = emptyCart(newKey());
      const undo = { label: 'Undo', run: () => restoreCart(cart, before) };
      toast.value = { text: 'Cart cleared', action: undo };
    },
  };
  return till;
}

function restoreCart(cart: Signal<Cart>, before: Cart): void {
  if (cart.value.lines.length === 0) cart.value = before;
}

function saleRequest(
  { key, customer, coupons, isOlderThanBook }: Cart,
  lines: readonly SaleLine[],
  payment: Payment,
): SaleRequest {
  // Whoever owes it is whose sale it is.
  const whose = payment.customer ?? customer;
  return {
    key,
    lines,
    tenders: payment.tenders,
    changeMinor: changeMinor(payment),
    ...(whose === undefined ? {} : { customer: whose }),
    ...(coupons === undefined ? {} : { coupons }),
    ...(isOlderThanBook === undefined ? {} : { isOlderThanBook }),
  };
}

/**
 * A cart that survived a crash may be sold already: the flush can have happened while the answer was lost. Asks the book,
 * and starts a new cart when it was.
 */
export async function settleDraft(till: Till): Promise<Outcome<Receipt | undefined>> {
  const { key, lines } = till.cart.value;
  if (lines.length === 0) return { ok: true, value: undefined };
  const found = await till.engine.findSale(key);
  if (found.ok && found.value !== undefined && till.cart.value.key === key) till.newCart();
  return found;
}
