// A branch of a simulated firm: its tills, the back room that takes deliveries, counts shelves and collects debts, and its van.
import type { Scope } from '@tallystick/oplog';
import { retailAccounts } from '@tallystick/retail';
import type { ShopBook } from '../book.ts';
import type { Dice } from './dice.ts';
import type { Expectations } from './expected.ts';
import { commitAll, type Device, type Firm, type Request } from './firm.ts';
import { costMinor, type Currency, currencies, goods, priceMinor } from './goods.ts';
import { sellByCard, type Till } from './till.ts';

export interface Branch {
  readonly scope: Scope;
  readonly currency: Currency;
  readonly tills: readonly Till[];
  readonly backRoom: Device;
  readonly van: Till;
}

export async function openBranch(firm: Firm, index: number, tillCount: number): Promise<Branch> {
  const number = String(index + 1).padStart(3, '0');
  const scope = `b/${number}` as Scope;
  const currency = currencies[index % currencies.length] ?? 'GBP';
  const backRoom = await firm.enlist(`back room ${number}`, 'manager', scope);
  const tills: Till[] = [];
  const seat = (device: Device, isFiscal: boolean): Till => ({ device, currency, isFiscal, sold: [], layaways: [] });
  for (let till = 1; till <= tillCount; till++)
    tills.push(seat(await firm.enlist(`till ${number}-${till}`, 'till', scope), till === 1));
  const van = await firm.enlist(`van ${number}`, 'van', `v/${number}` as Scope);
  return { scope, currency, tills, backRoom, van: seat(van, false) };
}

export function devicesOf({ backRoom, tills, van }: Branch): readonly Device[] {
  return [backRoom, ...tills.map(({ device }) => device), van.device];
}

/** The day is opened, a delivery comes, shelves are looked through, debts are paid: what the back room does before the tills open. */
export async function backRoomDay(
  { backRoom, currency, scope }: Branch,
  day: string,
  dice: Dice,
  expected: Expectations,
): Promise<void> {
  const requests: Request[] = [{ verb: 'day.open', args: { day } }];
  const trade = { day, currency };
  if (dice.chance(5)) {
    let wholeMinor = 0;
    const lines = goods.map((one) => {
      const { sku, name, unitScale } = one;
      const quantity = (20 + dice.below(60)) * 10 ** unitScale;
      wholeMinor += costMinor(one, currency, quantity);
      expected.move(scope, sku, quantity);
      return { sku, name, quantity, quantityScale: unitScale, unitCostMilliMinor: priceMinor(one, currency) * 500 };
    });
    expected.issue(currency, 'receipt', wholeMinor);
    expected.post(currency, { [retailAccounts.purchases]: wholeMinor, [retailAccounts.payables]: 0 - wholeMinor });
    requests.push({ verb: 'stock.receive', args: { ...trade, lines, reference: `DN-${day}` } });
  }
  if (dice.chance(10)) {
    const one = dice.pick(goods);
    const { sku, name, unitScale } = one;
    expected.move(scope, sku, -1);
    const lostMinor = costMinor(one, currency, 1);
    expected.issue(currency, 'adjustment', 0 - lostMinor);
    expected.post(currency, {
      [retailAccounts.stockWrittenOff]: lostMinor,
      [retailAccounts.purchases]: 0 - lostMinor,
    });
    const line = {
      sku,
      name,
      quantity: -1,
      quantityScale: unitScale,
      unitPriceMilliMinor: priceMinor(one, currency) * 500,
    };
    requests.push({ verb: 'stock.adjust', args: { ...trade, lines: [line], reason: 'broken' } });
  }
  const debtor = dice.chance(4) ? pickDebtor(backRoom.book, scope, currency, dice) : undefined;
  if (debtor !== undefined) {
    const amountMinor = Math.ceil(debtor.owedMinor / 2);
    expected.issue(currency, 'account-payment', amountMinor);
    expected.post(currency, {
      [retailAccounts.cardClearing]: amountMinor,
      [retailAccounts.receivables]: 0 - amountMinor,
    });
    const tenders = [{ kind: 'card', amountMinor }];
    requests.push({ verb: 'account.pay', args: { ...trade, customer: debtor.customer, tenders } });
  }
  await commitAll(backRoom, requests);
}

/** Two shelves are counted against what there must be, when everybody's work is in; now and then one is short. */
export async function takeStock(
  { backRoom, currency, scope }: Branch,
  day: string,
  dice: Dice,
  expected: Expectations,
): Promise<void> {
  const from = dice.below(goods.length - 1);
  let differenceMinor = 0;
  const lines = goods.slice(from, from + 2).map((one) => {
    const { sku, name, unitScale } = one;
    const there = expected.stock.get(`${scope} ${sku}`) ?? 0;
    // Nobody counts less than nothing: what was sold from an empty shelf is found.
    const countedQuantity = Math.max(0, there - dice.below(2) * 10 ** unitScale);
    const difference = countedQuantity - there;
    differenceMinor += Math.sign(difference) * costMinor(one, currency, Math.abs(difference));
    expected.move(scope, sku, difference);
    const unitCostMilliMinor = priceMinor(one, currency) * 500;
    return { sku, name, countedQuantity, quantityScale: unitScale, unitCostMilliMinor };
  });
  await commitAll(backRoom, [{ verb: 'stock.count', args: { day, currency, lines, reason: 'stocktaking' } }]);
  expected.issue(currency, 'count', differenceMinor);
  expected.post(currency, {
    [retailAccounts.purchases]: differenceMinor,
    [retailAccounts.stockWrittenOff]: 0 - differenceMinor,
  });
}

/** A till is copied; both sell before anybody notices, and people put it right: nothing that was sold is lost. */
export async function cloneTill(firm: Firm, till: Till, day: string, expected: Expectations): Promise<void> {
  const { device } = till;
  const copied = await firm.copy(device);
  for (let sale = 0; sale < 2; sale++) {
    await sellByCard(till, device, day, firm.dice, expected);
    await sellByCard(till, copied, day, firm.dice, expected);
  }
  const forked = device.book.device;
  for (const one of [device, copied, firm.office, device]) await firm.sync(one);
  await firm.renew(device);
  for (const commit of await firm.office.book.recoverAll(forked)) if (!commit.ok) throw new Error(commit.code);
  await firm.sync(firm.office);
  await firm.sync(device);
}

interface Debtor {
  readonly customer: string;
  readonly owedMinor: number;
}

/** Some customer who owes this branch something, as far as its back room knows. */
function pickDebtor(book: ShopBook, scope: string, currency: string, dice: Dice): Debtor | undefined {
  const owing = book.query<{ customer: string; owedMinor: number }>(
    'SELECT customer, owedMinor FROM customerAccounts WHERE scope = ? AND currency = ? AND owedMinor > 0 ORDER BY customer',
    [scope, currency],
  );
  return owing.length === 0 ? undefined : dice.pick(owing);
}
