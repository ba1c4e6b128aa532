/** Tenders and drawers: what was paid how, and in which session the cash lies. */
import {
  type Correction,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type View,
} from '@tallystick/kernel';
import { addMinor, type EntryLine } from '@tallystick/ledger';
import type { Tender } from './args.ts';
import { retailAccounts } from './chart.ts';
import { takings } from './counter/tables.ts';
import { signed } from './goods.ts';
import { conclude, noted, type Remark } from './remark.ts';
import { drawers, sessions, tenders as tenderRows } from './tables.ts';

/** What a verb that takes or gives money touches. */
export const cashTables: readonly [typeof drawers, typeof sessions, typeof tenderRows, typeof takings] = [
  drawers,
  sessions,
  tenderRows,
  takings,
];

/** `deposit` is what was paid before on a layaway: no argument says it, the fold knows it. */
type SettledKind = Tender['kind'] | 'deposit';

export interface Settlement {
  readonly currency: string;
  readonly session: string | undefined;
  readonly tenders: readonly { readonly kind: SettledKind; readonly amountMinor: number }[];
  readonly changeMinor: number;
  readonly totalMinor: number;
  /** 1 where money comes in, -1 where it is paid out. */
  readonly sign: 1 | -1;
}

const tenderAccounts: Readonly<Record<SettledKind, string>> = {
  cash: retailAccounts.cash,
  card: retailAccounts.cardClearing,
  account: retailAccounts.receivables,
  entitlement: retailAccounts.giftBalances,
  deposit: retailAccounts.customerDeposits,
};

/**
 * Puts the tenders of a document, moves the drawer and returns the debits to post. Refuses `retail/tender-mismatch` unless
 * tenders less change are the total, and `retail/change-not-cash` where more change is given than cash was taken.
 */
export function settle(op: OpFacts, settlement: Settlement, effects: Effect[]): EntryLine[] | Refusal {
  const { currency, session, tenders, changeMinor, totalMinor, sign } = settlement;
  const debits: EntryLine[] = [];
  let paidMinor = 0 - changeMinor;
  let cashMinor = 0;
  for (const { kind, amountMinor } of tenders) {
    const paid = addMinor(paidMinor, amountMinor);
    if (paid === undefined) return refuse('retail/amount-range', { tender: kind });
    paidMinor = paid;
    if (kind === 'cash') cashMinor += amountMinor;
    putTender(op, debits, kind, currency, signed(sign, amountMinor), effects);
  }
  if (changeMinor > cashMinor) return refuse('retail/change-not-cash', { cashMinor, changeMinor });
  if (paidMinor !== totalMinor)
    return refuse('retail/tender-mismatch', { expectedMinor: totalMinor, gotMinor: paidMinor });
  if (changeMinor > 0) putTender(op, debits, 'cash', currency, signed(sign, 0 - changeMinor), effects);
  moveDrawer(session, currency, signed(sign, cashMinor - changeMinor), effects);
  return debits;
}

function putTender(
  op: OpFacts,
  debits: EntryLine[],
  kind: SettledKind,
  currency: string,
  amountMinor: number,
  effects: Effect[],
): void {
  debits.push({ account: tenderAccounts[kind], currency, amountMinor });
  effects.push(tenderRows.put({ document: op.id, line: debits.length, kind, currency, amountMinor }));
}

/** Cash into the drawer of a session, or out of it. Without a session no drawer is kept. */
export function moveDrawer(
  session: string | undefined,
  currency: string,
  amountMinor: number,
  effects: Effect[],
): void {
  if (session === undefined || session === '' || amountMinor === 0) return;
  effects.push(drawers.add({ session, currency }, { amountMinor }));
}

/**
 * Accepts what moves cash in a session that somebody else closed meanwhile, and says so (`retail/late-cash`): the drawer was counted and emptied
 * without it, so that is what it shows now. An entry whose day was closed is `ledger/late-entry`.
 */
export function acceptCash(
  view: View,
  session: string | undefined,
  effects: readonly Effect[],
  remarks: Remark[],
): Outcome {
  const late = lateCash(view, session, effects);
  if (late !== undefined) remarks.push(noted(late));
  return conclude(effects, remarks);
}

function lateCash(view: View, session: string | undefined, effects: readonly Effect[]): Correction | undefined {
  const row = session === undefined || session === '' ? undefined : view.get(sessions, { id: session });
  if (row === undefined || row.state !== 'closed') return undefined;
  const moved = effects
    .filter((effect) => effect.table === drawers)
    .map(({ row: drawer }) => Number(drawer['amountMinor']));
  const cashMinor = moved.reduce((sum, amountMinor) => sum + amountMinor, 0);
  const { closedBy, closedDay, currency } = row;
  if (cashMinor === 0) return undefined;
  return { code: 'retail/late-cash', details: { session: row.id, cashMinor, currency, closedBy, closedDay } };
}

/**
 * Judges the session that an op wants to put cash into or take it from. A session that somebody else closed meanwhile still
 * takes what its own device rang up before it knew: that cash shows as late in the drawer instead of refusing a paid sale.
 */
export function checkSession(
  view: View,
  op: OpFacts,
  session: string | undefined,
  currency: string,
): Refusal | undefined {
  if (session === undefined) return undefined;
  const row = view.get(sessions, { id: session });
  if (row === undefined) return refuse('retail/unknown-session', { session });
  if (row.device !== op.device) return refuse('retail/foreign-session', { session, device: row.device });
  if (row.closedBy === op.device) return refuse('retail/session-closed', { session });
  if (row.currency !== currency) return refuse('retail/currency-mismatch', { expected: row.currency, got: currency });
  return undefined;
}
