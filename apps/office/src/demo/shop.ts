// The small shop that `npm start` trades: sixty products of our own invention with categories, prices and tax rates.
import type { PriceSetArgs, ProductSetArgs } from '@tallystick/retail';

export const shopName = 'Harbour Street Stores';
export const shopCurrency = 'GBP';

/** One product as the demo keeps it; prices include the tax. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly priceMinor: number;
  readonly taxRateBasisPoints: number;
  /** 3 for goods weighed in grams and priced by the kilogram, 0 for pieces. */
  readonly unitScale: 0 | 3;
  /** How often it is picked, compared with the others. */
  readonly weight: number;
  /** What the delivery of the morning brings, in whole units. */
  readonly delivered: number;
}

type Line = readonly [name: string, priceMinor: number, weight: number, delivered: number];

const standard = 2_000;
const zero = 0;

function shelf(category: string, prefix: string, tax: number, unitScale: 0 | 3, lines: readonly Line[]): Product[] {
  return lines.map(([name, priceMinor, weight, delivered], index) => ({
    sku: `${prefix}-${String(index + 1).padStart(2, '0')}`,
    name,
    category,
    priceMinor,
    taxRateBasisPoints: tax,
    unitScale,
    weight,
    delivered,
  }));
}

export const products: readonly Product[] = [
  ...shelf('Bakery', 'BAK', zero, 0, [
    ['Sourdough loaf', 420, 9, 40],
    ['Seeded batch loaf', 365, 6, 30],
    ['Baguette', 195, 9, 60],
    ['Butter croissant', 225, 10, 48],
    ['Cinnamon bun', 310, 8, 36],
    ['Rye tin', 395, 3, 12],
    ['Cheese scone', 240, 5, 24],
    ['Flapjack', 275, 4, 24],
    ['Focaccia, rosemary', 480, 3, 10],
    ['Bag of six rolls', 260, 5, 25],
  ]),
  ...shelf('Fruit and vegetables', 'FRU', zero, 3, [
    ['Apples, Cox', 340, 6, 25],
    ['Pears, Conference', 310, 4, 15],
    ['Bananas', 165, 9, 30],
    ['Carrots', 120, 6, 20],
    ['Potatoes, new', 180, 6, 40],
    ['Tomatoes, vine', 395, 7, 18],
    ['Onions', 110, 6, 25],
    ['Mushrooms, chestnut', 720, 3, 6],
    ['Spinach', 980, 2, 4],
    ['Lemons', 450, 3, 5],
  ]),
  ...shelf('Dairy and eggs', 'DAI', zero, 0, [
    ['Whole milk, 1 l', 145, 10, 60],
    ['Oat drink, 1 l', 195, 6, 36],
    ['Salted butter, 250 g', 285, 7, 30],
    ['Free range eggs, 6', 260, 8, 40],
    ['Cheddar, mature, 300 g', 465, 5, 24],
    ['Yoghurt, plain, 500 g', 220, 5, 24],
    ['Goat cheese, 120 g', 390, 2, 12],
    ['Double cream, 300 ml', 210, 3, 18],
  ]),
  ...shelf('Larder', 'LAR', zero, 0, [
    ['Tagliatelle, 500 g', 230, 5, 30],
    ['Risotto rice, 1 kg', 345, 3, 15],
    ['Chopped tomatoes, tin', 120, 6, 48],
    ['Chickpeas, tin', 95, 4, 36],
    ['Olive oil, 500 ml', 895, 3, 12],
    ['Local honey, 340 g', 675, 2, 10],
    ['Strawberry jam', 340, 3, 12],
    ['Porridge oats, 1 kg', 210, 4, 20],
    ['Ground coffee, 250 g', 750, 5, 24],
    ['Breakfast tea, 80 bags', 420, 4, 20],
    ['Plain flour, 1.5 kg', 165, 3, 20],
    ['Sea salt, 250 g', 255, 2, 12],
  ]),
  ...shelf('Drinks and treats', 'TRE', standard, 0, [
    ['Sparkling water, 750 ml', 145, 5, 36],
    ['Cloudy apple juice, 1 l', 365, 4, 18],
    ['Ginger beer, 330 ml', 195, 5, 36],
    ['Dark chocolate, 100 g', 325, 5, 30],
    ['Sea salt crisps', 165, 6, 40],
    ['Wine gums', 185, 3, 20],
    ['Vanilla ice cream, 500 ml', 495, 3, 12],
    ['Pale ale, 440 ml', 320, 5, 36],
    ['Rosé, 750 ml', 1_095, 2, 12],
    ['Dry cider, 500 ml', 345, 3, 24],
  ]),
  ...shelf('Household', 'HOU', standard, 0, [
    ['Washing-up liquid', 235, 3, 18],
    ['Laundry powder, 1 kg', 685, 2, 10],
    ['Beeswax candle', 895, 2, 8],
    ['Matches, 3 boxes', 145, 2, 20],
    ['Paper towels, 2 rolls', 295, 3, 18],
    ['Bin bags, 20', 265, 2, 16],
    ['AA batteries, 4', 525, 2, 12],
    ['Tea towel, linen', 1_150, 1, 8],
    ['Bottle brush', 395, 1, 6],
    ['Twine, 80 m', 320, 1, 8],
  ]),
];

/** What puts a product into the catalogue. Stock may go below zero: a sale that happened is a fact, counted or not. */
export function productSetArgs(product: Product): ProductSetArgs {
  const { sku, name, category, unitScale, taxRateBasisPoints } = product;
  return { sku, name, category, unitScale, taxRateBasisPoints, negativeStock: 'allow', active: 1 };
}

export function priceSetArgs(product: Product): PriceSetArgs {
  return { sku: product.sku, currency: shopCurrency, unitPriceMilliMinor: product.priceMinor * 1_000 };
}
