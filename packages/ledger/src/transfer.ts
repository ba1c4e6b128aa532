/**
 * Transfers from one account to another under an id of the caller's, at once or in two phases: what is pending counts against limits until it is posted,
 * voided or expired. The caller may ask again after an answer that never came; the verdict says whether it was the same transfer (DESIGN section 9).
 */
import {
  businessDays,
  type Effect,
  type OpFacts,
  type Refusal,
  refuse,
  type Row,
  type RowOf,
  type SetTable,
  setTable,
  type View,
} from '@tallystick/kernel';
import { judgeTerms } from './laws.ts';
import { type EntryLine, post, refuseTooLarge } from './post.ts';
import { ledgerTables } from './postings.ts';
import { pendingSums } from './tables.ts';

type Text = 'text';
type Int = 'integer';

const columns = {
  debit: 'text',
  credit: 'text',
  currency: 'text',
  amountMinor: 'integer',
  untilDay: 'text',
  day: 'text',
  memo: 'text',
  op: 'text',
} as const;

/** Transfers as they were made; `untilDay` is '' for one that was posted at once. */
export const moneyTransfers: SetTable<{ id: Text }, typeof columns> = setTable('moneyTransfers', {
  key: { id: 'text' },
  columns,
  check: (rows, _op, view) => judgeTerms(rows.filter(({ untilDay }) => untilDay !== '').flatMap(sidesOf), view),
  derive: (row) => (row['untilDay'] === '' ? [] : hold(row, Number(row['amountMinor']))),
});

/** How pending transfers ended: `posted` with what was posted of `heldMinor`, `voided` or `expired`. One without a row here is pending. */
export const moneyTransferEnds: SetTable<
  { id: Text },
  {
    state: Text;
    amountMinor: Int;
    heldMinor: Int;
    debit: Text;
    credit: Text;
    currency: Text;
    day: Text;
    memo: Text;
    op: Text;
  }
> = setTable('moneyTransferEnds', {
  key: { id: 'text' },
  columns: {
    state: 'text',
    amountMinor: 'integer',
    heldMinor: 'integer',
    debit: 'text',
    credit: 'text',
    currency: 'text',
    day: 'text',
    memo: 'text',
    op: 'text',
  },
  derive: (row) => hold(row, 0 - Number(row['heldMinor'])),
});

/** What a verb that makes or ends transfers must list among its tables. */
export const transferTables: readonly [...typeof ledgerTables, typeof moneyTransfers, typeof moneyTransferEnds] = [
  ...ledgerTables,
  moneyTransfers,
  moneyTransferEnds,
];

export interface Transfer {
  /** The caller's, the same in every retry: 1 to 64 characters. */
  readonly id: string;
  readonly debit: string;
  readonly credit: string;
  readonly currency: string;
  /** At least 1. */
  readonly amountMinor: number;
  /** Given for a pending one: the last business day, `YYYY-MM-DD`, on which it may not expire. */
  readonly untilDay?: string;
}

export interface LinkedTransfers {
  readonly day: string;
  readonly memo: string;
  /** All of them are made, or none. */
  readonly transfers: readonly Transfer[];
}

export interface TransferEnd {
  readonly of: string;
  readonly day: string;
  readonly memo: string;
  /** How much is posted of what is held; all of it when left out. The rest is let go. */
  readonly amountMinor?: number;
}

type TransferRow = RowOf<(typeof moneyTransfers)['key'] & (typeof moneyTransfers)['columns']>;
type State = 'posted' | 'voided' | 'expired';

/**
 * Makes linked transfers, or says why none is made: `ledger/exists` where one of them is there already, `ledger/exists-different-...` where one is there
 * that differs, by the first field that does, `ledger/same-account`, and what `post` and the tables refuse.
 */
export function makeTransfers(view: View, op: OpFacts, linked: LinkedTransfers): readonly Effect[] | Refusal {
  const { day, memo } = linked;
  const effects: Effect[] = [];
  const lines: EntryLine[] = [];
  const ids = new Set<string>();
  const tooLarge = refuseTooLarge(linked.transfers.map(({ debit, ...transfer }) => ({ ...transfer, account: debit })));
  if (tooLarge !== undefined) return tooLarge;
  for (const { id, debit, credit, currency, amountMinor, untilDay = '' } of linked.transfers) {
    const row = { id, debit, credit, currency, amountMinor, untilDay, day, memo, op: op.id };
    const before = view.get(moneyTransfers, { id });
    if (before !== undefined) return judgeRetry(before, row);
    if (ids.has(id)) return refuse('ledger/exists', { id });
    ids.add(id);
    if (debit === credit) return refuse('ledger/same-account', { id, account: debit });
    effects.push(moneyTransfers.put(row));
    if (untilDay === '') lines.push(...linesOf(row, amountMinor));
  }
  const posted = post(view, op, { day, memo, lines });
  return 'code' in posted ? posted : effects.concat(posted);
}

/**
 * Posts a pending transfer, or a part of it. Refuses `ledger/unknown-transfer`, `ledger/not-pending`, `ledger/exceeds-pending`; where it has ended
 * `ledger/exists`, `ledger/exists-different-amount`, `-day` or `-memo`, `ledger/already-voided`, `ledger/already-expired`; and what `post` refuses.
 */
