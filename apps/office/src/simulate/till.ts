// A day at a till: the drawer is opened, goods are sold for cash, by card, on credit and for gifts, some come back, some sales are voided, goods are
// put by, exchanged and brought without a receipt, and the drawer is counted, now and then short.
import { type FiscalNumber, nextFiscalNumber, retailAccounts } from '@tallystick/retail';
import type { Dice } from './dice.ts';
import type { Expectations } from './expected.ts';
import { commitAll, type Device, type Request } from './firm.ts';
import type { Gifts } from './gifts.ts';
import { coupon, type Currency, type PickedLine, pickLine, soldEntry, worthOf } from './goods.ts';
import { drawExchange, drawLayaways, drawOpenReturn, type PutBy } from './counter.ts';

const floatMinor = 20_000;
/** Sales that may still come back. */
const keptSales = 40;
export const fiscalSeries = 'A';

/** A till, and what it remembers of its own sales. */
export interface Till {
  readonly device: Device;
  readonly currency: Currency;
  /** Its papers bear fiscal numbers, as long as it has some. */
  readonly isFiscal: boolean;
  sold: Sold[];
  layaways: PutBy[];
}

export interface Sold {
  readonly id: string;
  readonly tender: TenderKind;
  readonly lines: readonly PickedLine[];
}

type TenderKind = 'cash' | 'card' | 'account';

/** Where money of a tender is. */
export const tenderAccounts: Readonly<Record<TenderKind, string>> = {
  cash: retailAccounts.cash,
  card: retailAccounts.cardClearing,
  account: retailAccounts.receivables,
};

interface Sale {
  readonly tender: TenderKind;
  readonly lines: readonly PickedLine[];
  readonly request: Request;
}

/** A day at a till as everything that is rung up there sees it. */
export interface Counter {
  readonly till: Till;
  readonly day: string;
  readonly session: string;
  readonly dice: Dice;
  readonly expected: Expectations;
}

export async function tradeDay(
  till: Till,
  day: string,
  dice: Dice,
  expected: Expectations,
  gifts: Gifts,
): Promise<void> {
  const { device, currency } = till;
  const [session = ''] = await commitAll(device, [{ verb: 'session.open', args: { day, currency, floatMinor } }]);
  const counter: Counter = { till, day, session, dice, expected };
  const numbers = fiscalNumbers(till, expected);
  const sales = Array.from({ length: 1 + dice.below(6) }, () => drawSale(till, { day, session }, dice, { numbers }));
  const ids = await commitAll(
    device,
    sales.map(({ request }) => request),
  );
  let drawerMinor = floatMinor;
  for (const [index, sale] of sales.entries()) {
    noteSale(till, sale, expected);
    if (sale.tender === 'cash') drawerMinor += worthOf(sale.lines).totalMinor;
    till.sold.push({ id: ids[index] ?? '', tender: sale.tender, lines: sale.lines });
  }
  if (dice.chance(25)) await gifts.redeem(counter);
  await drawLayaways(counter);
  const back = drawReturns(counter, drawerMinor);
  drawerMinor -= back.cashMinor;
  const shortMinor = dice.chance(30) ? 1 + dice.below(500) : 0;
  expected.post(currency, { [retailAccounts.cashOverAndShort]: shortMinor, [retailAccounts.cash]: 0 - shortMinor });
  expected.issue(currency, 'close', 0 - shortMinor);
  const countedMinor = drawerMinor - shortMinor;
  await commitAll(device, [...back.requests, { verb: 'session.close', args: { session, countedMinor, day } }]);
  till.sold = till.sold.slice(-keptSales);
}

/** Sells without a drawer, by card: what a copy of a till does before it is found. */
export async function sellByCard(
  till: Till,
  device: Device,
  day: string,
  dice: Dice,
  expected: Expectations,
): Promise<void> {
  const sale = drawSale(till, { day }, dice, { kind: 'card' });
  await commitAll(device, [sale.request]);
  noteSale(till, sale, expected);
}

