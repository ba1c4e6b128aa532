/** Prices, recipes and variants, whatever is set and asked: against lists and plain sums. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findBarcode, priceOf } from '../../src/index.ts';
import { day, drivers, idOf, line, openShop, product, sale, stockOf } from '../shop.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];

const anyDay = fc.integer({ min: 1, max: 9 }).map((count) => `2026-12-0${count}`);
const anyPrice = fc.record({
  list: fc.constantFrom('', '', 'trade', 'staff'),
  fromDay: fc.oneof(fc.constant(''), anyDay),
  unitPriceMilliMinor: fc.integer({ min: 0, max: 900_000 }),
});

it('has the price of the day and the list, whatever was set in whatever order', async () => {
  const met = { ofList: 0, ofShop: 0, none: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(anyPrice, { minLength: 1, maxLength: 8 }), anyDay, async (said, on) => {
      const book = await openShop(store());
      for (const { list, fromDay, ...price } of said) {
        const when = { ...(list === '' ? {} : { list }), ...(fromDay === '' ? {} : { fromDay }) };
        idOf(await book.commit('price.set', { sku: 'MUG', currency: 'GBP', ...price, ...when }));
      }
      for (const list of ['', 'trade', 'staff', 'unknown']) {
        // What was said last of a list and day, then the latest day that has begun.
        const begun = (name: string): number | undefined =>
          [...new Map(said.filter((one) => one.list === name).map((one) => [one.fromDay, one])).values()]
            .filter(({ fromDay }) => fromDay <= on)
            .toSorted((left, right) => (left.fromDay < right.fromDay ? -1 : 1))
            .at(-1)?.unitPriceMilliMinor;
        const own = list === '' ? undefined : begun(list);
        const expected = own ?? begun('');
        expect(priceOf(book, { sku: 'MUG', currency: 'GBP', day: on, list })).toBe(expected);
        met[own !== undefined ? 'ofList' : expected !== undefined ? 'ofShop' : 'none'] += 1;
      }
      expect(priceOf(book, { sku: 'MUG', currency: 'EUR', day: on })).toBeUndefined();
      await book.close();
    }),
    { seed: 1, numRuns: 12 },
  );
  expect(Math.min(met.ofList, met.ofShop, met.none)).toBeGreaterThan(0);
});

const codes = ['4006381333931', '04006381333931', '96385074', 'SHELF-7', '2100030000000'] as const;
const anyBarcode = fc.record({
  barcode: fc.constantFrom(...codes),
  sku: fc.constantFrom('MUG', 'TEA', ''),
  quantity: fc.integer({ min: 1, max: 24 }),
});

it('finds by a barcode what was said of it last, in whichever of its forms it is scanned', async () => {
  const met = { found: 0, dropped: 0, never: 0 };
  /** A GTIN is one code, whether its leading noughts are printed or not. */
  const formOf = (barcode: string): string => (/^\d+$/.test(barcode) ? barcode.padStart(14, '0') : barcode);
  await fc.assert(
    fc.asyncProperty(fc.array(anyBarcode, { maxLength: 8 }), async (said) => {
      const book = await openShop(store());
      const meant = new Map<string, { readonly sku: string; readonly quantity: number }>();
      for (const { barcode, ...meaning } of said) {
        idOf(await book.commit('barcode.set', { barcode, ...meaning }));
        meant.set(formOf(barcode), meaning);
      }
      for (const code of codes) {
        const known = meant.get(formOf(code));
        expect(findBarcode(book, code)).toEqual(known === undefined || known.sku === '' ? undefined : known);
        met[known === undefined ? 'never' : known.sku === '' ? 'dropped' : 'found'] += 1;
      }
      await book.close();
    }),
    { seed: 1, numRuns: 12 },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});