export function postTransfer(view: View, op: OpFacts, end: TransferEnd): readonly Effect[] | Refusal {
  const held = heldBy(view, end.of);
  if ('code' in held) return held;
  const { day, memo, amountMinor = held.amountMinor } = end;
  const ended = judgeEnd(view, end.of, 'posted', { amountMinor, day, memo });
  if (ended !== undefined) return ended;
  if (amountMinor > held.amountMinor)
    return refuse('ledger/exceeds-pending', { id: held.id, heldMinor: held.amountMinor });
  const posted = post(view, op, { day, memo, lines: linesOf(held, amountMinor) });
  return 'code' in posted ? posted : [endOf(op, held, 'posted', { amountMinor, day, memo }), ...posted];
}

/** Takes a pending transfer back. Refuses as `postTransfer` does, and `ledger/already-posted`. */
export function voidTransfer(view: View, op: OpFacts, of: string): readonly Effect[] | Refusal {
  return letGo(view, op, of, 'voided');
}

/** Ends a pending transfer when its last day is over, by the business day that is open: before that `ledger/not-over`. */
export function expireTransfer(view: View, op: OpFacts, of: string): readonly Effect[] | Refusal {
  return letGo(view, op, of, 'expired');
}

function letGo(view: View, op: OpFacts, of: string, state: 'voided' | 'expired'): readonly Effect[] | Refusal {
  const held = heldBy(view, of);
  if ('code' in held) return held;
  const ended = judgeEnd(view, of, state, NOTHING);
  if (ended !== undefined) return ended;
  const day = businessDay(view);
  if (state === 'expired' && day <= held.untilDay) return refuse('ledger/not-over', { day, untilDay: held.untilDay });
  return [endOf(op, held, state, NOTHING)];
}

/** The business day that is open here, or in `hq` as of the mark if that is later; '' before the first. */
export function businessDay(view: View): string {
  const here = view.get(businessDays, { of: 'book' })?.day ?? '';
  const above = view.hq.get(businessDays, { of: 'book' })?.day ?? '';
  return here > above ? here : above;
}

interface Posted {
  readonly amountMinor: number;
  readonly day: string;
  readonly memo: string;
}
const NOTHING: Posted = { amountMinor: 0, day: '', memo: '' };

function heldBy(view: View, id: string): TransferRow | Refusal {
  const row = view.get(moneyTransfers, { id });
  if (row === undefined) return refuse('ledger/unknown-transfer', { id });
  return row.untilDay === '' ? refuse('ledger/not-pending', { id }) : row;
}

function endOf(op: OpFacts, held: TransferRow, state: State, posted: Posted): Effect {
  const { id, debit, credit, currency, amountMinor: heldMinor } = held;
  return moneyTransferEnds.put({ id, state, heldMinor, debit, credit, currency, op: op.id, ...posted });
}

const ENDED: Readonly<Record<string, string>> = {
  posted: 'ledger/already-posted',
  voided: 'ledger/already-voided',
  expired: 'ledger/already-expired',
};

function judgeEnd(view: View, id: string, state: State, posted: Posted): Refusal | undefined {
  const end = view.get(moneyTransferEnds, { id });
  if (end === undefined) return undefined;
  if (end.state !== state) return refuse(ENDED[end.state] ?? 'ledger/exists', { id });
  if (end.amountMinor !== posted.amountMinor) return refuse('ledger/exists-different-amount', { id });
  if (end.day !== posted.day) return refuse('ledger/exists-different-day', { id });
  if (end.memo !== posted.memo) return refuse('ledger/exists-different-memo', { id });
  return refuse('ledger/exists', { id });
}

function judgeRetry(before: TransferRow, asked: TransferRow): Refusal {
  const { id } = asked;
  if (before.debit !== asked.debit) return refuse('ledger/exists-different-debit', { id });
  if (before.credit !== asked.credit) return refuse('ledger/exists-different-credit', { id });
  if (before.currency !== asked.currency) return refuse('ledger/exists-different-currency', { id });
  if (before.amountMinor !== asked.amountMinor) return refuse('ledger/exists-different-amount', { id });
  if (before.untilDay !== asked.untilDay) return refuse('ledger/exists-different-until', { id });
  if (before.day !== asked.day) return refuse('ledger/exists-different-day', { id });
  if (before.memo !== asked.memo) return refuse('ledger/exists-different-memo', { id });
  return refuse('ledger/exists', { id });
}

function linesOf({ debit, credit, currency }: Pick<TransferRow, 'debit' | 'credit' | 'currency'>, minor: number) {
  return [
    { account: debit, currency, amountMinor: minor },
    { account: credit, currency, amountMinor: 0 - minor },
  ] as const;
}

function sidesOf(row: Row): readonly EntryLine[] {
  return linesOf(row as Row & TransferRow, Number(row['amountMinor']));
}

function hold(row: Row, minor: number): readonly Effect[] {
  const currency = String(row['currency']);
  return [
    pendingSums.add({ account: String(row['debit']), currency }, { debitMinor: minor }),
    pendingSums.add({ account: String(row['credit']), currency }, { creditMinor: minor }),
  ];
}
