/** Shapes of the ledger's verb arguments. They only accept or refuse: an op's args are recorded as given. */
import type { EntryRedateArgs } from './redate.ts';
import { publicText } from '@tallystick/erasure/marking';
import type { ArgsSchema } from '@tallystick/kernel';
import { parseOpId } from '@tallystick/oplog';
import * as z from 'zod';
import type { CurrencyExchangeArgs, CurrencyRevalueArgs } from './exchange.ts';
import type { OpeningPostArgs, PeriodCarryArgs, PeriodCloseArgs } from './period.ts';
import type { EntryLine } from './post.ts';
import type { AccountKind, AccountLimit } from './tables.ts';
import type { TaxRate } from './tax.ts';
import { isCurrency, isDay, isPlainText } from './text.ts';
import type { LinkedTransfers, TransferEnd } from './transfer.ts';

export interface AccountOpenArgs {
  /** A number or a path such as `1000` or `assets:cash`. */
  readonly account: string;
  readonly kind: AccountKind;
  readonly name: string;
  /** The one currency that it may hold; once said it stays. */
  readonly currency?: string;
  /** `none` takes a limit away; left out, what was said before stays. */
  readonly limit?: AccountLimit | 'none';
}

export interface JournalPostArgs {
  readonly day: string;
  readonly memo: string;
  readonly lines: readonly EntryLine[];
}

export interface JournalReverseArgs {
  /** The id of the op whose entry is taken back. */
  readonly of: string;
  readonly day: string;
  readonly memo: string;
}

export interface MoneyOfArgs {
  readonly of: string;
}

export interface TaxSetArgs {
  readonly class: string;
  readonly name: string;
  /** By rising days, 1 to 32 of them. */
  readonly rates: readonly TaxRate[];
}

const day = publicText(z.string().refine(isDay), 'a date');
const account = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);
const currency = publicText(z.string().refine(isCurrency), 'an ISO 4217 code');
const amountMinor = z.int().refine((amount) => !Object.is(amount, -0));
const positiveMinor = z.int().min(1);
const text = (why: string) =>
  publicText(
    z.string().refine((value) => isPlainText(value, 200)),
    why,
  );
const memo = text('what an entry is for, and the number of its document');
const name = publicText(
  z.string().refine((value) => value !== '' && isPlainText(value, 200)),
  'what an account or a tax is called',
);
const opId = publicText(
  z.string().refine((value) => parseOpId(value) !== undefined),
  'an id',
);
const transferId = publicText(
  z.string().refine((value) => value !== '' && isPlainText(value, 64)),
  'the number of a transfer',
);
const line = z.strictObject({ account, currency, amountMinor });
const lines = z.array(line).min(1).max(1_000);

export const accountOpenArgs: ArgsSchema<AccountOpenArgs> = z.strictObject({
  account,
  kind: z.enum(['asset', 'liability', 'equity', 'income', 'expense']),
  name,
  currency: currency.exactOptional(),
  limit: z.enum(['debits-within-credits', 'credits-within-debits', 'none']).exactOptional(),
});

export const journalPostArgs: ArgsSchema<JournalPostArgs> = z.strictObject({ day, memo, lines });
export const journalReverseArgs: ArgsSchema<JournalReverseArgs> = z.strictObject({ of: opId, day, memo });

export const entryRedateArgs: ArgsSchema<EntryRedateArgs> = z.strictObject({
  of: opId,
  day,
  reason: text('what the clock was wrong by'),
});

export const moneyTransferArgs: ArgsSchema<LinkedTransfers> = z.strictObject({
  day,
  memo,
  transfers: z
    .array(
      z.strictObject({
        id: transferId,
        debit: account,
        credit: account,
        currency,
        amountMinor: positiveMinor,
        untilDay: day.exactOptional(),
      }),
    )
    .min(1)
    .max(100),
});
export const moneyPostArgs: ArgsSchema<TransferEnd> = z.strictObject({
  of: transferId,
  day,
  memo,
  amountMinor: positiveMinor.exactOptional(),
});
export const moneyOfArgs: ArgsSchema<MoneyOfArgs> = z.strictObject({ of: transferId });

export const periodCloseArgs: ArgsSchema<PeriodCloseArgs> = z.strictObject({
  through: day,
  late: z.enum(['route', 'refuse']),
});
export const periodCarryArgs: ArgsSchema<PeriodCarryArgs> = z.strictObject({
  through: day,
  retained: account,
  memo,
  lines,
});
export const openingPostArgs: ArgsSchema<OpeningPostArgs> = z.strictObject({ day, memo, equity: account, lines });

const rate = z.strictObject({ numerator: positiveMinor, denominator: positiveMinor });
const exchangeAccounts = { position: account, gain: account };

export const currencyExchangeArgs: ArgsSchema<CurrencyExchangeArgs> = z.strictObject({
  day,
  memo,
  base: currency,
  give: z.strictObject({ account, currency, amountMinor: positiveMinor }),
  take: z.strictObject({ account, currency }),
  rate,
  ...exchangeAccounts,
});
export const currencyRevalueArgs: ArgsSchema<CurrencyRevalueArgs> = z.strictObject({
  day,
  memo,
  base: currency,
  currency,
  rate,
  ...exchangeAccounts,
});

export const taxSetArgs: ArgsSchema<TaxSetArgs> = z.strictObject({
  class: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,31}$/),
  name,
  rates: z
    .array(z.strictObject({ from: day, basisPoints: z.int().min(0).max(100_000) }))
    .min(1)
    .max(32)
    .refine((rates) => rates.every(({ from }, index) => index === 0 || from > (rates[index - 1]?.from ?? ''))),
});
