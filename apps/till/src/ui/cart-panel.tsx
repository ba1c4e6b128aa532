// The cart: lines with their quantity, the total, and the one button that matters.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { countItems, type Exchange, lineTotalMinor, oneOf, removeLine, setQuantity } from '../model/cart.ts';
import { formatMoney, formatQuantity, formatUnitPrice } from '../model/money.ts';
import type { SaleLine } from '../model/sale-line.ts';
import { useShop, useTill } from '../state/context.ts';
import { Icon } from './icons.tsx';
import { WithCounterScreens, WithLayawayScreens, WithReturnScreens } from './loaded.tsx';
import { QuantityDialog } from './quantity-dialog.tsx';

export function CartPanel({ onCharge }: { readonly onCharge: () => void }): VNode {
  const till = useTill();
  const lines = till.lines.value;
  const [editing, setEditing] = useState<number>();
  const edited = editing === undefined ? undefined : lines[editing];
  const [isNaming, setNaming] = useState(false);
  const [isPuttingBy, setPuttingBy] = useState(false);
  const [isReturning, setReturning] = useState(false);
  const { exchange } = till.cart.value;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }, [lines.length]);
  const change = (at: number, quantity: number): void => {
    till.cart.value = setQuantity(till.cart.value, at, quantity);
  };
  const remove = (at: number): void => {
    till.announcement.value = `${lines[at]?.name ?? 'Line'} removed`;
    till.cart.value = removeLine(till.cart.value, at);
  };
  return (
    <div class="cart">
      <header class="cart-head">
        <h2>Cart</h2>
        <div class="cart-tools">
          <button type="button" class="button button-quiet" onClick={() => setNaming(true)}>
            {till.cart.value.customer ?? 'Customer'}
          </button>
          {lines.length > 0 && exchange === undefined && (
            <>
              <button type="button" class="button button-quiet" onClick={() => setPuttingBy(true)}>
                Put by
              </button>
              <button type="button" class="button button-quiet" onClick={() => setReturning(true)}>
                Take back
              </button>
            </>
          )}
          {(lines.length > 0 || exchange !== undefined) && (
            <button type="button" class="button button-quiet" onClick={till.clearCart}>
              Clear
            </button>
          )}
        </div>
      </header>
      {exchange !== undefined && <ComesBack exchange={exchange} />}
      {lines.length === 0 ? (
        <EmptyCart />
      ) : (
        <ul class="cart-lines" ref={list}>
          {lines.map((line, at) => (
            <CartRow
              key={`${line.sku} ${line.unitPriceMilliMinor} ${line.lot ?? ''}`}
              line={line}
              onChange={(quantity) => change(at, quantity)}
              onEdit={() => setEditing(at)}
              onRemove={() => remove(at)}
            />
          ))}
        </ul>
      )}
      <CartFoot onCharge={onCharge} />
      {isNaming && (
        <WithCounterScreens show={({ CartTermsDialog }) => <CartTermsDialog onClose={() => setNaming(false)} />} />
      )}
      {isPuttingBy && (
        <WithLayawayScreens show={({ PutByDialog }) => <PutByDialog onClose={() => setPuttingBy(false)} />} />
      )}
      {isReturning && (
        <WithReturnScreens show={({ OpenReturnDialog }) => <OpenReturnDialog onClose={() => setReturning(false)} />} />
      )}
      {editing !== undefined && edited !== undefined && (
        <QuantityDialog
          title={edited.name}
          scale={edited.quantityScale}
          start={formatQuantity(edited.quantity, edited.quantityScale, 'en').replaceAll(',', '')}
          onClose={() => setEditing(undefined)}
          onRemove={() => {
            remove(editing);
            setEditing(undefined);
          }}
          onQuantity={(quantity) => {
            change(editing, quantity);
            setEditing(undefined);
          }}
        />
      )}
    </div>
  );
}

