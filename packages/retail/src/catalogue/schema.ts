/** Shapes and bounds of the catalogue's arguments. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import { basisPoints, currency, day, key, milliMinor, positive, scale, text, whole } from '../fields.ts';
import type {
  BarcodeSetArgs,
  PriceSetArgs,
  ProductSetArgs,
  PromotionEndArgs,
  PromotionSetArgs,
  RecipeSetArgs,
} from './args.ts';

/** Lowercase words, so that they cannot collide with what a row's text means to a program. */
const option = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const maxParts = 40;

export const productSetArgs: ArgsSchema<ProductSetArgs> = z.strictObject({
  sku: key,
  name: text('what goods are called'),
  category: text('a kind of goods'),
  unitScale: scale,
  taxRateBasisPoints: basisPoints,
  taxClass: key.exactOptional(),
  negativeStock: z.enum(['allow', 'refuse', 'backorder']),
  active: z.literal([0, 1]),
  options: z.array(option).min(1).max(4).exactOptional(),
  parent: key.exactOptional(),
  choices: z.record(option, key).exactOptional(),
});

export const recipeSetArgs: ArgsSchema<RecipeSetArgs> = z.strictObject({
  sku: key,
  makes: positive,
  parts: z.array(z.strictObject({ sku: key, quantity: positive })).max(maxParts),
});

export const priceSetArgs: ArgsSchema<PriceSetArgs> = z.strictObject({
  sku: key,
  currency,
  unitPriceMilliMinor: milliMinor,
  list: key.exactOptional(),
  fromDay: day.exactOptional(),
});

export const barcodeSetArgs: ArgsSchema<BarcodeSetArgs> = z.strictObject({
  barcode: key,
  sku: z.union([key, z.literal('')]),
  quantity: positive,
});

export const promotionSetArgs: ArgsSchema<PromotionSetArgs> = z.strictObject({
  promotion: key,
  name: text('what goods are called'),
  fromDay: day,
  untilDay: day,
  offer: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('percent'), basisPoints: whole(1, 10_000) }),
    z
      .strictObject({ kind: z.literal('bundle'), take: whole(2, 1_000), pay: whole(0, 999) })
      .refine(({ take, pay }) => pay < take),
  ]),
  sku: key.exactOptional(),
  category: key.exactOptional(),
  coupon: key.exactOptional(),
});

export const promotionEndArgs: ArgsSchema<PromotionEndArgs> = z.strictObject({ promotion: key, day });
