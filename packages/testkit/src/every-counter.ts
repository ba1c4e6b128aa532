/** What a shop's office and its counter do beside the trade of every day: an act of the history of every verb. */
import type { Book } from '@tallystick/kernel';
import type { OpHash } from '@tallystick/oplog';

/** What the office does, which must be accepted. */
type Office = (verb: string, args: object) => Promise<OpHash>;

const BUN = 'BUN';
const BURGER = 'BURGER';

/** Goods with a barcode, a recipe and a promotion that ends early. */
export async function catalogue(office: Office): Promise<void> {
  const product = {
    name: 'made here',
    category: 'lunch',
    unitScale: 0,
    taxRateBasisPoints: 0,
    negativeStock: 'allow',
    active: 1,
  };
  for (const sku of [BUN, BURGER]) await office('product.set', { ...product, sku });
  await office('barcode.set', { barcode: '4006381333931', sku: BUN, quantity: 6 });
  await office('recipe.set', { sku: BURGER, makes: 1, parts: [{ sku: BUN, quantity: 1 }] });
  const days = { fromDay: '2026-11-21', untilDay: '2026-11-30' };
  const offer = { kind: 'percent', basisPoints: 1_000 };
  await office('promotion.set', { promotion: 'TENTH', name: 'a tenth off', ...days, offer, sku: BURGER });
  const line = {
    sku: BURGER,
    name: 'Burger',
    quantity: 1,
    unitPriceMilliMinor: 500_000,
    promotion: 'TENTH',
    discountMinor: 50,
  };
  const tenders = [{ kind: 'card', amountMinor: 450 }];
  await office('sale.complete', { day: '2026-11-21', currency: 'GBP', taxIncluded: true, lines: [line], tenders });
  await office('promotion.end', { promotion: 'TENTH', day: '2026-11-22' });
}

/** A drawer with cash in and out, a count, and a number for the authority. */
export async function counter(book: Pick<Book, 'device' | 'log' | 'query'>, office: Office): Promise<void> {
  const [day, currency] = ['2026-11-21', 'GBP'];
  const { device } = book;
  const openHere = "SELECT session FROM deviceSessions WHERE scope = 'hq' AND device = ? AND session <> ''";
  const [left] = book.query<{ session: string }>(openHere, [device]);
  if (left !== undefined) await office('session.close', { session: left.session, day, countedMinor: 0 });
  const opened = await office('session.open', { day, currency, floatMinor: 100 });
  const session = (await book.log.get(opened))?.record.op.id;
  const move = { session, day, amountMinor: 10, reason: 'change' };
  await office('cash.receive', { ...move, account: '3000' });
  await office('cash.pay', { ...move, account: '6100' });
  await office('cash.drop', move);
  await office('session.close', { session, day, countedMinor: 91 });
  const line = { sku: BUN, name: 'Bun', countedQuantity: 12, unitCostMilliMinor: 20_000 };
  await office('stock.count', { day, currency, lines: [line], reason: 'month end' });
  await office('fiscal.range', { series: 'A', first: 1, last: 100 });
  await office('fiscal.lease', { series: 'A', scope: 'hq', device, untilDay: '2026-11-30' });
}

/** A customer who buys on account, exchanges what was bought, and pays; and what comes back without a receipt. */
export async function customers(book: Pick<Book, 'log'>, office: Office): Promise<void> {
  const trade = { day: '2026-11-21', currency: 'GBP', taxIncluded: true, customer: 'c-1' };
  const terms = { limitMinor: 1_000, overLimit: 'refuse', termsDays: 30, active: 1 };
  await office('customer.set', { customer: 'c-1', currency: 'GBP', ...terms });
  const line = { sku: BUN, name: 'Bun', quantity: 2, unitPriceMilliMinor: 100_000 };
  const tenders = [{ kind: 'account', amountMinor: 200 }];
  const sold = await office('sale.complete', { ...trade, lines: [line], tenders });
  const back = [{ ...line, quantity: 1, line: 1 }];
  const lines = [{ ...line, quantity: 1, unitPriceMilliMinor: 150_000 }];
  const original = (await book.log.get(sold))?.record.op.id;
  const difference = [{ kind: 'account', amountMinor: 50 }];
  await office('sale.exchange', { ...trade, original, back, lines, tenders: difference, reason: 'seeds' });
  const paid = { customer: 'c-1', day: '2026-11-21', currency: 'GBP' };
  await office('account.pay', { ...paid, tenders: [{ kind: 'cash', amountMinor: 250 }] });
  const goods = { sku: 'LAMP', name: 'Lamp', category: '', unitScale: 0, taxRateBasisPoints: 0, active: 1 };
  await office('product.set', { ...goods, negativeStock: 'backorder' });
  const lamp = { sku: 'LAMP', name: 'Lamp', quantity: 1, unitPriceMilliMinor: 100_000 };
  const cash = [{ kind: 'cash', amountMinor: 100 }];
  const owing = await office('sale.complete', { ...trade, lines: [lamp], tenders: cash });
  const document = (await book.log.get(owing))?.record.op.id;
  await office('backorder.end', { document, sku: 'LAMP', day: '2026-11-21', outcome: 'delivered' });
  await office('returns.policy', { currency: 'XTS', allowed: 1, refundTo: 'account', mostMinor: 500 });
  await office('account.pay', { ...paid, tenders: [{ kind: 'cash', amountMinor: 40 }] });
  await office('account.return', { ...paid, tenders: [{ kind: 'cash', amountMinor: 40 }] });
  await layaways(book, office);
}

/** Two pairs of buns are put by: one is paid and collected, the other cancelled for a fee. */
async function layaways(book: Pick<Book, 'log'>, office: Office): Promise<void> {
  const day = '2026-11-21';
  await office('layaway.policy', { currency: 'GBP', mostFeeMinor: 20 });
  const lines = [{ sku: BUN, name: 'Bun', quantity: 2, unitPriceMilliMinor: 100_000 }];
  const putBy = async (): Promise<string | undefined> => {
    const terms = { day, currency: 'GBP', taxIncluded: true, customer: 'c-1', lines };
    return (await book.log.get(await office('layaway.open', terms)))?.record.op.id;
  };
  const cash = (amountMinor: number) => [{ kind: 'cash', amountMinor }];
  const [kept, dropped] = [await putBy(), await putBy()];
  for (const layaway of [kept, dropped])
    await office('layaway.pay', { layaway, day, currency: 'GBP', tenders: cash(150) });
  await office('layaway.collect', { layaway: kept, day, currency: 'GBP', tenders: cash(50) });
  await office('layaway.cancel', {
    layaway: dropped,
    day,
    currency: 'GBP',
    tenders: cash(130),
    feeMinor: 20,
    reason: 'moved away',
  });
}
