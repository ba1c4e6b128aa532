/** Arbitrary histories of a shop: mostly sensible, wrong now and then, always meant for the shop as it stands. */
import fc from 'fast-check';
import { priceLines, type SaleLine, type MoneyTender } from '../src/index.ts';
import type { Call } from './reference.ts';
import { day } from './shop.ts';

/** What a step may refer to. */
export interface Standing {
  /** Accepted sales, in order. */
  readonly sales: readonly {
    readonly id: string;
    readonly lines: readonly SaleLine[];
    readonly taxIncluded: boolean;
  }[];
  readonly sessions: readonly string[];
}

/** Turns into a call once it is known how things stand. */
export type Step = (standing: Standing) => Call;

const scales: Readonly<Record<string, number>> = { TEA: 3 };
const header = { day, currency: 'GBP' };
const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % Math.max(1, from.length)];

const goods = fc
  .record({
    sku: fc.constantFrom('MUG', 'MUG', 'MUG', 'TEA', 'TEA', 'VASE', 'unknown', 'unknown'),
    quantity: fc.integer({ min: 1, max: 6 }),
    unitPriceMilliMinor: fc.oneof(fc.integer({ min: 0, max: 3_000_000 }), fc.constantFrom(0, 500, 1500, 333)),
  })
  .map(({ sku, ...rest }) => ({ sku, name: sku, quantityScale: scales[sku] ?? 0, ...rest }));
const rate = fc.constantFrom(0, 500, 1900, 2000);
const saleLine = fc.tuple(goods, rate).map(([line, taxRateBasisPoints]) => ({ ...line, taxRateBasisPoints }));
/** Now and then a tender is one off, or a session is not the open one. */
const slip = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1);
const sessionIndex = fc.option(fc.constantFrom(-1, -1, -1, 0), { nil: undefined });

const nothing: MoneyTender = { kind: 'cash', amountMinor: 0 };

/** A part by card and the rest as said; what comes back as change is handed over on top, in cash unless somebody errs. */
function paid(
  total: number,
  kind: MoneyTender['kind'],
  splitMinor: number,
  extra: MoneyTender = nothing,
): MoneyTender[] {
  const first = Math.min(Math.max(total, 0), splitMinor);
  const tenders: MoneyTender[] = [
    { kind: 'card', amountMinor: first },
    { kind, amountMinor: Math.max(total, 0) - first },
    extra,
  ];
  return tenders.filter((tender) => tender.amountMinor > 0);
}

function totalMinor(lines: readonly SaleLine[], taxIncluded: boolean): number {
  const priced = priceLines(lines, taxIncluded);
  if ('code' in priced) throw new Error(priced.code);
  return priced.amountMinor + priced.taxMinor;
}

function named(standing: Standing, index: number | undefined): { session?: string } {
  const session = index === undefined ? undefined : standing.sessions.at(index);
  return session === undefined ? {} : { session };
}

const saleStep: fc.Arbitrary<Step> = fc
  .record({
    lines: fc.array(saleLine, { minLength: 1, maxLength: 4 }),
    taxIncluded: fc.boolean(),
    kind: fc.constantFrom('cash', 'account', 'card'),
    split: fc.nat({ max: 2000 }),
    changeMinor: fc.constantFrom(0, 0, 1, 250),
    slip,
    changeFrom: fc.constantFrom('cash', 'cash', 'cash', 'card'),
    session: sessionIndex,
  })
  .map(({ lines, taxIncluded, kind, split, changeMinor, slip: off, changeFrom, session }) => (standing) => {
    const tenders = paid(totalMinor(lines, taxIncluded) + off, kind, split, {
      kind: changeFrom,
      amountMinor: changeMinor,
    });
    return {
      verb: 'sale.complete',
      args: { ...header, lines, taxIncluded, tenders, changeMinor, ...named(standing, session) },
    };
  });

