// A simulated van: it is loaded in the morning and brings back in the evening what it did not sell. Now and then its seller scans each unit, and somebody
// else counts goods and cash: what is short is the seller's, also where a scan comes in after the count.
import { retailAccounts } from '@tallystick/retail';
import { transferNote } from '@tallystick/retail/supply';
import type { Branch } from './branch.ts';
import type { Dice } from './dice.ts';
import type { Expectations } from './expected.ts';
import { commitAll, type Device, type Firm } from './firm.ts';
import { costMinor, type Currency, goods, lineOf, priceMinor, soldEntry, worthOf } from './goods.ts';
import type { Till } from './till.ts';

const { cardClearing, cash, lostInTransit, purchases, sellersShortages, stockInTransit } = retailAccounts;

/** Goods of which a van takes some along. */
const vanGoods = goods.filter(({ unitScale }) => unitScale === 0).slice(0, 3);
const loaded = 12;
const floatMinor = 5_000;

/** Sends goods to the van; what it must know of them goes along. */
export async function loadVan(branch: Branch, day: string, dice: Dice, expected: Expectations): Promise<void> {
  const { backRoom, van, currency } = branch;
  const lines = vanGoods.map(({ sku }) => ({ sku, quantity: loaded }));
  await transfer({ from: backRoom, to: van.device, day, currency, lines, lostOneIn: 20 }, dice, expected);
}

/** What the van did not sell comes back. */
export async function unloadVan(branch: Branch, day: string, dice: Dice, expected: Expectations): Promise<void> {
  const { backRoom, van, currency } = branch;
  const lines = vanGoods.flatMap(({ sku }) => {
    const quantity = aboard(van.device, sku);
    return quantity > 0 ? [{ sku, quantity }] : [];
  });
  if (lines.length > 0)
    await transfer({ from: van.device, to: backRoom, day, currency, lines, lostOneIn: 0 }, dice, expected);
}

function aboard({ book, scope }: Device, sku: string): number {
  const [row] = book.query<{ onHand: number }>('SELECT onHand FROM stock WHERE scope = ? AND sku = ?', [scope, sku]);
  return row?.onHand ?? 0;
}

interface Transfer {
  readonly from: Device;
  readonly to: Device;
  readonly day: string;
  readonly currency: Currency;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  /** One unit of a line is lost so often; 0 for never. */
  readonly lostOneIn: number;
}

async function transfer(
  { from, to, day, currency, lines: sent, lostOneIn }: Transfer,
  dice: Dice,
  expected: Expectations,
): Promise<void> {
  const trade = { day, currency };
  const lines = sent.map(({ sku, quantity }) => {
    const one = mustFind(sku);
    return { sku, name: one.name, quantity, unitCostMilliMinor: priceMinor(one, currency) * 500 };
  });
  const [id = ''] = await commitAll(from, [{ verb: 'transfer.dispatch', args: { ...trade, to: to.scope, lines } }]);
  const note = transferNote(from.book, id);
  if (note === undefined) throw new Error(`${from.name} has no transfer ${id}`);
  const counted = note.lines.map((line) => {
    const lost = lostOneIn > 0 && dice.chance(lostOneIn) ? 1 : 0;
    expected.move(from.scope, line.sku, 0 - line.quantity);
    expected.move(to.scope, line.sku, line.quantity - lost);
    return { ...line, received: line.quantity - lost };
  });
  await commitAll(to, [{ verb: 'transfer.receive', args: { ...note, ...trade, lines: counted } }]);
  noteTransfer(currency, counted, expected);
}

/** On paper: what leaves is in transit until it is counted, and what is missing then is lost. */
export function noteTransfer(
  currency: Currency,
  lines: readonly { readonly sku: string; readonly quantity: number; readonly received: number }[],
  expected: Expectations,
): void {
  const worth = (of: 'quantity' | 'received'): number =>
    lines.reduce((sum, line) => sum + costMinor(mustFind(line.sku), currency, line[of]), 0);
  const [sentMinor, receivedMinor] = [worth('quantity'), worth('received')];
  expected.issue(currency, 'dispatch', 0 - sentMinor);
  expected.issue(currency, 'arrival', receivedMinor);
  expected.post(currency, { [stockInTransit]: sentMinor, [purchases]: 0 - sentMinor });
  expected.post(currency, {
    [stockInTransit]: 0 - sentMinor,
    [purchases]: receivedMinor,
    [lostInTransit]: sentMinor - receivedMinor,
  });
}

