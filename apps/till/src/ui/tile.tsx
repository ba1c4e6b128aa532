// One product, and the colour of its category. What of it is in the cart shows as tally marks.
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import type { Product } from '../engine/port.ts';
import { countInCart } from '../model/cart.ts';
import { formatQuantity, formatUnitPrice, wholeUnitText } from '../model/money.ts';
import { useShop, useTill } from '../state/context.ts';
import { Tally } from './icons.tsx';

const hues = [155, 75, 250, 25, 300, 195, 110, 345];

export interface TileProps {
  readonly product: Product;
  readonly hue: number;
  readonly isTarget: boolean;
  readonly onAdd: (product: Product) => void;
}

export function Tile({ product, hue, isTarget, onAdd }: TileProps): VNode {
  const shop = useShop();
  const { cart } = useTill();
  // Whatever else is rung up leaves this tile as it is drawn.
  const inCart = useComputed(() => countInCart(cart.value, product.sku)).value;
  const price = formatUnitPrice(product.unitPriceMilliMinor, shop.currency);
  const stock = stockWords(product);
  return (
    <button
      type="button"
      class="tile"
      style={hueStyle(hue)}
      data-in-cart={inCart > 0}
      data-target={isTarget}
      onClick={() => onAdd(product)}
    >
      <span class="tile-name">{product.name}</span>
      {stock !== undefined && <span class="tile-stock">{stock}</span>}
      <span class="tile-foot">
        <span class="tile-price">
          {price}
          {product.unitScale > 0 && <small> per {wholeUnitText(product.unitScale)}</small>}
        </span>
        {inCart > 0 && (
          <span class="tile-count">
            <Tally count={inCart} />
            <span class="hidden">{inCart} in the cart</span>
          </span>
        )}
      </span>
    </button>
  );
}

function stockWords(product: Product): string | undefined {
  if (product.onHand === undefined) return undefined;
  if (product.onHand <= 0) return 'Sold out';
  const few = 5 * 10 ** product.unitScale;
  return product.onHand <= few ? `${formatQuantity(product.onHand, product.unitScale)} left` : undefined;
}

/** By the place of the category in the list of categories, so that neighbours differ. */
export function hueStyle(index: number): { '--hue': string } {
  return { '--hue': String(hues[Math.max(0, index) % hues.length]) };
}
