/** What an accountant asks of the books: tax, shares, holds that run out, retries that differ, what was made good, reports, and exports that other programs total alike. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import {
  agedReceivables,
  allocate,
  balanceOf,
  balanceSheet,
  carryDue,
  plainTextOf,
  taxByClass,
} from '@tallystick/ledger';
import { balancesByName, decimalsOf, programs } from '../packages/ledger/test/programs.ts';
import { correctionList } from '@tallystick/retail/corrections';
import { Absent } from './claim.ts';
import { day, entry, gbp } from './entry.ts';
import { count, must, type Play, playsOf } from './firm.ts';
import type { ShopBook } from './shop.ts';

const trade = { day, currency: 'GBP', taxIncluded: true };
const lamp = (quantity: number, amountMinor: number, taxRateBasisPoints = 0) => ({
  ...trade,
  lines: [{ sku: 'lamp', name: 'lamp', quantity, unitPriceMilliMinor: amountMinor * 1_000, taxRateBasisPoints }],
  tenders: [{ kind: 'card' as const, amountMinor: amountMinor * quantity }],
});

/** A sixth of what was paid, on paper: half a penny is rounded up. */
const taxed = [
  { paid: 1, taxMinor: 0 },
  { paid: 99, taxMinor: 17 },
  { paid: 1_001, taxMinor: 167 },
  { paid: 77_777, taxMinor: 12_963 },
] as const;

/** A class goes from 20 to 19 % and a till has not heard of it: net and tax add up to what was paid, and the till is named. What was sold of the class is summed by its rates. The fault: nobody states the class's new rate. */
const tax: Play = async ({ office, enlist, meet }, broken) => {
  const rates = [{ from: '2026-01-01', basisPoints: 2_000 }];
  must(await office.commit('tax.set', { class: 'standard', name: 'Standard', rates }));
  const goods = { category: 'home', unitScale: 0, negativeStock: 'allow', active: 1 } as const;
  const product = { sku: 'lamp', name: 'lamp', ...goods, taxRateBasisPoints: 0, taxClass: 'standard' };
  must(await office.commit('product.set', product));
  const till = await enlist('till', 'till');
  const now = broken ? rates : [...rates, { from: day, basisPoints: 1_900 }];
  must(await office.commit('tax.set', { class: 'standard', name: 'Standard', rates: now }));
  for (const { paid } of taxed) must(await till.book.commit('sale.complete', lamp(1, paid, 2_000)));
  const lines = [2_000, broken ? 2_000 : 1_900].map((basisPoints) => ({
    class: 'standard',
    basisPoints,
    amountMinor: 999,
  }));
  const byRate = (taxByClass(lines, true) ?? [])
    .map(({ basisPoints, taxMinor }) => `${basisPoints}:${taxMinor}`)
    .join(' ');
  const expectedMinor = taxed.reduce((sum, row) => sum + row.taxMinor, 0);
  await meet(office, till.book);
  const [taxMinor, netMinor] = [0 - balanceOf(office, '2200', 'GBP'), 0 - balanceOf(office, '4000', 'GBP')];
  const named = correctionList(office).filter(
    ({ codes, device }) => codes.includes('retail/tax-rate') && device === till.book.device,
  ).length;
  return {
    of: { sales: taxed.length },
    facts: { taxMinor, netMinor, named, byRate: `"${byRate}"` },
    holds:
      taxMinor === expectedMinor && taxMinor + netMinor === 78_878 && named === 4 && byRate === '2000:167 1900:160',
  };
};

