/**
 * Periods: closing the books of a scope through a day, carrying income and expense of a year to equity, and the balances that a book begins with.
 * A scope closes for itself, so nothing that comes in later, from wherever, moves what was closed there.
 */
import {
  type Effect,
  type OpFacts,
  type Refusal,
  refuse,
  type SetTable,
  setTable,
  type View,
} from '@tallystick/kernel';
import { addMinor } from './money.ts';
import { type EntryLine, post } from './post.ts';
import { ledgerTables } from './postings.ts';
import { accounts, periods, reversals } from './tables.ts';
import { dayAfter } from './text.ts';
import { businessDay } from './transfer.ts';

type Text = 'text';

/** Years, or whatever was carried: the op that did, by which device, and the last day of it. A few a year. */
export const carries: SetTable<{ op: Text }, { through: Text; retained: Text; device: Text }> = setTable('carries', {
  key: { op: 'text' },
  columns: { through: 'text', retained: 'text', device: 'text' },
});

/** Opening balances: one an account and currency in each scope. */
export const openings: SetTable<{ account: Text; currency: Text }, { op: Text }> = setTable('openings', {
  key: { account: 'text', currency: 'text' },
  columns: { op: 'text' },
});

/** What a verb that carries or opens balances must list among its tables. */
export const periodTables: readonly [...typeof ledgerTables, typeof carries, typeof openings] = [
  ...ledgerTables,
  carries,
  openings,
];

export interface PeriodCloseArgs {
  /** The last day that is closed, `YYYY-MM-DD`. */
  readonly through: string;
  /** What becomes of an entry for a closed day that comes later: it goes to the first open day, or it is refused. */
  readonly late: 'route' | 'refuse';
}

export interface PeriodCarryArgs {
  /** The last day whose income and expense are carried; closed. */
  readonly through: string;
  /** The equity account that takes the result. */
  readonly retained: string;
  readonly memo: string;
  /** What takes every income and expense account to zero: see `carryDue`. */
  readonly lines: readonly EntryLine[];
}

export interface OpeningPostArgs {
  readonly day: string;
  readonly memo: string;
  /** The equity account that takes the other side. */
  readonly equity: string;
  /** One an account and currency. */
  readonly lines: readonly EntryLine[];
}

/**
 * Closes this scope through a day that is over, which a later day that is open says: none does where no day was ever opened. The first close that ends in another month
 * begins anew what devices may move (`room.ts`). Refuses
 * `ledger/period-closed` for a day that is closed and `ledger/period-open` for one that is not over.
 */
export function closePeriod(view: View, { through, late }: PeriodCloseArgs): readonly Effect[] | Refusal {
  const before = view.get(periods, { of: 'book' });
  if (before !== undefined && through <= before.through)
    return refuse('ledger/period-closed', { day: through, through: before.through });
  const day = businessDay(view);
  const opens = dayAfter(through);
  if (opens === undefined || through >= day) return refuse('ledger/period-open', { day, through });
  const owned = view.author.role === 'owner' ? through : (before?.owned ?? '');
  return [periods.write({ of: 'book', through, opens, late, owned })];
}

/**
 * Carries income and expense to equity, on the first open day: what is closed stays as it is. Refuses `ledger/period-open` where `through` is not
 * closed, `ledger/already-carried` where that day or a later one was carried and not taken back, `ledger/carry-account` for a line of another kind, `ledger/empty-entry`, and what `post` refuses.
 */
export function carryPeriod(view: View, op: OpFacts, args: PeriodCarryArgs): readonly Effect[] | Refusal {
  const { through, retained, memo, lines } = args;
  const closed = view.get(periods, { of: 'book' });
  if (closed === undefined || closed.through < through) return refuse('ledger/period-open', { day: '', through });
  for (const carry of view.list(carries, {}))
    if (carry.through >= through && view.get(reversals, { of: carry.op }) === undefined)
      return refuse('ledger/already-carried', { through: carry.through });
  if (view.hq.get(accounts, { account: retained })?.kind !== 'equity')
    return refuse('ledger/carry-account', { account: retained });
  for (const { account } of lines) {
    const kind = view.hq.get(accounts, { account })?.kind;
    if (kind !== 'income' && kind !== 'expense') return refuse('ledger/carry-account', { account });
  }
  const posted = postAgainst(view, op, { day: closed.opens, memo, lines, against: retained });
  return 'code' in posted ? posted : [carries.put({ through, op: op.id, retained, device: op.device }), ...posted];
}

/** Posts the balances that a scope begins with. Refuses `ledger/already-opened`, `ledger/empty-entry`, and what `post` refuses. */
export function postOpening(view: View, op: OpFacts, args: OpeningPostArgs): readonly Effect[] | Refusal {
  const { day, memo, equity, lines } = args;
  const effects: Effect[] = [];
  for (const { account, currency } of lines) {
    if (view.get(openings, { account, currency }) !== undefined)
      return refuse('ledger/already-opened', { account, currency });
    effects.push(openings.put({ account, currency, op: op.id }));
  }
  const posted = postAgainst(view, op, { day, memo, lines, against: equity });
  return 'code' in posted ? posted : effects.concat(posted);
}

interface OneSided {
  readonly day: string;
  readonly memo: string;
  readonly lines: readonly EntryLine[];
  /** Takes the other side of every currency. */
  readonly against: string;
}

function postAgainst(view: View, op: OpFacts, { day, memo, lines, against }: OneSided): readonly Effect[] | Refusal {
  const sumsByCurrency = new Map<string, number>();
  for (const { account, currency, amountMinor } of lines) {
    const sum = addMinor(sumsByCurrency.get(currency) ?? 0, amountMinor);
    if (sum === undefined) return refuse('ledger/amount-range', { account });
    sumsByCurrency.set(currency, sum);
  }
  const others = [...sumsByCurrency].map(([currency, sum]) => ({ account: against, currency, amountMinor: 0 - sum }));
  const posted = post(view, op, { day, memo, lines: [...lines, ...others] });
  return 'code' in posted || posted.length > 0 ? posted : refuse('ledger/empty-entry');
}
