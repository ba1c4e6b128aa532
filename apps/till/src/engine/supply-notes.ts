// The notes that goods travel with: what came for this place, and what a van counts in the evening, which is handed on by hand. Nothing is written here.
import { parseTransferNoteText, transferNote, vanCountText } from '@tallystick/retail/supply';
import { openDay } from './entitlements.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import type { Delivery, Outcome } from './port.ts';
import type { VanCountRequest } from './requests.ts';
import { noSession } from './sale-entries.ts';
import { arrivalOf, cameBefore } from './supply-entries.ts';

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
  if (note.to !== undefined && note.to !== shop.record.scope)
    return { ok: false, code: 'retail/not-for-here', message: `It was loaded for ${note.to}.` };
  return arrivalOf(shop, note.transfer) === undefined ? { ok: true, value: note } : { ...cameBefore };
}

/** What was counted on this van, for whoever settles it: a van does not judge itself. */
export function writeVanCount(shop: OpenShop, { lines, cashMinor }: VanCountRequest): Outcome<string> {
  const session = readSession(shop);
  if (session === undefined) return noSession;
  const { scope } = shop.record;
  const counted = lines.map(({ sku, countedQuantity }) => ({ sku, counted: countedQuantity }));
  const { currency } = describeShop(shop);
  const [taken] = shop.book.query<{ readonly documents: number }>(
    'SELECT sales + refunds + voids + payments AS documents FROM takings WHERE scope = ? AND session = ?',
    [scope, session.id],
  );
  const documents = taken?.documents ?? 0;
  const count = { scope, day: openDay(shop), currency, session: session.id, cashMinor, documents, lines: counted };
  return { ok: true, value: vanCountText(count) };
}
