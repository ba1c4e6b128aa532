// The soak: tills that sign and push one sale after another at half of what the relay takes, a relay that is killed at any moment and started again on the same data,
// and at the end the books, read back as a device reads them.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookId, OpHash, Scope } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { createDice } from '@tallystick/testkit';
import { followScope } from '../../bench/fleet/books.ts';
import { folderUsage, type RelayProcess, startRelayProcess } from '../../bench/fleet/relay-process.ts';
import {
  type Author,
  branchOf,
  createAuthor,
  type Firm,
  hq,
  keyOf,
  openFirm,
  takingsOf,
} from '../../bench/fleet/tills.ts';
import { growthOf, type Lifetime, type SoakReport } from './report.ts';
import { createTill, type Till } from './till.ts';

export interface SoakOptions {
  /** The built program of the relay. */
  readonly program: string;
  readonly folder: string;
  readonly tills: number;
  readonly durationMs: number;
  /** Undefined is half of what it takes at full speed for a while. */
  readonly opsPerSecond: number | undefined;
  readonly seed: number;
  /** What befalls the data of a relay that was killed: for who wants to see the soak go red. */
  readonly whileDown?: (dataDir: string) => void;
  readonly print: (line: string) => void;
}

const tillsPerBranch = 10;
/** Of the whole time, to learn the full speed. */
const calibratingShare = 0.05;
const maxCalibratingMs = 20_000;
/** Kills there are at least, and how far apart they are otherwise. */
const minKills = 6;
const meanLifetimeMs = 45_000;
const sampleMs = 100;

export async function soakRelay(options: SoakOptions): Promise<SoakReport> {
  const { program, folder } = options;
  const dataDir = join(folder, 'relay');
  const soaked: Soaked = { relay: await startRelayProcess(program, dataDir) };
  try {
    const { firm, tills, scopes, opened } = await openSoak(soaked.relay, options.tills);
    const startedMs = performance.now();
    const lifetimes = await runTills(options, dataDir, soaked, tills);
    const minutes = (performance.now() - startedMs) / 60_000;
    await soaked.relay.stop('SIGTERM');
    soaked.relay = await startRelayProcess(program, dataDir);
    const ops = acknowledged(tills);
    const { stored, ...found } = await readBooks(soaked.relay, firm, scopes, tills);
    return {
      minutes: Math.round(minutes * 100) / 100,
      opsPerSecond: Math.round(ops / (minutes * 60)),
      ops,
      kills: lifetimes.length - 1,
      unanswered: tills.reduce((sum, till) => sum + till.unanswered(), 0),
      ...found,
      unknown: stored - opened - ops,
      ...growthOf(lifetimes),
      worstStartMs: Math.round(Math.max(...lifetimes.map(({ startMs }) => startMs))),
      lastStartMs: Math.round(soaked.relay.startMs),
    };
  } finally {
    await soaked.relay.stop('SIGKILL');
  }
}

/** Until the time is over; rejects as soon as a till is answered what it should not be. */
async function runTills(
  { durationMs, tills: count, opsPerSecond, seed, program, whileDown, print }: SoakOptions,
  dataDir: string,
  soaked: Soaked,
  tills: readonly Till[],
): Promise<Lifetime[]> {
  const dice = createDice(seed);
  const startedMs = performance.now();
  const { port } = soaked.relay;
  let failure: { readonly error: unknown } | undefined;
  const isOver = (): boolean => failure !== undefined || performance.now() - startedMs >= durationMs;
  const pace = { opsPerSecond: opsPerSecond ?? Number.POSITIVE_INFINITY };
  const intervalMs = (): number => (1_000 * count) / pace.opsPerSecond;
  const running = Promise.all(tills.map((till) => till.run({ port, isOver, intervalMs })));
  running.catch((error: unknown) => (failure ??= { error }));
  if (opsPerSecond === undefined) {
    await sleep(Math.min(maxCalibratingMs, durationMs * calibratingShare));
    pace.opsPerSecond = acknowledged(tills) / ((performance.now() - startedMs) / 1_000) / 2;
    print(`${Math.round(pace.opsPerSecond)} ops/s is half speed`);
  }
  const lifetimes: Lifetime[] = [];
  const lifetimeMs = Math.min(meanLifetimeMs, durationMs / (minKills + 2));
  while (!isOver()) {
    const deadMs = performance.now() + lifetimeMs * (0.5 + dice.below(1_000) / 1_000);
    const lifetime = await watch(soaked.relay, tills, () => isOver() || performance.now() >= deadMs);
    if (!isOver()) {
      await soaked.relay.stop('SIGKILL');
      whileDown?.(dataDir);
      soaked.relay = await startRelayProcess(program, dataDir, ['--port', String(port)]);
    }
    lifetimes.push({ ...lifetime, diskBytes: folderUsage(dataDir).diskBytes });
    const { opsBefore, ops, peakRssMb } = lifetime;
    print(`${opsBefore + ops} ops, ${Math.round(peakRssMb)} MB, started in ${Math.round(soaked.relay.startMs)} ms`);
  }
  await running;
  return lifetimes;
}

