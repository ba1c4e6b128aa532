// Instant product search: a rank for each product against what was typed, so the best match is always the one Enter adds.

export interface Findable {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
}

export interface Query {
  /** How many to add, as the typed digits: `3` of `3*milk`. */
  readonly count: string | undefined;
  readonly text: string;
}

/** Splits a leading count off: `3*milk`, `3 x milk`, `0.250*cheese`. */
export function parseQuery(typed: string): Query {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(?:\*|×|x\s)\s*(.*)$/i.exec(typed);
  if (match === null) return { count: undefined, text: typed.trim() };
  return { count: match[1], text: (match[2] ?? '').trim() };
}

/** Lower case without accents, so `creme` finds `Crème`. */
export function foldText(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Lower is better; undefined when the product does not match every word of `text`. */
export function rankProduct(product: Findable, text: string): number | undefined {
  const query = foldText(text.trim());
  if (query === '') return 0;
  const sku = foldText(product.sku);
  if (sku === query) return 0;
  const name = foldText(product.name);
  if (name === query) return 1;
  let rank = 0;
  for (const word of query.split(/\s+/)) {
    const rankOfWord = rankWord(word, name, sku, foldText(product.category));
    if (rankOfWord === undefined) return undefined;
    rank = Math.max(rank, rankOfWord);
  }
  return name.startsWith(query) ? 2 : rank;
}

function rankWord(word: string, name: string, sku: string, category: string): number | undefined {
  if (name.startsWith(word)) return 3;
  if (name.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word))) return 4;
  if (sku.startsWith(word)) return 5;
  if (name.includes(word)) return 6;
  if (sku.includes(word)) return 7;
  if (category.startsWith(word)) return 8;
  return undefined;
}

/** The products that match, best first; equal ranks keep their given order. */
export function searchProducts<P extends Findable>(products: readonly P[], text: string): readonly P[] {
  if (text.trim() === '') return products;
  const ranked: { product: P; rank: number }[] = [];
  for (const product of products) {
    const rank = rankProduct(product, text);
    if (rank !== undefined) ranked.push({ product, rank });
  }
  return ranked.sort((a, b) => a.rank - b.rank).map((entry) => entry.product);
}
