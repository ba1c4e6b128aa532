/** The last unit on the shelf, sold at two tills of one shop that do not hear each other. What happens then is a policy of the product. */
import type { Witness } from './claim.ts';
import { count, type Firm, must, type Play, playsOf, sales } from './firm.ts';
import { saleOf } from './shop.ts';

interface Sold {
  readonly counted: number;
  readonly corrected: number;
  readonly onHand: number;
  readonly books: number;
}

/** One lamp, two tills, two customers; then everybody meets, in either order. */
async function sellLastUnit(firm: Firm, negativeStock: 'allow' | 'refuse'): Promise<Sold> {
  const { office } = firm;
  const product = {
    sku: 'lamp',
    name: 'lamp',
    category: '',
    unitScale: 0,
    taxRateBasisPoints: 2000,
    negativeStock,
    active: 1,
  } as const;
  must(await office.commit('product.set', product));
  const lines = [{ sku: 'lamp', name: 'lamp', quantity: 1, unitCostMilliMinor: 100_000 }];
  must(await office.commit('stock.receive', { day: '2026-11-21', currency: 'GBP', lines, reference: 'DN-1' }));
  const tills = [await firm.enlist('one', 'till'), await firm.enlist('two', 'till')].map(({ book }) => book);
  // To each till it is the last one, and both are right.
  for (const till of tills) must(await till.commit('sale.complete', saleOf('lamp', 1)));
  const [one, two] = tills;
  await firm.meet(...(one === undefined || two === undefined ? [] : [two, one, office]));
  return {
    counted: sales(office),
    corrected: count(office, "SELECT count(*) AS n FROM corrections WHERE code = 'retail/out-of-stock'"),
    onHand: count(office, "SELECT coalesce(sum(onHand), 0) AS n FROM stock WHERE sku = 'lamp'"),
    books: new Set([office, ...tills].map((book) => book.digest().digest)).size,
  };
}

/** Below nought no till may sell that knows it; the later of the two did not, so its sale stands, with its name on what is missing. The fault: any may. */
const lastUnit: Play = async (firm, broken) => {
  const { counted, corrected, onHand, books } = await sellLastUnit(firm, broken ? 'allow' : 'refuse');
  const holds = counted === 2 && corrected === 1 && onHand === -1 && books === 1;
  return { of: { sold: 2 }, facts: { counted, corrected, onHand, books }, holds };
};

/** Below nought it may go: both sales count, and the shelf says so. The fault: it may not. */
const belowNought: Play = async (firm, broken) => {
  const { counted, corrected, onHand, books } = await sellLastUnit(firm, broken ? 'refuse' : 'allow');
  const holds = counted === 2 && corrected === 0 && onHand === -1 && books === 1;
  return { of: { sold: 2 }, facts: { counted, corrected, onHand, books }, holds };
};

export const shelf: Witness = playsOf('shelf', { 'last-unit': lastUnit, 'below-nought': belowNought });
