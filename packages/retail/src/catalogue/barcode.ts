/** Barcodes as data: several may stand for one product, and one for a pack of it. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import type { BookReader } from '@tallystick/ledger';
import type { BarcodeSetArgs } from './args.ts';
import { barcodeKey, isCheckedKey } from './gtin.ts';
import { barcodeSetArgs } from './schema.ts';
import { barcodes, products } from './tables.ts';

/** Says what a barcode stands for, in place of what it stood for before. */
export const barcodeSet: Verb<'barcode.set', BarcodeSetArgs> = defineVerb({
  name: 'barcode.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [barcodes, products],
  args: barcodeSetArgs,
  plan: (view, op, { barcode, sku, quantity }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    if (sku !== '' && view.get(products, { sku }) === undefined) return refuse('retail/unknown-product', { sku });
    return [barcodes.write({ barcode: barcodeKey(barcode), sku, quantity })];
  },
});

export interface BarcodeMeaning {
  readonly sku: string;
  /** Units of the product in its unit scale. */
  readonly quantity: number;
  /** What a label of the shop's own scale says the goods cost, in minor units. */
  readonly priceMinor?: number;
}

/** What a scanned text or GTIN stands for in the catalogue; undefined where nobody said. */
export function findBarcode(book: BookReader, barcode: string): BarcodeMeaning | undefined {
  const scanned = barcodeKey(barcode);
  const [row] = book.query("SELECT sku, quantity FROM barcodes WHERE scope = 'hq' AND barcode = ? AND sku <> ''", [
    scanned,
  ]);
  if (row !== undefined) return { sku: String(row['sku']), quantity: Number(row['quantity']) };
  return scanned.startsWith('02') && isCheckedKey(scanned) ? findLabel(book, scanned.slice(1)) : undefined;
}

/** Of twelve digits the item's, a check digit of the value that is not read (`V`), and the value: grams (`W`) or minor units (`P`). */
const label = /^(2\d{2,8})V?(W{4,6}|P{4,6})$/;
const labelDigits = 12;

/** A GTIN-13 of the prefix 2 is of the shop: what its digits are, the shop has said by a barcode with letters in their place. The most exact one counts. */
function findLabel(book: BookReader, digits: string): BarcodeMeaning | undefined {
  const rows = book.query(
    `SELECT b.barcode, b.sku, b.quantity, p.unitScale FROM barcodes b JOIN products p ON p.scope = 'hq' AND p.sku = b.sku
      WHERE b.scope = 'hq' AND b.barcode > '2' AND b.barcode < '3' AND length(b.barcode) = ? ORDER BY b.barcode`,
    [labelDigits],
  );
  let found: { readonly item: string; readonly meaning: BarcodeMeaning } | undefined;
  for (const row of rows) {
    const [whole, item = '', value = ''] = label.exec(String(row['barcode'])) ?? [];
    if (whole === undefined || !digits.startsWith(item) || item.length <= (found?.item.length ?? 0)) continue;
    const amount = Number.parseInt(digits.slice(labelDigits - value.length, labelDigits), 10);
    const sku = String(row['sku']);
    const priced = { sku, quantity: Number(row['quantity']), priceMinor: amount };
    const meaning = value.startsWith('P') ? priced : weighed(sku, amount, Number(row['unitScale']));
    if (meaning !== undefined) found = { item, meaning };
  }
  return found?.meaning;
}

/** Grams as units of a product that is sold by the kilogram; undefined where its scale is coarser than they are. */
function weighed(sku: string, grams: number, unitScale: number): BarcodeMeaning | undefined {
  const unitsOfGram = [1, 10, 100, 1000][unitScale - 3];
  return unitsOfGram === undefined || grams === 0 ? undefined : { sku, quantity: grams * unitsOfGram };
}
