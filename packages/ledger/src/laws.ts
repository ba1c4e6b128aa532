/** The laws that every posting keeps, whichever verb makes it: balance, open period, and the terms of its accounts (DESIGN section 9). */
import { type Refusal, refuse, type Row, type View } from '@tallystick/kernel';
import { accounts, accountTerms, balances, pendingSums, periods } from './tables.ts';

/** By how much an op moves an account in a currency, counted on the side that it weighs: debits positive. */
export interface Move {
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: number;
}

/**
 * Judges the postings of one op: `ledger/unknown-account`, `ledger/account-currency`, `ledger/amount-range`, `ledger/unbalanced`, `ledger/two-days`,
 * `ledger/period-closed`, `ledger/exceeds-credits`, `ledger/exceeds-debits`.
 */
export function judgePostings(rows: readonly Row[], view: View): Refusal | undefined {
  const moves = rows as readonly Row[] & readonly Move[];
  return judgeTerms(moves, view) ?? judgeBalance(moves) ?? judgeDay(rows, view);
}

/**
 * Takes the lines of what was done that another account does not take, until somebody finds out where they belong. It can have no terms of its own
 * (`ledger/suspense-terms`).
 */
export const suspenseAccount = '1990';

/** What the terms of its account say against one line more, before it is put; undefined where they take it. */
export function breachOf(view: View, { account, currency, amountMinor }: Move): Refusal | undefined {
  const terms = view.hq.get(accountTerms, { account });
  if (terms === undefined || account === suspenseAccount) return undefined;
  if (terms.currency !== '' && terms.currency !== currency)
    return refuse('ledger/account-currency', { account, expected: terms.currency, got: currency });
  const isDebit = terms.limit === 'debits-within-credits';
  const outgrownMinor = isDebit ? amountMinor : 0 - amountMinor;
  if (terms.limit === '' || outgrownMinor <= 0) return undefined;
  const overBy = overMinor(view, { account, currency }, terms.limit) + outgrownMinor;
  if (overBy <= 0) return undefined;
  return refuse(isDebit ? 'ledger/exceeds-credits' : 'ledger/exceeds-debits', { account, currency, overMinor: overBy });
}

/** The terms of every account that is moved. The view shows balances with the op's own postings in them. */
export function judgeTerms(moves: readonly Move[], view: View): Refusal | undefined {
  for (const { account, currency, amountMinor } of moves) {
    if (view.hq.get(accounts, { account }) === undefined) return refuse('ledger/unknown-account', { account });
    const terms = view.hq.get(accountTerms, { account });
    if (terms === undefined) continue;
    if (terms.currency !== '' && terms.currency !== currency)
      return refuse('ledger/account-currency', { account, expected: terms.currency, got: currency });
    const over = overMinor(view, { account, currency }, terms.limit);
    if (terms.limit === 'debits-within-credits' && amountMinor > 0 && over > 0)
      return refuse('ledger/exceeds-credits', { account, currency, overMinor: over });
    if (terms.limit === 'credits-within-debits' && amountMinor < 0 && over > 0)
      return refuse('ledger/exceeds-debits', { account, currency, overMinor: over });
  }
  return undefined;
}

/**
 * How much may still be debited (of `debits-within-credits`) or credited (of `credits-within-debits`) in this scope, pending transfers counted;
 * undefined where the account has no limit. For a verb that would rather correct than be refused.
 */
export function roomMinor(
  view: View,
  key: { readonly account: string; readonly currency: string },
): number | undefined {
  const limit = view.hq.get(accountTerms, { account: key.account })?.limit ?? '';
  return limit === '' ? undefined : 0 - overMinor(view, key, limit);
}

/** By how much the limited side outgrows the other; negative while there is room. Money that is pending does not pay for anything. */
function overMinor(view: View, key: { readonly account: string; readonly currency: string }, limit: string): number {
  if (limit === '') return 0;
  const { amountMinor } = view.sum(balances, key);
  const { debitMinor, creditMinor } = view.sum(pendingSums, key);
  return limit === 'debits-within-credits' ? amountMinor + debitMinor : creditMinor - amountMinor;
}

function judgeBalance(moves: readonly Move[]): Refusal | undefined {
  const currency = moves[0]?.currency ?? '';
  // Nearly every op posts in one currency.
  if (moves.some((move) => move.currency !== currency)) return judgeCurrencies(moves);
  let sumMinor = 0;
  for (const { amountMinor } of moves) {
    sumMinor += amountMinor;
    if (!Number.isSafeInteger(sumMinor)) return refuse('ledger/amount-range', { currency });
  }
  return sumMinor === 0 ? undefined : refuse('ledger/unbalanced', { currency, sumMinor });
}

function judgeCurrencies(moves: readonly Move[]): Refusal | undefined {
  const sumsByCurrency = new Map<string, number>();
  for (const { currency, amountMinor } of moves) {
    const sum = (sumsByCurrency.get(currency) ?? 0) + amountMinor;
    if (!Number.isSafeInteger(sum)) return refuse('ledger/amount-range', { currency });
    sumsByCurrency.set(currency, sum);
  }
  for (const [currency, sumMinor] of sumsByCurrency)
    if (sumMinor !== 0) return refuse('ledger/unbalanced', { currency, sumMinor });
  return undefined;
}

/** Every day is in balance by itself, so an entry is of one day, or moves one from a day to another; and no day that is closed takes another. */
function judgeDay(rows: readonly Row[], view: View): Refusal | undefined {
  const closed = view.get(periods, { of: 'book' });
  const one = rows[0]?.['day'];
  const days = rows.every((row) => row['day'] === one)
    ? [String(one)]
    : [...new Set(rows.map((row) => String(row['day'])))].sort();
  for (const day of days) {
    if (days.length > 1) {
      const moves: readonly unknown[] = rows.filter((row) => row['day'] === day);
      if (judgeBalance(moves as readonly Move[]) !== undefined) return refuse('ledger/two-days', { day });
    }
    if (closed !== undefined && day <= closed.through)
      return refuse('ledger/period-closed', { day, through: closed.through });
  }
  return undefined;
}
