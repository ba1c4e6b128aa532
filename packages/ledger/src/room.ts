/** What one device may move in a scope and currency, so that whoever has one till leaves room in every sum for everybody else's (decision 056, 074). */
import { type Effect, type OpFacts, type Refusal, refuse, type View } from '@tallystick/kernel';
import type { EntryLine } from './post.ts';
import type { BookReader } from './queries.ts';
import { deviceTotals, periods } from './tables.ts';

/** The most that one device moves in a term, all its entries together: a sixty-fourth of what a sum holds. An owner's devices are not counted. */
export const maxDeviceMinor = 1.4e14;

/** Adds an entry to what its device has moved; refuses `ledger/device-total`. What is taken back counts for nobody. */
export function moveDevice(view: View, op: OpFacts, lines: readonly EntryLine[]): readonly Effect[] | Refusal {
  if (view.author.role === 'owner') return [];
  const movedByCurrency = new Map<string, number>();
  for (const { currency, amountMinor } of lines)
    if (amountMinor > 0) movedByCurrency.set(currency, (movedByCurrency.get(currency) ?? 0) + amountMinor);
  const term = termOf(view);
  const effects: Effect[] = [];
  for (const [currency, movedMinor] of movedByCurrency) {
    const key = { device: op.device, currency, term };
    const beforeMinor = view.sum(deviceTotals, key).movedMinor;
    if (beforeMinor + movedMinor > maxDeviceMinor)
      return refuse('ledger/device-total', { device: op.device, currency, beforeMinor });
    effects.push(deviceTotals.add(key, { movedMinor }));
  }
  return effects;
}

/**
 * The month of the close from which the author's entries are counted. Who may close begins no term of its own: the devices of managers are counted from what an owner closed. A
 * month, so that closing day after day makes no room.
 */
function termOf(view: View): string {
  const closed = view.get(periods, { of: 'book' });
  return ((view.author.role === 'manager' ? closed?.owned : closed?.through) ?? '').slice(0, 7);
}

/** How far a device has come of what one device may move in a scope and currency. */
export interface DeviceRoom {
  readonly scope: string;
  readonly device: string;
  readonly currency: string;
  readonly movedMinor: number;
  /** Of `maxDeviceMinor`, 50 to 100. From 100 on what the device does is refused. */
  readonly percent: number;
}

const percentMinor = Math.trunc(maxDeviceMinor / 100);

/** Devices that have used up half of what one device may move in this term, or more: a close, or going on as a new device, makes room in good time. */
export function deviceRoomList(book: BookReader): readonly DeviceRoom[] {
  const rows = book.query(
    `SELECT t.scope, t.device, t.currency, t.movedMinor FROM deviceTotals t
      LEFT JOIN periods p ON p.scope = t.scope AND p.of = 'book'
      WHERE t.movedMinor >= ? AND t.term = coalesce(substr(
        CASE WHEN EXISTS (SELECT 1 FROM devices d WHERE d.device = t.device AND d.role = 'manager') THEN p.owned ELSE p.through END, 1, 7), '')
      ORDER BY t.movedMinor DESC, t.device`,
    [50 * percentMinor],
  );
  return rows.map((row) => {
    const movedMinor = Number(row['movedMinor']);
    const place = { scope: String(row['scope']), device: String(row['device']), currency: String(row['currency']) };
    return { ...place, movedMinor, percent: Math.trunc(movedMinor / percentMinor) };
  });
}
