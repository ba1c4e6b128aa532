// The range of the shop that "try it alone" opens: a chart of accounts, a few goods with prices, some stock.
import type { TypedRequest } from '@tallystick/kernel';
import { chart } from '@tallystick/retail';
import type { TillBook, TillVerbs } from './till-book.ts';

interface DemoProduct {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  /** In hundredths of a unit of currency; currencies without decimals take the same number of whole units. */
  readonly price: number;
  readonly taxRateBasisPoints: number;
  readonly unitScale?: number;
  readonly stock?: number;
  /** GTIN of one piece, or of goods whose codes carry the weight. */
  readonly gtin?: string;
}

const hot = { category: 'Coffee & tea', taxRateBasisPoints: 2_000 };
const cold = { category: 'Cold drinks', taxRateBasisPoints: 2_000 };
const bakery = { category: 'Bakery', taxRateBasisPoints: 0 };
const lunch = { category: 'Lunch', taxRateBasisPoints: 2_000 };
const deli = { category: 'Deli by weight', taxRateBasisPoints: 0, unitScale: 3 };
const shelf = { category: 'Shelf', taxRateBasisPoints: 2_000 };

const range: readonly DemoProduct[] = [
  { sku: 'C01', name: 'Espresso', price: 240, ...hot },
  { sku: 'C02', name: 'Flat white', price: 360, ...hot },
  { sku: 'C03', name: 'Cappuccino', price: 360, ...hot },
  { sku: 'C04', name: 'Oat latte', price: 395, ...hot },
  { sku: 'C05', name: 'Filter coffee', price: 290, ...hot },
  { sku: 'C06', name: 'English breakfast tea', price: 260, ...hot },
  { sku: 'C07', name: 'Hot chocolate', price: 380, ...hot },
  { sku: 'D01', name: 'Sparkling water', price: 190, ...cold },
  { sku: 'D02', name: 'Cloudy lemonade', price: 310, ...cold },
  { sku: 'D03', name: 'Cold brew', price: 390, ...cold },
  { sku: 'D04', name: 'Orange juice, pressed', price: 420, ...cold },
  { sku: 'B01', name: 'Butter croissant', price: 250, ...bakery, stock: 24 },
  { sku: 'B02', name: 'Pain au chocolat', price: 285, ...bakery, stock: 18 },
  { sku: 'B03', name: 'Cinnamon bun', price: 320, ...bakery, stock: 4 },
  { sku: 'B04', name: 'Sourdough loaf', price: 480, ...bakery, stock: 9 },
  { sku: 'B05', name: 'Crème brûlée tart', price: 410, ...bakery, stock: 6 },
  { sku: 'L01', name: 'Tomato soup with bread', price: 690, ...lunch },
  { sku: 'L02', name: 'Halloumi flatbread', price: 845, ...lunch },
  { sku: 'L03', name: 'Roast chicken sandwich', price: 795, ...lunch },
  { sku: 'W01', name: 'Manchego', price: 2_450, ...deli, stock: 3_200, gtin: '9506000134352' },
  { sku: 'W02', name: 'Green olives', price: 1_690, ...deli, stock: 4_500 },
  { sku: 'S01', name: 'House blend, 250 g', price: 1_150, ...shelf, stock: 14, gtin: '5012345678900' },
  { sku: 'S02', name: 'Paper filters, 100', price: 490, ...shelf, stock: 30 },
  { sku: 'S03', name: 'Strawberry jam', price: 560, ...shelf, stock: 11 },
];

/** Puts the range into a new book, in two writes: stock can only be received of goods that are known. */
export async function fillDemoShop(book: TillBook, currency: string, digits: number, day: string): Promise<void> {
  const accounts = chart.map((args) => ({ verb: 'account.open' as const, args }));
  await book.commitAll([...accounts, ...range.flatMap((product) => productOps(product, currency, digits))]);
  const offer = { kind: 'bundle', take: 3, pay: 2 } as const;
  const jam = { promotion: 'JAM', name: 'Three jams for two', fromDay: day, untilDay: '2099-12-31', offer, sku: 'S03' };
  await book.commit('promotion.set', jam);
  const coupon = { kind: 'percent', basisPoints: 1_000 } as const;
  const code = { promotion: 'TEN', name: 'Ten percent off', coupon: 'TEN', fromDay: day, untilDay: '2099-12-31' };
  await book.commit('promotion.set', { ...code, offer: coupon });
  const trade = { sku: 'S01', currency, unitPriceMilliMinor: milliMinor(1_000, digits), list: 'trade' };
  await book.commit('price.set', trade);
  const terms = {
    limitMinor: 20 * 10 ** digits,
    overLimit: 'refuse',
    termsDays: 30,
    priceList: 'trade',
    active: 1,
  } as const;
  await book.commit('customer.set', { customer: 'K-17', currency, ...terms });
  await book.commit('entitlement.tier', { kind: 'gift', currency, mostMinor: 10 * 10 ** digits });
  const lines = range.flatMap(({ sku, name, stock, unitScale = 0, price }) =>
    stock === undefined
      ? []
      : [{ sku, name, quantity: stock, quantityScale: unitScale, unitCostMilliMinor: milliMinor(price, digits) / 2 }],
  );
  await book.commit('stock.receive', { day, currency, lines, reference: 'opening stock' });
}

function productOps(product: DemoProduct, currency: string, digits: number): TypedRequest<TillVerbs>[] {
  const { sku, name, category, taxRateBasisPoints, unitScale = 0, gtin } = product;
  const terms = { taxRateBasisPoints, unitScale, negativeStock: 'allow', active: 1 } as const;
  const unitPriceMilliMinor = milliMinor(product.price, digits);
  const ops: TypedRequest<TillVerbs>[] = [
    { verb: 'product.set', args: { sku, name, category, ...terms } },
    { verb: 'price.set', args: { sku, currency, unitPriceMilliMinor } },
  ];
  if (gtin !== undefined) ops.push({ verb: 'barcode.set', args: { barcode: gtin, sku, quantity: 10 ** unitScale } });
  return ops;
}

function milliMinor(price: number, digits: number): number {
  return price * 10 ** (3 + Math.max(0, digits - 2));
}
