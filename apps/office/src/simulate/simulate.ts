// A simulated year: branches with tills and a van each trade day after day on real books, while tills are cut off, die, are copied and
// requests get lost. At the end everything is brought together, proved, and compared with what happened.
import type { ShopBook } from '../book.ts';
import type { Progress } from '../progress.ts';
import { backRoomDay, type Branch, cloneTill, devicesOf, openBranch, takeStock } from './branch.ts';
import { compareTotals, type CurrencyFigures, figuresOf } from './compare.ts';
import { buyFor, changeMoney, leaseNumbers, policies, type Position } from './depot.ts';
import { createExpectations, type Expectations } from './expected.ts';
import { commitAll, type Device, type Firm, openFirm, openStore } from './firm.ts';
import { claims, createGifts, type Gifts } from './gifts.ts';
import { catalogue } from './goods.ts';
import { tradeDay } from './till.ts';
import { loadVan, mayScan, scanDay, unloadVan } from './van.ts';

export interface SimulationOrder {
  readonly days: number;
  readonly branches: number;
  /** In each branch. */
  readonly tills: number;
  readonly seed: number;
  readonly progress: Progress;
  /** What somebody does at head office after the last day that is not on paper: to see that it is found. */
  readonly unseen?: (book: ShopBook) => Promise<unknown>;
}

export interface Simulation {
  readonly ops: number;
  readonly devices: number;
  readonly scopes: number;
  readonly periodsClosed: number;
  /** Entries that came after their period was closed, and stand on the first open day. */
  readonly lateEntries: number;
  readonly faults: {
    readonly cutOff: number;
    readonly crashes: number;
    readonly copied: number;
    readonly lost: number;
  };
  readonly currencies: readonly CurrencyFigures[];
  /** Ops that somebody committed, by verb. */
  readonly acts: Readonly<Record<string, number>>;
  readonly digest: string;
  /** What is not as it must be; empty when all is well. */
  readonly problems: readonly string[];
}

/** Tills, out of so many a day, that are cut off for some days, and that die and start again. */
const cutOffOneIn = 25;
const crashOneIn = 40;
/** A till hands in every evening, and asks what is new on one in so many. */
const pullOneIn = 4;
/** Days between two tills that are copied somewhere. */
const cloneEvery = 20;
/** Days between two things that head office does: it buys for one branch, sells a gift, and sees who runs out of fiscal numbers. */
const buyEvery = 3;
const giftEvery = 2;
const leaseEvery = 7;
/** Days, out of so many, on which a branch counts its shelves, a van scans and is settled, money is changed. */
const countOneIn = 12;
const scanOneIn = 15;
const changeOneIn = 15;

interface Year {
  readonly firm: Firm;
  readonly branches: readonly Branch[];
  readonly expected: Expectations;
  readonly faults: { cutOff: number; crashes: number; copied: number };
  readonly gifts: Gifts;
  /** Foreign money of head office. */
  readonly held: Position;
  /** What each closed period came to when it was closed. */
  readonly closed: { readonly through: string; readonly came: string }[];
}

export async function simulate(order: SimulationOrder): Promise<Simulation> {
  const { days, progress, seed } = order;
  const firm = await openFirm(seed);
  try {
    const opening = progress.begin('open', order.branches);
    await commitAll(firm.office, [...catalogue(firm.today()), ...policies()]);
    const branches: Branch[] = [];
    for (let index = 0; index < order.branches; index++) {
      branches.push(await openBranch(firm, index, order.tills));
      opening.reach(index + 1);
    }
    const faults = { cutOff: 0, crashes: 0, copied: 0 };
    const expected = createExpectations();
    const gifts = createGifts(firm, expected);
    const held = { euroMinor: 0, costMinor: 0 };
    const year: Year = { firm, branches, expected, faults, gifts, held, closed: [] };
    await leaseNumbers(firm, branches);
    await firm.sync(firm.office);
    for (const branch of branches) for (const device of devicesOf(branch)) await firm.sync(device);
    opening.finish(`${branches.length} branches of ${order.tills} tills and a van`);
    const trading = progress.begin('trade', days);
    for (let day = 0; day < days; day++) {
      await simulateDay(year, day);
      trading.reach(day + 1);
    }
    // The day after the last one, on which a month that is over with it is closed.
    await openDay(year);
    await closeMonth(year);
    trading.finish(`${days} days`);
    await order.unseen?.(firm.office.book);
    return await settleYear(year, progress);
  } finally {
    await firm.close();
  }
}

