/** Double-entry books as a projection (DESIGN section 9): accounts, postings that balance or do not exist, and their queries. */
export { correct, type CorrectionEntry, type CorrectionKind } from './correct.ts';
export { addMinor, allocate, lineAmountMinor, maxQuantityScale, roundHalfAway, scaleHalfAway } from './money.ts';
export { type Entry, type EntryLine, post, reverse } from './post.ts';
export {
  type BookReader,
  balanceOf,
  dayBook,
  type PostingRow,
  postingsOf,
  type TrialBalanceRow,
  trialBalance,
} from './queries.ts';
export type { AccountOpenArgs, JournalPostArgs } from './schema.ts';
export { type AccountKind, accounts, balances, ledgerTables, postings } from './tables.ts';
export { isCurrency, isDay, isPlainText } from './text.ts';
export { accountOpen, journalPost, ledgerVerbs } from './verbs.ts';