const refundStep: fc.Arbitrary<Step> = fc
  .record({
    lines: fc.array(saleLine, { minLength: 1, maxLength: 3 }),
    of: fc.nat(),
    line: fc.nat(),
    count: fc.integer({ min: 1, max: 6 }),
    slip,
    session: sessionIndex,
    isNamed: fc.constantFrom(true, true, false),
    isTwice: fc.boolean(),
  })
  .map(({ lines, of, line, count, slip: off, session, isNamed, isTwice }) => (standing) => {
    const original = isNamed ? pick(standing.sales, of) : undefined;
    const rest = { ...header, reason: 'back', ...named(standing, session) };
    if (original === undefined) {
      const tenders = paid(totalMinor(lines, true) + off, 'cash', 0);
      return { verb: 'sale.refund', args: { ...rest, lines, taxIncluded: true, tenders } };
    }
    const index = line % original.lines.length;
    const sold = original.lines[index] as SaleLine;
    const one = { ...sold, quantity: Math.min(count, sold.quantity + 1), line: index + 1 };
    const back = isTwice ? [one, one] : [one];
    const tenders = paid(totalMinor(back, original.taxIncluded) + off, 'cash', 0);
    return {
      verb: 'sale.refund',
      args: { ...rest, lines: back, taxIncluded: original.taxIncluded, tenders, original: original.id },
    };
  });

const voidStep: fc.Arbitrary<Step> = fc.tuple(fc.nat(), sessionIndex).map(([of, session]) => (standing) => ({
  verb: 'sale.void',
  args: { day, reason: 'wrong', document: pick(standing.sales, of)?.id ?? 'nothing', ...named(standing, session) },
}));

const receiveStep: fc.Arbitrary<Step> = fc.array(goods, { minLength: 1, maxLength: 3 }).map((lines) => () => ({
  verb: 'stock.receive',
  args: {
    ...header,
    reference: 'D',
    lines: lines.map(({ unitPriceMilliMinor, ...line }) => ({ ...line, unitCostMilliMinor: unitPriceMilliMinor })),
  },
}));

const signedGoods = fc
  .tuple(goods, fc.boolean())
  .map(([line, isLoss]) => ({ ...line, quantity: isLoss ? 0 - line.quantity : line.quantity }));

const adjustStep: fc.Arbitrary<Step> = fc
  .array(signedGoods, { minLength: 1, maxLength: 3 })
  .map((lines) => () => ({ verb: 'stock.adjust', args: { ...header, lines, reason: 'counted' } }));

const chargeStep: fc.Arbitrary<Step> = fc
  .array(signedGoods, { minLength: 1, maxLength: 3 })
  .map((lines) => () => ({ verb: 'charge.adjust', args: { ...header, lines, account: '6100', reason: 'fee' } }));

const openStep: fc.Arbitrary<Step> = fc
  .nat({ max: 10_000 })
  .map((floatMinor) => () => ({ verb: 'session.open', args: { ...header, floatMinor } }));

const closeStep: fc.Arbitrary<Step> = fc.nat({ max: 10_000 }).map((countedMinor) => ({ sessions }) => ({
  verb: 'session.close',
  args: { day, countedMinor, session: sessions.at(-1) ?? 'nothing' },
}));

/** A history of up to `maxLength` steps. */
export function history(maxLength: number): fc.Arbitrary<readonly Step[]> {
  const step = fc.oneof(
    { arbitrary: saleStep, weight: 6 },
    { arbitrary: refundStep, weight: 4 },
    { arbitrary: voidStep, weight: 2 },
    { arbitrary: receiveStep, weight: 2 },
    { arbitrary: adjustStep, weight: 1 },
    { arbitrary: chargeStep, weight: 1 },
    { arbitrary: openStep, weight: 2 },
    { arbitrary: closeStep, weight: 1 },
  );
  return fc.array(step, { minLength: 1, maxLength, size: 'max' });
}