/** Sums are shared out by weights and posted, one account a share; the cent that is left over goes where most of one was cut off. The fault: each share is rounded by itself. */
const allocation: Play = async ({ office }, broken) => {
  const asked = [100, -100, 1, 10_001, 99_999].map((amountMinor, index) => ({
    amountMinor,
    weights: [1, 1, 1, index],
  }));
  const accounts = ['5000', '5900', '6000', '6100'];
  for (const account of accounts)
    must(await office.commit('account.open', { account, kind: 'expense', name: account }));
  let posted = 0;
  for (const { amountMinor, weights } of asked) {
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = broken
      ? weights.map((weight) => Math.round((amountMinor * weight) / whole))
      : (allocate(amountMinor, weights) ?? []);
    const lines = shares.map((minor, index) => gbp(accounts[index] ?? '', minor));
    if ((await office.commit('journal.post', { day, memo: '', lines: [...lines, gbp('1000', 0 - amountMinor)] })).ok)
      posted += 1;
  }
  const wholeMinor = asked.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  // 1.25, 1.25 and 7.5; then three times 3.33, of which the first has the cent.
  const cut = [
    [1, 1, 6],
    [1, 1, 1],
  ] as const;
  const leftOver = cut.map((weights) => allocate(10, weights)?.join(' ') ?? '').join();
  const sharedMinor = accounts.reduce((sum, account) => sum + balanceOf(office, account, 'GBP'), 0);
  return {
    of: { shared: asked.length },
    facts: { posted, sharedMinor, leftOver },
    holds: posted === asked.length && sharedMinor === wholeMinor && leftOver === '1 1 8,4 3 3',
  };
};

const formats = ['hledger', 'ledger', 'beancount'] as const;

/** The books as text, in the hands of hledger, ledger and beancount. The fault: a line of the text is a penny off. */
const exports: Play = async ({ dir, office }, broken) => {
  const lacking = formats.filter((format) => !isInstalled(basename(programs[format].path)));
  if (lacking.length > 0) throw new Absent(lacking);
  must(await office.commit('sale.complete', lamp(3, 333, 2_000)));
  must(await office.commit('journal.post', { ...entry('1000', '4000', 1_234), memo: '; "quoted" | ÄÖ' }));
  const yen = { account: '1010', currency: 'JPY', amountMinor: 700 };
  const lines = [yen, { ...yen, account: '4000', amountMinor: -700 }];
  must(await office.commit('journal.post', { day, memo: 'yen', lines }));
  const folder = mkdtempSync(join(dir, 'export-'));
  const alike: string[] = [];
  for (const format of formats) {
    const written = plainTextOf(office, { format, decimalsOf });
    if (!written.ok) throw new Error(written.code);
    const file = join(folder, `book.${format === 'hledger' ? 'journal' : format}`);
    writeFileSync(file, broken ? written.text.replace('12.34', '12.35') : written.text);
    if (reads(format, file, office)) alike.push(format);
  }
  rmSync(folder, { recursive: true });
  return { of: { programs: 3 }, facts: { alike: `"${alike.join(' ')}"` }, holds: alike.length === 3 };
};

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Whether that program takes the file without a complaint and has the balances of the books. */
function reads(format: keyof typeof programs, file: string, book: ShopBook): boolean {
  try {
    programs[format].check(file);
  } catch {
    return false;
  }
  return JSON.stringify(programs[format].balances(file)) === JSON.stringify(balancesByName(book));
}

const held = { id: 'order-1', debit: '2310', credit: '4000', currency: 'GBP', amountMinor: 300 };

async function hold(office: ShopBook): Promise<void> {
  const gifts = { account: '2310', kind: 'liability', name: 'Gift balances' } as const;
  must(await office.commit('account.open', { ...gifts, limit: 'debits-within-credits' }));
  must(await office.commit('journal.post', entry('1000', '2310', 500)));
  must(await office.commit('day.open', { day }));
  must(await office.commit('money.transfer', { day, memo: '', transfers: [{ ...held, untilDay: day }] }));
}

/** What is held runs out with its last day, not before, and can be spent again. The fault: no later day is opened. */
const timeout: Play = async ({ office, enlist, meet }, broken) => {
  await hold(office);
  const other = await enlist('other', 'manager');
  const early = await office.commit('money.expire', { of: held.id });
  if (!broken) must(await office.commit('day.open', { day: '2026-11-22' }));
  await office.commit('money.expire', { of: held.id });
  // Who has not heard of it posts what was held.
  must(await other.book.commit('money.post', { of: held.id, day, memo: '' }));
  await meet(office, other.book);
  const spent = await office.commit('journal.post', entry('2310', '4000', 500));
  const refused = count(office, "SELECT count(*) AS n FROM refusals WHERE code = 'ledger/already-expired'");
  return {
    of: { holds: 1 },
    facts: { early: early.ok, spent: spent.ok, refused },
    holds: !early.ok && spent.ok && refused === 1,
  };
};

