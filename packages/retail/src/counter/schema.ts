/** Shapes and bounds of the counter's arguments. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import { account, amountMinor, currency, day, key, linesOf, milliMinor, scale, text, whole } from '../fields.ts';
import type {
  BackorderEndArgs,
  CashDropArgs,
  CashMoveArgs,
  FiscalLeaseArgs,
  FiscalNumber,
  FiscalRangeArgs,
  StockCountArgs,
} from './args.ts';

const positiveMinor = amountMinor.min(1);
const fiscalSeries = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/);
const number = whole(1, 1e12);

export const cashMoveArgs: ArgsSchema<CashMoveArgs> = z.strictObject({
  session: key,
  day,
  amountMinor: positiveMinor,
  account,
  reason: text('why staff did it'),
});

export const cashDropArgs: ArgsSchema<CashDropArgs> = z.strictObject({
  session: key,
  day,
  amountMinor: positiveMinor,
  reason: text('why staff did it'),
});

export const stockCountArgs: ArgsSchema<StockCountArgs> = z.strictObject({
  day,
  currency,
  lines: linesOf(
    z.strictObject({
      sku: key,
      name: text('what goods are called'),
      countedQuantity: whole(0, 1e9),
      quantityScale: scale.exactOptional(),
      unitCostMilliMinor: milliMinor,
    }),
  ),
  reason: text('why staff did it'),
});

export const backorderEndArgs: ArgsSchema<BackorderEndArgs> = z.strictObject({
  document: key,
  sku: key,
  day,
  outcome: z.enum(['delivered', 'cancelled']),
});

export const fiscalRangeArgs: ArgsSchema<FiscalRangeArgs> = z
  .strictObject({ series: fiscalSeries, first: number, last: number })
  .refine(({ first, last }) => first <= last);

export const fiscalLeaseArgs: ArgsSchema<FiscalLeaseArgs> = z.strictObject({
  series: fiscalSeries,
  scope: key,
  device: key,
  untilDay: day,
  quantity: whole(1, 10_000).exactOptional(),
});

/** Part of the arguments of what carries a fiscal number. */
export const fiscalNumber: z.ZodType<FiscalNumber> = z.strictObject({ series: fiscalSeries, number, block: key });
