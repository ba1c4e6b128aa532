/** Cash that goes into a drawer or out of it without a sale: paid in, paid out against a receipt, dropped into the safe. */
import { defineVerb, type Effect, type OpFacts, type Outcome, refuse, type Verb, type View } from '@tallystick/kernel';
import { authorityTables, ruleTables } from '@tallystick/guards';
import { type EntryLine, ledgerTables, postDone } from '@tallystick/ledger';
import { acceptCash, cashTables, checkSession, moveDrawer } from '../cash.ts';
import { retailAccounts } from '../chart.ts';
import { type DocumentKind, documentTables, issueDocument, keepNumber } from '../document.ts';
import { signed } from '../goods.ts';
import { askRules, contested, countSpent, posted, type Remark } from '../remark.ts';
import { drawers, sessions } from '../tables.ts';
import type { CashDropArgs, CashMoveArgs } from './args.ts';
import { cashDropArgs, cashMoveArgs } from './schema.ts';
import { type TakingSum, takings } from './tables.ts';

interface Move {
  readonly verb: string;
  readonly kind: DocumentKind;
  readonly sum: TakingSum;
  readonly sign: 1 | -1;
}

function planMove(
  view: View,
  op: OpFacts,
  args: CashMoveArgs | CashDropArgs,
  { verb, kind, sum, sign }: Move,
): Outcome {
  const { session, day, amountMinor, reason } = args;
  const row = view.get(sessions, { id: session });
  if (row === undefined) return refuse('retail/unknown-session', { session });
  if ('account' in args && args.account === retailAccounts.cash)
    return refuse('retail/pay-account', { account: args.account });
  const { currency } = row;
  const unfit = checkSession(view, op, session, currency);
  if (unfit !== undefined) return unfit;
  const remarks: Remark[] = [];
  askRules(view, verb, { args }, remarks);
  const moved = signed(sign, amountMinor);
  const inDrawerMinor = sign === 1 ? 0 : view.sum(drawers, { session, currency }).amountMinor;
  if (inDrawerMinor + moved < 0)
    remarks.push(contested(refuse('retail/drawer-short', { session, inDrawerMinor, amountMinor })));
  const effects: Effect[] = [takings.add({ session }, { [sum]: moved })];
  if (kind === 'pay-out') countSpent(view, op, { currency, amountMinor }, effects, remarks);
  moveDrawer(session, currency, moved, effects);
  const totals = { totalMinor: moved, taxMinor: 0 };
  const memo = issueDocument(view, op, kind, { day, currency, session, reason }, totals, effects);
  const cash = { account: retailAccounts.cash, currency, amountMinor: moved };
  const lines: EntryLine[] =
    'account' in args ? [cash, { account: args.account, currency, amountMinor: 0 - moved }] : [];
  const entry = postDone(view, op, { day, memo, lines });
  return 'code' in entry ? entry : acceptCash(view, session, effects.concat(posted(entry, remarks)), remarks);
}

const common = {
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [...ledgerTables, ...documentTables, ...cashTables, ...ruleTables, takings],
} as const;

/** Pays cash in: from the bank for change, from a person for a debt. */
export const cashReceive: Verb<'cash.receive', CashMoveArgs> = defineVerb({
  ...common,
  remains: keepNumber('pay-in'),
  name: 'cash.receive',
  args: cashMoveArgs,
  plan: (view, op, args) =>
    planMove(view, op, args, { verb: 'cash.receive', kind: 'pay-in', sum: 'paidInMinor', sign: 1 }),
});

/** Pays cash out of the drawer for what is no refund: a window cleaner, milk. */
export const cashPay: Verb<'cash.pay', CashMoveArgs> = defineVerb({
  ...common,
  remains: keepNumber('pay-out'),
  name: 'cash.pay',
  tables: [...common.tables, ...authorityTables],
  args: cashMoveArgs,
  plan: (view, op, args) =>
    planMove(view, op, args, { verb: 'cash.pay', kind: 'pay-out', sum: 'paidOutMinor', sign: -1 }),
});

/** Drops cash from the drawer into the safe. It stays the shop's cash, so nothing is posted. */
export const cashDrop: Verb<'cash.drop', CashDropArgs> = defineVerb({
  ...common,
  remains: keepNumber('drop'),
  name: 'cash.drop',
  args: cashDropArgs,
  plan: (view, op, args) =>
    planMove(view, op, args, { verb: 'cash.drop', kind: 'drop', sum: 'droppedMinor', sign: -1 }),
});
