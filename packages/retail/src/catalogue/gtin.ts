/** Check digits of GS1 keys (General Specifications 7.9), and the one form in which a GTIN is kept. */

/** Whether the last digit of a GS1 key is right: GTIN of 8, 12, 13 or 14 digits, SSCC of 18, and others alike. */
export function isCheckedKey(digits: string): boolean {
  if (!/^\d{2,30}$/.test(digits)) return false;
  let sum = 0;
  for (let fromRight = 1; fromRight < digits.length; fromRight++) {
    const digit = digits.charCodeAt(digits.length - 1 - fromRight) - 48;
    sum += fromRight % 2 === 1 ? 3 * digit : digit;
  }
  return (10 - (sum % 10)) % 10 === digits.charCodeAt(digits.length - 1) - 48;
}

const GTIN_LENGTHS: ReadonlySet<number> = new Set([8, 12, 13, 14]);

/** The 14 digits of a GTIN of 8, 12, 13 or 14 digits, or undefined where it is none. */
export function gtinOf(text: string): string | undefined {
  return GTIN_LENGTHS.has(text.length) && isCheckedKey(text) ? text.padStart(14, '0') : undefined;
}

/** How a barcode is kept and looked up: a GTIN with its 14 digits, anything else as it is. */
export function barcodeKey(text: string): string {
  return gtinOf(text) ?? text;
}
