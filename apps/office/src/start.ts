// The `npm start` job: a relay, a back office and the browser till on loopback, a small shop that trades a day on simulated
// tills, and the proof that its books can be rebuilt. Stays up until it is interrupted; with --once it ends after the proof.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { createRelayClient } from '@tallystick/relay-protocol';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { deviceKey, enrolDevice, keysFolder, openTill, type ShopBook, shopVerbs } from './book.ts';
import { tradeDay } from './demo/day.ts';
import { planDay, tillNames } from './demo/plan.ts';
import { type DemoDay, seedShop } from './demo/seed.ts';
import { shopCurrency, shopName } from './demo/shop.ts';
import { messageOf, OfficeError } from './errors.ts';
import { type Home, homeAt } from './home.ts';
import { createProgress, grouped, type Progress } from './progress.ts';
import { replayDigests, trialBalanceSum, withScratch } from './proof.ts';
import { edgeOf, rebuildOffice } from './rebuild.ts';
import { type RunningOffice, startOffice } from './web/start-office.ts';

const relayPort = 4780;
const officePort = 4781;
const tillPort = 4782;
const openedBeforeMs = 8 * 3_600_000;
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const tillFolder = join(repository, 'apps', 'till');

interface StartOptions {
  readonly data: string;
  readonly once: boolean;
  readonly fresh: boolean;
}

/** What came up, in the order it must go down. */
type Running = (() => Promise<unknown>)[];

async function start(options: StartOptions, progress: Progress, print: (line: string) => void): Promise<boolean> {
  const home = homeAt(options.data);
  if (options.fresh) rmSync(home.root, { recursive: true, force: true });
  const running: Running = [];
  try {
    await buildTill(progress);
    const relay = await bringUpRelay(home);
    running.unshift(() => relay.close());
    const office = await startOffice({
      dataDir: home.root,
      relayUrl: relay.url,
      port: officePort,
      tillPort,
      name: shopName,
      currency: shopCurrency,
    });
    running.unshift(() => office.close());
    printAddresses(office, relay, home, print);
    const tills = await tradeDemo(home, office, relay, progress);
    running.unshift(() => closeAll(tills));
    const ok = await prove(home, office, tills, relay, progress, print);
    if (options.once) return ok;
    announce(office, print);
    await interrupted();
    progress.say('stopping');
    return ok;
  } finally {
    for (const stop of running) await stop();
  }
}

/** Builds the browser till when there is no build or a source is newer than it. */
async function buildTill(progress: Progress): Promise<void> {
  const built = join(tillFolder, 'dist', 'index.html');
  const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'package.json'].map((name) =>
    join(tillFolder, name),
  );
  const packages = join(repository, 'packages');
  const libraries = readdirSync(packages).map((name) => join(packages, name, 'src'));
  const newestMs = Math.max(...[...sources, ...libraries].map(newest));
  if (existsSync(built) && statSync(built).mtimeMs >= newestMs) return;
  const step = progress.begin('build the till');
  // Vite belongs to the till, the only thing it builds: it is taken from there.
  const vite = join(tillFolder, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'error'], {
    cwd: tillFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new OfficeError('office/build', `the till could not be built: vite ended with ${String(code)}`);
  step.finish('done');
}