/** Numbers for the papers of a day, out of the till's blocks, until they are used up. */
function fiscalNumbers({ device, isFiscal }: Till, expected: Expectations): () => FiscalNumber | undefined {
  let next = isFiscal ? nextFiscalNumber(device.book, fiscalSeries, device.book.device) : undefined;
  const [block] = device.book.query<{ last: number }>(
    "SELECT last FROM fiscalBlocks WHERE scope = 'hq' AND block = ?",
    [next?.block ?? ''],
  );
  return () => {
    const taken = next;
    if (taken === undefined || block === undefined) return undefined;
    next = taken.number < block.last ? { ...taken, number: taken.number + 1 } : undefined;
    expected.tick('fiscalNumbers');
    return taken;
  };
}

interface Terms {
  readonly kind?: TenderKind;
  readonly numbers?: () => FiscalNumber | undefined;
}

function drawSale(
  { currency }: Till,
  trade: { readonly day: string; readonly session?: string },
  dice: Dice,
  { kind, numbers }: Terms,
): Sale {
  const coupons = dice.chance(8) ? [coupon] : [];
  const lines = Array.from({ length: 1 + dice.below(3) }, () => pickLine(dice, currency, coupons));
  const { totalMinor } = worthOf(lines);
  const tender = kind ?? dice.pick(['cash', 'cash', 'cash', 'card', 'card', 'account'] as const);
  const customer = tender === 'account' ? { customer: `c-${dice.below(50)}` } : {};
  const tenders = [{ kind: tender, amountMinor: totalMinor }];
  const fiscal = numbers?.();
  const said = { ...(fiscal === undefined ? {} : { fiscal }), ...(coupons.length === 0 ? {} : { coupons }) };
  const args = { ...trade, ...customer, ...said, currency, taxIncluded: true, lines, tenders };
  return { tender, lines, request: { verb: 'sale.complete', args } };
}

function noteSale({ currency, device }: Till, { tender, lines }: Sale, expected: Expectations): void {
  const { totalMinor } = worthOf(lines);
  expected.issue(currency, 'sale', totalMinor);
  expected.post(currency, { [tenderAccounts[tender]]: totalMinor, ...soldEntry(lines) });
  for (const { sku, quantity } of lines) expected.move(device.scope, sku, 0 - quantity);
}

interface Returns {
  readonly requests: readonly Request[];
  readonly cashMinor: number;
}

/** A line of an old sale comes back for cash, or for other goods; a whole one is voided; something comes without a receipt. Never more cash than lies in the drawer. */
function drawReturns(counter: Counter, drawerMinor: number): Returns {
  const { till, day, session, dice, expected } = counter;
  const { currency, device } = till;
  const requests: Request[] = [...drawExchange(counter), ...drawOpenReturn(counter)];
  let cashMinor = 0;
  const take = (kind: 'refund' | 'void', lines: readonly PickedLine[], account: string): number => {
    const { totalMinor } = worthOf(lines);
    expected.issue(currency, kind, 0 - totalMinor);
    expected.post(currency, { [account]: 0 - totalMinor, ...soldEntry(lines, -1) });
    for (const { sku, quantity } of lines) expected.move(device.scope, sku, quantity);
    return totalMinor;
  };
  const sale = dice.chance(4) && till.sold.length > 0 ? dice.pick(till.sold) : undefined;
  const [first] = sale?.lines ?? [];
  if (sale !== undefined && first !== undefined && worthOf([first]).totalMinor <= drawerMinor) {
    till.sold = till.sold.filter((one) => one !== sale);
    const amountMinor = take('refund', [first], retailAccounts.cash);
    cashMinor += amountMinor;
    const { promotion: _, ...line } = first;
    const tenders = [{ kind: 'cash', amountMinor }];
    const args = { day, currency, session, taxIncluded: true, original: sale.id, tenders, reason: 'brought back' };
    requests.push({ verb: 'sale.refund', args: { ...args, lines: [{ ...line, line: 1 }] } });
  }
  const wrong = dice.chance(12) ? till.sold.findLast(({ tender }) => tender === 'card') : undefined;
  if (wrong !== undefined) {
    till.sold = till.sold.filter((one) => one !== wrong);
    take('void', wrong.lines, retailAccounts.cardClearing);
    requests.push({ verb: 'sale.void', args: { document: wrong.id, day, reason: 'rung up wrong', session } });
  }
  return { requests, cashMinor };
}
