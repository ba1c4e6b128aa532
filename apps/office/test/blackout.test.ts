// A blackout tried on real logs, and a damaged disk, as processes.
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { createRelayClient } from '@tallystick/relay-protocol';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { deviceKey, enrolDevice, keysFolder, openOrCreateOffice, openTill, type ShopBook } from '../src/book.ts';
import { drillIfDue } from '../src/drill-process.ts';
import { drillLines, drillStanding, noteDrill, readDrillPlan, writeDrillPlan, writeReport } from '../src/drill-plan.ts';
import { homeAt } from '../src/home.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const home = homeAt(at('shop'));
let relay: RunningRelay;
let digest = '';
const product = (sku: string) => ({
  verb: 'product.set',
  args: { sku, name: sku, category: '', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 },
});
function mustBeMade(commits: readonly { readonly ok: boolean }[]): void {
  if (!commits.every(({ ok }) => ok)) throw new Error('an op was refused');
}
const manyOps = 1_500;

/** An office and two tills; the second hands in its last ops when nobody but the relay hears of it. */
beforeAll(async () => {
  relay = await startRelay({ dataDir: at('relay'), port: 0 });
  const client = createRelayClient({ url: relay.url });
  const office = await openOrCreateOffice(home, 'Shop');
  const tills: ShopBook[] = [];
  for (const index of [0, 1]) {
    await enrolDevice(office, await deviceKey(home.tillFile(index)), `Till ${index + 1}`, 'manager');
    await office.sync(client);
    tills.push(await openTill(home.tillFile(index), office.id));
  }
  for (const till of tills) await till.sync(client);
  const made = await office.commitAll(Array.from({ length: manyOps }, (_, index) => product(`sku ${index}`)) as never);
  mustBeMade(made);
  await office.sync(client);
  const [first, second] = tills as [ShopBook, ShopBook];
  for (const till of tills) await till.sync(client);
  digest = first.digest().digest;
  await first.close();
  copyFileSync(home.tillFile(0), at('first-till-before.db'));
  const more = await second.commitAll([product('later 1'), product('later 2')] as never);
  mustBeMade(more);
  await second.sync(client);
  await office.sync(client);
  const after = await office.commitAll([product('on top of it')] as never);
  mustBeMade(after);
  await second.close();
  await office.close();
});
afterAll(() => relay.close());

it('folds what the tills hold, and checks itself against those that are lost', async () => {
  const args = ['drill', 'blackout', at('shop'), '--json'];
  const without = await runTally(...args, '--lost', 'office,till-02', '--into', at('anew'));
  expect(jsonOf(without)).toMatchObject({
    left: ['shop/till-01'],
    lost: ['shop/office', 'shop/till-02'],
    missing: [],
    digest,
  });
  // What nobody who is left ever heard of cannot be named: the drill, which still has the lost logs, says how much that is.
  expect(jsonOf(without)).toMatchObject({ unnamed: { ops: 3, unnamed: 3 } });
  const all = await runTally(...args, '--lost', 'till-01,till-02');
  expect(jsonOf(all)).toMatchObject({ unnamed: { ops: 0 }, missing: [], positions: [] });
  expect(all.status).toBe(0);
});

it('is made again by a scheduler when it is due, and tells people when it was not', async () => {
  const here = ['--data', at('shop')];
  const blackout = (...args: string[]) => runTally('drill', 'blackout', ...args, ...here, '--json');
  const first = await blackout(at('shop'), '--lost', 'office,till-02', '--every', '30');
  expect(jsonOf(first)).toMatchObject({ made: true, missing: [], unnamed: { ops: 3 } });
  expect(readFileSync(String(jsonOf(first)['file']), 'utf8')).toContain('nothing is known to be missing');
  expect(jsonOf(await blackout('--due'))).toEqual({ made: false });

  const plan = readDrillPlan(home);
  if (plan?.last === undefined) throw new Error('no drill is remembered');
  const long = plan.last.at - 34 * 24 * 3_600_000;
  noteDrill(home, plan, { last: { ...plan.last, at: long } });
  const status = await runTally('status', ...here);
  expect([status.status, status.stdout]).toEqual([1, expect.stringContaining('DRILL OVERDUE')]);
  // The same logs and the same loss, without a word of which.
  expect(jsonOf(await blackout('--due'))).toMatchObject({ made: true, lost: ['shop/office', 'shop/till-02'] });

  const away = { ...plan, survivors: [at('away')] };
  writeDrillPlan(home, away);
  noteDrill(home, away, { last: { ...plan.last, at: long } });
  expect(await blackout('--due')).toMatchObject({ status: 1, stderr: expect.stringContaining('away') });
  const standing = readDrillPlan(home);
  expect(standing?.last?.at).toBe(long);
  expect(drillLines(standing, Date.now())[0]).toContain('DRILL FAILED');
  writeDrillPlan(home, plan);
  noteDrill(home, plan, { last: plan.last });
  // A slip in what is asked for replaces nothing.
  expect(await blackout(at('shop'), '--lost', 'ofice', '--every', '7')).toMatchObject({ status: 2 });
  expect(readDrillPlan(home)).toEqual(plan);
});

