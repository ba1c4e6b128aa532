/** Recipes: what leaves stock when a product is sold that is made at the counter. A row of `products` holds one as JSON. */
import { roundHalfAway } from '@tallystick/ledger';
import { encodeCanonical } from '@tallystick/oplog';
import { maxQuantity } from '../price.ts';
import type { RecipePart } from './args.ts';

export interface Recipe {
  readonly makes: number;
  readonly parts: readonly RecipePart[];
}

/** `[makes, [[sku, quantity], ...]]`: arrays, whose order is the text's. */
export function encodeRecipe({ makes, parts }: Recipe): string {
  return encodeCanonical([makes, parts.map(({ sku, quantity }) => [sku, quantity])]);
}

/** The text of a row that `recipe.set` wrote. */
export function decodeRecipe(text: string): Recipe {
  const [makes, parts] = JSON.parse(text) as [number, [string, number][]];
  return { makes, parts: parts.map(([sku, quantity]) => ({ sku, quantity })) };
}

/** How much of each part so many units of the product take, rounded once per part; undefined out of range. */
export function partsOf({ makes, parts }: Recipe, quantity: number): readonly RecipePart[] | undefined {
  const taken: RecipePart[] = [];
  for (const part of parts) {
    const moved = roundHalfAway(BigInt(part.quantity) * BigInt(quantity), makes);
    if (moved === undefined || Math.abs(moved) > maxQuantity) return undefined;
    taken.push({ sku: part.sku, quantity: moved });
  }
  return taken;
}
