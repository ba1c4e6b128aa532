/** What a shop's office and its counter do beside the trade of every day: an act of the history of every verb. */
import type { OpHash } from '@tallystick/oplog';

/** What the office does, which must be accepted. */
type Office = (verb: string, args: object) => Promise<OpHash>;

const BUN = 'BUN';
const BURGER = 'BURGER';

/** Goods with a barcode, a recipe and a promotion that ends early. */
export async function catalogue(office: Office): Promise<void> {
  const product = {
    name: 'made here',
    category: 'lunch',
    unitScale: 0,
    taxRateBasisPoints: 0,
    negativeStock: 'allow',
    active: 1,
  };
  for (const sku of [BUN, BURGER]) await office('product.set', { ...product, sku });
  await office('barcode.set', { barcode: '4006381333931', sku: BUN, quantity: 6 });
  await office('recipe.set', { sku: BURGER, makes: 1, parts: [{ sku: BUN, quantity: 1 }] });
  const days = { fromDay: '2026-11-21', untilDay: '2026-11-30' };
  const offer = { kind: 'percent', basisPoints: 1_000 };
  await office('promotion.set', { promotion: 'TENTH', name: 'a tenth off', ...days, offer, sku: BURGER });
  const line = {
    sku: BURGER,
    name: 'Burger',
    quantity: 1,
    unitPriceMilliMinor: 500_000,
    promotion: 'TENTH',
    discountMinor: 50,
  };
  const tenders = [{ kind: 'card', amountMinor: 450 }];
  await office('sale.complete', { day: '2026-11-21', currency: 'GBP', taxIncluded: true, lines: [line], tenders });
  await office('promotion.end', { promotion: 'TENTH', day: '2026-11-22' });
}
