// A day at a till: the drawer is opened, goods are sold for cash, by card and on credit, some come back, some sales are voided, and
// the drawer is counted, now and then short.
import type { Dice } from './dice.ts';
import type { Expectations } from './expected.ts';
import { commitAll, type Device, type Request } from './firm.ts';
import { type Currency, paidMinor, type PickedLine, pickLine } from './goods.ts';

const floatMinor = 20_000;
/** Sales that may still come back. */
const keptSales = 40;

/** A till, and what it remembers of its own sales. */
export interface Till {
  readonly device: Device;
  readonly currency: Currency;
  sold: Sold[];
}

interface Sold {
  readonly id: string;
  readonly tender: TenderKind;
  readonly lines: readonly PickedLine[];
}

type TenderKind = 'cash' | 'card' | 'account';

interface Sale {
  readonly tender: TenderKind;
  readonly lines: readonly PickedLine[];
  readonly totalMinor: number;
  readonly request: Request;
}

export async function tradeDay(till: Till, day: string, dice: Dice, expected: Expectations): Promise<void> {
  const { device, currency } = till;
  const trade = { day, currency };
  const [session = ''] = await commitAll(device, [{ verb: 'session.open', args: { ...trade, floatMinor } }]);
  const sales = Array.from({ length: 1 + dice.below(6) }, () => drawSale(till, { ...trade, session }, dice));
  const ids = await commitAll(
    device,
    sales.map(({ request }) => request),
  );
  let drawerMinor = floatMinor;
  for (const [index, sale] of sales.entries()) {
    noteSale(till, sale, expected);
    if (sale.tender === 'cash') drawerMinor += sale.totalMinor;
    till.sold.push({ id: ids[index] ?? '', tender: sale.tender, lines: sale.lines });
  }
  const back = drawReturns(till, { ...trade, session }, dice, drawerMinor, expected);
  drawerMinor -= back.cashMinor;
  const shortMinor = dice.chance(30) ? 1 + dice.below(500) : 0;
  expected.add(currency, 'cashShortMinor', shortMinor);
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
  const sale = drawSale(till, { day, currency: till.currency }, dice, 'card');
  await commitAll(device, [sale.request]);
  noteSale(till, sale, expected);
}

interface Trade {
  readonly day: string;
  readonly currency: Currency;
  readonly session?: string;
}

function drawSale(till: Till, trade: Trade, dice: Dice, kind?: TenderKind): Sale {
  const lines = Array.from({ length: 1 + dice.below(3) }, () => pickLine(dice, till.currency));
  const totalMinor = lines.reduce((sum, line) => sum + paidMinor(line), 0);
  const tender = kind ?? dice.pick(['cash', 'cash', 'cash', 'card', 'card', 'account'] as const);
  const customer = tender === 'account' ? { customer: `c-${dice.below(50)}` } : {};
  const tenders = [{ kind: tender, amountMinor: totalMinor }];
  const args = { ...trade, ...customer, taxIncluded: true, lines, tenders };
  return { tender, lines, totalMinor, request: { verb: 'sale.complete', args } };
}

function noteSale({ currency, device }: Till, { tender, lines, totalMinor }: Sale, expected: Expectations): void {
  expected.add(currency, 'sales', 1);
  expected.add(currency, 'soldMinor', totalMinor);
  if (tender === 'account') expected.add(currency, 'creditMinor', totalMinor);
  for (const { sku, quantity } of lines) expected.move(device.scope, sku, 0 - quantity);
}

interface Returns {
  readonly requests: readonly Request[];
  readonly cashMinor: number;
}

/** A line of an old sale comes back for cash, or a whole one is voided; never more cash than lies in the drawer. */
function drawReturns(till: Till, trade: Trade, dice: Dice, drawerMinor: number, expected: Expectations): Returns {
  const { currency, device } = till;
  const requests: Request[] = [];
  let cashMinor = 0;
  const take = (of: 'refunds' | 'voids', lines: readonly PickedLine[]): number => {
    const amountMinor = lines.reduce((sum, line) => sum + paidMinor(line), 0);
    expected.add(currency, of, 1);
    expected.add(currency, 'returnedMinor', amountMinor);
    for (const { sku, quantity } of lines) expected.move(device.scope, sku, quantity);
    return amountMinor;
  };
  if (dice.chance(4) && till.sold.length > 0) {
    const sale = dice.pick(till.sold);
    const [first] = sale.lines;
    if (first !== undefined && paidMinor(first) <= drawerMinor) {
      till.sold = till.sold.filter((one) => one !== sale);
      const amountMinor = take('refunds', [first]);
      cashMinor += amountMinor;
      const { promotion: _, ...line } = first;
      const lines = [{ ...line, line: 1 }];
      const tenders = [{ kind: 'cash', amountMinor }];
      const args = { ...trade, taxIncluded: true, original: sale.id, lines, tenders, reason: 'brought back' };
      requests.push({ verb: 'sale.refund', args });
    }
  }
  const wrong = dice.chance(12) ? till.sold.findLast(({ tender }) => tender === 'card') : undefined;
  if (wrong !== undefined) {
    till.sold = till.sold.filter((one) => one !== wrong);
    take('voids', wrong.lines);
    const { session, day } = trade;
    requests.push({ verb: 'sale.void', args: { document: wrong.id, day, reason: 'rung up wrong', session } });
  }
  return { requests, cashMinor };
}
