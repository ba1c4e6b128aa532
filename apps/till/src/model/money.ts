// Money and quantities as people read and type them. Inside the till they are integers only (minor units, thousandths of a
// minor unit for unit prices, scaled quantities); Intl is used here and nowhere deeper.

const formats = new Map<string, Intl.NumberFormat>();

function moneyFormat(currency: string, digits: number | undefined, locale: string | undefined): Intl.NumberFormat {
  const key = `${locale ?? ''} ${currency} ${digits ?? ''}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const options: Intl.NumberFormatOptions = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' };
  if (digits !== undefined) options.minimumFractionDigits = options.maximumFractionDigits = digits;
  const format = new Intl.NumberFormat(locale, options);
  formats.set(key, format);
  return format;
}

const digitsByCurrency = new Map<string, number>();

/** Decimal places of an ISO 4217 currency's minor unit: 2 for GBP, 0 for JPY, 3 for KWD. */
export function currencyDigits(currency: string): number {
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) return known;
  // Asking a format what it resolved to takes longer than formatting with it, and every price on the screen asks.
  const digits = moneyFormat(currency, undefined, 'en').resolvedOptions().maximumFractionDigits ?? 2;
  digitsByCurrency.set(currency, digits);
  return digits;
}

/** The decimal text of `value / 10^scale`, exact for every safe integer: Intl takes it as a string, so no float is made. */
export function decimalText(value: number, scale: number): Intl.StringNumericLiteral {
  const digits = Math.abs(value)
    .toString()
    .padStart(scale + 1, '0');
  const sign = value < 0 ? '-' : '';
  const point = digits.length - scale;
  const fraction = scale === 0 ? '' : `.${digits.slice(point)}`;
  return `${sign}${digits.slice(0, point)}${fraction}` as Intl.StringNumericLiteral;
}

/** `123456` in GBP as `£1,234.56`. */
export function formatMoney(amountMinor: number, currency: string, locale?: string): string {
  return moneyFormat(currency, undefined, locale).format(decimalText(amountMinor, currencyDigits(currency)));
}

/** A unit price in thousandths of a minor unit; shows as many digits as it needs, at least the currency's own. */
export function formatUnitPrice(unitPriceMilliMinor: number, currency: string, locale?: string): string {
  const own = currencyDigits(currency);
  let spare = 0;
  for (let rest = unitPriceMilliMinor; spare < 3 && rest % 10 === 0; spare += 1) rest /= 10;
  const text = decimalText(unitPriceMilliMinor, own + 3);
  return moneyFormat(currency, own + 3 - spare, locale).format(text);
}

/** What the price of goods sold in parts is for: `1.000` of scale 3. A catalogue has scales and no names of units. */
export function wholeUnitText(scale: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { minimumFractionDigits: scale }).format(1);
}

/** `1250` of scale 3 as `1.25`. */
export function formatQuantity(quantity: number, scale: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: scale }).format(decimalText(quantity, scale));
}

/**
 * What a person typed as an amount, as an integer of 10^-scale units: `12`, `12.5`, `12,50`. Undefined when it is not a
 * plain non-negative number, has more decimals than the scale, or leaves the safe integers.
 */
export function parseDecimal(text: string, scale: number): number | undefined {
  const match = /^(\d{0,13})(?:[.,](\d*))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  if (fraction.length > scale) return undefined;
  const value = Number(`${whole}${fraction.padEnd(scale, '0')}`);
  return Number.isSafeInteger(value) ? value : undefined;
}
