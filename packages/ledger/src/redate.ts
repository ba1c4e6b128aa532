/**
 * The date of record of an entry that a wrong clock put on a wrong day: its postings are taken back on that day and made again on the right one, each day in balance by
 * itself, so every report of days and periods follows. What was recorded stays as it was (decision 052).
 */
import {
  type Effect,
  type OpFacts,
  type Outcome,
  refuse,
  type RegisterTable,
  registerTable,
  type View,
} from '@tallystick/kernel';
import { ledgerTables, postings } from './postings.ts';
import { lateEntries, periods } from './tables.ts';

type Text = 'text';

/**
 * Entries and documents, by the op that made them, whose day was corrected: `day` is the date of record now and `first` the one that was recorded; on `posted` their
 * postings stand, which is another day where that one was closed. `by` is the op that said so.
 */
export const entryDays: RegisterTable<{ of: Text }, { day: Text; first: Text; posted: Text; reason: Text; by: Text }> =
  registerTable('entryDays', {
    key: { of: 'text' },
    columns: { day: 'text', first: 'text', posted: 'text', reason: 'text', by: 'text' },
  });

export const redateTables: readonly [...typeof ledgerTables, typeof entryDays] = [...ledgerTables, entryDays];

export interface EntryRedateArgs {
  /** The op whose entry it is. */
  readonly of: string;
  readonly day: string;
  readonly reason: string;
}

/**
 * Refuses `ledger/unknown-entry` for an op that posted nothing here, `ledger/two-days` for one that itself moved an entry, `ledger/same-day`. What stands on a day that is
 * closed, or belongs on one, goes where the close says, as any entry does.
 */
export function redate(view: View, op: OpFacts, { of, day, reason }: EntryRedateArgs): Outcome {
  const rows = view.list(postings, { op: of });
  const [row] = rows;
  if (row === undefined) return refuse('ledger/unknown-entry', { of });
  if (rows.some((other) => other.day !== row.day)) return refuse('ledger/two-days', { day: row.day });
  const known = view.get(entryDays, { of });
  const recorded = view.get(lateEntries, { op: of })?.meantFor ?? row.day;
  if (day === (known?.day ?? recorded)) return refuse('ledger/same-day', { day });
  const standsOn = known?.posted ?? row.day;
  const [from, to] = [openDay(view, standsOn), openDay(view, day)];
  const effects: Effect[] = [];
  // Both days are closed: what would be taken back on the first open day would be made again on it.
  const isMoved = from !== to;
  for (const { account, currency, amountMinor } of isMoved ? rows : []) {
    const line = { op: op.id, account, currency, memo: reason };
    effects.push(postings.put({ ...line, line: effects.length + 1, amountMinor: 0 - amountMinor, day: from }));
    effects.push(postings.put({ ...line, line: effects.length + 1, amountMinor, day: to }));
  }
  const posted = isMoved ? to : standsOn;
  return [...effects, entryDays.write({ of, day, first: known?.first ?? recorded, posted, reason, by: op.id })];
}

/** The day on which an entry for a day stands, or would. */
function openDay(view: View, day: string): string {
  const closed = view.get(periods, { of: 'book' });
  return closed !== undefined && closed.late === 'route' && day <= closed.through ? closed.opens : day;
}
