// The cart between reloads. What comes back is checked like any other input: a draft from an older version, or one that
// somebody edited, is dropped and never half-read.
import { type Cart, type CartLine, largestQuantity } from '../model/cart.ts';

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
    const { key, lines } = JSON.parse(text) as { key?: unknown; lines?: unknown };
    if (typeof key !== 'string' || key === '' || !Array.isArray(lines)) return undefined;
    return lines.every(isCartLine) ? { key, lines } : undefined;
  } catch {
    return undefined;
  }
}

function isCartLine(value: unknown): value is CartLine {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as Partial<Record<keyof CartLine, unknown>>;
  const isText = typeof line.sku === 'string' && typeof line.name === 'string';
  return (
    isText &&
    isWithin(line.quantity, 1, largestQuantity) &&
    isWithin(line.quantityScale, 0, 6) &&
    isWithin(line.unitPriceMilliMinor, 0, 10 ** 13) &&
    isWithin(line.taxRateBasisPoints, 0, 10_000)
  );
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
}
