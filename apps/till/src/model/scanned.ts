// What a scanned code adds to the cart. The engine reads the code and looks it up; here is what can be said without the book.

/** A code as it was read: what is in it, as `scan` of @tallystick/retail says it. */
export interface ScannedAmount {
  /** Pieces, or kilograms in units of 10^-quantityScale. */
  readonly quantity?: number;
  readonly quantityScale?: number;
}

/**
 * Whether a text comes from a scanner and not from somebody who searches: eight digits or more, a link, or an element string with its
 * symbology identifier, its brackets or its separator. A short code of the shop's own looks like a search.
 */
export function looksScanned(text: string): boolean {
  return /^(?:\d{8,}|https?:\/\/|\][A-Za-z]\d|\(\d{2,4}\)|0[01]\d{14})|\x1d/i.test(text);
}

/**
 * How much of a product a code stands for, in the product's unit scale: the weight that is in the code where the product is weighed, else so
 * many times what the catalogue says of one. Undefined where the code is finer than the product is kept.
 */
export function scannedQuantity(
  { quantity, quantityScale = 0 }: ScannedAmount,
  meant: number,
  unitScale: number,
): number | undefined {
  if (quantity === undefined) return meant;
  // A weight on goods that are sold by the piece changes nothing about the price.
  if (unitScale === 0) return quantityScale === 0 ? quantity * meant : meant;
  const inUnits = quantityScale <= unitScale ? quantity * 10 ** (unitScale - quantityScale) : undefined;
  if (inUnits !== undefined) return inUnits;
  const step = 10 ** (quantityScale - unitScale);
  return quantity % step === 0 ? quantity / step : undefined;
}

/** A code short enough to be read out: the end of a link says nothing to anybody. */
export function shortCode(text: string): string {
  return text.length <= 32 ? text : `${text.slice(0, 31)}…`;
}

/** Whether a text is a coupon, gift, prize or credit that a customer shows, whatever it is worth. */
export function looksEntitled(text: string): boolean {
  return /^https:\/\/[^#]*#tally1\./.test(text.trim());
}
