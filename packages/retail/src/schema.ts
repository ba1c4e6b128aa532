/** Shapes and bounds of the retail verbs' arguments. They only accept or refuse: an op's args are recorded as given. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import type {
  ChargeAdjustArgs,
  SaleCompleteArgs,
  SaleRefundArgs,
  SaleVoidArgs,
  SessionCloseArgs,
  SessionOpenArgs,
  StockAdjustArgs,
  StockReceiveArgs,
} from './args.ts';
import { entitlementTender } from './entitlement/schema.ts';
import type { SaleExchangeArgs } from './counter/customer-args.ts';
import { fiscalNumber } from './counter/schema.ts';
import {
  account,
  amountMinor,
  anyMilliMinor,
  anyQuantity,
  atMs,
  basisPoints,
  currency,
  day,
  key,
  personNumber,
  linesOf,
  milliMinor,
  ordinal,
  positive,
  scale,
  text,
} from './fields.ts';
import { quick } from './quick-args.ts';

const sku = key;
const id = key;

const goods = {
  sku,
  name: text('what goods are called'),
  quantityScale: scale.exactOptional(),
  lot: key.exactOptional(),
  at: atMs.exactOptional(),
};
const sold = {
  ...goods,
  quantity: positive,
  unitPriceMilliMinor: milliMinor,
  taxRateBasisPoints: basisPoints.exactOptional(),
  discountMinor: amountMinor.exactOptional(),
};
const tender = z.strictObject({ kind: z.enum(['cash', 'card', 'account']), amountMinor });
const maxTenders = 50;
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
  customer: personNumber.exactOptional(),
  fiscal: fiscalNumber.exactOptional(),
};

export const sessionOpenArgs: ArgsSchema<SessionOpenArgs> = quick(
  z.strictObject({ day, currency, floatMinor: amountMinor }),
);

export const sessionCloseArgs: ArgsSchema<SessionCloseArgs> = quick(
  z.strictObject({
    session: id,
    countedMinor: amountMinor,
    day,
  }),
);

export const saleCompleteArgs: ArgsSchema<SaleCompleteArgs> = quick(
  z.strictObject({
    ...trade,
    lines: linesOf(z.strictObject({ ...sold, promotion: key.exactOptional() })),
    tenders: z.array(z.union([tender, entitlementTender])).max(maxTenders),
    changeMinor: amountMinor.exactOptional(),
    coupons: z.array(key).max(20).exactOptional(),
  }),
);

export const saleRefundArgs: ArgsSchema<SaleRefundArgs> = quick(
  z.strictObject({
    ...trade,
    original: id.exactOptional(),
    lines: linesOf(z.strictObject({ ...sold, line: ordinal.exactOptional(), restock: z.boolean().exactOptional() })),
    tenders: z.array(tender).max(maxTenders),
    reason: text('why staff did it'),
  }),
);

export const saleExchangeArgs: ArgsSchema<SaleExchangeArgs> = quick(
  z.strictObject({
    ...trade,
    original: id,
    back: linesOf(z.strictObject({ ...sold, line: ordinal, restock: z.boolean().exactOptional() })),
    lines: linesOf(z.strictObject({ ...sold, promotion: key.exactOptional() })),
    tenders: z.array(tender).max(maxTenders),
    changeMinor: amountMinor.exactOptional(),
    coupons: z.array(key).max(20).exactOptional(),
    reason: text('why staff did it'),
  }),
);

export const saleVoidArgs: ArgsSchema<SaleVoidArgs> = quick(
  z.strictObject({
    document: id,
    day,
    reason: text('why staff did it'),
    session: id.exactOptional(),
  }),
);

export const stockReceiveArgs: ArgsSchema<StockReceiveArgs> = quick(
  z.strictObject({
    day,
    currency,
    lines: linesOf(
      z.strictObject({
        sku,
        name: text('what goods are called'),
        quantity: positive,
        quantityScale: scale.exactOptional(),
        unitCostMilliMinor: milliMinor,
        lot: key.exactOptional(),
      }),
    ),
    reference: key,
  }),
);

export const stockAdjustArgs: ArgsSchema<StockAdjustArgs> = quick(
  z.strictObject({
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
    reason: text('why staff did it'),
  }),
);

export const chargeAdjustArgs: ArgsSchema<ChargeAdjustArgs> = quick(
  z.strictObject({
    ...links,
    day,
    currency,
    lines: linesOf(z.strictObject({ ...goods, quantity: anyQuantity, unitPriceMilliMinor: anyMilliMinor })),
    account,
    reason: text('why staff did it'),
  }),
);
