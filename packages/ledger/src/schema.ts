/** Shapes of the ledger's verb arguments. They only accept or refuse: an op's args are recorded as given. */
import type { ArgsSchema } from '@tallystick/kernel';
import * as z from 'zod';
import { isCurrency, isDay, isPlainText } from './text.ts';
import type { AccountKind } from './tables.ts';
import type { EntryLine } from './post.ts';

export interface AccountOpenArgs {
  /** A number or a path such as `1000` or `assets:cash`. */
  readonly account: string;
  readonly kind: AccountKind;
  readonly name: string;
}

export interface JournalPostArgs {
  readonly day: string;
  readonly memo: string;
  readonly lines: readonly EntryLine[];
}

const day = z.string().refine(isDay);
const account = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);
const currency = z.string().refine(isCurrency);
const amountMinor = z.int().refine((amount) => !Object.is(amount, -0));
const text = z.string().refine((value) => isPlainText(value, 200));

export const accountOpenArgs: ArgsSchema<AccountOpenArgs> = z.strictObject({
  account,
  kind: z.enum(['asset', 'liability', 'equity', 'income', 'expense']),
  name: text.refine((name) => name !== ''),
});

export const journalPostArgs: ArgsSchema<JournalPostArgs> = z.strictObject({
  day,
  memo: text,
  lines: z.array(z.strictObject({ account, currency, amountMinor })).min(1).max(1_000),
});
