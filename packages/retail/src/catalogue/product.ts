/** Products and their variants, kept in `hq` for every branch to read. */
import { defineVerb, type Refusal, refuse, type Verb, type View } from '@tallystick/kernel';
import { taxClasses } from '@tallystick/ledger';
import { encodeCanonical } from '@tallystick/oplog';
import type { ProductSetArgs, RecipeSetArgs } from './args.ts';
import { encodeRecipe } from './recipe.ts';
import { productSetArgs, recipeSetArgs } from './schema.ts';
import { products } from './tables.ts';

/** Adds a product or replaces what is said of it. Its unit scale never changes, or its stock would change meaning. */
export const productSet: Verb<'product.set', ProductSetArgs> = defineVerb({
  name: 'product.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [products, taxClasses],
  args: productSetArgs,
  plan: (view, op, { options = [], parent = '', choices, taxClass = '', ...args }) => {
    const { sku, unitScale } = args;
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const before = view.get(products, { sku });
    if (before !== undefined && before.unitScale !== unitScale) {
      return refuse('retail/scale-mismatch', { sku, unitScale: before.unitScale, quantityScale: unitScale });
    }
    if (taxClass !== '' && view.get(taxClasses, { class: taxClass }) === undefined)
      return refuse('ledger/unknown-tax-class', { class: taxClass });
    const unfit = checkVariant(view, { sku, options, parent, choices });
    if (unfit !== undefined) return unfit;
    const said = { options: options.join(' '), parent, choices: encodeChoices(choices) };
    return [products.write({ ...args, ...said, taxClass, recipe: before?.recipe ?? '' })];
  },
});

interface Variant {
  readonly sku: string;
  readonly options: readonly string[];
  readonly parent: string;
  readonly choices: Readonly<Record<string, string>> | undefined;
}

/** A variant says something of each option of its parent, and has no variants of its own. */
function checkVariant(view: View, { sku, options, parent, choices = {} }: Variant): Refusal | undefined {
  const chosen = Object.keys(choices).sort().join(' ');
  if (parent === '') return chosen === '' ? undefined : refuse('retail/variant', { sku, parent, chosen });
  const above = view.get(products, { sku: parent });
  if (above === undefined) return refuse('retail/unknown-product', { sku: parent });
  const wanted = above.options.split(' ').sort().join(' ');
  if (options.length > 0 || above.parent !== '' || above.options === '' || chosen !== wanted) {
    return refuse('retail/variant', { sku, parent, wanted, chosen });
  }
  return undefined;
}

/** Canonical, so that the same choices are the same text. */
function encodeChoices(choices: Readonly<Record<string, string>> | undefined): string {
  return choices === undefined ? '' : encodeCanonical(choices);
}

/** Sets what a product is made of when it is sold, in force in a branch from the mark that includes it. */
export const recipeSet: Verb<'recipe.set', RecipeSetArgs> = defineVerb({
  name: 'recipe.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [products],
  args: recipeSetArgs,
  plan: (view, op, { sku, makes, parts }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const product = view.get(products, { sku });
    for (const known of [sku, ...parts.map((part) => part.sku)]) {
      if (view.get(products, { sku: known }) === undefined) return refuse('retail/unknown-product', { sku: known });
    }
    if (product === undefined) return refuse('retail/unknown-product', { sku });
    const skus = new Set(parts.map((part) => part.sku));
    // One level: a part leaves stock as itself, whatever is said of it, so that no recipe can turn in a circle.
    if (skus.size < parts.length || skus.has(sku)) return refuse('retail/recipe', { sku });
    return [products.write({ ...product, recipe: parts.length === 0 ? '' : encodeRecipe({ makes, parts }) })];
  },
});