async function simulateDay(year: Year, index: number): Promise<void> {
  const { firm, branches } = year;
  const { dice } = firm;
  const day = firm.today();
  await openDay(year);
  await headOfficeDay(year, index, day);
  if (dayAfter(day).endsWith('-01')) cutOffOver(year, 3);
  for (const branch of branches) await branchDay(year, branch, day);
  if (index > 0) await closeMonth(year);
  const reachable = branches
    .flatMap(({ tills }) => tills)
    .filter(({ device }) => device.cutOff === 0 && !device.renewed);
  if (index % cloneEvery === cloneEvery - 1 && reachable.length > 0) {
    await cloneTill(firm, dice.pick(reachable), day, year.expected);
    year.faults.copied += 1;
  }
  firm.nextDay();
}

async function headOfficeDay(
  { firm, branches, expected, gifts, held }: Year,
  index: number,
  day: string,
): Promise<void> {
  const { dice } = firm;
  if (index % giftEvery === 0) await gifts.issue(day, dice.pick(branches).currency);
  await gifts.reconcile(day);
  const branch = branches[Math.floor(index / buyEvery) % branches.length];
  if (index % buyEvery === 0 && branch !== undefined) await buyFor(firm, branch, day, expected);
  if (index % leaseEvery === 0) await leaseNumbers(firm, branches);
  if (dice.chance(changeOneIn)) await changeMoney(firm, day, held, expected);
}

async function branchDay(year: Year, branch: Branch, day: string): Promise<void> {
  const { firm, expected, gifts } = year;
  const { dice } = firm;
  await backRoomDay(branch, day, dice, expected);
  await loadVan(branch, day, dice, expected);
  for (const till of [...branch.tills, branch.van]) {
    const { device } = till;
    if (device.cutOff === 0 && dice.chance(cutOffOneIn)) cutOff(year, device, 1 + dice.below(7));
    if (till === branch.van && dice.chance(scanOneIn) && mayScan(branch)) await scanDay(firm, branch, day, expected);
    else await tradeDay(till, day, dice, expected, gifts);
    if (dice.chance(crashOneIn)) {
      await firm.restart(device);
      year.faults.crashes += 1;
    }
  }
  await unloadVan(branch, day, dice, expected);
  const isWhole = branch.tills.every(({ device }) => device.cutOff === 0);
  for (const device of devicesOf(branch)) await exchange(year, branch, device);
  if (!isWhole || !dice.chance(countOneIn)) return;
  await firm.sync(branch.backRoom);
  await takeStock(branch, day, dice, expected);
  await firm.sync(branch.backRoom);
}

/** With the relay; tills ask for what the others did every few days. Or, of a till that is cut off, now and then by a file to the back room, which comes again later by the relay. */
async function exchange({ firm }: Year, { backRoom }: Branch, device: Device): Promise<void> {
  if (device.cutOff === 0) return firm.sync(device, { pull: device === backRoom || firm.dice.chance(pullOneIn) });
  device.cutOff -= 1;
  if (firm.dice.chance(6) && device.scope === backRoom.scope) await backRoom.book.import(await device.book.export());
}

function cutOff({ faults }: Year, device: Device, days: number): void {
  device.cutOff = days;
  faults.cutOff += 1;
}

