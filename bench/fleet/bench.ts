/**
 * `npm run --silent bench -- fleet --tills 10000 --json`: a relay in a process of its own and ten thousand tills that hand in their day over real HTTP. Every
 * op is signed before the clock starts; every op is durable before it is acknowledged; the books are read back from the relay's log.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, makeFolder } from '../machine.ts';
import { buildProgram } from '../program.ts';
import { reportToJson, reportsToTable, type Report } from '../report.ts';
import type { Counts, Result } from '../suite.ts';
import type { Phase } from './crew.ts';
import {
  type Fleet,
  openFleet,
  proveBooks,
  pushPhases,
  recoverTills,
  restart,
  signPhase,
  type PushOptions,
  type Stretch,
} from './fleet.ts';
import { followScope } from './books.ts';
import { type Engine, type EngineName, engines, startEngine } from './engine.ts';
import { measureClaims, measureFanOut } from './quiet.ts';
import { folderUsage } from './relay-process.ts';
import { branchOf, hq, keyOf } from './tills.ts';

export const usage: string = `npm run bench -- fleet [--tills 10000] [--sales 100] [--engine sqlite | postgres | nats] [--connections 512] [--threads 1] [--json]

  two-messages-ENGINE   a start-of-day receipt and an end-of-day fold a till, one op a push
  full-detail-ENGINE    every sale of the day, handed in at closing time in runs
  bad-day-ENGINE        one op a till, a tenth of them twice, the relay killed in the middle, tills that lost everything`;

export interface FleetAsked {
  readonly tills: number;
  readonly sales: number;
  readonly connections: number;
  readonly threads: number;
  readonly engine: EngineName;
  readonly isJson: boolean;
}

const LOST_TILLS = 50;
const LISTENERS = 1_000;

/** Throws with one clear line for what it cannot do. */
export function parseFleetAsked(argv: readonly string[]): FleetAsked {
  const text = (value: string): { type: 'string'; default: string } => ({ type: 'string', default: value });
  const { values } = parseArgs({
    args: [...argv],
    options: {
      tills: text('10000'),
      sales: text('100'),
      connections: text('512'),
      threads: text('1'),
      engine: text('sqlite'),
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'tills' | 'sales' | 'connections' | 'threads', most: number): number => {
    const value = Number(values[name]);
    if (/^[0-9]+$/.test(values[name]) && value >= 1 && value <= most) return value;
    throw new RangeError(`--${name} is a whole number from 1 to ${most}, not "${values[name]}"`);
  };
  const engine = engines.find((name) => name === values.engine);
  if (engine === undefined)
    throw new RangeError(`there is no engine "${values.engine}"; there are ${engines.join(', ')}`);
  return {
    tills: whole('tills', 99_990),
    sales: whole('sales', 1_000),
    connections: whole('connections', 1_000),
    threads: whole('threads', 64),
    engine,
    isJson: values.json,
  };
}

export async function runFleet(asked: FleetAsked, say: (text: string) => void): Promise<Report> {
  const machine = describeMachine();
  const folder = makeFolder();
  const crew = new URL('crew.ts', import.meta.url);
  try {
    const engine = await startEngine(asked.engine);
    try {
      const program = await buildProgram(new URL('../../apps/relay/src/program.ts', import.meta.url), folder);
      say(`${asked.tills} tills are enrolled`);
      const fleet = await openFleet({ ...asked, relayOptions: engine.relayOptions, program, folder, crew, say });
      try {
        return { suite: 'fleet', machine, results: await runDays(fleet, asked, engine) };
      } finally {
        await Promise.all(fleet.crews.map((one) => one.end()));
        await fleet.relay.stop('SIGTERM');
      }
    } finally {
      await engine.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runDays(fleet: Fleet, { tills, threads, engine }: FleetAsked, servers: Engine): Promise<Result[]> {
  const { say, folder } = fleet.options;
  const results: Result[] = [];
  const clocked = async (name: string, phases: readonly Phase[], options?: PushOptions): Promise<void> => {
    const stretch = await pushPhases(fleet, phases, options);
    const opsPerSecond = once(stretch.opsPerSecond);
    results.push({ name: `${name}-${engine}`, unit: 'ops/s', ...opsPerSecond, counts: countsOf(stretch) });
    say(`${name}-${engine}: ${Math.round(stretch.opsPerSecond)} ops/s`);
  };
  const signDay = async (): Promise<void> => {
    await signPhase(fleet, 'morning');
    await signPhase(fleet, 'evening');
  };
  // As in every suite, one run is thrown away: a relay is started once and serves for weeks.
  await signDay();
  await pushPhases(fleet, ['morning', 'evening']);
  const pulled = await pulledBytes(fleet, tills);
  await signDay();
  await clocked('two-messages', ['morning', 'evening']);
  say('the sales are signed');
  await signPhase(fleet, 'sales');
  await clocked('full-detail', ['sales']);
  await signPhase(fleet, 'next');
  await clocked('bad-day', ['next'], { retries: 10, killAfter: Math.floor(tills / 2 / threads) });
  const lost = Math.min(LOST_TILLS, tills);
  const fanOut = await measureFanOut(fleet, Math.min(LISTENERS, tills));
  const claims = await measureClaims(fleet);
  say(`${fanOut.p99.toFixed(1)} ms until all who listen have heard, ${claims.p99.toFixed(1)} ms a claim`);
  await recoverTills(
    fleet,
    Array.from({ length: lost }, (_, at) => Math.floor((at * tills) / lost)),
  );
  const { peakRssMb } = fleet.relay.usage();
  await fleet.relay.stop('SIGTERM');
  const diskBytes = folderUsage(join(folder, 'relay')).diskBytes + servers.diskBytes();
  const restartMs = await restart(fleet);
  say('the log is read back');
  const { ops, minor, bytes, centsOff } = await proveBooks(fleet);
  const single = (name: string, unit: Result['unit'], value: number, counts: Counts = {}): void =>
    void results.push({ name, unit, ...once(value), counts });
  single('tail-fan-out', 'ms', fanOut.p99, rounded(fanOut));
  single('claims', 'ms', claims.p99, rounded(claims));
  single('restart', 'ms', restartMs, { ops, tills });
  single('pulled-per-till-and-day', 'bytes', pulled);
  single('disk-per-op', 'bytes', diskBytes / ops, { recordBytes: Math.round(bytes / ops) });
  single('relay-memory', 'MB', peakRssMb);
  single('centsOff', 'cents', centsOff, { ops, minor, bytes });
  return results;
}

/** What one till reads on a morning: all of `hq` and of its own branch, as a device that has nothing yet. */
async function pulledBytes({ relay, firm }: Fleet, tills: number): Promise<number> {
  let bytes = 0;
  const key = keyOf(`till ${tills - 1}`);
  for (const scope of [hq, branchOf(tills - 1)])
    await followScope(relay, key, firm.book, scope, (record) => (bytes += record.bytes.length + 2));
  return bytes;
}

function countsOf({ opsPerSecond: _, latencyMs, ...rest }: Stretch): Counts {
  return rounded({ ...latencyMs, ...rest });
}

function rounded(counts: object): Counts {
  const entries = Object.entries(counts) as [string, number][];
  return Object.fromEntries(entries.map(([name, value]) => [name, Math.round(value * 1_000) / 1_000]));
}

function once(value: number): Pick<Result, 'median' | 'min' | 'max' | 'runs'> {
  const rounded = Math.round(value * 10) / 10;
  return { median: rounded, min: rounded, max: rounded, runs: 1 };
}

/** Exits 2 on an option it does not know, 1 when an outcome is wrong. */
export async function main(argv: readonly string[]): Promise<number> {
  let asked: FleetAsked;
  try {
    asked = parseFleetAsked(argv);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  try {
    const report = await runFleet(asked, (text) => console.error(`fleet: ${text}`));
    console.log(asked.isJson ? reportToJson(report) : reportsToTable([report]));
    return report.results.every(({ name, median }) => name !== 'centsOff' || median === 0) ? 0 : 1;
  } catch (error) {
    console.error(`bench: fleet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return 1;
  }
}
