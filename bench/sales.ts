/**
 * The seeded shop of every suite: 200 products, and sales of three lines, one tender and 20 % tax, each with its stock movements and postings. The
 * same seed gives the same keys, ids, ops and signatures.
 */
import { type BookStore, type CryptoProvider, openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import type { OpRecord, Scope } from '@tallystick/oplog';
import { chart, priceLines, type PriceSetArgs, type ProductSetArgs, type SaleCompleteArgs } from '@tallystick/retail';
import {
  createClock,
  createDice,
  createEdge,
  createLocalRelay,
  createSeededKeys,
  type Dice,
  type ShopBook,
  shopVerbs,
} from '@tallystick/testkit';
import { mustBe } from './suite.ts';

export const hq = 'hq' as Scope;
const PRODUCTS = 200;
const LINES = 3;
/** How many sales go into one commit while a log is made. */
const BATCH = 100;
/** What passes between two ops of one device. */
const STEP_MS = 20;

const prices: readonly number[] = (() => {
  const dice = createDice(1);
  return Array.from({ length: PRODUCTS }, () => 1000 * (50 + dice.below(5_000)));
})();

const skuOf = (product: number): string => `SKU-${String(product + 1).padStart(4, '0')}`;
const nameOf = (product: number): string => `product number ${product + 1}`;

export interface ShopOptions {
  readonly store: BookStore;
  readonly crypto?: CryptoProvider;
  /** Which device this is: its keys, ids and sales come from it. */
  readonly device?: number;
  /** Joins this book instead of opening a new one. */
  readonly book?: ShopBook['id'];
}

/** A device of the shop: its book, its keys, and the dice its sales come from. */
export interface Till {
  readonly book: ShopBook;
  readonly keys: ReturnType<typeof createSeededKeys>;
  readonly dice: Dice;
}

/** Opens a device's book; a new one gets a chart of accounts and the catalogue. */
export async function openTill({ store, crypto = nodeCrypto, device = 1, book: id }: ShopOptions): Promise<Till> {
  const clock = createClock();
  const edge = createEdge(clock, { seed: device });
  const keys = createSeededKeys(`till ${device}`, crypto);
  const book = await openBook({
    store,
    verbs: shopVerbs,
    crypto,
    keys,
    name: 'Bench',
    edge: {
      random: edge.random,
      now: () => {
        clock.advance(STEP_MS);
        return edge.now();
      },
    },
    ...(id === undefined ? {} : { book: id }),
  });
  if (id === undefined && book.query('SELECT 1 FROM accounts LIMIT 1').length === 0) {
    const opened = await book.commitAll([...openingRequests()]);
    mustBe('ops that opened the shop', opened.filter((commit) => !commit.ok).length, 0);
  }
  return { book, keys, dice: createDice(device) };
}

/** What opens a shop: its chart of accounts, its products and their prices. */
export function openingRequests(): readonly OpeningRequest[] {
  return [
    ...chart.map((args): OpeningRequest => ({ verb: 'account.open', args })),
    ...prices.flatMap((unitPriceMilliMinor, product): OpeningRequest[] => {
      const sku = skuOf(product);
      const sold = { name: nameOf(product), category: 'larder', unitScale: 0, taxRateBasisPoints: 2_000 };
      return [
        { verb: 'product.set', args: { sku, ...sold, negativeStock: 'allow', active: 1 } },
        { verb: 'price.set', args: { sku, currency: 'GBP', unitPriceMilliMinor } },
      ];
    }),
  ];
}

type OpeningRequest =
  | { readonly verb: 'account.open'; readonly args: (typeof chart)[number] }
  | { readonly verb: 'product.set'; readonly args: ProductSetArgs }
  | { readonly verb: 'price.set'; readonly args: PriceSetArgs };

export interface SaleRequest {
  readonly verb: 'sale.complete';
  readonly args: SaleCompleteArgs;
}

export function anySale(dice: Dice): SaleRequest {
  const lines = Array.from({ length: LINES }, () => {
    const product = dice.below(PRODUCTS);
    return {
      sku: skuOf(product),
      name: nameOf(product),
      quantity: 1 + dice.below(4),
      unitPriceMilliMinor: prices[product] as number,
      taxRateBasisPoints: 2_000,
    };
  });
  const priced = priceLines(lines, true);
  if (!('amounts' in priced)) throw new RangeError('a sale of the bench is out of bounds');
  const tenders = [{ kind: 'card' as const, amountMinor: priced.amountMinor + priced.taxMinor }];
  return { verb: 'sale.complete', args: { day: '2026-11-21', currency: 'GBP', taxIncluded: true, lines, tenders } };
}

export function anySales(dice: Dice, count: number): readonly SaleRequest[] {
  return Array.from({ length: count }, () => anySale(dice));
}

/** Trades `count` sales, untimed. */
export async function trade({ book, dice }: Till, count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    const commits = await book.commitAll([...anySales(dice, Math.min(BATCH, count - done))]);
    mustBe('refused sales', commits.filter((commit) => !commit.ok).length, 0);
  }
}

/** Gives every pending op its position, by a relay that is then thrown away. */
export async function settleAll({ book }: Till): Promise<void> {
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  await book.sync(relay.client());
  await relay.close();
  mustBe('ops without a position', book.pendingOps().length, 0);
}

/** The books are right: as many sales as were made, three lines each, and the trial balance is nought. */
export function checkSales(book: Pick<ShopBook, 'query'>, sales: number): void {
  const count = (sql: string): unknown => Object.values(book.query(sql)[0] ?? {})[0];
  mustBe('sales', count("SELECT count(*) FROM documents WHERE kind = 'sale'"), sales);
  mustBe('lines', count('SELECT count(*) FROM documentLines'), sales * LINES);
  mustBe('trial balance', count('SELECT coalesce(sum(amountMinor), 0) FROM balances'), 0);
}

/** Every record of the book's `hq`, settled or not. */
export async function recordsOf({ log }: Pick<ShopBook, 'log'>): Promise<readonly OpRecord[]> {
  const { size } = log.tip(hq);
  return [...(await log.settled(hq, 0, size)), ...(await log.pending(hq))];
}

/** Bytes of records as they travel: key id, signature, canonical text. */
export function wireBytes(records: readonly OpRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
