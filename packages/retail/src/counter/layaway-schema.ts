/** Shapes and bounds of the arguments of layaways. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import {
  amountMinor,
  atMs,
  basisPoints,
  currency,
  day,
  key,
  personNumber,
  linesOf,
  milliMinor,
  positive,
  scale,
  text,
} from '../fields.ts';
import { paid } from './customer-schema.ts';
import type {
  LayawayCancelArgs,
  LayawayCollectArgs,
  LayawayOpenArgs,
  LayawayPayArgs,
  LayawayPolicyArgs,
} from './layaway-args.ts';
import { fiscalNumber } from './schema.ts';

const maxTenders = 50;
const common = { layaway: key, day, currency, session: key.exactOptional() };

export const layawayOpenArgs: ArgsSchema<LayawayOpenArgs> = z.strictObject({
  day,
  currency,
  taxIncluded: z.boolean(),
  customer: personNumber,
  lines: linesOf(
    z.strictObject({
      sku: key,
      name: text('what goods are called'),
      quantity: positive,
      quantityScale: scale.exactOptional(),
      unitPriceMilliMinor: milliMinor,
      taxRateBasisPoints: basisPoints.exactOptional(),
      at: atMs.exactOptional(),
    }),
  ),
});

export const layawayPayArgs: ArgsSchema<LayawayPayArgs> = z.strictObject({
  ...common,
  tenders: z.array(paid).min(1).max(maxTenders),
});

export const layawayCollectArgs: ArgsSchema<LayawayCollectArgs> = z.strictObject({
  ...common,
  tenders: z.array(paid).max(maxTenders),
  changeMinor: amountMinor.exactOptional(),
  fiscal: fiscalNumber.exactOptional(),
});

export const layawayCancelArgs: ArgsSchema<LayawayCancelArgs> = z.strictObject({
  ...common,
  tenders: z.array(paid).max(maxTenders),
  feeMinor: amountMinor.exactOptional(),
  reason: text('why staff did it'),
});

export const layawayPolicyArgs: ArgsSchema<LayawayPolicyArgs> = z.strictObject({
  currency,
  mostFeeMinor: amountMinor,
});
