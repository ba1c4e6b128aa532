/** Entries of two lines in pounds, as witnesses of the books write them. */

/** The day on which they are made, unless another is named. */
export const day = '2026-11-21';
export const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });

/** What it debits and what it credits. */
export const entry = (debit: string, credit: string, amountMinor: number, on: string = day) => ({
  day: on,
  memo: '',
  lines: [gbp(debit, amountMinor), gbp(credit, 0 - amountMinor)],
});