/** One transfer is asked for again with another word each time, and each answer names that word. The fault: it is asked for under other ids. */
const differs: Play = async ({ office }, broken) => {
  await hold(office);
  const others = [
    { debit: '1000' },
    { credit: '4900' },
    { currency: 'EUR' },
    { amountMinor: 1 },
    { untilDay: '2026-11-22' },
  ];
  const asked = [...others.map((more) => ({ day, more })), { day: '2026-11-20', more: {} }, { day, more: {} }];
  const answers: string[] = [];
  for (const [index, { day: on, more }] of asked.entries()) {
    const transfer = { ...held, untilDay: day, ...more, ...(broken ? { id: `again-${index}`, amountMinor: 1 } : {}) };
    const commit = await office.commit('money.transfer', { day: on, memo: '', transfers: [transfer] });
    answers.push(commit.ok ? 'ok' : commit.code.replace('ledger/exists', '').replace('-different-', ''));
  }
  const words = answers.join(' ');
  return {
    of: { asked: asked.length },
    facts: { words: `"${words}"` },
    holds: words === 'debit credit currency amount until day ',
  };
};

/** What was closed to late entries stays closed, for what somebody makes up and for what was done. The fault: the days were closed to be routed. */
const refusedLate: Play = async ({ office, enlist, meet }, broken) => {
  must(await office.commit('journal.post', entry('1000', '4000', 70, '2026-11-30')));
  const other = await enlist('other', 'manager');
  must(await other.book.commit('journal.post', entry('1000', '4000', 5, '2026-11-30')));
  must(await other.book.commit('sale.complete', { ...lamp(1, 30), day: '2026-11-30' }));
  must(await office.commit('day.open', { day: '2026-12-01' }));
  must(await office.commit('period.close', { through: '2026-11-30', late: broken ? 'route' : 'refuse' }));
  await meet(office, other.book);
  const closedMinor = count(
    office,
    "SELECT sum(amountMinor) AS n FROM postings WHERE account = '4000' AND day <= '2026-11-30'",
  );
  const refused = count(office, "SELECT count(*) AS n FROM refusals WHERE code = 'ledger/period-closed'");
  const sold = count(office, "SELECT count(*) AS n FROM corrections WHERE code = 'ledger/period-closed'");
  return {
    of: { late: 2 },
    facts: { closedMinor, refused, sold },
    holds: closedMinor === -70 && refused === 1 && sold === 1,
  };
};

/** A year with a debt, a cost and a carry: the balance sheet is equal before and after, and who owes since when adds up. The fault: the debt was booked past receivables. */
const reports: Play = async ({ office }, broken) => {
  must(await office.commit('journal.post', entry(broken ? '1010' : '1100', '4000', 900, '2026-09-01')));
  must(await office.commit('journal.post', entry('1000', '1100', 200, '2026-11-01')));
  must(await office.commit('journal.post', entry('6100', '2100', 150, '2026-11-02')));
  const [before] = balanceSheet(office);
  must(await office.commit('day.open', { day: '2027-01-01' }));
  const through = '2026-12-31';
  must(await office.commit('period.close', { through, late: 'route' }));
  const carried = { through, retained: '3900', memo: '2026', lines: carryDue(office, { scope: 'hq', through }) };
  must(await office.commit('period.carry', carried));
  const [after] = balanceSheet(office);
  const sum = (lines: readonly { readonly amountMinor: number }[] = []): number =>
    lines.reduce((all, { amountMinor }) => all + amountMinor, 0);
  const differences = [before, after].map(
    (sheet) => sum(sheet?.assets) - sum(sheet?.liabilities) - sum(sheet?.equity) - (sheet?.resultMinor ?? 0),
  );
  const [aged] = agedReceivables(office, { accounts: ['1100'], at: day });
  const facts = {
    differenceMinor: Math.max(...differences.map(Math.abs)),
    openMinor: aged?.totalMinor ?? 0,
    resultMinor: before?.resultMinor ?? 0,
    retainedMinor: after?.resultMinor === 0 ? sum(after.equity) : 0,
  };
  const { differenceMinor, openMinor, resultMinor, retainedMinor } = facts;
  return {
    of: { entries: 3 },
    facts,
    holds: differenceMinor === 0 && openMinor === 700 && resultMinor === 750 && retainedMinor === 750,
  };
};

export const books = playsOf('books', {
  tax,
  allocation,
  exports,
  timeout,
  differs,
  'refused-late': refusedLate,
  reports,
});
