// A branch of a simulated firm: its tills, the back room that takes deliveries and collects debts, and the van that is loaded from
// it in the morning and brings back in the evening what it did not sell.
import type { Scope } from '@tallystick/oplog';
import { transferNote } from '@tallystick/retail/supply';
import type { ShopBook } from '../book.ts';
import type { Dice } from './dice.ts';
import type { Expectations } from './expected.ts';
import { commitAll, type Device, type Firm, type Request } from './firm.ts';
import { type Currency, currencies, goods, priceMinor } from './goods.ts';
import { sellByCard, type Till } from './till.ts';

export interface Branch {
  readonly scope: Scope;
  readonly currency: Currency;
  readonly tills: readonly Till[];
  readonly backRoom: Device;
  readonly van: Till;
}

/** Goods of which a van takes some along. */
const vanGoods = goods.filter(({ unitScale }) => unitScale === 0).slice(0, 3);
const loaded = 12;

export async function openBranch(firm: Firm, index: number, tillCount: number): Promise<Branch> {
  const number = String(index + 1).padStart(3, '0');
  const scope = `b/${number}` as Scope;
  const currency = currencies[index % currencies.length] ?? 'GBP';
  const backRoom = await firm.enlist(`back room ${number}`, 'manager', scope);
  const tills: Till[] = [];
  for (let till = 1; till <= tillCount; till++)
    tills.push({ device: await firm.enlist(`till ${number}-${till}`, 'till', scope), currency, sold: [] });
  const van = await firm.enlist(`van ${number}`, 'van', `v/${number}` as Scope);
  return { scope, currency, tills, backRoom, van: { device: van, currency, sold: [] } };
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
    const lines = goods.map((one) => {
      const { sku, name, unitScale } = one;
      const quantity = (20 + dice.below(60)) * 10 ** unitScale;
      expected.move(scope, sku, quantity);
      return { sku, name, quantity, quantityScale: unitScale, unitCostMilliMinor: priceMinor(one, currency) * 500 };
    });
    requests.push({ verb: 'stock.receive', args: { ...trade, lines, reference: `DN-${day}` } });
  }
  if (dice.chance(10)) {
    const one = dice.pick(goods);
    const { sku, name, unitScale } = one;
    expected.move(scope, sku, -1);
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
    expected.add(currency, 'creditMinor', 0 - amountMinor);
    const tenders = [{ kind: 'card', amountMinor }];
    requests.push({ verb: 'account.pay', args: { ...trade, customer: debtor.customer, tenders } });
  }
  await commitAll(backRoom, requests);
}

/** Sends goods to the van; what it must know of them goes along. */
export async function loadVan(branch: Branch, day: string, dice: Dice, expected: Expectations): Promise<void> {
  const { backRoom, van, currency } = branch;
  const lines = vanGoods.map((one) => ({
    sku: one.sku,
    name: one.name,
    quantity: loaded,
    unitCostMilliMinor: priceMinor(one, currency) * 500,
  }));
  await transfer({ from: backRoom, to: van.device, day, currency, lines, lostOneIn: 20 }, dice, expected);
}

/** What the van did not sell comes back. */
export async function unloadVan(branch: Branch, day: string, dice: Dice, expected: Expectations): Promise<void> {
  const { backRoom, van, currency } = branch;
  const { book, scope } = van.device;
  const lines = vanGoods.flatMap((one) => {
    const [row] = book.query<{ onHand: number }>('SELECT onHand FROM stock WHERE scope = ? AND sku = ?', [
      scope,
      one.sku,
    ]);
    const quantity = row?.onHand ?? 0;
    const unitCostMilliMinor = priceMinor(one, currency) * 500;
    return quantity > 0 ? [{ sku: one.sku, name: one.name, quantity, unitCostMilliMinor }] : [];
  });
  if (lines.length > 0)
    await transfer({ from: van.device, to: backRoom, day, currency, lines, lostOneIn: 0 }, dice, expected);
}

interface Transfer {
  readonly from: Device;
  readonly to: Device;
  readonly day: string;
  readonly currency: Currency;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly unitCostMilliMinor: number }[];
  /** One unit of a line is lost so often; 0 for never. */
  readonly lostOneIn: number;
}

async function transfer(
  { from, to, day, currency, lines, lostOneIn }: Transfer,
  dice: Dice,
  expected: Expectations,
): Promise<void> {
  const trade = { day, currency };
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
