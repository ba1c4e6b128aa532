// Scanned codes: read, looked up among the barcodes of the catalogue. The reader is fetched when the till is up and nobody waits for it.
import { findBarcode } from '@tallystick/retail';
import type * as Scanner from '@tallystick/retail/scan';
import { scannedQuantity, shortCode } from '../model/scanned.ts';
import type { OpenShop } from './open-shop.ts';
import type { Outcome, ScannedGoods } from './port.ts';

export function loadScanner(): Promise<typeof Scanner> {
  return import('@tallystick/retail/scan');
}

/** The goods that a code stands for: by its GTIN, or by the shop's own code. */
export async function readScan({ book }: OpenShop, text: string): Promise<Outcome<ScannedGoods>> {
  const { scan } = await loadScanner();
  const read = scan(text);
  if (!read.ok) return { ok: false, code: 'till/scan-damaged', message: read.reason };
  const { gtin, code, lot, expiry } = read.value;
  const meant = findBarcode(book, gtin ?? code ?? '');
  if (meant === undefined) return { ok: false, code: 'till/scan-unknown', message: shortCode(gtin ?? text) };
  const quantity = scannedQuantity(read.value, meant.quantity, unitScaleOf(book, meant.sku));
  if (quantity === undefined || quantity <= 0 || !Number.isSafeInteger(quantity))
    return { ok: false, code: 'till/scan-amount', message: shortCode(text) };
  const marks = { ...(lot === undefined ? {} : { lot }), ...(expiry === undefined ? {} : { expiry }) };
  return { ok: true, value: { sku: meant.sku, quantity, ...marks } };
}

function unitScaleOf(book: OpenShop['book'], sku: string): number {
  const [row] = book.query<{ readonly unitScale: number }>(
    "SELECT unitScale FROM products WHERE scope = 'hq' AND sku = ?",
    [sku],
  );
  return row?.unitScale ?? 0;
}
