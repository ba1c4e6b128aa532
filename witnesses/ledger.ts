/** What the books promise of money: limits, transfers in two phases, retries, closed periods, the year's result and other currencies. */
import { balanceOf, carryDue, dayAfter, dayBook, exchanges, maxDeviceMinor, positions } from '@tallystick/ledger';
import { day, entry, gbp } from './entry.ts';
import { count, must, type Play, playsOf } from './firm.ts';
import type { ShopBook } from './shop.ts';

/** Gift balances that were paid for with 500 in cash. */
async function fund(office: ShopBook, isLimited: boolean): Promise<void> {
  const gifts = { account: '2310', kind: 'liability', name: 'Gift balances' } as const;
  must(await office.commit('account.open', { ...gifts, limit: isLimited ? 'debits-within-credits' : 'none' }));
  must(await office.commit('journal.post', entry('1000', '2310', 500)));
}

const refusals = (book: ShopBook, code: string): number =>
  count(book, 'SELECT count(*) AS n FROM refusals WHERE code = ?', code);

/** Two managers spend 300 of 500 apart, once of what is owed to holders of gifts and once out of a box of petty cash. The fault: neither account has a limit. */
const limit: Play = async ({ office, enlist, meet }, broken) => {
  await fund(office, !broken);
  const box = { account: '1020', kind: 'asset', name: 'Petty cash' } as const;
  must(await office.commit('account.open', { ...box, limit: broken ? 'none' : 'credits-within-debits' }));
  must(await office.commit('journal.post', entry('1020', '4000', 500)));
  const other = await enlist('other', 'manager');
  for (const book of [office, other.book]) {
    must(await book.commit('journal.post', entry('2310', '4000', 300)));
    must(await book.commit('journal.post', entry('4000', '1020', 300)));
  }
  await meet(office, other.book);
  const [leftMinor, inBoxMinor] = [0 - balanceOf(office, '2310', 'GBP'), balanceOf(office, '1020', 'GBP')];
  const refused = refusals(office, 'ledger/exceeds-credits') + refusals(office, 'ledger/exceeds-debits');
  return {
    of: { spent: 4 },
    facts: { leftMinor, inBoxMinor, refused },
    holds: leftMinor === 200 && inBoxMinor === 200 && refused === 2,
  };
};

const held = { id: 'order-1', debit: '2310', credit: '4000', currency: 'GBP', amountMinor: 300 };

/**
 * 300 of 500 are held, on either side of an account, and somebody wants 300; of what was held 100 are paid, and the rest is free. The fault: what was held is let go.
 */
const pending: Play = async ({ office }, broken) => {
  await fund(office, true);
  const box = { account: '1020', kind: 'asset', name: 'Petty cash', limit: 'credits-within-debits' } as const;
  must(await office.commit('account.open', box));
  must(await office.commit('journal.post', entry('1020', '4000', 500)));
  const fromBox = { ...held, id: 'order-2', debit: '4000', credit: '1020' };
  const transfers = [held, fromBox].map((transfer) => ({ ...transfer, untilDay: day }));
  must(await office.commit('money.transfer', { day, memo: '', transfers }));
  if (broken) for (const { id } of transfers) must(await office.commit('money.void', { of: id }));
  const wanted = [entry('2310', '4000', 300), entry('4000', '1020', 300)];
  let spent = 0;
  for (const one of wanted) if ((await office.commit('journal.post', one)).ok) spent += 1;
  let kept = 0;
  for (const { id } of transfers)
    if ((await office.commit('money.post', { of: id, day, memo: '', amountMinor: 100 })).ok) kept += 1;
  let rest = 0;
  for (const one of [entry('2310', '4000', 400), entry('4000', '1020', 400)])
    if ((await office.commit('journal.post', one)).ok) rest += 1;
  return {
    of: { held: transfers.length },
    facts: { spent, kept, rest },
    holds: spent === 0 && kept === 2 && rest === 2,
  };
};

/** A transfer is asked for three times because no answer came: it is made once, and the answer says so. The fault: under another id each time. */
const retried: Play = async ({ office }, broken) => {
  await fund(office, true);
  const codes: string[] = [];
  for (let attempt = 1; attempt <= 3; attempt++) {
    const transfer = { ...held, amountMinor: 100, ...(broken ? { id: `order-${attempt}` } : {}) };
    const commit = await office.commit('money.transfer', { day, memo: '', transfers: [transfer] });
    codes.push(commit.ok ? 'ok' : commit.code);
  }
  const [movedMinor, answers] = [500 + balanceOf(office, '2310', 'GBP'), codes.join(',')];
  return {
    of: { asked: codes.length },
    facts: { movedMinor, answers },
    holds: movedMinor === 100 && answers === 'ok,ledger/exists,ledger/exists',
  };
};

