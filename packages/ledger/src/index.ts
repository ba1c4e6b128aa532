/** Double-entry books as a projection (DESIGN section 9): accounts, postings that balance or do not exist, and their queries. */
export { correct, type CorrectionEntry, type CorrectionKind } from './correct.ts';
export {
  type CurrencyExchangeArgs,
  type CurrencyRevalueArgs,
  exchange,
  type ExchangeAccounts,
  exchanges,
  exchangeTables,
  positions,
  type Rate,
  revalue,
} from './exchange.ts';
export { lateCorrection, noteLate } from './late.ts';
export { roomMinor, suspenseAccount } from './laws.ts';
export { addMinor, allocate, lineAmountMinor, maxQuantityScale, roundHalfAway, scaleHalfAway } from './money.ts';
export {
  carries,
  type OpeningPostArgs,
  openings,
  type PeriodCarryArgs,
  type PeriodCloseArgs,
  periodTables,
} from './period.ts';
export { type PlainText, type PlainTextFormat, plainTextOf, type PlainTextOptions } from './plain-text.ts';
export { ledgerTables, postings } from './postings.ts';
export {
  type DonePosting,
  type Entry,
  type EntryLine,
  post,
  postDone,
  reverse,
  reverseDone,
} from './post.ts';
export { entryDays, type EntryRedateArgs } from './redate.ts';
export {
  type BookReader,
  balanceOf,
  dayBook,
  type PostingRow,
  postingsOf,
  type Selection,
  type TrialBalanceRow,
  trialBalance,
} from './queries.ts';
export {
  type AgedOptions,
  agedReceivables,
  type AgedRow,
  type BalanceSheet,
  balanceSheet,
  carryDue,
  type CarryFault,
  carryFaults,
  type LateEntry,
  lateEntriesOf,
  type ProfitAndLoss,
  profitAndLoss,
  type ReportLine,
  type Statement,
  statementOf,
  type StatementRow,
  totalOf,
} from './reports.ts';
export { type DeviceRoom, deviceRoomList, maxDeviceMinor } from './room.ts';
export type { AccountOpenArgs, JournalPostArgs, JournalReverseArgs, TaxSetArgs, MoneyOfArgs } from './schema.ts';
export {
  type AccountKind,
  type AccountLimit,
  accounts,
  accountTerms,
  balances,
  deviceTotals,
  lateEntries,
  pendingSums,
  periods,
  reversals,
} from './tables.ts';
export {
  splitTax,
  taxByClass,
  taxClasses,
  type TaxedLine,
  type TaxRate,
  taxRateIn,
  taxRateOn,
  type TaxSplit,
  type TaxTotal,
} from './tax.ts';
export { dayAfter, isCurrency, isDay, isPlainText } from './text.ts';
export {
  expireTransfer,
  type LinkedTransfers,
  makeTransfers,
  postTransfer,
  type Transfer,
  type TransferEnd,
  moneyTransferEnds,
  moneyTransfers,
  transferTables,
  voidTransfer,
} from './transfer.ts';
export { accountOpen, journalPost, journalReverse, ledgerVerbs } from './verbs.ts';
