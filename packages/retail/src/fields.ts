/** What the arguments of retail verbs are made of: bounded numbers, texts and references. Schemas of every area use these. */
import { publicText } from '@tallystick/erasure/marking';
import { isCurrency, isDay, isPlainText, maxQuantityScale } from '@tallystick/ledger';
import * as z from 'zod';
import { maxAmountMinor, maxQuantity } from './price.ts';

const maxLines = 2_000;
const maxMilliMinor = 1e13;
/** Tax above 1,000 % is a typing error. */
const maxTaxRateBasisPoints = 100_000;

/** An integer within bounds; -0 is refused because no canonical op can say it. */
export function whole(min: number, max: number): z.ZodNumber {
  return z.number().refine((value) => Number.isInteger(value) && value >= min && value <= max && !Object.is(value, -0));
}

export const day: z.ZodString = publicText(z.string().refine(isDay), 'a date');
export const currency: z.ZodString = publicText(z.string().refine(isCurrency), 'an ISO 4217 code');
export const account: z.ZodString = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);
/** A name or reference that keys rows. */
export const key: z.ZodString = publicText(
  z.string().refine((value) => value !== '' && isPlainText(value, 64)),
  'a number or name of goods, documents, lists and places; who is a person has a personNumber',
);
/** A text in the clear, and why no person is in it. Real descriptions hold line breaks; only NUL, where SQLite's C interface would end the text, is refused. */
export function text(why: string): z.ZodString {
  return publicText(
    z.string().refine((value) => value.length <= 200 && !value.includes('\0')),
    why,
  );
}
/**
 * The number of a customer, a supplier or somebody who works here, in a form that no name has: up to 14 digits, one or two letters before them if need be, or
 * 32 hex digits, as dice or a UUID give them. Who it is stands in envelopes.
 */
export const personNumber: z.ZodString = z
  .string()
  .regex(/^(?:(?:[A-Za-z]{1,2}-?)?[0-9]{1,14}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/);
export const amountMinor: z.ZodNumber = whole(0, maxAmountMinor);
export const milliMinor: z.ZodNumber = whole(0, maxMilliMinor);
export const anyMilliMinor: z.ZodNumber = whole(-maxMilliMinor, maxMilliMinor);
/** Units of 10^-quantityScale. */
export const positive: z.ZodNumber = whole(1, maxQuantity);
export const anyQuantity: z.ZodNumber = whole(-maxQuantity, maxQuantity);
export const scale: z.ZodNumber = whole(0, maxQuantityScale);
export const basisPoints: z.ZodNumber = whole(0, maxTaxRateBasisPoints);
export const atMs: z.ZodNumber = whole(0, Number.MAX_SAFE_INTEGER);
/** A place counted from 1. */
export const ordinal: z.ZodNumber = whole(1, 100_000);

/**
 * The most that all lines of a document move together, in whatever scales: about a millionth of what a sum holds, so that it takes a device as many documents to leave no
 * room for anybody else's goods.
 */
const maxDocumentQuantity = 1e10;

/** The lines of a document: one at least, 2,000 at most. */
export function linesOf<Line extends z.ZodType>(line: Line): z.ZodArray<Line> {
  return z
    .array(line)
    .min(1)
    .max(maxLines)
    .refine((lines) => movedBy(lines) <= maxDocumentQuantity);
}

function movedBy(lines: readonly unknown[]): number {
  let sum = 0;
  for (const line of lines) {
    const { quantity = 0 } = line as { readonly quantity?: number };
    sum += quantity < 0 ? 0 - quantity : quantity;
  }
  return sum;
}
