import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldText, parseQuery, rankProduct, searchProducts } from '../src/model/search.ts';

const goods = [
  { sku: 'B05', name: 'Crème brûlée tart', category: 'Bakery' },
  { sku: 'C07', name: 'Hot chocolate', category: 'Coffee & tea' },
  { sku: 'B02', name: 'Pain au chocolat', category: 'Bakery' },
  { sku: '5012345', name: 'Oat milk', category: 'Shelf' },
  { sku: 'C04', name: 'Oat latte', category: 'Coffee & tea' },
];

const names = (text: string): readonly string[] => searchProducts(goods, text).map((found) => found.name);

describe('product search', () => {
  it('finds without accents and by the start of any word', () => {
    expect(names('creme')).toEqual(['Crème brûlée tart']);
    expect(names('choc')).toEqual(['Hot chocolate', 'Pain au chocolat']);
  });

  it('puts a scanned code first, whatever else matches', () => {
    expect(names('5012345')[0]).toBe('Oat milk');
  });

  it('wants every word', () => {
    expect(names('oat la')).toEqual(['Oat latte']);
    expect(names('oat tea pot')).toEqual([]);
  });

  it('prefers a name over a category', () => {
    expect(names('co')[0]).toBe('Hot chocolate');
  });

  it('shows everything for nothing', () => {
    expect(names('  ')).toHaveLength(goods.length);
  });

  it('finds every product first by its own full name', () => {
    fc.assert(
      fc.property(fc.constantFrom(...goods), (product) => {
        expect(searchProducts(goods, product.name)[0]).toBe(product);
        expect(rankProduct(product, product.sku)).toBe(0);
      }),
    );
  });

  it('is stable and only ever filters', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), (text) => {
        const found = searchProducts(goods, text);
        expect(new Set(found).size).toBe(found.length);
        for (const product of found) expect(goods).toContain(product);
      }),
    );
  });

  it('folds to the same text twice', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(foldText(foldText(text))).toBe(foldText(text));
      }),
    );
  });
});

describe('a count before the search', () => {
  it.each([
    ['3*oat', '3', 'oat'],
    ['3 x oat', '3', 'oat'],
    ['0.25 * cheese', '0.25', 'cheese'],
    ['2,5*cheese', '2,5', 'cheese'],
    ['7up', undefined, '7up'],
    ['oat 3', undefined, 'oat 3'],
  ])('reads %j', (typed, count, text) => {
    expect(parseQuery(typed)).toEqual({ count, text });
  });
});
