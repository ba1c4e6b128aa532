/** Shapes and bounds of what is said about customers. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import type { MoneyTender } from '../args.ts';
import { amountMinor, currency, day, key, whole } from '../fields.ts';
import type { AccountPayArgs, CustomerSetArgs, ReturnsPolicyArgs } from './customer-args.ts';

/** Part of the arguments of what takes or gives money that is no sale. */
export const paid: z.ZodType<MoneyTender> = z.strictObject({
  kind: z.enum(['cash', 'card']),
  amountMinor: amountMinor.min(1),
});

export const customerSetArgs: ArgsSchema<CustomerSetArgs> = z.strictObject({
  customer: key,
  currency,
  limitMinor: amountMinor,
  overLimit: z.enum(['refuse', 'correct']),
  termsDays: whole(0, 3_660),
  priceList: key.exactOptional(),
  active: z.literal([0, 1]),
});

export const accountPayArgs: ArgsSchema<AccountPayArgs> = z.strictObject({
  customer: key,
  day,
  currency,
  session: key.exactOptional(),
  tenders: z.array(paid).min(1).max(50),
  external: key.exactOptional(),
});

export const returnsPolicyArgs: ArgsSchema<ReturnsPolicyArgs> = z.strictObject({
  currency,
  allowed: z.literal([0, 1]),
  refundTo: z.enum(['any', 'account']),
  mostMinor: amountMinor.exactOptional(),
});
