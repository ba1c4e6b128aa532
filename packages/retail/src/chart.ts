/** The chart of accounts that the retail verbs post to. A book opens it once, with `account.open`. */
import type { AccountOpenArgs, CorrectionKind } from '@tallystick/ledger';

/** Account numbers by what they are for. */
export const retailAccounts = {
  cash: '1000',
  cardClearing: '1010',
  receivables: '1100',
  sellersShortages: '1150',
  stockInTransit: '1200',
  exchangePositions: '1900',
  suspense: '1990',
  payables: '2100',
  receivedNotInvoiced: '2150',
  taxPayable: '2200',
  customerDeposits: '2300',
  giftBalances: '2310',
  backordersOwed: '2400',
  openingEquity: '3000',
  retainedEarnings: '3900',
  sales: '4000',
  exchangeGainAndLoss: '4900',
  purchases: '5000',
  stockWrittenOff: '5900',
  lostInTransit: '5950',
  chargesAndBadDebts: '6100',
  promotionExpense: '6200',
  cashOverAndShort: '6900',
} as const;

/** Arguments of one `account.open` each. */
export const chart: readonly AccountOpenArgs[] = [
  { account: retailAccounts.cash, kind: 'asset', name: 'Cash' },
  { account: retailAccounts.cardClearing, kind: 'asset', name: 'Card clearing' },
  { account: retailAccounts.receivables, kind: 'asset', name: 'Receivables' },
  { account: retailAccounts.sellersShortages, kind: 'asset', name: 'Shortages owed by sellers' },
  { account: retailAccounts.stockInTransit, kind: 'asset', name: 'Stock in transit' },
  { account: retailAccounts.exchangePositions, kind: 'asset', name: 'Exchange positions' },
  { account: retailAccounts.suspense, kind: 'asset', name: 'Suspense' },
  { account: retailAccounts.payables, kind: 'liability', name: 'Payables' },
  { account: retailAccounts.receivedNotInvoiced, kind: 'liability', name: 'Received, not invoiced' },
  { account: retailAccounts.taxPayable, kind: 'liability', name: 'Tax payable' },
  { account: retailAccounts.customerDeposits, kind: 'liability', name: 'Customer deposits and layaway' },
  { account: retailAccounts.giftBalances, kind: 'liability', name: 'Gift balances and credit notes' },
  { account: retailAccounts.backordersOwed, kind: 'liability', name: 'Backorders owed' },
  { account: retailAccounts.openingEquity, kind: 'equity', name: 'Opening equity' },
  { account: retailAccounts.retainedEarnings, kind: 'equity', name: 'Retained earnings' },
  { account: retailAccounts.sales, kind: 'income', name: 'Sales' },
  { account: retailAccounts.exchangeGainAndLoss, kind: 'income', name: 'Exchange gain and loss' },
  { account: retailAccounts.purchases, kind: 'expense', name: 'Purchases' },
  { account: retailAccounts.stockWrittenOff, kind: 'expense', name: 'Stock written off' },
  { account: retailAccounts.lostInTransit, kind: 'expense', name: 'Lost in transit' },
  { account: retailAccounts.chargesAndBadDebts, kind: 'expense', name: 'Charges and bad debts' },
  { account: retailAccounts.promotionExpense, kind: 'expense', name: 'Promotion expense' },
  { account: retailAccounts.cashOverAndShort, kind: 'expense', name: 'Cash over and short' },
];

/** Where the losses of contested ops go, for `correct` of the ledger. */
export const correctionAccounts: Readonly<Record<CorrectionKind, string>> = {
  receivable: retailAccounts.receivables,
  backorder: retailAccounts.backordersOwed,
  shortage: retailAccounts.sellersShortages,
  'promo-expense': retailAccounts.promotionExpense,
};
