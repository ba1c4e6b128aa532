/** The verbs of the catalogue. */
import { barcodeSet } from './barcode.ts';
import { priceSet } from './price-list.ts';
import { productSet, recipeSet } from './product.ts';
import { promotionEnd, promotionSet } from './promotion.ts';

export const catalogueVerbs: readonly [
  typeof productSet,
  typeof priceSet,
  typeof barcodeSet,
  typeof recipeSet,
  typeof promotionSet,
  typeof promotionEnd,
] = [productSet, priceSet, barcodeSet, recipeSet, promotionSet, promotionEnd];
