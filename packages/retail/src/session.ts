/** Cash sessions: a drawer is opened with a float, counted at the end, and the difference is posted, never hidden. A close is a Z report. */
import {
  contest,
  defineVerb,
  type Effect,
  type OpFacts,
  refuse,
  type RowOf,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { ledgerTables, postDone } from '@tallystick/ledger';
import type { SessionCloseArgs, SessionOpenArgs } from './args.ts';
import { moveDrawer } from './cash.ts';
import { retailAccounts } from './chart.ts';
import { closings, takings } from './counter/tables.ts';
import { documentTables, issueDocument, keepNumber } from './document.ts';
import { conclude, posted, type Remark } from './remark.ts';
import { sessionCloseArgs, sessionOpenArgs } from './schema.ts';
import { deviceSessions, drawers, sessions } from './tables.ts';

/** Opens a cash session on the op's device; its id is the op's. The float is moved between drawers, so nothing is posted. */
export const sessionOpen: Verb<'session.open', SessionOpenArgs> = defineVerb({
  name: 'session.open',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [deviceSessions, drawers, sessions],
  args: sessionOpenArgs,
  plan: (view, op, { day, currency, floatMinor }) => {
    const { device } = op;
    const current = view.get(deviceSessions, { device })?.session ?? '';
    const closing = { closedDay: '', closedBy: '', expectedMinor: 0, countedMinor: 0 };
    const effects: Effect[] = [
      sessions.write({ id: op.id, device, state: 'open', currency, floatMinor, openedDay: day, ...closing }),
      deviceSessions.write({ device, session: op.id }),
    ];
    moveDrawer(op.id, currency, floatMinor, effects);
    // What is sold in it has to have a drawer, whatever became of the one before.
    return current === '' ? effects : contest('retail/session-open', { session: current }, effects);
  },
});

/** What a verb that closes a session touches beside its postings and its document. */
export const closingTables: readonly [
  typeof deviceSessions,
  typeof drawers,
  typeof sessions,
  typeof takings,
  typeof closings,
] = [deviceSessions, drawers, sessions, takings, closings];

/** Empties the drawer of a session and closes it, with its Z report under the number of the document that counted it. */
export function closeDrawer(
  view: View,
  op: OpFacts,
  row: RowOf<(typeof sessions)['key'] & (typeof sessions)['columns']>,
  counted: {
    readonly number: string;
    readonly day: string;
    readonly expectedMinor: number;
    readonly countedMinor: number;
  },
  effects: Effect[],
): void {
  const { id: session, device, currency, floatMinor } = row;
  const { number, day, expectedMinor, countedMinor } = counted;
  const closing = { state: 'closed', closedDay: day, closedBy: op.device, expectedMinor, countedMinor };
  effects.push(sessions.write({ ...row, ...closing }), deviceSessions.write({ device, session: '' }));
  moveDrawer(session, currency, 0 - expectedMinor, effects);
  const taken = view.sum(takings, { session });
  effects.push(
    closings.put({ session, number, day, device, currency, floatMinor, expectedMinor, countedMinor, ...taken }),
  );
}

/**
 * Closes a session: empties its drawer and posts what was counted over or short. A device closes its own; an owner or a
 * manager may close another's, such as that of a till that broke.
 */
export const sessionClose: Verb<'session.close', SessionCloseArgs> = defineVerb({
  remains: keepNumber('close'),
  name: 'session.close',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [...ledgerTables, ...documentTables, ...closingTables],
  args: sessionCloseArgs,
  plan: (view, op, { session, countedMinor, day }) => {
    const row = view.get(sessions, { id: session });
    if (row === undefined) return refuse('retail/unknown-session', { session });
    const { device, currency } = row;
    const mayCloseAny = view.author.role === 'owner' || view.author.role === 'manager';
    if (device !== op.device && !mayCloseAny) return refuse('retail/foreign-session', { session, device });
    const expectedMinor = view.sum(drawers, { session, currency }).amountMinor;
    const overMinor = countedMinor - expectedMinor;
    if (!Number.isSafeInteger(overMinor)) return refuse('retail/amount-range', { session });
    const effects: Effect[] = [];
    const isOver = row.state !== 'open';
    const totals = { totalMinor: isOver ? 0 : overMinor, taxMinor: 0 };
    const memo = issueDocument(view, op, 'close', { day, currency, session }, totals, effects);
    if (isOver) {
      // Two people counted one drawer apart: the first count is in the books, and what the second one found is said.
      const { closedBy, closedDay } = row;
      return contest('retail/session-closed', { session, closedBy, closedDay, countedMinor, expectedMinor }, effects);
    }
    closeDrawer(view, op, row, { number: memo, day, expectedMinor, countedMinor }, effects);
    const entry = postDone(view, op, {
      day,
      memo,
      lines: [
        { account: retailAccounts.cash, currency, amountMinor: overMinor },
        { account: retailAccounts.cashOverAndShort, currency, amountMinor: 0 - overMinor },
      ],
    });
    if ('code' in entry) return entry;
    const remarks: Remark[] = [];
    return conclude(effects.concat(posted(entry, remarks)), remarks);
  },
});