/** Two transfers of which the second cannot be, and two of which the first is made already. The fault: they are not linked. */
const linked: Play = async ({ office }, broken) => {
  await fund(office, true);
  const transfers = [
    { ...held, amountMinor: 400 },
    { ...held, id: 'order-2', amountMinor: 200 },
  ];
  const ask = async (pair: typeof transfers): Promise<number> => {
    const ops = broken ? pair.map((transfer) => [transfer]) : [pair];
    for (const op of ops) await office.commit('money.transfer', { day, memo: '', transfers: op });
    return 500 + balanceOf(office, '2310', 'GBP');
  };
  const movedMinor = await ask(transfers);
  const made = { ...held, id: 'order-3', amountMinor: 50 };
  must(await office.commit('money.transfer', { day, memo: '', transfers: [made] }));
  const againMinor = await ask([made, { ...held, id: 'order-4', amountMinor: 10 }]);
  return {
    of: { transfers: transfers.length },
    facts: { movedMinor, againMinor },
    holds: movedMinor === 0 && againMinor === 50,
  };
};

/** A manager's entry for November comes in after November was closed. The fault: it was not closed. */
const period: Play = async ({ office, enlist, meet }, broken) => {
  must(await office.commit('journal.post', entry('1000', '4000', 70, '2026-11-30')));
  const other = await enlist('other', 'manager');
  must(await other.book.commit('journal.post', entry('1000', '4000', 5, '2026-11-30')));
  must(await office.commit('day.open', { day: '2026-12-01' }));
  if (!broken) must(await office.commit('period.close', { through: '2026-11-30', late: 'route' }));
  await meet(office, other.book);
  const closed = dayBook(office, '2026-11-30').length;
  const corrections = count(office, "SELECT count(*) AS n FROM corrections WHERE code = 'ledger/late-entry'");
  const isRouted = dayBook(office, '2026-12-01').length === 2;
  return { of: { entries: 2 }, facts: { closed, corrections }, holds: closed === 2 && corrections === 1 && isRouted };
};

/** Two managers take one entry back apart. The fault: one of them posts the mirror image by hand. */
const reversed: Play = async ({ office, enlist, meet }, broken) => {
  const wrong = await office.commit('journal.post', entry('1000', '4000', 80));
  if (!wrong.ok) throw new Error(wrong.code);
  const other = await enlist('other', 'manager');
  must(await office.commit('journal.reverse', { of: wrong.id, day, memo: 'wrong' }));
  if (broken) must(await other.book.commit('journal.post', entry('4000', '1000', 80)));
  else must(await other.book.commit('journal.reverse', { of: wrong.id, day, memo: 'wrong' }));
  await meet(office, other.book);
  const [cashMinor, refused] = [balanceOf(office, '1000', 'GBP'), refusals(office, 'ledger/already-reversed')];
  return { of: { reversals: 2 }, facts: { cashMinor, refused }, holds: cashMinor === 0 && refused === 1 };
};

/** Two managers state what was in the safe when the book began. The fault: one states it as an entry. */
const opening: Play = async ({ office, enlist, meet }, broken) => {
  const other = await enlist('other', 'manager');
  const args = { day, memo: 'safe', equity: '3000', lines: [gbp('1000', 250)] };
  must(await office.commit('opening.post', args));
  if (broken) must(await other.book.commit('journal.post', entry('1000', '3000', 250)));
  else must(await other.book.commit('opening.post', args));
  await meet(office, other.book);
  const [cashMinor, refused] = [balanceOf(office, '1000', 'GBP'), refusals(office, 'ledger/already-opened')];
  return { of: { stated: 2 }, facts: { cashMinor, refused }, holds: cashMinor === 250 && refused === 1 };
};

/** Two managers carry the year's result apart. The fault: one of them does it by hand. */
const carry: Play = async ({ office, enlist, meet }, broken) => {
  must(await office.commit('journal.post', entry('1000', '4000', 900, '2026-12-30')));
  must(await office.commit('day.open', { day: '2027-01-01' }));
  must(await office.commit('period.close', { through: '2026-12-31', late: 'route' }));
  const other = await enlist('other', 'manager');
  const lines = carryDue(office, { scope: 'hq', through: '2026-12-31' });
  const args = { through: '2026-12-31', retained: '3900', memo: '2026', lines };
  must(await office.commit('period.carry', args));
  if (broken) must(await other.book.commit('journal.post', entry('4000', '3900', 900, '2027-01-01')));
  else must(await other.book.commit('period.carry', args));
  await meet(office, other.book);
  const retainedMinor = 0 - balanceOf(office, '3900', 'GBP');
  const refused = refusals(office, 'ledger/already-carried');
  return { of: { carried: 2 }, facts: { retainedMinor, refused }, holds: retainedMinor === 900 && refused === 1 };
};

