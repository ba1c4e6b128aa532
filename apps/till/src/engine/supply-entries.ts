// Goods that come in by a transfer, as an entry; and what a van counts in the evening, which is handed on by hand: who settles writes the op.
import { parseTransferNoteText, transferNote, vanCountText } from '@tallystick/retail/supply';
import { openDay } from './entitlements.ts';
import type { Entry, Failed } from './entry.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import type { Arrival, Delivery, DeliveryRequest, Outcome, VanCountRequest } from './port.ts';
import { noSession } from './sale-entries.ts';

/** What was sent here by a place whose log is here too, and not counted in yet, the oldest first. */
export function readDeliveries({ book, record }: OpenShop): Outcome<readonly Delivery[]> {
  const rows = book.query<{ readonly transfer: string }>(
    `SELECT t.transfer FROM transfers t WHERE t.toScope = ?
        AND NOT EXISTS (SELECT 1 FROM arrivals a WHERE a.scope = t.toScope AND a.transfer = t.transfer)
      ORDER BY t.transfer LIMIT 50`,
    [record.scope],
  );
  return { ok: true, value: rows.flatMap(({ transfer }) => transferNote(book, transfer) ?? []) };
}

/** What a note says that came with goods from elsewhere. */
export function readDelivery(shop: OpenShop, text: string): Outcome<Delivery> {
  const note = parseTransferNoteText(text);
  if (note === undefined) return { ok: false, code: 'till/no-note', message: 'This is no delivery note.' };
  return arrivalOf(shop, note.transfer) === undefined ? { ok: true, value: note } : { ...cameBefore };
}

const cameBefore: Failed = { ok: false, code: 'retail/transfer-received', message: 'It came in before.' };

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

function arrivalOf({ book, record }: OpenShop, transfer: string): ArrivalRow | undefined {
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

/** What was counted on this van, for whoever settles it. Nothing is written here: a van does not judge itself. */
export function writeVanCount(shop: OpenShop, { lines, cashMinor }: VanCountRequest): Outcome<string> {
  const session = readSession(shop);
  if (session === undefined) return noSession;
  const { scope } = shop.record;
  const counted = lines.map(({ sku, countedQuantity }) => ({ sku, counted: countedQuantity }));
  const { currency } = describeShop(shop);
  const count = { scope, day: openDay(shop), currency, session: session.id, cashMinor, lines: counted };
  return { ok: true, value: vanCountText(count) };
}
