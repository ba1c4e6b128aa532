/** Shapes and bounds of the arguments of entitlement verbs. They only accept or refuse: an op's args are recorded as given. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import { account, currency, day, key, personNumber, positive, text, whole } from '../fields.ts';
import type {
  ClaimReleaseArgs,
  ClaimSpendArgs,
  EntitlementCancelArgs,
  EntitlementIssueArgs,
  EntitlementTender,
  OfflineTierArgs,
} from './args.ts';

/** Ten thousand million of a currency with cents: sums of a thousand claims stay exact. */
const maxMinor = 1e12;
/** A genesis op names all verbs of its book, and a wallet's are few. */
const maxEvidenceBytes = 2_048;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const redemption = z.string().regex(/^[0-9a-f]{32}$/);
const amountMinor = whole(1, maxMinor);
const kind = z.enum(['gift', 'coupon', 'prize', 'credit']);
const goods = z.strictObject({ sku: key, quantity: positive });
const evidence = z
  .string()
  .regex(/^(?:[0-9a-f]{2})+$/)
  .max(2 * maxEvidenceBytes);
const holder = z.strictObject({ device: hash, claim: hash, evidence: z.tuple([evidence, evidence]) });

export const entitlementIssueArgs: ArgsSchema<EntitlementIssueArgs> = z.strictObject({
  token: hash,
  keyId: hash,
  kind,
  holder: z.enum(['bearer', 'bound']),
  currency,
  amountMinor,
  day,
  account: account.exactOptional(),
  untilDay: day.exactOptional(),
  goods: goods.exactOptional(),
  customer: personNumber.exactOptional(),
});

export const entitlementCancelArgs: ArgsSchema<EntitlementCancelArgs> = z.strictObject({
  token: hash,
  day,
  account,
  reason: text('why staff did it'),
});

const claimedTurn = z.string().regex(/^[0-9a-f]{64}\/[1-9][0-9]{0,8}$/);

export const claimSpendArgs: ArgsSchema<ClaimSpendArgs> = z
  .strictObject({
    token: hash,
    issuerKeyId: hash.exactOptional(),
    redemption,
    currency,
    amountMinor,
    day,
    loss: z.enum(['receivable', 'promo-expense']),
    goods: goods.exactOptional(),
    holder: holder.exactOptional(),
    customer: personNumber.exactOptional(),
    claim: claimedTurn.exactOptional(),
  })
  .refine(({ token, claim }) => claim === undefined || claim.startsWith(`${token}/`));

export const claimReleaseArgs: ArgsSchema<ClaimReleaseArgs> = z.strictObject({ token: hash, redemption, day });

export const offlineTierArgs: ArgsSchema<OfflineTierArgs> = z.strictObject({
  kind,
  currency,
  mostMinor: whole(0, maxMinor),
});

/** A tender of a sale, beside those that are money. */
export const entitlementTender: z.ZodType<EntitlementTender> = z.strictObject({
  kind: z.literal('entitlement'),
  amountMinor,
  token: hash,
  entitlement: kind,
  redemption,
  goods: goods.exactOptional(),
  claim: hash.exactOptional(),
});
