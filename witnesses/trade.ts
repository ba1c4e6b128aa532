/** What a shop does all year: prices by list and day, variants, shelves that are counted, edits that meet, numbers in two places, orders within a limit, and days of a whole chain. */
import { customerStatement, priceOf } from '@tallystick/retail';
import { askedOrdersWaiting } from '@tallystick/retail/supply';
import type { Scope } from '@tallystick/oplog';
import { silentProgress } from '../apps/office/src/progress.ts';
import { simulate, type SimulationOrder } from '../apps/office/src/simulate/simulate.ts';
import { count, must, type Play, playsOf } from './firm.ts';
import type { ShopBook } from './shop.ts';

const day = '2026-11-21';
const trade = { day, currency: 'GBP' };
const goods = { category: 'home', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 } as const;

function sold(quantity: number, rest: object = {}) {
  const lines = [{ sku: 'mug', name: 'mug', quantity, unitPriceMilliMinor: 500_000 }];
  const tenders = [{ kind: 'card' as const, amountMinor: 500 * quantity }];
  return { ...trade, taxIncluded: true, lines, tenders, ...rest };
}

const onHand = (book: ShopBook): number =>
  count(book, "SELECT coalesce(sum(onHand), 0) AS n FROM stock WHERE sku = 'mug'");

/** A price of the shop, one of a customer's list, and one that begins tomorrow: each holds where and when it was said. The fault: tomorrow's is said without its day. */
const prices: Play = async ({ office, enlist }, broken) => {
  must(await office.commit('product.set', { sku: 'mug', name: 'mug', ...goods }));
  const price = { sku: 'mug', currency: 'GBP' };
  must(await office.commit('price.set', { ...price, unitPriceMilliMinor: 500_000 }));
  must(await office.commit('price.set', { ...price, unitPriceMilliMinor: 450_000, list: 'trade' }));
  const fromDay = broken ? {} : { fromDay: '2026-11-22' };
  must(await office.commit('price.set', { ...price, unitPriceMilliMinor: 600_000, ...fromDay }));
  const till = await enlist('till', 'till');
  const asked = [
    { day },
    { day, list: 'trade' },
    { day, list: 'staff' },
    { day: '2026-11-22' },
    { day: '2026-11-22', list: 'trade' },
  ];
  const answers = asked.map((at) => (priceOf(till.book, { ...price, ...at }) ?? 0) / 1_000).join(' ');
  return { of: { asked: asked.length }, facts: { answers: `"${answers}"` }, holds: answers === '500 450 500 600 450' };
};

/** A shirt comes in sizes and colours: what says one thing of each is a variant on every device, what says less, more or another is none. The fault: the shirt has no options. */
const variants: Play = async ({ office, enlist }, broken) => {
  const set = (sku: string, rest: object) => office.commit('product.set', { sku, name: sku, ...goods, ...rest });
  must(await set('shirt', broken ? {} : { options: ['size', 'colour'] }));
  const said = [
    { size: 'M', colour: 'red' },
    { colour: 'blue', size: 'M' },
    { size: 'M' },
    { size: 'M', colour: 'red', fit: 'slim' },
    { size: 'M', fit: 'slim' },
    {},
  ];
  let refused = 0;
  for (const [index, choices] of said.entries()) {
    const commit = await set(`shirt-${index}`, { parent: 'shirt', choices });
    if (!commit.ok && commit.code === 'retail/variant') refused += 1;
  }
  const till = await enlist('till', 'till');
  const kept = count(till.book, "SELECT count(*) AS n FROM products WHERE parent = 'shirt'");
  return { of: { said: said.length }, facts: { kept, refused }, holds: kept === 2 && refused === 4 };
};

/**
 * A shelf is counted while a till that is apart has sold from it: two are gone that the office has not heard of, and come before the count in the order. What stands is what was counted, and what
 * the difference is worth is worked out there. What is sold after it leaves what was counted. The fault: nobody counts.
 */
