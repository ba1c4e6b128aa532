/**
 * Corrections: what the fold posts where a contested op lost (DESIGN law 5). The op stands, because it happened; what it cannot have as it was
 * meant lands on an account of its own, and a row of the kernel's `corrections` says why.
 */
import {
  compensate,
  type Compensated,
  type Effect,
  type OpFacts,
  type Refusal,
  refuse,
  type View,
} from '@tallystick/kernel';
import { type EntryLine, post } from './post.ts';

/**
 * What a loss becomes: money that somebody owes (`receivable`), goods that are owed (`backorder`), what a seller has to make good (`shortage`), or
 * what the house pays itself (`promo-expense`).
 */
export type CorrectionKind = 'receivable' | 'backorder' | 'shortage' | 'promo-expense';

const CODES: Readonly<Record<CorrectionKind, string>> = {
  receivable: 'ledger/receivable',
  backorder: 'ledger/backorder',
  shortage: 'ledger/shortage',
  'promo-expense': 'ledger/promo-expense',
};

export interface CorrectionEntry {
  readonly as: CorrectionKind;
  /** Debited with the loss; a backorder is a debt and credited. */
  readonly account: string;
  /** The other side: what was to be paid from, delivered or given, and could not. */
  readonly against: string;
  readonly currency: string;
  /** What could not be had, 1 or more. */
  readonly amountMinor: number;
  readonly day: string;
  readonly memo: string;
  /** What the op posts beside it; an op has one entry. */
  readonly lines?: readonly EntryLine[];
  /** Whatever else the op does. */
  readonly effects?: readonly Effect[];
  /** Shown to people beside the amount: the contested token, sku or document, never personal data. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/**
 * Accepts the op with a correction, such as `ledger/receivable`, whose details are the account, the amount and those given. Refuses what `post` refuses, and `ledger/amount-range` for an amount that is not positive.
 */
export function correct(view: View, op: OpFacts, entry: CorrectionEntry): Compensated | Refusal {
  const { as, account, against, currency, amountMinor, day, memo, lines = [], effects = [], details = {} } = entry;
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 1) return refuse('ledger/amount-range', { account });
  const debitMinor = as === 'backorder' ? 0 - amountMinor : amountMinor;
  const loss = [
    { account, currency, amountMinor: debitMinor },
    { account: against, currency, amountMinor: 0 - debitMinor },
  ];
  const posted = post(view, op, { day, memo, lines: [...lines, ...loss] });
  if ('code' in posted) return posted;
  return compensate(CODES[as], { ...details, account, amountMinor, currency }, [...effects, ...posted]);
}
