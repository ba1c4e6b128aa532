/** Shapes and bounds of the retail verbs' arguments. They only accept or refuse: an op's args are recorded as given. */
import type { ArgsSchema } from '@tallystick/kernel';
import { isCurrency, isDay, isPlainText, maxQuantityScale } from '@tallystick/ledger';
import * as z from 'zod';
import type {
  ChargeAdjustArgs,
  PriceSetArgs,
  ProductSetArgs,
  SaleCompleteArgs,
  SaleRefundArgs,
  SaleVoidArgs,
  SessionCloseArgs,
  SessionOpenArgs,
  StockAdjustArgs,
  StockReceiveArgs,
} from './args.ts';

const maxLines = 2_000;
const maxQuantity = 1e9;
const maxMilliMinor = 1e13;
/** Tax above 1,000 % is a typing error. */
const maxTaxRateBasisPoints = 100_000;

/** An integer within bounds; -0 is refused because no canonical op can say it. */
function whole(min: number, max: number): z.ZodNumber {
  return z.number().refine((value) => Number.isInteger(value) && value >= min && value <= max && !Object.is(value, -0));
}

const day = z.string().refine(isDay);
const currency = z.string().refine(isCurrency);
const account = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);
const key = z.string().refine((value) => value !== '' && isPlainText(value, 64));
/** Real descriptions hold line breaks; only NUL, where SQLite's C interface would end the text, is refused. */
const text = z.string().refine((value) => value.length <= 200 && !value.includes('\0'));
const sku = key;
const id = key;
const amountMinor = whole(0, Number.MAX_SAFE_INTEGER);
const milliMinor = whole(0, maxMilliMinor);
const anyMilliMinor = whole(-maxMilliMinor, maxMilliMinor);
const positive = whole(1, maxQuantity);
const anyQuantity = whole(-maxQuantity, maxQuantity);
const scale = whole(0, maxQuantityScale);
const basisPoints = whole(0, maxTaxRateBasisPoints);
const atMs = whole(0, Number.MAX_SAFE_INTEGER);
const ordinal = whole(1, 100_000);

const goods = { sku, name: text, quantityScale: scale.exactOptional(), at: atMs.exactOptional() };
const sold = {
  ...goods,
  quantity: positive,
  unitPriceMilliMinor: milliMinor,
  taxRateBasisPoints: basisPoints.exactOptional(),
};
const tender = z.strictObject({ kind: z.enum(['cash', 'card', 'account']), amountMinor });
const tenders = z.array(tender).max(50);
const links = {
  external: key.exactOptional(),
  part: ordinal.exactOptional(),
  parts: ordinal.exactOptional(),
  first: id.exactOptional(),
};
const trade = {
  ...links,
  day,
  currency,
  session: id.exactOptional(),
  taxIncluded: z.boolean(),
  customer: key.exactOptional(),
  tenders,
};

function linesOf<Line extends z.ZodType>(line: Line): z.ZodArray<Line> {
  return z.array(line).min(1).max(maxLines);
}

export const productSetArgs: ArgsSchema<ProductSetArgs> = z.strictObject({
  sku,
  name: text,
  category: text,
  unitScale: scale,
  taxRateBasisPoints: basisPoints,
  negativeStock: z.enum(['allow', 'refuse']),
  active: z.literal([0, 1]),
});

export const priceSetArgs: ArgsSchema<PriceSetArgs> = z.strictObject({
  sku,
  currency,
  unitPriceMilliMinor: milliMinor,
});

export const sessionOpenArgs: ArgsSchema<SessionOpenArgs> = z.strictObject({ day, currency, floatMinor: amountMinor });

export const sessionCloseArgs: ArgsSchema<SessionCloseArgs> = z.strictObject({
  session: id,
  countedMinor: amountMinor,
  day,
});

export const saleCompleteArgs: ArgsSchema<SaleCompleteArgs> = z.strictObject({
  ...trade,
  lines: linesOf(z.strictObject(sold)),
  changeMinor: amountMinor.exactOptional(),
});

export const saleRefundArgs: ArgsSchema<SaleRefundArgs> = z.strictObject({
  ...trade,
  original: id.exactOptional(),
  lines: linesOf(z.strictObject({ ...sold, line: ordinal.exactOptional() })),
  reason: text,
});

export const saleVoidArgs: ArgsSchema<SaleVoidArgs> = z.strictObject({
  document: id,
  day,
  reason: text,
  session: id.exactOptional(),
});

export const stockReceiveArgs: ArgsSchema<StockReceiveArgs> = z.strictObject({
  day,
  currency,
  lines: linesOf(
    z.strictObject({
      sku,
      name: text,
      quantity: positive,
      quantityScale: scale.exactOptional(),
      unitCostMilliMinor: milliMinor,
    }),
  ),
  reference: key,
});

export const stockAdjustArgs: ArgsSchema<StockAdjustArgs> = z.strictObject({
  ...links,
  day,
  currency,
  lines: linesOf(
    z.strictObject({
      ...goods,
      quantity: anyQuantity.refine((quantity) => quantity !== 0),
      unitPriceMilliMinor: milliMinor,
    }),
  ),
  reason: text,
});

export const chargeAdjustArgs: ArgsSchema<ChargeAdjustArgs> = z.strictObject({
  ...links,
  day,
  currency,
  lines: linesOf(z.strictObject({ ...goods, quantity: anyQuantity, unitPriceMilliMinor: anyMilliMinor })),
  account,
  reason: text,
});