/** What comes back in an exchange, above what leaves. */
function ComesBack({ exchange }: { readonly exchange: Exchange }): VNode {
  const till = useTill();
  const { currency } = useShop();
  return (
    <section class="cart-back" aria-label="Comes back">
      <p class="named">
        <span>Exchange of {exchange.number}</span>
        <button
          type="button"
          class="icon-button"
          aria-label="Drop the exchange"
          onClick={() => till.beginExchange(undefined)}
        >
          <Icon name="close" size={18} />
        </button>
      </p>
      <ul>
        {exchange.back.map(({ line, name, quantity, quantityScale, amountMinor }) => (
          <li key={line}>
            <span>
              {formatQuantity(quantity, quantityScale)} × {name}
            </span>
            <span>{formatMoney(-amountMinor, currency)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface CartRowProps {
  readonly line: SaleLine;
  readonly onChange: (quantity: number) => void;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

function CartRow({ line, onChange, onEdit, onRemove }: CartRowProps): VNode {
  const shop = useShop();
  const one = oneOf({ unitScale: line.quantityScale });
  const quantity = formatQuantity(line.quantity, line.quantityScale);
  const isLast = line.quantity <= one;
  return (
    <li class="cart-line">
      <span class="cart-name">{line.name}</span>
      <span class="cart-amount">{formatMoney(lineTotalMinor(line), shop.currency)}</span>
      <span class="cart-each">
        {formatUnitPrice(line.unitPriceMilliMinor, shop.currency)}
        {line.lot !== undefined && `, lot ${line.lot}`}
        <OfferWords line={line} />
      </span>
      <span class="stepper" role="group" aria-label={`Quantity of ${line.name}`}>
        <button
          type="button"
          aria-label={isLast ? `Remove ${line.name}` : `One less ${line.name}`}
          onClick={() => (isLast ? onRemove() : onChange(line.quantity - one))}
        >
          <Icon name={isLast ? 'trash' : 'minus'} size={18} />
        </button>
        <button type="button" class="stepper-value" aria-label={`${quantity}, edit quantity`} onClick={onEdit}>
          {quantity}
        </button>
        <button type="button" aria-label={`One more ${line.name}`} onClick={() => onChange(line.quantity + one)}>
          <Icon name="plus" size={18} />
        </button>
      </span>
    </li>
  );
}

/** What an offer takes off the line, by the offer's name. */
function OfferWords({ line: { promotion, discountMinor = 0 } }: { readonly line: SaleLine }): VNode | null {
  const till = useTill();
  const { currency } = useShop();
  if (discountMinor === 0) return null;
  const name = till.offers.value.find((offer) => offer.promotion === promotion)?.name ?? 'Offer';
  return (
    <strong class="offer">
      {name}: {formatMoney(-discountMinor, currency)}
    </strong>
  );
}

function CartFoot({ onCharge }: { readonly onCharge: () => void }): VNode {
  const till = useTill();
  const shop = useShop();
  const total = till.cartTotal.value;
  const items = countItems(till.cart.value);
  return (
    <footer class="cart-foot">
      <div class="cart-total">
        <span>{items === 0 ? 'Total' : `Total, ${items} ${items === 1 ? 'item' : 'items'}`}</span>
        <output>{total === undefined ? 'Too large' : formatMoney(total, shop.currency)}</output>
      </div>
      <button
        type="button"
        class="button button-primary button-charge"
        disabled={items === 0 || total === undefined}
        onClick={onCharge}
      >
        {total !== undefined && total < 0 ? 'Pay back' : 'Charge'}
        {items > 0 && total !== undefined && <span>{formatMoney(Math.abs(total), shop.currency)}</span>}
      </button>
    </footer>
  );
}

function EmptyCart(): VNode {
  return (
    <div class="empty empty-cart">
      <svg width="72" height="40" viewBox="0 0 72 40" aria-hidden="true">
        <path d="M12 6v28M24 6v28M36 6v28M48 6v28" />
        <path d="M4 27 60 11" />
      </svg>
      <p>Tap an article, scan a code, or just start typing.</p>
      <p class="keys">
        <kbd>Enter</kbd> adds the first match, <kbd>3*</kbd> before it adds three, <kbd>Enter</kbd> again charges.
      </p>
    </div>
  );
}
