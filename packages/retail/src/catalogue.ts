/** The catalogue: products and list prices, kept in `hq` for every branch to read. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import type { PriceSetArgs, ProductSetArgs } from './args.ts';
import { priceSetArgs, productSetArgs } from './schema.ts';
import { prices, products } from './tables.ts';

/** Adds a product or replaces what is said of it. Its unit scale never changes, or its stock would change meaning. */
export const productSet: Verb<'product.set', ProductSetArgs> = defineVerb({
  name: 'product.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [products],
  args: productSetArgs,
  plan: (view, op, args) => {
    const { sku, unitScale } = args;
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const before = view.get(products, { sku });
    if (before !== undefined && before.unitScale !== unitScale) {
      return refuse('retail/scale-mismatch', { sku, unitScale: before.unitScale, quantityScale: unitScale });
    }
    return [products.write(args)];
  },
});

/** Sets the list price of a product in one currency. */
export const priceSet: Verb<'price.set', PriceSetArgs> = defineVerb({
  name: 'price.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [prices, products],
  args: priceSetArgs,
  plan: (view, op, args) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    if (view.get(products, { sku: args.sku }) === undefined) return refuse('retail/unknown-product', { sku: args.sku });
    return [prices.write(args)];
  },
});