export function mustFind(sku: string): (typeof goods)[number] {
  const one = goods.find((candidate) => candidate.sku === sku);
  if (one === undefined) throw new Error(`nobody sells ${sku}`);
  return one;
}

/** A day on which each unit is scanned, and office staff settle with the seller in the evening, before the last scan has come in. */
export async function scanDay(firm: Firm, { van }: Branch, day: string, expected: Expectations): Promise<void> {
  const { dice, office } = firm;
  const { device, currency } = van;
  const seller = `s-${device.scope.replaceAll(/\D/g, '')}`;
  const [session = ''] = await commitAll(device, [{ verb: 'session.open', args: { day, currency, floatMinor } }]);
  const left = new Map(vanGoods.map(({ sku }) => [sku, aboard(device, sku)]));
  let cashMinor = floatMinor;
  const scan = async (): Promise<number> => {
    const sku = dice.pick([...left].filter(([, quantity]) => quantity > 1)).at(0) as string;
    left.set(sku, (left.get(sku) ?? 0) - 1);
    const tender = dice.pick(['cash', 'card'] as const);
    const { quantity: _, ...unit } = lineOf(mustFind(sku), currency, 1);
    const line = { ...unit, quantity: 1 };
    await commitAll(device, [
      { verb: 'van.scan', args: { day, currency, session, ...unit, taxIncluded: true, tender } },
    ]);
    const { totalMinor } = worthOf([line]);
    expected.issue(currency, 'sale', totalMinor);
    expected.post(currency, { [tender === 'cash' ? cash : cardClearing]: totalMinor, ...soldEntry([line]) });
    expected.move(device.scope, sku, -1);
    if (tender === 'cash') cashMinor += totalMinor;
    return totalMinor;
  };
  if (![...left.values()].some((quantity) => quantity > 1)) throw new Error(`${device.name} has nothing aboard`);
  for (let scans = 1 + dice.below(4); scans > 0; scans--) await scan();
  await firm.sync(device);
  await firm.sync(office);
  const lateMinor = dice.chance(2) && [...left.values()].some((quantity) => quantity > 1) ? await scan() : 0;
  const [lost, shortCashMinor] = [dice.below(2), dice.below(3) * 10];
  const [first] = vanGoods;
  const settled = vanGoods.flatMap((one) => {
    const counted = (left.get(one.sku) ?? 0) - (one === first ? lost : 0);
    const { quantity: _, taxRateBasisPoints: _rate, ...line } = lineOf(one, currency, 1);
    return counted < 0 ? [] : [{ ...line, counted }];
  });
  const goodsMinor =
    settled.some(({ sku }) => sku === first?.sku) && first !== undefined ? lost * priceMinor(first, currency) : 0;
  if (goodsMinor > 0 && first !== undefined) expected.move(device.scope, first.sku, 0 - lost);
  const terms = { day, currency, seller, session, cashMinor: cashMinor - shortCashMinor, lines: settled };
  await commitAll(office, [{ verb: 'van.settle', args: terms, scope: device.scope }]);
  // On paper the scan that is still on its way has come in: at the count it looked like goods that were missing.
  expected.issue(currency, 'settlement', 0 - goodsMinor - lateMinor);
  const owedMinor = goodsMinor + shortCashMinor;
  expected.post(currency, { [sellersShortages]: owedMinor, [purchases]: 0 - goodsMinor, [cash]: 0 - shortCashMinor });
  await firm.sync(office);
  await firm.sync(device);
  await firm.sync(office);
  if (owedMinor === 0) return;
  const paid = { day, currency, seller, amountMinor: owedMinor, account: cash };
  await commitAll(office, [{ verb: 'seller.pay', args: paid, scope: device.scope }]);
  expected.post(currency, { [cash]: owedMinor, [sellersShortages]: 0 - owedMinor });
}

/** Whether so much is aboard that a day of scans is worth it. */
export function mayScan({ van }: { readonly van: Till }): boolean {
  return van.device.cutOff === 0 && vanGoods.every(({ sku }) => aboard(van.device, sku) > 6);
}