const counted: Play = async ({ office, enlist, meet }, broken) => {
  const line = { sku: 'mug', name: 'mug' };
  const received = [{ ...line, quantity: 10, unitCostMilliMinor: 200_000 }];
  must(await office.commit('stock.receive', { ...trade, lines: received, reference: 'D-1' }));
  const till = await enlist('till', 'till');
  must(await till.book.commit('sale.complete', sold(3)));
  await meet(office, till.book, office);
  // The till's sale is in the log first, the office counts what it finds and knows seven.
  must(await till.book.commit('sale.complete', sold(2)));
  const knownBefore = onHand(office);
  const lines = [{ ...line, countedQuantity: 4, unitCostMilliMinor: 200_000 }];
  if (!broken) must(await office.commit('stock.count', { ...trade, lines, reason: 'evening' }));
  await meet(till.book, office);
  const atCount = onHand(office);
  must(await till.book.commit('sale.complete', sold(1)));
  await meet(office, till.book);
  const writtenOffMinor = count(
    office,
    "SELECT coalesce(sum(amountMinor), 0) AS n FROM balances WHERE account = '5900'",
  );
  const left = onHand(office);
  return {
    of: { received: 10, knownBefore },
    facts: { atCount, left, writtenOffMinor },
    holds: knownBefore === 7 && atCount === 4 && left === 3 && writtenOffMinor === 200,
  };
};

/** Two managers work apart on one customer's terms, debt and shelf: debts and goods add up, of the terms the later stands and both are in the history. The fault: one is never heard. */
const merged: Play = async ({ office, enlist, meet }, broken) => {
  const managers = [(await enlist('one', 'manager')).book, (await enlist('two', 'manager')).book];
  const terms = { currency: 'GBP', overLimit: 'correct', termsDays: 30, active: 1 } as const;
  for (const [index, book] of managers.entries()) {
    must(await book.commit('customer.set', { customer: 'c-1', ...terms, limitMinor: 1_000 * (index + 1) }));
    const tenders = [{ kind: 'account' as const, amountMinor: 500 }];
    must(await book.commit('sale.complete', sold(1, { customer: 'c-1', tenders })));
  }
  await meet(...managers.slice(0, broken ? 1 : 2), office);
  const said = count(office, "SELECT count(DISTINCT limitMinor) AS n FROM customers_history WHERE customer = 'c-1'");
  const limitMinor = count(office, "SELECT limitMinor AS n FROM customers WHERE customer = 'c-1'");
  const owedMinor = customerStatement(office, 'c-1').at(-1)?.owedMinor ?? 0;
  const left = onHand(office);
  return {
    of: { edits: managers.length },
    facts: { said, limitMinor, owedMinor, left },
    holds: said === 2 && limitMinor === 2_000 && owedMinor === 1_000 && left === -2,
  };
};

/** One device writes in two scopes: in each its documents are 1, 2, 3. A number comes twice, and with its scope once. The fault: it is looked for without its scope. */
const places: Play = async ({ office, meet }, broken) => {
  // A scope begins with a mark of hq as the relay has it.
  await meet(office);
  const branch = { scope: 'b/1' as Scope };
  for (let sale = 0; sale < 3; sale++) {
    must(await office.commit('sale.complete', sold(1)));
    if (sale < 2) must(await office.commit('sale.complete', sold(1), branch));
  }
  const named = broken ? 'number' : "scope || ' ' || number";
  const twice = count(
    office,
    `SELECT count(*) AS n FROM (SELECT 1 FROM documents GROUP BY ${named} HAVING count(*) > 1)`,
  );
  const gaps = count(
    office,
    `SELECT count(*) AS n FROM (SELECT 1 FROM documents GROUP BY scope, device
       HAVING count(*) <> max(CAST(replace(number, rtrim(number, '0123456789'), '') AS INTEGER)))`,
  );
  const documents = count(office, 'SELECT count(*) AS n FROM documents');
  return { of: { documents }, facts: { twice, gaps }, holds: twice === 0 && gaps === 0 && documents === 5 };
};

/** Two devices of one buyer cut a purchase into orders, deliveries and petty cash, apart. The fault: nobody said for whom they spend. */
const authority: Play = async ({ office, enlist, meet }, broken) => {
  const buyers = [(await enlist('one', 'manager')).book, (await enlist('two', 'manager')).book];
  for (const { device } of buyers) if (!broken) must(await office.commit('spender.set', { device, subject: 'e-7' }));
  const limit = { subject: 'e-7', scope: 'hq', currency: 'GBP', limitMinor: 1_000, period: 'month' } as const;
  must(await office.commit('spend.limit', limit));
  must(await office.commit('day.open', { day }));
  await meet(office, ...buyers);
  const lines = [{ sku: 'mug', name: 'mug', quantity: 4, unitCostMilliMinor: 100_000 }];
  let asked = 0;
  for (const book of buyers) {
    const { id: session } = must(await book.commit('session.open', { ...trade, floatMinor: 5_000 }));
    await book.commit('purchase.order', { ...trade, supplier: 'S-1', lines });
    await book.commit('cash.pay', { day, session, account: '6100', reason: 'milk', amountMinor: 100 });
    await book.commit('stock.receive', { ...trade, reference: 'D-1', lines });
    await book.commit('cash.pay', { day, session, account: '6100', reason: 'milk', amountMinor: 100 });
    asked += 4;
  }
  await meet(...buyers, office);
  const unnamedMinor = count(
    office,
    `SELECT coalesce(sum(abs(totalMinor)), 0) AS n FROM documents WHERE kind IN ('order', 'receipt', 'pay-out')
        AND id NOT IN (SELECT id FROM corrections WHERE code = 'guards/over-limit')`,
  );
  const named = count(office, "SELECT count(*) AS n FROM corrections WHERE code = 'guards/over-limit'");
  return { of: { asked }, facts: { unnamedMinor, named }, holds: unnamedMinor === 1_000 && named === 3 };
};

