// What happens at a counter now and then: goods are put by and paid in parts, exchanged for others, and brought back without a receipt.
import { retailAccounts } from '@tallystick/retail';
import { commitAll, type Request } from './firm.ts';
import { goods, lineOf, type PickedLine, soldEntry, worthOf } from './goods.ts';
import type { Counter } from './till.ts';

const { cardClearing, chargesAndBadDebts, customerDeposits, receivables, sales, taxPayable } = retailAccounts;

/** Goods that a customer has put by. */
export interface PutBy {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly PickedLine[];
  readonly paidMinor: number;
}

/** Kept of a layaway that is cancelled. */
export const layawayFeeMinor = 50;

/** Puts something by, and later takes an instalment, hands the goods over, or pays back. */
export async function drawLayaways(counter: Counter): Promise<void> {
  const { till, day, dice } = counter;
  const { device, currency } = till;
  if (dice.chance(14)) {
    const lines = [lineOf(dice.pick(goods.filter(({ unitScale }) => unitScale === 0)), currency, 1 + dice.below(2))];
    const customer = `c-${dice.below(50)}`;
    const args = { day, currency, taxIncluded: true, customer, lines };
    const [id = ''] = await commitAll(device, [{ verb: 'layaway.open', args }]);
    counter.expected.issue(currency, 'layaway', worthOf(lines).totalMinor);
    till.layaways.push({ id, customer, lines, paidMinor: 0 });
  }
  const due = dice.chance(4) ? till.layaways.shift() : undefined;
  if (due === undefined) return;
  if (due.paidMinor === 0) till.layaways.push(await takeInstalment(counter, due));
  else if (dice.chance(3)) await payBack(counter, due);
  else await handOver(counter, due);
}

async function takeInstalment({ till, day, session, expected }: Counter, due: PutBy): Promise<PutBy> {
  const { device, currency } = till;
  const amountMinor = Math.ceil(worthOf(due.lines).totalMinor / 3);
  const tenders = [{ kind: 'card', amountMinor }];
  await commitAll(device, [{ verb: 'layaway.pay', args: { layaway: due.id, day, currency, session, tenders } }]);
  expected.issue(currency, 'layaway-payment', amountMinor);
  expected.post(currency, { [cardClearing]: amountMinor, [customerDeposits]: 0 - amountMinor });
  return { ...due, paidMinor: amountMinor };
}

async function handOver({ till, day, session, expected }: Counter, { id, lines, paidMinor }: PutBy): Promise<void> {
  const { device, currency } = till;
  const { totalMinor } = worthOf(lines);
  const amountMinor = totalMinor - paidMinor;
  const tenders = [{ kind: 'card', amountMinor }];
  await commitAll(device, [{ verb: 'layaway.collect', args: { layaway: id, day, currency, session, tenders } }]);
  expected.issue(currency, 'sale', totalMinor);
  expected.post(currency, { [cardClearing]: amountMinor, [customerDeposits]: paidMinor, ...soldEntry(lines) });
  for (const { sku, quantity } of lines) expected.move(device.scope, sku, 0 - quantity);
}

async function payBack({ till, day, session, expected }: Counter, { id, paidMinor }: PutBy): Promise<void> {
  const { device, currency } = till;
  const amountMinor = paidMinor - layawayFeeMinor;
  const terms = { layaway: id, day, currency, session, feeMinor: layawayFeeMinor, reason: 'moved away' };
  const tenders = [{ kind: 'card', amountMinor }];
  await commitAll(device, [{ verb: 'layaway.cancel', args: { ...terms, tenders } }]);
  expected.issue(currency, 'layaway-end', 0 - amountMinor);
  expected.post(currency, {
    [customerDeposits]: paidMinor,
    [cardClearing]: 0 - amountMinor,
    [chargesAndBadDebts]: 0 - layawayFeeMinor,
  });
}

/** The first line of an old sale for something else; the difference is paid by card, either way. */
export function drawExchange({ till, day, session, dice, expected }: Counter): readonly Request[] {
  if (!dice.chance(16) || till.sold.length === 0) return [];
  const { currency, device } = till;
  const sale = dice.pick(till.sold);
  const [first] = sale.lines;
  if (first === undefined) return [];
  till.sold = till.sold.filter((one) => one !== sale);
  const { promotion: _, ...given } = first;
  const taken = lineOf(dice.pick(goods.filter(({ unitScale }) => unitScale === 0)), currency, 1);
  const [back, sold] = [worthOf([given]), worthOf([taken])];
  const differenceMinor = sold.totalMinor - back.totalMinor;
  const taxMinor = sold.taxMinor - back.taxMinor;
  const tenders = differenceMinor === 0 ? [] : [{ kind: 'card', amountMinor: Math.abs(differenceMinor) }];
  const terms = { day, currency, session, taxIncluded: true, original: sale.id, reason: 'another one' };
  expected.issue(currency, 'exchange', differenceMinor);
  expected.post(currency, {
    [cardClearing]: differenceMinor,
    [sales]: taxMinor - differenceMinor,
    [taxPayable]: 0 - taxMinor,
  });
  expected.move(device.scope, given.sku, given.quantity);
  expected.move(device.scope, taken.sku, 0 - taken.quantity);
  return [{ verb: 'sale.exchange', args: { ...terms, back: [{ ...given, line: 1 }], lines: [taken], tenders } }];
}

/** Something comes without a receipt: by the owner's policy its worth is put to the customer's credit. */
export function drawOpenReturn({ till, day, session, dice, expected }: Counter): readonly Request[] {
  if (!dice.chance(20)) return [];
  const { currency, device } = till;
  const lines = [lineOf(dice.pick(goods.filter(({ unitScale }) => unitScale === 0)), currency, 1)];
  const { totalMinor } = worthOf(lines);
  const tenders = [{ kind: 'account', amountMinor: totalMinor }];
  const terms = { day, currency, session, customer: `r-${dice.below(50)}`, taxIncluded: true, reason: 'no receipt' };
  expected.issue(currency, 'refund', 0 - totalMinor);
  expected.post(currency, { [receivables]: 0 - totalMinor, ...soldEntry(lines, -1) });
  for (const { sku, quantity } of lines) expected.move(device.scope, sku, quantity);
  return [{ verb: 'sale.refund', args: { ...terms, lines, tenders } }];
}
