// One row of a file in the Online Retail format, parsed strictly: every field is either understood exactly or refused with
// a reason. CustomerID and Country are not read: they say something about people and nothing in the books needs them.
import { isCurrency, parseUnitPrice } from './currency.ts';

/** The columns of the format, in order. */
export const retailColumns = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;

/** A ninth column that some exports add; where it is there, every row must name the currency being traded. */
export const currencyColumn = 'Currency';

const maxQuantity = 10 ** 9;
const maxSkuLength = 64;
const maxNameLength = 200;

/** A row that was understood. Times are read as UTC, because the format names no zone. */
export interface RetailRow {
  readonly line: number;
  readonly row: number;
  readonly invoice: string;
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly atMs: number;
  readonly day: string;
  readonly unitPriceMilliMinor: number;
}

/** The understood row, or one sentence that says which field was not and why. */
export type ParsedRow =
  | { readonly ok: true; readonly value: RetailRow }
  | { readonly ok: false; readonly reason: string };

/** Parses the fields of one record; `line` and `row` say where it stands in its file. */
export function parseRetailRow(fields: readonly string[], currency: string, line: number, row: number): ParsedRow {
  const [invoice = '', sku = '', name = '', quantityText = '', dateText = '', priceText = '', , , code] = fields;
  const corrupt = fields.findIndex((field) => field.includes('\uFFFD'));
  if (corrupt >= 0)
    return refuse(retailColumns[corrupt] ?? currencyColumn, fields[corrupt] ?? '', 'is not valid UTF-8');
  const control = [sku, name].find((field) => /[\u0000-\u001F\u007F]/.test(field));
  if (control !== undefined)
    return refuse(control === sku ? 'StockCode' : 'Description', control, 'has a control character');
  if (!/^[A-Za-z]{0,4}\d{1,16}$/.test(invoice)) {
    return refuse('InvoiceNo', invoice, 'is not a number with an optional letter prefix');
  }
  if (sku.trim() === '' || sku.length > maxSkuLength)
    return refuse('StockCode', sku, `is empty or longer than ${maxSkuLength}`);
  if (name.length > maxNameLength) return refuse('Description', name, `is longer than ${maxNameLength} characters`);
  const quantity = parseQuantity(quantityText);
  if (quantity === undefined) return refuse('Quantity', quantityText, 'is not a whole number up to a thousand million');
  const atMs = parseTime(dateText);
  if (atMs === undefined) return refuse('InvoiceDate', dateText, 'is not a date and time like 2010-12-01 08:26:00');
  const price = parseUnitPrice(priceText, currency);
  if (!price.ok) return refuse('UnitPrice', priceText, price.reason);
  if (!Number.isSafeInteger(lineAmount(quantity, price.milliMinor)))
    return refuse('Quantity', quantityText, 'times the price is too large');
  if (code !== undefined && code !== currency) {
    return refuse(
      currencyColumn,
      code,
      isCurrency(code) ? `is not ${currency}, the currency traded` : 'is an unknown currency',
    );
  }
  const value = {
    line,
    row,
    invoice,
    sku,
    name,
    quantity,
    atMs,
    day: dateText.slice(0, 10),
    unitPriceMilliMinor: price.milliMinor,
  };
  return { ok: true, value };
}

function refuse(column: string, text: string, why: string): ParsedRow {
  return { ok: false, reason: `${column} ${JSON.stringify(text.slice(0, 60))} ${why}` };
}

function parseQuantity(text: string): number | undefined {
  if (!/^-?\d{1,10}$/.test(text)) return undefined;
  const quantity = Number(text);
  if (Math.abs(quantity) > maxQuantity) return undefined;
  return quantity === 0 ? 0 : quantity;
}

function parseTime(text: string): number | undefined {
  const match = /^([12]\d{3})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const atMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  // Date.UTC rolls 31 April over to 1 May; writing the time back is the check that it did not.
  const written = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
  return atMs >= 0 && written === `${text.slice(0, 10)} ${text.slice(11, 16)}:${match[6] ?? '00'}` ? atMs : undefined;
}

/**
 * Amount of a row in minor units, each row rounded half away from zero. This is the reader's own arithmetic, kept apart
 * from the ledger's on purpose: the control totals made with it are compared with what the books say.
 */
export function lineAmount(quantity: number, unitPriceMilliMinor: number): number {
  const product = BigInt(quantity) * BigInt(unitPriceMilliMinor);
  const magnitude = ((product < 0n ? -product : product) + 500n) / 1000n;
  return Number(product < 0n ? -magnitude : magnitude);
}