function newest(path: string): number {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** The relay on its usual port, or on any free one. */
async function bringUpRelay(home: Home): Promise<RunningRelay> {
  mkdirSync(home.root, { recursive: true });
  const dataDir = home.relayFolder;
  try {
    return await startRelay({ dataDir, port: relayPort });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    return startRelay({ dataDir, port: 0 });
  }
}

/** Seeds the shop and trades its day, as far as an earlier start has not done so. */
async function tradeDemo(
  home: Home,
  office: RunningOffice,
  relay: RunningRelay,
  progress: Progress,
): Promise<ShopBook[]> {
  const { book } = office;
  const day = await seedShop(book, today());
  const files = tillNames.map((_name, index) => home.tillFile(index));
  for (const [index, path] of files.entries())
    await enrolDevice(book, await deviceKey(path), tillNames[index] ?? '', 'till');
  await office.sync();
  const client = createRelayClient({ url: relay.url });
  const tills: ShopBook[] = [];
  try {
    for (const path of files) {
      const till = await openTill(path, book.id, relay.vkey);
      tills.push(till);
      if (till.status().role === undefined || !till.status().anchored) await till.sync(client);
    }
    const plan = planDay();
    const step = progress.begin(`trade ${day.day} on ${tills.length} tills`, plan.length);
    const written = await tradeDay(tills, client, day, plan, step);
    step.finish(written === 0 ? 'in the books already' : `${grouped(written)} documents`);
    await office.sync();
    return tills;
  } catch (error) {
    await closeAll(tills);
    throw error;
  }
}

async function closeAll(books: readonly ShopBook[]): Promise<void> {
  for (const book of books) await book.close();
}

/** A day that has just ended: the shop opened eight hours ago. */
function today(): DemoDay {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return { day, openedMs: now.getTime() - openedBeforeMs };
}

/** Compares the office with three folds from elsewhere and prints the proof line. */
async function prove(
  home: Home,
  office: RunningOffice,
  tills: readonly ShopBook[],
  relay: RunningRelay,
  progress: Progress,
  print: (line: string) => void,
): Promise<boolean> {
  const { book } = office;
  // Sales that a browser till hands in meanwhile would move the books under the proof: take what is there, then compare.
  await office.sync();
  const digests = await replayDigests(home, book, progress);
  const { digest: rebuiltDigest, source } = await rebuild(home, book, tills, relay);
  const balance = trialBalanceSum(book);
  const same = [digests.replayDigest, digests.sqljsDigest, rebuiltDigest].every(
    (digest) => digest === digests.officeDigest,
  );
  const ok = same && balance === 0;
  const ops = grouped(book.log.scopes().reduce((sum, scope) => sum + book.log.tip(scope).size, 0));
  print(`proof: ${ok ? 'PASS' : 'FAIL'}  live = replay = sql.js = rebuilt from ${source}  ${digests.officeDigest}`);
  print(`       trial balance ${balance} over ${ops} ops`);
  if (!same) print(`       replay ${digests.replayDigest}, sql.js ${digests.sqljsDigest}, rebuilt ${rebuiltDigest}`);
  return ok;
}

/**
 * The office rebuilt beside the living one: from the simulated tills' own logs and receipts, or, when devices elsewhere (a
 * browser till) wrote ops those do not have, from the relay.
 */
async function rebuild(
  home: Home,
  book: ShopBook,
  tills: readonly ShopBook[],
  relay: RunningRelay,
): Promise<{ digest: string; source: string }> {
  return withScratch(home, async (folder) => {
    // It reads as the office and writes nothing.
    const store = nodeStore(join(folder, 'rebuilt.db'), { keysDir: keysFolder(home.officeFile) });
    const isCovered = await everyOpIsAt(tills, book);
    const rebuilt = isCovered
      ? await rebuildOffice(store, tills.map(edgeOf))
      : await openBook({ store, verbs: shopVerbs, book: book.id, relayKey: relay.vkey });
    try {
      if (!isCovered) await rebuilt.sync(createRelayClient({ url: relay.url }));
      return { digest: rebuilt.digest().digest, source: isCovered ? `the ${tills.length} tills` : 'the relay' };
    } finally {
      await rebuilt.close();
    }
  });
}

async function everyOpIsAt(tills: readonly ShopBook[], book: ShopBook): Promise<boolean> {
  for (const scope of book.log.scopes()) {
    const records = await book.log.settled(scope, 0, book.log.tip(scope).size);
    if (records.some((record) => !tills.some((till) => till.log.has(record.hash)))) return false;
  }
  return true;
}

/** Early, so that the day can be watched while it is traded. */
function printAddresses(office: RunningOffice, relay: RunningRelay, home: Home, print: (line: string) => void): void {
  print(`office   ${office.url}`);
  print(`till     ${office.tillUrl ?? '(not built)'}`);
  print(`relay    ${relay.url}`);
  print(`data     ${home.root}  (kept for the next start; npm start -- --fresh begins anew)`);
}

function announce(office: RunningOffice, print: (line: string) => void): void {
  print('');
  print('Open this link and the browser is a till of the shop. It works once, for a day:');
  print(office.invite());
  print('');
  print('Ctrl-C stops everything.');
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

function parseOptions(argv: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { once: { type: 'boolean' }, fresh: { type: 'boolean' }, data: { type: 'string' } },
    });
    const data = values.data ?? join(repository, 'tmp', 'demo');
    return { data, once: values.once === true, fresh: values.fresh === true };
  } catch (cause) {
    throw new OfficeError('office/usage', `${messageOf(cause)}\nusage: npm start -- [--once] [--fresh] [--data DIR]`, {
      cause,
    });
  }
}

const progress = createProgress(process.stderr);
try {
  const ok = await start(
    parseOptions(process.argv.slice(2)),
    progress,
    (line) => void process.stdout.write(`${line}\n`),
  );
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  progress.clear();
  process.stderr.write(
    `start: ${error instanceof OfficeError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = 1;
}
