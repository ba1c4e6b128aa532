/**
 * Trading days as plain data: who does what, and how much later. Numbers are picks that a trader resolves against what its own book shows
 * at that moment, so every day is performable, shrinks well, and holds both honest work and work that the books must refuse.
 */
import fc from 'fast-check';

export interface Picked {
  /** Picks a product of the shop. */
  readonly product: number;
  readonly quantity: number;
}

/** How a sale is paid; `short` pays one minor unit too little, which must be refused. */
export type Payment = 'cash' | 'cash-over' | 'card' | 'split' | 'account' | 'short';

export type Action =
  | { readonly kind: 'sale'; readonly lines: readonly Picked[]; readonly payment: Payment }
  | { readonly kind: 'refund'; readonly sale: number; readonly line: number; readonly quantity: number }
  | { readonly kind: 'return'; readonly lines: readonly Picked[] }
  | { readonly kind: 'void'; readonly sale: number }
  | { readonly kind: 'receive'; readonly lines: readonly Picked[] }
  | { readonly kind: 'adjust'; readonly line: Picked; readonly lost: boolean }
  | { readonly kind: 'charge'; readonly quantity: number; readonly unitPriceMilliMinor: number }
  | { readonly kind: 'open-session'; readonly floatMinor: number }
  | { readonly kind: 'close-session'; readonly session: number; readonly overMinor: number }
  | { readonly kind: 'set-product'; readonly product: number; readonly negativeStock: 'allow' | 'refuse' }
  | { readonly kind: 'set-price'; readonly product: number; readonly unitPriceMilliMinor: number };

export interface Step {
  /** Which device of the fleet acts. */
  readonly device: number;
  /** How much later than the step before. */
  readonly afterMs: number;
  readonly action: Action;
}

const pick = fc.nat({ max: 1_000 });
const picked: fc.Arbitrary<Picked> = fc.record({ product: pick, quantity: fc.integer({ min: 1, max: 12 }) });
const lines = fc.array(picked, { minLength: 1, maxLength: 4 });
const priceMilliMinor = fc.integer({ min: 0, max: 2_000_000 });

const sale = fc.record({
  kind: fc.constant('sale' as const),
  lines,
  payment: fc.constantFrom<Payment[]>('cash', 'cash-over', 'card', 'split', 'account', 'short'),
});

const actions: { readonly weight: number; readonly arbitrary: fc.Arbitrary<Action> }[] = [
  { weight: 8, arbitrary: sale },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('refund' as const),
      sale: pick,
      line: pick,
      quantity: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return' as const), lines }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('void' as const), sale: pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('receive' as const), lines }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('adjust' as const), line: picked, lost: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('charge' as const),
      quantity: fc.integer({ min: -3, max: 3 }),
      unitPriceMilliMinor: fc.integer({ min: -500_000, max: 500_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('open-session' as const), floatMinor: fc.nat({ max: 20_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('close-session' as const),
      session: pick,
      overMinor: fc.constantFrom(0, 0, 5, 250),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('set-product' as const),
      product: pick,
      negativeStock: fc.constantFrom<('allow' | 'refuse')[]>('allow', 'refuse'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('set-price' as const),
      product: pick,
      unitPriceMilliMinor: priceMilliMinor,
    }),
  },
];

/** Anything a device of a shop may do or try to do. */
export const anyAction: fc.Arbitrary<Action> = fc.oneof({ withCrossShrink: true }, ...actions);

export interface DayOptions {
  /** How many devices take part. */
  readonly devices: number;
  readonly minSteps?: number;
  readonly maxSteps?: number;
}

/** One step of one of `devices` devices. */
export function anyStep(devices: number): fc.Arbitrary<Step> {
  return fc.record({
    device: fc.nat({ max: devices - 1 }),
    afterMs: fc.constantFrom(0, 1, 250, 60_000, 3_600_000),
    action: anyAction,
  });
}

/** A whole trading day of several devices. */
export function anyDay({ devices, minSteps = 1, maxSteps = 24 }: DayOptions): fc.Arbitrary<readonly Step[]> {
  return fc.array(anyStep(devices), { minLength: minSteps, maxLength: maxSteps, size: 'max' });
}