/**
 * An agent may not order so much: it asks, and another person approves or not, within that person's own limit. Nobody approves what the own devices asked for. The fault: the two devices
 * spend for two persons.
 */
const approved: Play = async ({ office, enlist, meet }, broken) => {
  const agent = (await enlist('agent', 'agent')).book;
  const [boss, other] = [(await enlist('boss', 'manager')).book, (await enlist('other', 'manager')).book];
  const people = { [agent.device]: 'ann', [boss.device]: 'bob', [other.device]: broken ? 'cid' : 'ann' };
  const limit = { scope: 'hq', currency: 'GBP', period: 'month' } as const;
  for (const [device, subject] of Object.entries(people)) {
    must(await office.commit('spender.set', { device, subject }));
    must(await office.commit('spend.limit', { ...limit, subject, limitMinor: subject === 'ann' ? 500 : 1_000 }));
  }
  must(await office.commit('day.open', { day }));
  await meet(office, agent);
  const lines = [{ sku: 'mug', name: 'mug', quantity: 7, unitCostMilliMinor: 100_000 }];
  const wanted = { ...trade, supplier: 'S-1', lines };
  const tried = await agent.commit('purchase.order', wanted);
  for (let ask = 0; ask < 3; ask++) must(await agent.commit('order.ask', wanted));
  await meet(agent, office, boss, other);
  const answers: string[] = [tried.ok ? 'ok' : tried.code];
  for (const [book, rank] of [
    [other, 0],
    [boss, 0],
    [boss, 0],
  ] as const) {
    const { asked = '', hash = '' } = askedOrdersWaiting(book)[rank] ?? {};
    const decided = await book.commit('order.approve', { asked, hash, day });
    answers.push(decided.ok ? 'ok' : decided.code);
  }
  await meet(boss, other, office);
  const orders = count(office, "SELECT count(*) AS n FROM documents WHERE kind = 'order'");
  const facts = { orders, answers: `"${answers.join(' ')}"` };
  const expected = 'guards/over-limit retail/own-order ok guards/over-limit';
  return { of: { asked: 3 }, facts, holds: orders === 1 && answers.join(' ') === expected };
};

/**
 * A few days of a small chain with vans, returns, credit, promotions, cut lines, crashes and lost requests, against the paper beside it. A year of twenty branches is a bench. The
 * fault: somebody posts what never happened.
 */
const simulated: Play = async (_firm, broken) => {
  const unseen = (book: Parameters<NonNullable<SimulationOrder['unseen']>>[0]): Promise<unknown> =>
    book.commit('journal.post', {
      day,
      memo: '',
      lines: [
        { account: '1000', currency: 'GBP', amountMinor: 5 },
        { account: '4000', currency: 'GBP', amountMinor: -5 },
      ],
    });
  const order = { days: 4, branches: 2, tills: 1, seed: 3, progress: silentProgress };
  const { ops, currencies, faults, acts, problems } = await simulate({
    ...order,
    ...(broken ? { unseen } : {}),
  });
  const trialBalanceMinor = currencies.reduce((sum, row) => sum + Math.abs(row.trialBalanceMinor), 0);
  return {
    // Each of these happened: a seed under which one does not witnesses nothing of it.
    of: {
      ops,
      currencies: currencies.length,
      lost: faults.lost,
      crashes: faults.crashes,
      cutOff: faults.cutOff,
      returns: acts['sale.refund'] ?? 0,
      onAccount: acts['account.pay'] ?? 0,
      scans: acts['van.scan'] ?? 0,
      settled: acts['van.settle'] ?? 0,
    },
    facts: { problems: problems.length, trialBalanceMinor },
    holds: problems.length === 0 && trialBalanceMinor === 0,
  };
};

export const trading = playsOf('trade', { prices, variants, counted, merged, places, authority, approved, simulated });
