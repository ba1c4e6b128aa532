// oxlint-disable-next-line typescript/triple-slash-reference -- who compiles this file from its source needs the types, too
/// <reference path="./gs1-barcode-parser-mod.d.ts" />
/**
 * What a scanner read: a GTIN, a GS1 element string in any of its writings, a GS1 Digital Link, or a shop's own code. At the edge only; what it says is
 * recorded in lines. Element strings are read by `gs1-barcode-parser-mod`; check digits are judged here, because no scanner is trusted with money.
 */
// oxlint-disable @tallystick/no-catch, @tallystick/no-floats, @tallystick/no-io -- at the edge: what it says is recorded
import { parseBarcode } from 'gs1-barcode-parser-mod';
import { gtinOf, isCheckedKey } from './gtin.ts';

export interface Scanned {
  /** 14 digits. */
  readonly gtin?: string;
  /** The logistic unit, 18 digits. */
  readonly sscc?: string;
  readonly lot?: string;
  readonly serial?: string;
  /** Best before or, where both are said, use by: `YYYY-MM-DD`. */
  readonly expiry?: string;
  /** Pieces that the code stands for, or the net weight of it: units of 10^-quantityScale, of kilograms for a weight. */
  readonly quantity?: number;
  readonly quantityScale?: number;
  /** What the code says is to be paid, as it says it: digits and decimals, with the currency's three digits where it names one. */
  readonly price?: { readonly amount: number; readonly decimals: number; readonly currencyNumber?: string };
  /** A code that is not GS1's: as it was read. */
  readonly code?: string;
}

export type ScanOutcome =
  | { readonly ok: true; readonly value: Scanned }
  | { readonly ok: false; readonly code: 'retail/scan'; readonly reason: string };

const MAX_SCANNED = 512;
const PLAIN_CODE = /^[\x20-\x7e]{1,64}$/;

/** Reads a scanned text. A code that is no GS1 code comes back as `code`; one that is, and is damaged, is refused. */
export function scan(text: string): ScanOutcome {
  if (text.length > MAX_SCANNED) return refused('too-long');
  if (/^https?:/i.test(text)) return scanLink(text);
  const gtin = gtinOf(text);
  if (gtin !== undefined) return { ok: true, value: { gtin } };
  if (isElementString(text)) return scanElements(text);
  return PLAIN_CODE.test(text) ? { ok: true, value: { code: text } } : refused('characters');
}

/** With a symbology identifier, an FNC1, in brackets, or bare from a key with its right check digit. */
function isElementString(text: string): boolean {
  if (/^(?:\][A-Za-z]\d|\x1d|\(\d{2,4}\))/.test(text)) return true;
  const bare = /^(?:01(\d{14})|00(\d{18}))/.exec(text);
  return isCheckedKey(bare?.[1] ?? bare?.[2] ?? '');
}

function scanElements(text: string): ScanOutcome {
  // An EAN symbol bears no element string.
  const ean = /^\]E[0-4](\d{8,14})$/.exec(text)?.[1];
  if (ean !== undefined) {
    const gtin = gtinOf(ean);
    return gtin === undefined ? refused('check-digit') : { ok: true, value: { gtin } };
  }
  try {
    return readElements(
      parseBarcode(text.replace(/^\x1d/, '')).parsedCodeItems.map(({ ai, raw, isoDate }) => ({ ai, raw, isoDate })),
    );
  } catch (error) {
    return refused(typeof error === 'string' ? error : 'unreadable');
  }
}

/** Uncompressed GS1 Digital Links: pairs of the path and of the query, which are elements like any others. */
function scanLink(text: string): ScanOutcome {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refused('not-a-link');
  }
  const steps = url.pathname.split('/').map(safeDecode);
  const start = steps.findIndex((step, index) => (step === '01' || step === '00') && index + 1 < steps.length);
  if (start < 0 || steps.includes(undefined))
    return PLAIN_CODE.test(text) ? { ok: true, value: { code: text } } : refused('characters');
  const pairs: [string, string][] = [];
  for (let index = start; index + 1 < steps.length; index += 2)
    pairs.push([steps[index] ?? '', steps[index + 1] ?? '']);
  for (const [name, value] of url.searchParams) if (/^\d{2,4}$/.test(name)) pairs.push([name, value]);
  if (pairs.some(([ai, value]) => !/^\d{2,4}$/.test(ai) || /[()\x1d]/.test(value))) return refused('not-a-link');
  const elements = pairs.map(([ai, value]) => `(${ai})${ai === '01' ? value.padStart(14, '0') : value}`);
  return scanElements(elements.join(''));
}

function safeDecode(step: string): string | undefined {
  try {
    return decodeURIComponent(step);
  } catch {
    return undefined;
  }
}

interface Element {
  readonly ai: string;
  readonly raw: string;
  readonly isoDate: string;
}

function readElements(elements: readonly Element[]): ScanOutcome {
  const value: { -readonly [Key in keyof Scanned]: Scanned[Key] } = {};
  let known = 0;
  for (const { ai, raw, isoDate } of elements) {
    if ((ai === '01' || ai === '02' || ai === '00') && !isCheckedKey(raw)) return refused('check-digit');
    // Of a pallet, 02 and 37 say what is in it and how many.
    if (ai === '01' || ai === '02') value.gtin = raw;
    else if (ai === '00') value.sscc = raw;
    else if (ai === '10') value.lot = raw;
    else if (ai === '21') value.serial = raw;
    else if (ai === '17' || (ai === '15' && value.expiry === undefined)) value.expiry = isoDate.slice(0, 10);
    else if (ai === '30' || ai === '37') Object.assign(value, { quantity: Number(raw), quantityScale: 0 });
    else if (/^310[0-6]$/.test(ai)) Object.assign(value, { quantity: Number(raw), quantityScale: Number(ai[3]) });
    else if (/^39[23]\d$/.test(ai)) value.price = priceIn(ai, raw);
    else continue;
    known += 1;
  }
  return known === 0 ? refused('nothing-known') : { ok: true, value };
}

function priceIn(ai: string, raw: string): NonNullable<Scanned['price']> {
  const decimals = Number(ai[3]);
  if (ai.startsWith('392')) return { amount: Number(raw), decimals };
  return { amount: Number(raw.slice(3)), decimals, currencyNumber: raw.slice(0, 3) };
}

function refused(reason: string): ScanOutcome {
  return { ok: false, code: 'retail/scan', reason };
}
