// The cart between reloads. What comes back is checked like any other input: a draft from an older version, or one that
// somebody edited, is dropped and never half-read.
import { type Cart, type Exchange, largestQuantity } from '../model/cart.ts';
import type { SaleLine } from '../model/sale-line.ts';

export interface DraftStore {
  load(): string | undefined;
  save(text: string): void;
}

const draftName = 'tallystick/cart';

/** localStorage, or nothing where it is blocked: the draft is a convenience, so its loss stops nobody. */
export const browserDrafts: DraftStore = {
  load: () => {
    try {
      return globalThis.localStorage.getItem(draftName) ?? undefined;
    } catch {
      return undefined;
    }
  },
  save: (text) => {
    try {
      globalThis.localStorage.setItem(draftName, text);
    } catch {
      // The cart on the screen is the one that counts.
    }
  },
};

export function parseDraft(text: string | undefined): Cart | undefined {
  if (text === undefined) return undefined;
  try {
    const { key, lines, customer, coupons, exchange, isOlderThanBook } = JSON.parse(text) as Partial<
      Record<keyof Cart, unknown>
    >;
    // What a killed browser kept may be older than the last sale: an empty cart would go on under a key that was sold.
    if (typeof key !== 'string' || key === '' || !Array.isArray(lines) || lines.length === 0) return undefined;
    if (!lines.every(isSaleLine) || !(exchange === undefined || isExchange(exchange))) return undefined;
    return {
      key,
      lines,
      ...(typeof customer === 'string' && customer !== '' ? { customer } : {}),
      ...(Array.isArray(coupons) && coupons.every((code) => typeof code === 'string') ? { coupons } : {}),
      ...(exchange === undefined ? {} : { exchange }),
      ...(isOlderThanBook === true ? { isOlderThanBook } : {}),
    };
  } catch {
    return undefined;
  }
}

function isSaleLine(value: unknown): value is SaleLine {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as Partial<Record<keyof SaleLine, unknown>>;
  const isText = typeof line.sku === 'string' && typeof line.name === 'string';
  return (
    isText &&
    (line.lot === undefined || typeof line.lot === 'string') &&
    // What is taken off is worked out anew from the offers in force.
    line.discountMinor === undefined &&
    line.promotion === undefined &&
    isWithin(line.quantity, 1, largestQuantity) &&
    isWithin(line.quantityScale, 0, 6) &&
    isWithin(line.unitPriceMilliMinor, 0, 10 ** 13) &&
    isWithin(line.taxRateBasisPoints, 0, 10_000)
  );
}

/** What it comes to is not believed: the engine works it out from the sale. */
function isExchange(value: unknown): value is Exchange {
  if (typeof value !== 'object' || value === null) return false;
  const { document, number, back, reason, moneyLeftMinor = 0 } = value as Partial<Record<keyof Exchange, unknown>>;
  const isText = [document, number, reason].every((text) => typeof text === 'string' && text !== '');
  const isList = Array.isArray(back) && back.length > 0 && back.every(isBackLine);
  return isText && isList && isWithin(moneyLeftMinor, 0, 10 ** 13);
}

function isBackLine(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { line, name, quantity, quantityScale, amountMinor } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    isWithin(line, 1, 2 ** 31) &&
    isWithin(quantity, 1, largestQuantity) &&
    isWithin(quantityScale, 0, 6) &&
    isWithin(amountMinor, 0, 10 ** 13)
  );
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
}
