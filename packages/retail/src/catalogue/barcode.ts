/** Barcodes as data: several may stand for one product, and one for a pack of it. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import type { BookReader } from '@tallystick/ledger';
import type { BarcodeSetArgs } from './args.ts';
import { barcodeKey } from './gtin.ts';
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
}

/** What a scanned text or GTIN stands for in the catalogue; undefined where nobody said. */
export function findBarcode(book: BookReader, barcode: string): BarcodeMeaning | undefined {
  const [row] = book.query("SELECT sku, quantity FROM barcodes WHERE scope = 'hq' AND barcode = ? AND sku <> ''", [
    barcodeKey(barcode),
  ]);
  return row === undefined ? undefined : { sku: String(row['sku']), quantity: Number(row['quantity']) };
}