const parts = ['BUN', 'PATTY', 'SAUCE'] as const;
const anyRecipe = fc.record({
  makes: fc.integer({ min: 1, max: 7 }),
  parts: fc
    .uniqueArray(fc.record({ sku: fc.constantFrom(...parts), quantity: fc.integer({ min: 1, max: 9 }) }), {
      selector: ({ sku }) => sku,
      maxLength: 3,
    })
    .map((drawn) => drawn.toSorted((left, right) => (left.sku < right.sku ? -1 : 1))),
});
const anyCook = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recipe' as const), recipe: anyRecipe }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sell' as const), quantity: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const), of: fc.nat({ max: 9 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refund' as const),
      of: fc.nat({ max: 9 }),
      quantity: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

interface Cooked {
  readonly id: string;
  readonly quantity: number;
  readonly left: readonly (readonly [sku: string, quantity: number])[];
  /** How many of them have come back. */
  back: number;
}

/** The nearest whole number to a share of what is not below nought, and the greater of two that are as near. */
const nearest = (numerator: number, denominator: number): number =>
  Math.floor((2 * numerator + denominator) / (2 * denominator));

/** What comes back of a sale with so many more: what all of it comes to by now, less what came before. */
const cameBack = ({ left, quantity, back }: Cooked, more: number): readonly (readonly [string, number])[] =>
  left.map(([sku, parts]) => [sku, nearest(parts * (back + more), quantity) - nearest(parts * back, quantity)]);

it('takes the parts of a recipe as it stood at the sale, and voids and refunds bring back those', async () => {
  const met = { parts: 0, voids: 0, refunds: 0 };
  await fc.assert(
    fc.asyncProperty(anyRecipe, fc.array(anyCook, { maxLength: 12 }), async (first, acts) => {
      const book = await openShop(store());
      for (const sku of ['BURGER', ...parts]) idOf(await book.commit('product.set', product(sku)));
      const onHand = new Map<string, number>();
      const sold: Cooked[] = [];
      let recipe = first;
      idOf(await book.commit('recipe.set', { sku: 'BURGER', ...recipe }));
      const move = (left: readonly (readonly [string, number])[], sign: 1 | -1): void => {
        for (const [sku, quantity] of left) onHand.set(sku, (onHand.get(sku) ?? 0) + sign * quantity);
      };
      for (const act of acts) {
        if (act.kind === 'recipe') {
          recipe = act.recipe;
          idOf(await book.commit('recipe.set', { sku: 'BURGER', ...recipe }));
        } else if (act.kind === 'sell') {
          const { quantity } = act;
          const lines = [line({ sku: 'BURGER', quantity })];
          const id = idOf(await book.commit('sale.complete', sale(500 * quantity, { lines })));
          const taken = recipe.parts.map(
            (part) => [part.sku, nearest(part.quantity * quantity, recipe.makes)] as const,
          );
          // Without parts it is goods like any other.
          const left = taken.length === 0 ? [['BURGER', quantity] as const] : taken;
          sold.push({ id, quantity, left, back: 0 });
          move(left, -1);
          met.parts += taken.length;
        } else if (act.kind === 'refund') {
          const one = sold[act.of % Math.max(1, sold.length)];
          if (one === undefined || one.back + act.quantity > one.quantity) continue;
          const { id: original } = one;
          const { quantity } = act;
          const lines = [{ ...line({ sku: 'BURGER', quantity }), line: 1 }];
          const tenders = [{ kind: 'cash', amountMinor: 500 * quantity }] as const;
          const back = { day, currency: 'GBP', taxIncluded: true, original, reason: 'cold', lines, tenders };
          idOf(await book.commit('sale.refund', back));
          move(cameBack(one, quantity), 1);
          one.back += quantity;
          met.refunds += 1;
        } else {
          const whole = sold.filter(({ back }) => back === 0);
          const one = whole[act.of % Math.max(1, whole.length)];
          if (one === undefined) continue;
          sold.splice(sold.indexOf(one), 1);
          idOf(await book.commit('sale.void', { document: one.id, day, reason: 'wrong' }));
          move(one.left, 1);
          met.voids += 1;
        }
        const there = [...onHand].filter(([, count]) => count !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
        expect(stockOf(book)).toEqual(Object.fromEntries(there));
      }
      await book.close();
    }),
    { seed: 1, numRuns: 12 },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});

const option = fc.constantFrom('size', 'colour', 'fit');
const options = fc.uniqueArray(option, { maxLength: 3 });

it('takes a variant that says one thing of each option of its parent, and no other', async () => {
  const met = { taken: 0, refused: 0 };
  const book = await openShop(store());
  let number = 0;
  await fc.assert(
    fc.asyncProperty(options, fc.oneof(fc.constant(undefined), options), fc.boolean(), async (of, drawn, isParent) => {
      const [parent, variant] = [`P-${(number += 1)}`, `V-${number}`];
      const said = drawn ?? of;
      idOf(await book.commit('product.set', product(parent, of.length === 0 ? {} : { options: of })));
      const choices = Object.fromEntries(said.map((name, index) => [name, `${name} ${index}`]));
      const more = isParent ? { options: ['length'] } : {};
      const commit = await book.commit('product.set', product(variant, { parent, choices, ...more }));
      const fits = of.length > 0 && !isParent && said.toSorted().join() === of.toSorted().join();
      expect(commit.ok || commit.code).toBe(fits || 'retail/variant');
      const [row] = book.query<{ choices: string }>('SELECT choices FROM products WHERE sku = ?', [variant]);
      expect(row === undefined ? undefined : JSON.parse(row.choices)).toEqual(fits ? choices : undefined);
      met[fits ? 'taken' : 'refused'] += 1;
    }),
    { seed: 1, numRuns: 60 },
  );
  expect(Math.min(met.taken, met.refused)).toBeGreaterThan(0);
  await book.close();
});