/** One till somewhere is cut off while the month is closed, so that some of its work comes late. */
function cutOffOver(year: Year, days: number): void {
  const device = year.firm.dice.pick(year.branches.flatMap(({ tills }) => tills)).device;
  if (device.cutOff === 0) cutOff(year, device, days);
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}

async function openDay({ firm }: Year): Promise<void> {
  await commitAll(firm.office, [{ verb: 'day.open', args: { day: firm.today() } }]);
  await firm.sync(firm.office);
}

/**
 * On the first of a month the one that is over is closed in every scope, by the office and by what it has; what tills that were cut off hand in
 * later goes to the first open day.
 */
async function closeMonth({ firm, branches, closed }: Year): Promise<void> {
  const { office } = firm;
  const day = firm.today();
  if (!day.endsWith('-01')) return;
  await firm.sync(office);
  const through = new Date(Date.parse(day) - 1).toISOString().slice(0, 10);
  const scopes = [office.scope, claims, ...branches.flatMap(({ scope, van }) => [scope, van.device.scope])];
  await commitAll(
    office,
    scopes.map((scope) => ({ verb: 'period.close', args: { through, late: 'route' }, scope })),
  );
  await firm.sync(office);
  closed.push({ through, came: cameTo(office.book, through) });
}

/** Everything posted through a day, by scope, account and currency. */
function cameTo(book: ShopBook, through: string): string {
  const rows = book.query(
    `SELECT scope, account, currency, count(*) AS entries, sum(amountMinor) AS amountMinor FROM postings WHERE day <= ?
      GROUP BY scope, account, currency ORDER BY scope, account, currency`,
    [through],
  );
  return JSON.stringify(rows);
}

/** Brings everything together and compares. */
async function settleYear(year: Year, progress: Progress): Promise<Simulation> {
  const { firm, branches, expected, faults } = year;
  const { book } = firm.office;
  const everybody = [firm.office, ...branches.flatMap(devicesOf)];
  await year.gifts.reconcile(firm.today());
  const settling = progress.begin('settle', everybody.length * 2);
  for (let round = 0; round < 2; round++)
    for (const [index, device] of everybody.entries()) {
      await firm.sync(device);
      settling.reach(round * everybody.length + index + 1);
    }
  await firm.sync(firm.office);
  settling.finish('everybody has what there is');
  const proving = progress.begin('prove');
  const fresh = openStore();
  const proof = await book.prove(fresh);
  await fresh.close();
  const problems = [
    ...proof.problems.map(({ table }) => `the proof finds another ${table}`),
    ...differences(firm.office, everybody),
    ...compareTotals(book, expected),
    ...year.closed
      .filter(({ through, came }) => cameTo(book, through) !== came)
      .map(({ through }) => `the period through ${through} has moved since it was closed`),
    ...(book.quarantine().length === 0 ? [] : [`${book.quarantine().length} ops wait for a person`]),
  ];
  proving.finish(`${proof.ops} ops folded afresh, ${problems.length} problems`);
  return {
    ops: proof.ops,
    devices: everybody.length,
    scopes: book.status().scopes.length,
    periodsClosed: year.closed.length,
    lateEntries: book.query<{ n: number }>('SELECT count(*) AS n FROM lateEntries')[0]?.n ?? 0,
    faults: { ...faults, lost: firm.lost() },
    currencies: figuresOf(book, expected),
    acts: Object.fromEntries([...firm.acts].sort(([left], [right]) => left.localeCompare(right, 'en'))),
    digest: book.digest().digest,
    problems,
  };
}

/** Every device holds its own scope exactly as the office does. */
function differences(office: Device, devices: readonly Device[]): string[] {
  const all = office.book.digest().scopes;
  return devices
    .filter(({ book, scope }) => book.digest().scopes[scope]?.digest !== all[scope]?.digest)
    .map(({ name, scope }) => `${name} has other books of ${scope}`);
}
