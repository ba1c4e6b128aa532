/** The catalogue's registers, all in `hq`: the last op in order wins, and what was said before stays in `<name>_history`. */
import { type RegisterTable, registerTable } from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

const productColumns = {
  name: 'text',
  category: 'text',
  unitScale: 'integer',
  taxRateBasisPoints: 'integer',
  taxClass: 'text',
  negativeStock: 'text',
  active: 'integer',
  options: 'text',
  parent: 'text',
  choices: 'text',
  recipe: 'text',
} as const;

/**
 * Products. Quantities of one count units of 10^-unitScale. `options` are the words that its variants differ in, between spaces; a variant names its
 * `parent` and its `choices` as JSON (`choices ->> 'size'`); `recipe` is JSON, see recipe.ts. What does not apply is ''.
 */
export const products: RegisterTable<{ sku: Text }, typeof productColumns> = registerTable('products', {
  key: { sku: 'text' },
  columns: productColumns,
});

/** Prices by list ('' is the shop's own) and first day ('' is since ever), in thousandths of a minor unit. */
export const prices: RegisterTable<
  { list: Text; sku: Text; currency: Text; fromDay: Text },
  { unitPriceMilliMinor: Int }
> = registerTable('prices', {
  key: { list: 'text', sku: 'text', currency: 'text', fromDay: 'text' },
  columns: { unitPriceMilliMinor: 'integer' },
});

/** What a barcode stands for: so many units of a product. A GTIN stands here with its 14 digits. */
export const barcodes: RegisterTable<{ barcode: Text }, { sku: Text; quantity: Int }> = registerTable('barcodes', {
  key: { barcode: 'text' },
  columns: { sku: 'text', quantity: 'integer' },
});

const promotionColumns = {
  name: 'text',
  fromDay: 'text',
  untilDay: 'text',
  endedDay: 'text',
  kind: 'text',
  basisPoints: 'integer',
  take: 'integer',
  pay: 'integer',
  sku: 'text',
  category: 'text',
  coupon: 'text',
} as const;

/** Promotions. Only `endedDay` ever changes, so that what a sale may claim does not. */
export const promotions: RegisterTable<{ promotion: Text }, typeof promotionColumns> = registerTable('promotions', {
  key: { promotion: 'text' },
  columns: promotionColumns,
});
