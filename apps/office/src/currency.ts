// Currency codes and decimal amounts at the edge of the books: which codes exist, how many decimals each has (ISO 4217),
// exact parsing of a decimal price to integer units, and plain formatting of minor units.

/** Decimals of a unit price beyond the minor unit: prices are kept in thousandths of a minor unit. */
const priceDecimalsBelowMinor = 3;

/** ISO 4217 minor-unit exponents other than 2. The common locale data differs from ISO 4217 here, so it is not asked. */
const exponents: ReadonlyMap<string, number> = new Map([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV'].map(
    withDecimals(0),
  ),
  ...['XAF', 'XOF', 'XPF'].map(withDecimals(0)),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map(withDecimals(3)),
  ...['CLF', 'UYW'].map(withDecimals(4)),
]);

const knownCodes: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

function withDecimals(decimals: number): (code: string) => [string, number] {
  return (code) => [code, decimals];
}

/** Whether `code` is an ISO 4217 code, in capitals. */
export function isCurrency(code: string): boolean {
  return knownCodes.has(code);
}

/** Decimals of the minor unit of a known currency: 2 for GBP, 0 for JPY, 3 for KWD. */
export function minorDecimals(currency: string): number {
  return exponents.get(currency) ?? 2;
}

/** Result of parsing a unit price: thousandths of a minor unit, or why it is none. */
export type ParsedPrice =
  | { readonly ok: true; readonly milliMinor: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Parses a decimal unit price such as `2.55` or `-11062.06` exactly, without floating point, to thousandths of the minor
 * unit of `currency`: 2.55 GBP is 255000. Refuses anything finer, and anything but digits, one point and a leading minus.
 */
export function parseUnitPrice(text: string, currency: string): ParsedPrice {
  const match = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?$/.exec(text);
  if (match === null) return { ok: false, reason: foreignCurrency(text, currency) ?? 'is not a decimal number' };
  const decimals = minorDecimals(currency) + priceDecimalsBelowMinor;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > decimals)
    return { ok: false, reason: `has more than ${decimals} decimals, the finest kept for ${currency}` };
  const milliMinor = Number(`${match[2]}${fraction.padEnd(decimals, '0')}`);
  if (milliMinor > maxUnitPriceMilliMinor) return { ok: false, reason: 'is too large' };
  return { ok: true, milliMinor: match[1] === '-' && milliMinor !== 0 ? -milliMinor : milliMinor };
}

/** Largest unit price an op may carry, in thousandths of a minor unit. */
export const maxUnitPriceMilliMinor: number = 10 ** 13;

/** A price that names a currency is refused with the name of it, because the format is in one currency by definition. */
function foreignCurrency(text: string, currency: string): string | undefined {
  const code = /^\s*([A-Za-z]{3})\s*-?[\d.,]+\s*$|^\s*-?[\d.,]+\s*([A-Za-z]{3})\s*$/.exec(text);
  const named = (code?.[1] ?? code?.[2])?.toUpperCase();
  if (named === undefined) return undefined;
  if (!isCurrency(named)) return `names the unknown currency ${named}`;
  return `names the currency ${named}; the column is a plain number in ${currency}`;
}

/** Plain text of an amount in minor units: 130895728 GBP is `1308957.28`; grouped by thousands when `grouped`. */
export function formatMinor(amountMinor: number, currency: string, grouped = false): string {
  const decimals = minorDecimals(currency);
  const digits = String(Math.abs(amountMinor)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  const shown = grouped ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return `${amountMinor < 0 ? '-' : ''}${shown}${fraction}`;
}
