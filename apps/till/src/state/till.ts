// The interface's own state: what the engine last said, the cart being rung up, where the seller is. The cart is a draft,
// not a fact, so it is kept in localStorage and survives a reload; everything else comes from the engine.
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { closedState } from '../engine/closed-state.ts';
import type { Outcome, Product, Receipt, SaleRequest, TillEngine, TillState } from '../engine/port.ts';
import { type Cart, cartTotalMinor, emptyCart } from '../model/cart.ts';
import { changeMinor, type Payment } from '../model/tender.ts';
import { type DraftStore, parseDraft } from './draft.ts';

export type View = 'sell' | 'sales' | 'drawer' | 'till';

export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export interface Till {
  readonly engine: TillEngine;
  readonly state: ReadonlySignal<TillState>;
  readonly products: ReadonlySignal<readonly Product[] | undefined>;
  readonly cart: Signal<Cart>;
  readonly cartTotal: ReadonlySignal<number | undefined>;
  readonly view: Signal<View>;
  readonly toast: Signal<Toast | undefined>;
  /** Read out by screen readers, not shown. */
  readonly announcement: Signal<string>;
  readonly updateReady: Signal<(() => void) | undefined>;
  readonly persisted: Signal<boolean | undefined>;
  sell(payment: Payment): Promise<Outcome<Receipt>>;
  newCart(): void;
  clearCart(): void;
}

export function createTill(engine: TillEngine, drafts: DraftStore, newKey: () => string): Till {
  const state = signal<TillState>(closedState({ kind: 'starting' }));
  const products = signal<readonly Product[] | undefined>(undefined);
  const cart = signal<Cart>(parseDraft(drafts.load()) ?? emptyCart(newKey()));
  const toast = signal<Toast | undefined>(undefined);
  engine.subscribe((next) => {
    const wasWaiting = state.peek().phase.kind === 'waiting';
    // The tab that wrote until now may have left a cart behind.
    if (wasWaiting && next.phase.kind === 'open') cart.value = parseDraft(drafts.load()) ?? emptyCart(newKey());
    state.value = next;
  });
  engine.onCatalogue((next) => {
    products.value = next;
  });
  effect(() => drafts.save(JSON.stringify(cart.value)));

  const till: Till = {
    engine,
    state,
    products,
    cart,
    cartTotal: computed(() => cartTotalMinor(cart.value)),
    view: signal<View>('sell'),
    toast,
    announcement: signal(''),
    updateReady: signal<(() => void) | undefined>(undefined),
    persisted: signal<boolean | undefined>(undefined),
    sell: (payment) => engine.sell(saleRequest(cart.value, payment)),
    newCart: () => {
      cart.value = emptyCart(newKey());
    },
    clearCart: () => {
      const before = cart.value;
      if (before.lines.length === 0) return;
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

function saleRequest(cart: Cart, payment: Payment): SaleRequest {
  return { key: cart.key, lines: cart.lines, tenders: payment.tenders, changeMinor: changeMinor(payment) };
}

/**
 * A cart that survived a crash may be sold already: the flush can have happened while the answer was lost. Asks the book,
 * and starts a new cart when it was.
 */
export async function settleDraft(till: Till): Promise<Receipt | undefined> {
  const { key, lines } = till.cart.value;
  if (lines.length === 0) return undefined;
  const found = await till.engine.findSale(key);
  if (!found.ok || found.value === undefined || till.cart.value.key !== key) return undefined;
  till.newCart();
  return found.value;
}
