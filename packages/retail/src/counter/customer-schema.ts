/** Shapes and bounds of what is said about customers. */
import { personal } from '@tallystick/erasure/marking';
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import type { MoneyTender } from '../args.ts';
import { amountMinor, currency, day, key, personNumber, whole } from '../fields.ts';
import type { AccountPayArgs, CustomerSetArgs, PersonDescribeArgs, ReturnsPolicyArgs } from './customer-args.ts';

/** Part of the arguments of what takes or gives money that is no sale. */
export const paid: z.ZodType<MoneyTender> = z.strictObject({
  kind: z.enum(['cash', 'card']),
  amountMinor: amountMinor.min(1),
});

export const customerSetArgs: ArgsSchema<CustomerSetArgs> = z.strictObject({
  customer: personNumber,
  currency,
  limitMinor: amountMinor,
  overLimit: z.enum(['refuse', 'correct']),
  termsDays: whole(0, 3_660),
  priceList: key.exactOptional(),
  active: z.literal([0, 1]),
});

export const personDescribeArgs: ArgsSchema<PersonDescribeArgs> = z.strictObject({
  customer: personNumber,
  subject: z.string().regex(/^[0-9a-f]{32}$/),
  name: personal(z.string()).exactOptional(),
  phone: personal(z.string()).exactOptional(),
  email: personal(z.string()).exactOptional(),
  note: personal(z.string()).exactOptional(),
});

export const accountPayArgs: ArgsSchema<AccountPayArgs> = z.strictObject({
  customer: personNumber,
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
