// Whether the clock of this device can be right. Nothing the book counts hangs on it (DESIGN section 3), but receipts and
// business days carry what it says, so a seller should hear of a wrong one.
import { type DeviceId, parseOpHash } from '@tallystick/oplog';
import type { PushAnswer } from '@tallystick/relay-protocol';
import type { OpenShop } from './open-shop.ts';
import type { Clock } from './port.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface ClockWatch {
  /** Takes in what the relay said about the ids it was handed. */
  heard(results: PushAnswer['results']): void;
  /** `nowMs` against the day this device was admitted, and what the relay said last. */
  read(shop: Pick<OpenShop, 'book' | 'log'>, nowMs: number): Clock;
}

export function createClockWatch(): ClockWatch {
  let isAhead = false;
  let admittedMs: number | undefined;
  return {
    heard(results) {
      if (results.length === 0) return;
      isAhead = results.some(({ warnings }) => warnings?.includes('clock-ahead') === true);
    },
    read(shop, nowMs) {
      admittedMs ??= readAdmittedMs(shop, shop.book.device);
      if (admittedMs !== undefined && nowMs < admittedMs - dayMs) return 'behind';
      return isAhead ? 'ahead' : 'fine';
    },
  };
}

/** The instant in the id of the op that admitted the device, by the office's clock; undefined before that op is here. */
function readAdmittedMs({ book, log }: Pick<OpenShop, 'book' | 'log'>, device: DeviceId): number | undefined {
  const [row] = book.query<{ readonly enrolment: string }>('SELECT enrolment FROM devices WHERE device = ?', [device]);
  const hash = parseOpHash(row?.enrolment);
  const id = hash === undefined ? undefined : log.get(hash)?.record.op.id;
  return id === undefined ? undefined : Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
