// Settling a van on the office's page: the count that its till wrote comes as a text, is shown as it would be settled, and becomes one op in the van's own scope.
// Prices and names are the office's: who counts does not say at what the seller owes for what is missing.
import { priceOf } from '@tallystick/retail';
import { parseVanCountText, type VanCount } from '@tallystick/retail/supply';
import { z } from 'zod';
import type { ShopBook } from '../book.ts';
import { refusalWords } from '../refusal-words.ts';
import { HttpRefusal, parseBody } from './http.ts';

const readSchema = z.strictObject({ text: z.string().min(1).max(200_000) });
const settleSchema = z.strictObject({ ...readSchema.shape, seller: z.string().trim().min(1).max(64) });

/** What a van counted, as the page shows it before anybody settles. */
export interface ShownVanCount {
  readonly scope: string;
  /** Who holds the cash session, '' for goods alone. */
  readonly device: string;
  readonly day: string;
  readonly currency: string;
  readonly cashMinor: number | null;
  readonly lines: readonly { readonly name: string; readonly counted: number; readonly unitScale: number }[];
  /** Goods that should be on board and that nobody counted: they stay on board. */
  readonly uncounted: readonly string[];
}

interface Goods {
  readonly name: string;
  readonly unitScale: number;
}

function readCount(body: string): VanCount {
  const count = parseVanCountText(body);
  if (count === undefined) throw new HttpRefusal(409, 'office/no-count', 'This is no count of a van. Copy all of it');
  return count;
}

function goodsOf(book: ShopBook, sku: string): Goods {
  const [row] = book.query<{ name: string; unitScale: number }>(
    "SELECT name, unitScale FROM products WHERE scope = 'hq' AND sku = ?",
    [sku],
  );
  return row === undefined ? { name: sku, unitScale: 0 } : { ...row, name: row.name === '' ? sku : row.name };
}

export function readVanCount(book: ShopBook, body: unknown): ShownVanCount {
  const { scope, session = '', day, currency, cashMinor, lines } = readCount(parseBody(readSchema, body).text);
  const [held] = book.query<{ name: string }>(
    `SELECT coalesce(d.name, s.device) AS name FROM sessions s LEFT JOIN devices d ON d.device = s.device
      WHERE s.scope = ? AND s.id = ? LIMIT 1`,
    [scope, session],
  );
  const counted = new Set(lines.map(({ sku }) => sku));
  const aboard = book.query<{ sku: string }>(
    'SELECT sku FROM stock WHERE scope = ? AND onHand <> 0 ORDER BY sku LIMIT 2000',
    [scope],
  );
  return {
    scope,
    device: held?.name ?? '',
    day,
    currency,
    cashMinor: cashMinor ?? null,
    lines: lines.map((line) => ({ ...goodsOf(book, line.sku), counted: line.counted })),
    uncounted: aboard.filter(({ sku }) => !counted.has(sku)).map(({ sku }) => goodsOf(book, sku).name),
  };
}

/** Writes the settlement. What the book refuses is answered in words. */
export async function settleVan(book: ShopBook, body: unknown): Promise<void> {
  const { text, seller } = parseBody(settleSchema, body);
  const { scope, lines, ...count } = readCount(text);
  const settled = lines.map(({ sku, counted }) => {
    const { name, unitScale } = goodsOf(book, sku);
    const price = priceOf(book, { sku, currency: count.currency, day: count.day });
    if (price === undefined)
      throw new HttpRefusal(409, 'office/no-price', `${name} has no price on ${count.day}: give it one first`);
    return { sku, name, counted, quantityScale: unitScale, unitPriceMilliMinor: price };
  });
  const commit = await book.commit('van.settle', { ...count, seller, lines: settled }, { scope });
  if (!commit.ok) throw new HttpRefusal(409, 'office/refused', refusalWords(commit.code));
}
