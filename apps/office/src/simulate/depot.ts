// The head office of a simulated firm: it orders from suppliers, takes in what comes, short or damaged, matches their bills three ways, sends goods on under custody
// that both sides sign, leases fiscal numbers, and changes money.
import { nextFiscalNumber, retailAccounts } from '@tallystick/retail';
import { custodyOffer, transferNote } from '@tallystick/retail/supply';
import type { Branch } from './branch.ts';
import type { Expectations } from './expected.ts';
import { commitAll, commitOne, type Firm, type Request } from './firm.ts';
import { layawayFeeMinor } from './counter.ts';
import { tierMinor } from './gifts.ts';
import { currencies, goods, priceMinor } from './goods.ts';
import { fiscalSeries } from './till.ts';
import { noteTransfer } from './van.ts';

const { cardClearing, cash, exchangeGainAndLoss, exchangePositions, payables, purchases, receivedNotInvoiced } =
  retailAccounts;
const supplier = 'S-1';
/** A till that has fewer left gets another block. */
const lowNumbers = 20;

/** What the owner has decided, for `hq`. */
export function policies(): readonly Request[] {
  return [
    { verb: 'purchase.tolerance', args: { priceBasisPoints: 100, quantityBasisPoints: 0 } },
    { verb: 'fiscal.range', args: { series: fiscalSeries, first: 1, last: 1_000_000 } },
    ...currencies.flatMap((currency): Request[] => [
      { verb: 'layaway.policy', args: { currency, mostFeeMinor: layawayFeeMinor } },
      { verb: 'returns.policy', args: { currency, allowed: 1, refundTo: 'account', mostMinor: 1_000_000 } },
      { verb: 'entitlement.tier', args: { kind: 'gift', currency, mostMinor: tierMinor } },
    ]),
  ];
}

/** Leases a block of numbers to each till that bears them and is about to run out. */
export async function leaseNumbers({ office }: Firm, branches: readonly Branch[]): Promise<void> {
  const requests = branches.flatMap(({ scope, tills }) =>
    tills
      .filter(({ isFiscal, device }) => isFiscal && leftOf(office.book, device.book.device) < lowNumbers)
      .map(({ device }): Request => {
        const to = { series: fiscalSeries, scope, device: device.book.device, untilDay: '9999-12-31' };
        return { verb: 'fiscal.lease', args: to };
      }),
  );
  await commitAll(office, requests);
}

/** Counted from the lowest number that is free, as far as the office knows. */
function leftOf(book: Firm['office']['book'], device: string): number {
  const next = nextFiscalNumber(book, fiscalSeries, device);
  if (next === undefined) return 0;
  const [block] = book.query<{ last: number }>('SELECT max(last) AS last FROM fiscalBlocks WHERE device = ?', [device]);
  return (block?.last ?? 0) - next.number + 1;
}

/** Goods are ordered, come short or with one broken, are billed, now and then too dear, and paid; and go on to a branch. */
export async function buyFor(firm: Firm, branch: Branch, day: string, expected: Expectations): Promise<void> {
  const { dice, office } = firm;
  const { currency } = branch;
  const one = dice.pick(goods.filter(({ unitScale }) => unitScale === 0));
  const { sku, name } = one;
  // The whole price: a supplier's bill is matched without fractions of a minor unit.
  const priceEach = priceMinor(one, currency);
  const ordered = 20 + dice.below(40);
  const [quantity, damaged] = [ordered - dice.below(3), dice.below(2)];
  const trade = { day, currency };
  const bought = { sku, name, unitCostMilliMinor: priceEach * 1000 };
  const [order = ''] = await commitAll(office, [
    { verb: 'purchase.order', args: { ...trade, supplier, lines: [{ ...bought, quantity: ordered }] } },
  ]);
  const reference = `B-${order}`;
  const isDear = dice.chance(4);
  const askedEach = isDear ? priceEach + Math.ceil(priceEach / 10) : priceEach;
  const billed = { line: 1, quantity, unitCostMilliMinor: askedEach * 1000 };
  const bill = { supplier, reference };
  const amountMinor = askedEach * quantity;
  await commitAll(office, [
    {
      verb: 'purchase.receive',
      args: { ...trade, order, reference, lines: [{ line: 1, quantity, damaged, goods: bought }] },
    },
    { verb: 'purchase.bill', args: { ...bill, order, day, lines: [billed] } },
    ...(isDear ? [{ verb: 'purchase.approve', args: { ...bill, day, reason: 'agreed' } } as const] : []),
    { verb: 'purchase.pay', args: { ...bill, day, currency, amountMinor, account: cardClearing } },
    { verb: 'purchase.close', args: { order, reason: 'that was all' } },
  ]);
  if (isDear) expected.tick('heldBills');
  const cameMinor = priceEach * quantity;
  expected.issue(currency, 'order', priceEach * ordered);
  expected.issue(currency, 'receipt', cameMinor);
  expected.issue(currency, 'bill', amountMinor);
  expected.issue(currency, 'payment', 0 - amountMinor);
  expected.post(currency, { [purchases]: cameMinor, [receivedNotInvoiced]: 0 - cameMinor });
  expected.post(currency, {
    [receivedNotInvoiced]: cameMinor,
    [purchases]: amountMinor - cameMinor,
    [payables]: 0 - amountMinor,
  });
  expected.post(currency, { [payables]: amountMinor, [cardClearing]: 0 - amountMinor });
  expected.move('hq', sku, quantity);
  await sendOn(firm, branch, day, { sku, name, quantity }, expected);
}

