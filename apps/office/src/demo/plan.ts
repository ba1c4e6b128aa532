// What happens in the demo shop on its day: who sells what when, decided by a seeded generator, so that the same till always has
// the same day and a start that was interrupted can go on where it stopped.
import { priceLines, type SaleLine, type MoneyTender } from '@tallystick/retail';
import { type Product, products } from './shop.ts';

export const tillNames: readonly string[] = ['Front till', 'Back till', 'Bakery till', 'Market stall'];
/** Cash in each drawer in the morning. */
export const floatMinor = 10_000;

const salesPerTill = 45;
const openForMs = 7.5 * 3_600_000;
const refundShare = 0.04;

/** A sale as it will be rung. */
export interface PlannedSale {
  readonly kind: 'sale';
  readonly till: number;
  /** Milliseconds after the shop opened. */
  readonly afterMs: number;
  readonly external: string;
  readonly lines: readonly SaleLine[];
  readonly tenders: readonly MoneyTender[];
  readonly changeMinor: number;
}

/** Something done to an earlier sale of the same till. */
export interface PlannedReturn {
  readonly kind: 'refund' | 'void';
  readonly till: number;
  readonly afterMs: number;
  readonly external: string;
  readonly sale: PlannedSale;
}

export type Planned = PlannedSale | PlannedReturn;

/** The whole day in order of time. */
export function planDay(): Planned[] {
  const day = tillNames.flatMap((_name, till) => planTill(till));
  return day.sort((left, right) => left.afterMs - right.afterMs || left.till - right.till);
}

function planTill(till: number): Planned[] {
  const random = seededRandom(1_283 + till);
  const plan: Planned[] = [];
  for (let number = 1; number <= salesPerTill; number++) {
    const afterMs = Math.floor((openForMs * (number - random())) / salesPerTill);
    const sale = planSale(till, `demo-${till + 1}-${number}`, afterMs, random);
    plan.push(sale);
    if (random() < refundShare)
      plan.push({ kind: 'refund', till, afterMs: afterMs + 120_000, external: `${sale.external}-back`, sale });
    // Once a day somebody rings the same basket twice and takes the second one back.
    if (number === 20)
      plan.push({
        kind: 'void',
        till,
        afterMs: afterMs + 40_000,
        external: `${sale.external}-void`,
        sale: rungAgain(sale, plan),
      });
  }
  return plan;
}

function rungAgain(sale: PlannedSale, plan: Planned[]): PlannedSale {
  const again = { ...sale, afterMs: sale.afterMs + 20_000, external: `${sale.external}-again` };
  plan.push(again);
  return again;
}

function planSale(till: number, external: string, afterMs: number, random: () => number): PlannedSale {
  const count = 1 + Math.floor(random() ** 2 * 7);
  const basket = new Set(Array.from({ length: count }, () => pick(random)));
  const lines = [...basket].map((product) => saleLine(product, random));
  const priced = priceLines(lines, true);
  const totalMinor = 'code' in priced ? 0 : priced.amountMinor + priced.taxMinor;
  return { kind: 'sale', till, afterMs, external, lines, ...payment(totalMinor, random) };
}

function saleLine(product: Product, random: () => number): SaleLine {
  const { sku, name, unitScale, taxRateBasisPoints, priceMinor } = product;
  const quantity = unitScale === 0 ? 1 + Math.floor(random() ** 3 * 3) : 150 + Math.floor(random() * 1_100);
  return { sku, name, quantity, quantityScale: unitScale, unitPriceMilliMinor: priceMinor * 1_000, taxRateBasisPoints };
}

/** More cards than cash; cash is given in notes, and change comes back. */
function payment(totalMinor: number, random: () => number): Pick<PlannedSale, 'tenders' | 'changeMinor'> {
  if (totalMinor === 0) return { tenders: [], changeMinor: 0 };
  if (random() < 0.62) return { tenders: [{ kind: 'card', amountMinor: totalMinor }], changeMinor: 0 };
  const note = [500, 1_000, 2_000].find((value) => value >= totalMinor) ?? Math.ceil(totalMinor / 1_000) * 1_000;
  return { tenders: [{ kind: 'cash', amountMinor: note }], changeMinor: note - totalMinor };
}

const totalWeight = products.reduce((sum, product) => sum + product.weight, 0);

function pick(random: () => number): Product {
  let left = random() * totalWeight;
  const found = products.find((product) => {
    left -= product.weight;
    return left < 0;
  });
  // Rounding can leave a hair of weight over; the last product takes it.
  return found ?? (products.at(-1) as Product);
}

/** mulberry32: small, seeded, good enough for shopping baskets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