it('writes nothing of a drill that somebody replaced while it was made, and keeps the newest reports', () => {
  const office = homeAt(at('changing'));
  const made = { at: 5, missing: 0, lostOps: 0, unnamed: 0, isContradicted: false, report: '' };
  const before = { version: 1, everyDays: 30, survivors: ['a'], lost: [], since: 0 } as const;
  const since = { ...before, survivors: ['b'], everyDays: 7 };
  writeDrillPlan(office, before);
  writeDrillPlan(office, since);
  noteDrill(office, before, { last: made });
  expect(readDrillPlan(office)).toEqual(since);
  noteDrill(office, since, { last: made });
  expect(readDrillPlan(office)).toEqual({ ...since, last: made });
  writeFileSync(join(office.root, 'drills', 'of a person.txt'), 'kept');
  for (let day = 1; day <= 60; day += 1) writeReport(office, { at: day * 24 * 3_600_000, lines: [`day ${day}`] });
  const reports = readdirSync(join(office.root, 'drills')).filter((name) => name.endsWith('.txt'));
  expect(reports.length).toBe(53);
  expect(reports.sort()[0]).toContain('1970-01-10');
  // Written once the clock was set right again.
  expect(existsSync(writeReport(office, { at: 5, lines: ['today'] }))).toBe(true);
});

it.each([
  ['was never tried', {}],
  ['failed before', { fault: { at: 1, message: 'no stick' } }],
])('is tried once an hour by an office where its process dies and it %s', async (_when, before) => {
  const dead = homeAt(at('dead'));
  const plan = { version: 1, everyDays: 30, survivors: [home.root], lost: [], since: 0 } as const;
  writeDrillPlan(dead, plan);
  noteDrill(dead, plan, before);
  const { signal } = new AbortController();
  vi.stubEnv('NODE_OPTIONS', '--require /nowhere/at-all.cjs');
  await expect(drillIfDue(dead, signal)).rejects.toMatchObject({ code: 'office/backup' });
  vi.unstubAllEnvs();
  expect(readDrillPlan(dead)?.fault).toMatchObject({ message: expect.stringContaining('at-all.cjs') });
  const told = drillLines(readDrillPlan(dead), Date.now());
  // Within the hour it is not tried again, though it could be made now.
  await drillIfDue(dead, signal);
  expect(drillLines(readDrillPlan(dead), Date.now())).toEqual(told);
});

it('says of a drill how it stands', () => {
  const dayMs = 24 * 3_600_000;
  const last = { at: 10 * dayMs, missing: 0, lostOps: 5, unnamed: 2, isContradicted: false, report: 'report.txt' };
  const plan = { version: 1, everyDays: 7, survivors: ['x'], lost: [], since: 0, last } as const;
  const words = (days: number, changed = {}) => drillLines({ ...plan, ...changed }, days * dayMs);
  expect(words(16)).toEqual([
    'blackout drill: 1970-01-11, every 7 days: nothing is known to be missing, of 2 lost ops nobody who is left had heard (report.txt)',
  ]);
  expect([16, 17, 19, 20].map((day) => drillStanding(plan, day * dayMs))).toMatchObject([
    { isDue: false, isOverdue: false },
    { isDue: true, isOverdue: false },
    { isDue: true, isOverdue: false },
    { isDue: true, isOverdue: true },
  ]);
  // A clock that has been set back since.
  expect(drillStanding(plan, 0)).toMatchObject({ isDue: true, isOverdue: true });
  expect(words(20)[0]).toContain('DRILL OVERDUE');
  expect(words(16, { last: { ...last, missing: 3, isContradicted: true } })[0]).toContain(
    '3 MISSING, and logs contradict each other',
  );
  expect(words(16, { fault: { at: 15 * dayMs, message: 'no stick' } })[0]).toBe('DRILL FAILED 1970-01-16: no stick');
  expect(drillLines(undefined, 0)).toEqual([]);
});

it('says of a damaged log whose end nobody knows how many rows are lost at least', async () => {
  cpSync(at('shop'), at('cut'), { recursive: true });
  const file = homeAt(at('cut')).officeFile;
  const db = new Database(file);
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'log_journal'").pluck().get() as number;
  db.close();
  const disk = openSync(file, 'r+');
  writeSync(disk, Buffer.alloc(4_096, 0xa5), 0, 4_096, (root - 1) * 4_096);
  closeSync(disk);
  const salvaged = await runTally('salvage', '--data', at('cut'));
  expect(salvaged).toMatchObject({ status: 1, stdout: expect.stringContaining('; at least 1 rows do not read') });
});

it('puts a damaged database aside, and gets what does not read from the relay', async () => {
  const file = home.officeFile;
  // Pages of the log and of tables, as a disk loses them; with those that say where the tables are, nothing would read.
  const { size } = statSync(file);
  const disk = openSync(file, 'r+');
  const noise = Buffer.alloc(4_096, 0xa5);
  for (let page = Math.ceil((size / 4_096) * 0.6); page * 4_096 < size; page += 9)
    writeSync(disk, noise, 0, noise.length, page * 4_096);
  closeSync(disk);
  const damaged = readFileSync(file);
  expect((await runTally('verify', '--data', at('shop'))).status).toBe(1);

  const salvaged = await runTally('salvage', '--data', at('shop'), '--json');
  const { read, unreadable, changed, aside } = jsonOf(salvaged) as Record<'read' | 'unreadable' | 'changed', number> & {
    aside: string;
  };
  expect(salvaged.status).toBe(1);
  expect(unreadable + changed).toBeGreaterThan(0);
  expect(read).toBeGreaterThan(100);
  expect(readFileSync(join(aside, 'office.db')).equals(damaged)).toBe(true);
  const refused = await runTally('day', '2026-11-21', '--data', at('shop'));
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('unanchored') });
  const synced = await runTally('sync', '--data', at('shop'), '--relay', relay.url);
  expect(synced.status).toBe(0);
  const proved = await runTally('prove', '--data', at('shop'), '--json');
  expect(jsonOf(proved)).toMatchObject({ ok: true });
  expect(keysFolder(file)).toContain('office');
});
