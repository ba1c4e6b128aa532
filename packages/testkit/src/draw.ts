/** Shops and actions drawn from dice: the same seed gives the same ones in every version of every library, which random values that shrink do not. */
import type { Action, Payment, Picked, Step } from './day.ts';
import type { Dice } from './dice.ts';
import type { Shop } from './shop.ts';

const payments: readonly Payment[] = ['cash', 'cash-over', 'card', 'split', 'account', 'short'];
const names = ['tea', 'bread', 'apples', 'soap', 'candle', 'Müsli', 'お茶'];

/** A shop of one to six products. */
export function drawShop(dice: Dice): Shop {
  const count = 1 + dice.below(6);
  return {
    currency: dice.pick(['GBP', 'EUR', 'JPY']),
    taxIncluded: dice.chance(2),
    products: Array.from({ length: count }, (_, index) => ({
      sku: `SKU-${String(index + 1).padStart(3, '0')}`,
      name: dice.pick(names),
      category: dice.pick(['', 'larder']),
      unitScale: dice.pick([0, 0, 0, 3]),
      taxRateBasisPoints: dice.pick([0, 500, 725, 2_000]),
      negativeStock: dice.pick(['allow', 'allow', 'refuse'] as const),
      active: 1,
      unitPriceMilliMinor: dice.pick([0, 1, 499, 500, 255_000, dice.below(2_000_000)]),
    })),
  };
}

/** One step of one of `devices` devices. */
export function drawStep(dice: Dice, devices: number): Step {
  return { device: dice.below(devices), afterMs: dice.pick([0, 1, 250, 60_000, 3_600_000]), action: drawAction(dice) };
}

function drawAction(dice: Dice): Action {
  const kind = dice.pick(kinds);
  switch (kind) {
    case 'sale':
      return { kind, lines: drawLines(dice), payment: dice.pick(payments) };
    case 'refund':
      return { kind, sale: dice.below(1_000), line: dice.below(4), quantity: 1 + dice.below(12) };
    case 'return':
    case 'receive':
      return { kind, lines: drawLines(dice) };
    case 'void':
      return { kind, sale: dice.below(1_000) };
    case 'adjust':
      return { kind, line: drawLine(dice), lost: dice.chance(2) };
    case 'charge':
      return { kind, quantity: dice.below(7) - 3, unitPriceMilliMinor: dice.below(1_000_000) - 500_000 };
    case 'open-session':
      return { kind, floatMinor: dice.below(20_000) };
    case 'close-session':
      return { kind, session: dice.below(1_000), overMinor: dice.pick([0, 0, 5, 250]) };
    case 'set-product':
      return { kind, product: dice.below(1_000), negativeStock: dice.pick(['allow', 'refuse']) };
    case 'set-price':
      return { kind, product: dice.below(1_000), unitPriceMilliMinor: dice.below(2_000_000) };
  }
}

/** As often as each stands here. */
const kinds: readonly Action['kind'][] = [
  ...([
    'sale',
    'sale',
    'sale',
    'sale',
    'sale',
    'sale',
    'refund',
    'refund',
    'void',
    'void',
    'return',
    'receive',
  ] as const),
  ...([
    'receive',
    'adjust',
    'charge',
    'open-session',
    'open-session',
    'close-session',
    'set-product',
    'set-price',
  ] as const),
];

function drawLines(dice: Dice): readonly Picked[] {
  return Array.from({ length: 1 + dice.below(4) }, () => drawLine(dice));
}

function drawLine(dice: Dice): Picked {
  return { product: dice.below(1_000), quantity: 1 + dice.below(12) };
}