/**
 * Dollars are bought, sold in part with the gain of that part, sold once more by mistake, which is taken back, and valued at the day's rate. The fault: nobody values them.
 */
const currency: Play = async ({ office }, broken) => {
  const common = { day, memo: '', base: 'GBP', position: '1900', gain: '4900' };
  const usd = { account: '1010', currency: 'USD' };
  const sterling = { account: '1010', currency: 'GBP' };
  const buy = { give: { ...sterling, amountMinor: 8_000 }, take: usd, rate: { numerator: 10, denominator: 8 } };
  const sell = { give: { ...usd, amountMinor: 4_000 }, take: sterling, rate: { numerator: 85, denominator: 100 } };
  for (const trade of [buy, sell]) must(await office.commit('currency.exchange', { ...common, ...trade }));
  const realisedMinor = 0 - balanceOf(office, '4900', 'GBP');
  const costMinor = (): number => count(office, `SELECT costMinor AS n FROM ${positions.name}`);
  const keptMinor = costMinor();
  const { id: mistake } = must(await office.commit('currency.exchange', { ...common, ...sell }));
  must(await office.commit('journal.reverse', { of: mistake, day, memo: 'not sold' }));
  const isBack = costMinor() === keptMinor;
  const rate = { numerator: 9, denominator: 10 };
  if (!broken) must(await office.commit('currency.revalue', { ...common, currency: 'USD', rate }));
  const worthMinor = 5_400;
  const carriedMinor = costMinor();
  const gainMinor = 0 - balanceOf(office, '4900', 'GBP');
  const isWhole = gainMinor === balanceOf(office, '1010', 'GBP') + carriedMinor;
  return {
    of: { exchanges: count(office, `SELECT count(*) AS n FROM ${exchanges.name}`) },
    facts: { realisedMinor, isBack, carriedMinor, gainMinor },
    // 40 of 100 dollars that had cost 80.00 were sold for 34.00.
    holds: realisedMinor === 200 && keptMinor === 4_800 && isBack && carriedMinor === worthMinor && isWhole,
  };
};

const sale = (quantity: number, amountMinor: number) => ({
  day,
  currency: 'GBP',
  taxIncluded: true,
  lines: [{ sku: 'tea', name: 'tea', quantity, unitPriceMilliMinor: (amountMinor * 1_000) / quantity }],
  tenders: [{ kind: 'card' as const, amountMinor }],
});
const huge = sale(1_000, 1e13);

/** A till signs document upon document of the largest size, and another sells a cup of tea. The fault: its key is an owner's, whose entries nobody counts. */
const room: Play = async ({ office, enlist, meet }, broken) => {
  const [bad, good] = [await enlist('bad', broken ? 'owner' : 'till'), await enlist('good', 'till')];
  let signed = 0;
  for (let document = 0; document < 20; document++) if ((await bad.book.commit('sale.complete', huge)).ok) signed += 1;
  const sold = await good.book.commit('sale.complete', sale(1, 500));
  await meet(bad.book, good.book, office);
  const movedMinor = 0 - balanceOf(office, '4000', 'GBP');
  return {
    of: { documents: 20 },
    facts: { signed, movedMinor, sold: sold.ok },
    holds: signed === 14 && sold.ok && movedMinor === maxDeviceMinor + 500,
  };
};

/**
 * A till that has moved all it may sells again once an owner's device closed the month; a manager's closes, day after day, make no room for the manager. The fault: an owner
 * closes, and nobody else.
 */
const anew: Play = async ({ office, enlist, meet }, broken) => {
  const [till, manager] = [await enlist('till', 'till'), await enlist('manager', 'manager')];
  const fill = async ({ book }: typeof till): Promise<number> => {
    for (let document = 0; ; document++)
      if (!(await book.commit('sale.complete', { ...huge, day: '2026-12-01' })).ok) return document;
  };
  const before = [await fill(till), await fill(manager)];
  for (const through of ['2026-11-28', '2026-11-29', '2026-11-30']) {
    await meet(manager.book, till.book, office);
    must(await office.commit('day.open', { day: dayAfter(through) ?? '' }));
    await meet(office, manager.book);
    must(await (broken ? office : manager.book).commit('period.close', { through, late: 'route' }));
  }
  await meet(manager.book, office, till.book);
  const [tillAfter, managerAfter] = [await fill(till), await fill(manager)];
  return {
    of: { documents: before.reduce((sum, one) => sum + one, 0) },
    facts: { tillAfter, managerAfter },
    holds: before.every((one) => one === 14) && tillAfter === 14 && managerAfter === 0,
  };
};

export const ledger = playsOf('ledger', {
  limit,
  pending,
  retried,
  linked,
  period,
  reversed,
  opening,
  carry,
  currency,
  room,
  anew,
});
