// Goods that come in by a transfer, as an entry.
import { openDay } from './entitlements.ts';
import type { Entry, Failed } from './entry.ts';
import type { OpenShop } from './open-shop.ts';
import type { Arrival } from './port.ts';
import type { DeliveryRequest } from './requests.ts';

/** A transfer comes in once. */
export const cameBefore: Failed = { ok: false, code: 'retail/transfer-received', message: 'It came in before.' };

/** Known by its transfer, which comes in once. */
export const receiveEntry: Entry<DeliveryRequest, Arrival> = {
  find: (shop, { note, received }) => {
    const row = arrivalOf(shop, note.transfer);
    if (row === undefined) return undefined;
    const isSame = row.device === shop.book.device && String(readReceived(shop, row.arrival)) === String(received);
    return isSame ? { ok: true, id: row.arrival } : cameBefore;
  },
  write: async (shop, { note, received }) => {
    const lines = note.lines.map((line, at) => ({ ...line, received: received[at] ?? 0 }));
    return shop.book.commit('transfer.receive', { ...note, day: openDay(shop), lines });
  },
  show: ({ book, record }, id, { note, received }) => {
    const [row] = book.query<{ readonly number: string }>('SELECT number FROM documents WHERE scope = ? AND id = ?', [
      record.scope,
      id,
    ]);
    const lost = note.lines.filter((line, at) => (received[at] ?? 0) !== line.quantity).map(({ name }) => name);
    return row === undefined
      ? undefined
      : { number: row.number, differs: lost, skus: note.lines.map(({ sku }) => sku) };
  },
};

interface ArrivalRow {
  readonly arrival: string;
  readonly device: string;
}

/** The arrival of a transfer here, if it came in. */
export function arrivalOf({ book, record }: OpenShop, transfer: string): ArrivalRow | undefined {
  const [row] = book.query<ArrivalRow & Readonly<Record<string, string>>>(
    `SELECT a.arrival, d.device FROM arrivals a JOIN documents d ON d.scope = a.scope AND d.id = a.arrival
      WHERE a.scope = ? AND a.transfer = ?`,
    [record.scope, transfer],
  );
  return row;
}

/** How much of each line was counted in, by the order of the note. */
function readReceived({ book, record }: OpenShop, arrival: string): readonly number[] {
  const rows = book.query<{ readonly quantity: number }>(
    'SELECT quantity FROM documentLines WHERE scope = ? AND document = ? ORDER BY line',
    [record.scope, arrival],
  );
  return rows.map(({ quantity }) => quantity);
}