interface Soaked {
  relay: RelayProcess;
}

async function watch(
  relay: RelayProcess,
  tills: readonly Till[],
  isDue: () => boolean,
): Promise<Omit<Lifetime, 'diskBytes'>> {
  const opsBefore = acknowledged(tills);
  for (const { latenciesMs } of tills) latenciesMs.splice(0);
  let openFiles = 0;
  while (!isDue()) {
    await sleep(sampleMs);
    openFiles = Math.max(openFiles, relay.usage().openFiles);
  }
  const { peakRssMb } = relay.usage();
  const { startMs } = relay;
  return { opsBefore, ops: acknowledged(tills) - opsBefore, startMs, peakRssMb, openFiles, p99Ms: p99(tills) };
}

/** The book, its branches and its tills; answers how many ops that took. */
async function openSoak(
  relay: RelayProcess,
  count: number,
): Promise<{ firm: Firm; tills: Till[]; scopes: Scope[]; opened: number }> {
  const firm = openFirm();
  const client = createRelayClient({ url: relay.url });
  await client.push(firm.book, hq, firm.opening);
  const tills: Till[] = [];
  const scopes: Scope[] = [];
  for (let first = 0; first < count; first += tillsPerBranch) {
    const numbers = Array.from({ length: Math.min(tillsPerBranch, count - first) }, (_, at) => first + at);
    const scope = branchOf(first);
    const enrolments = firm.enrol(
      scope,
      numbers.map((till) => keyOf(`till ${till}`)),
    );
    await client.push(firm.book, scope, enrolments);
    scopes.push(scope);
    for (const [at, till] of numbers.entries()) {
      const author = authorOf(till, firm.book, (enrolments[at] as { hash: OpHash }).hash);
      tills.push(createTill(till, author));
    }
  }
  return { firm, tills, scopes, opened: firm.opening.length + count };
}

function authorOf(till: number, book: BookId, enrolment: OpHash): Author {
  return createAuthor(keyOf(`till ${till}`), book, () => ({ seq: 0, hash: enrolment }));
}

/** Every scope to its signed root: what was promised is there, at its place, and nothing else is. */
async function readBooks(
  relay: RelayProcess,
  { office, book, opening }: Firm,
  scopes: readonly Scope[],
  tills: readonly Till[],
): Promise<{ stored: number; lost: number; centsOff: number }> {
  const tillsByDevice = new Map(tills.map((till) => [till.author.key.device, till]));
  let [stored, minor, lost] = [opening.length, 0, 0];
  const found = new Map<Till, number>();
  for (const scope of scopes) {
    await followScope(relay, office, book, scope, (record, position) => {
      stored += 1;
      minor += takingsOf(record);
      const till = tillsByDevice.get(record.op.device);
      if (till?.holds(record, position) === true) found.set(till, (found.get(till) ?? 0) + 1);
    });
  }
  for (const till of tills) lost += till.acknowledged() - (found.get(till) ?? 0);
  const taken = tills.reduce((sum, till) => sum + till.minor(), 0);
  return { stored, lost, centsOff: Math.abs(minor - taken) };
}

function acknowledged(tills: readonly Till[]): number {
  return tills.reduce((sum, till) => sum + till.acknowledged(), 0);
}

function p99(tills: readonly Till[]): number {
  const all = Float64Array.from(tills.flatMap(({ latenciesMs }) => latenciesMs)).sort();
  return all[Math.floor(all.length * 0.99)] ?? 0;
}