/** To the back room, in whose presence what came is counted: one may be lost on the way, and both sign for it. */
async function sendOn(
  firm: Firm,
  { backRoom, currency }: Branch,
  day: string,
  { sku, name, quantity }: { readonly sku: string; readonly name: string; readonly quantity: number },
  expected: Expectations,
): Promise<void> {
  const { dice, office } = firm;
  const { scope } = backRoom;
  const trade = { day, currency };
  const one = goods.find((candidate) => candidate.sku === sku);
  if (one === undefined) throw new Error(`nobody sells ${sku}`);
  const lines = [{ sku, name, quantity, unitCostMilliMinor: priceMinor(one, currency) * 500 }];
  const { id } = await commitOne(office, 'transfer.dispatch', { ...trade, to: scope, lines });
  const note = transferNote(office.book, id);
  if (note === undefined) throw new Error(`the office has no transfer ${id}`);
  const received = quantity - dice.below(2);
  const terms = custodyOffer(id, backRoom.book.device, { after: note.dispatch, took: [quantity], gave: [received] });
  const offered = await commitOne(office, 'tally.offer', terms, scope);
  await firm.sync(office);
  await firm.sync(backRoom);
  const counted = note.lines.map((line) => ({ ...line, received }));
  await commitAll(backRoom, [
    { verb: 'tally.accept', args: { offer: offered.hash } },
    { verb: 'transfer.receive', args: { ...note, ...trade, delivery: offered.hash, lines: counted } },
  ]);
  expected.tick('tallies');
  expected.move('hq', sku, 0 - quantity);
  expected.move(scope, sku, received);
  noteTransfer(currency, counted, expected);
}

/** What the firm holds of euros beside its takings, and what that cost in pounds. */
export interface Position {
  euroMinor: number;
  costMinor: number;
}

/** Euros are bought for pounds; or half of what there is goes back at another rate, and the difference to what it cost is the gain. */
export async function changeMoney(
  { office, dice }: Firm,
  day: string,
  held: Position,
  expected: Expectations,
): Promise<void> {
  const numerator = 11_000 + dice.below(1_000);
  const terms = { day, memo: 'bureau', base: 'GBP', position: exchangePositions, gain: exchangeGainAndLoss };
  const pounds = { account: cash, currency: 'GBP' };
  const euros = { account: cash, currency: 'EUR' };
  if (held.euroMinor === 0) {
    const give = { ...pounds, amountMinor: 50_000 };
    const rate = { numerator, denominator: 10_000 };
    const euroMinor = Math.round((give.amountMinor * numerator) / 10_000);
    await commitAll(office, [{ verb: 'currency.exchange', args: { ...terms, give, take: euros, rate } }]);
    expected.post('GBP', { [cash]: 0 - give.amountMinor, [exchangePositions]: give.amountMinor });
    expected.post('EUR', { [cash]: euroMinor, [exchangePositions]: 0 - euroMinor });
    held.euroMinor += euroMinor;
    held.costMinor += give.amountMinor;
    return;
  }
  const amountMinor = dice.chance(2) ? held.euroMinor : Math.ceil(held.euroMinor / 2);
  const rate = { numerator: 10_000, denominator: numerator };
  const backMinor = Math.round((amountMinor * 10_000) / numerator);
  const released = Math.round((held.costMinor * amountMinor) / held.euroMinor);
  const give = { ...euros, amountMinor };
  await commitAll(office, [{ verb: 'currency.exchange', args: { ...terms, give, take: pounds, rate } }]);
  expected.post('EUR', { [cash]: 0 - amountMinor, [exchangePositions]: amountMinor });
  expected.post('GBP', {
    [cash]: backMinor,
    [exchangePositions]: 0 - released,
    [exchangeGainAndLoss]: released - backMinor,
  });
  held.euroMinor -= amountMinor;
  held.costMinor -= released;
}
