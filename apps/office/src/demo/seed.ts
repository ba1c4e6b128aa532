// Puts the demo shop into a book: catalogue, prices and the delivery of the morning. Adds only what is not there yet.
import type { Commit } from '@tallystick/kernel';
import type { ShopBook } from '../book.ts';
import { OfficeError } from '../errors.ts';
import { priceSetArgs, type Product, productSetArgs, products, shopCurrency } from './shop.ts';

const deliveryReference = 'DELIVERY-1';
/** Share of the shelf price, tax included, that the goods cost, in percent. */
const costPercent = 58;

/** The business day of the demo and when the shop opened on it. */
export interface DemoDay {
  readonly day: string;
  readonly openedMs: number;
}

/** Seeds the book and answers its day: the one it was first seeded on, `fresh` when that is now. */
export async function seedShop(book: ShopBook, fresh: DemoDay): Promise<DemoDay> {
  const known = new Set(book.query("SELECT sku FROM products WHERE scope = 'hq'").map((row) => row['sku']));
  const priced = new Set(
    book.query("SELECT sku FROM prices WHERE scope = 'hq' AND currency = ?", [shopCurrency]).map((row) => row['sku']),
  );
  const at = fresh.openedMs;
  mustCommit(
    await book.commitAll([
      ...products
        .filter(({ sku }) => !known.has(sku))
        .map((product) => ({ verb: 'product.set' as const, args: productSetArgs(product), at })),
      ...products
        .filter(({ sku }) => !priced.has(sku))
        .map((product) => ({ verb: 'price.set' as const, args: priceSetArgs(product), at })),
    ]),
  );
  const delivery = (): DemoDay | undefined => {
    const [row] = book.query("SELECT day, at FROM documents WHERE kind = 'receipt' AND external = ?", [
      deliveryReference,
    ]);
    return row === undefined ? undefined : { day: String(row['day']), openedMs: Number(row['at']) };
  };
  const before = delivery();
  if (before !== undefined) return before;
  const lines = products.map(deliveryLine);
  const args = { day: fresh.day, currency: shopCurrency, reference: deliveryReference, lines };
  mustCommit([await book.commit('stock.receive', args, { at })]);
  return delivery() ?? fresh;
}

function deliveryLine({ sku, name, unitScale, delivered, priceMinor }: Product): {
  sku: string;
  name: string;
  quantity: number;
  quantityScale: number;
  unitCostMilliMinor: number;
} {
  return {
    sku,
    name,
    quantity: delivered * 10 ** unitScale,
    quantityScale: unitScale,
    unitCostMilliMinor: priceMinor * 10 * costPercent,
  };
}

/** The demo's own ops fit the verbs; one that is refused is a mistake of ours and ends the start. */
export function mustCommit(commits: readonly Commit[]): void {
  const refused = commits.find((commit) => !commit.ok);
  if (refused !== undefined && !refused.ok) {
    throw new OfficeError(
      'office/refused',
      `the demo shop could not be set up: ${refused.code} ${JSON.stringify(refused.details)}`,
    );
  }
}
