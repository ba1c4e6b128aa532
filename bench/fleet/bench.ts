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
import {
  type Fleet,
  killRelay,
  openFleet,
  proveBooks,
  pushPhases,
  recoverTills,
  restart,
  signPhase,
  type Stretch,
} from './fleet.ts';
import { followScope } from './books.ts';
import { type EngineName, engines, startEngine } from './engine.ts';
import { folderUsage } from './relay-process.ts';
import { branchOf, hq, keyOf } from './tills.ts';

export const usage: string = `npm run bench -- fleet [--tills 10000] [--sales 100] [--engine sqlite|postgres|nats] [--connections 128] [--threads 1] [--json]

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

/** Throws with one clear line for what it cannot do. */
export function parseFleetAsked(argv: readonly string[]): FleetAsked {
  const text = (value: string): { type: 'string'; default: string } => ({ type: 'string', default: value });
  const { values } = parseArgs({
    args: [...argv],
    options: {
      tills: text('10000'),
      sales: text('100'),
      connections: text('128'),
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
  if (engine === undefined) {
    throw new RangeError(`there is no engine "${values.engine}"; there are ${engines.join(', ')}`);
  }
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
  const { tills, engine } = asked;
  const servers = await startEngine(engine);
  try {
    const program = await buildProgram(new URL('../../apps/relay/src/main.ts', import.meta.url), folder);
    const crew = new URL('crew.ts', import.meta.url);
    say(`${tills} tills are enrolled`);
    const { relayOptions } = servers;
    const fleet = await openFleet({ ...asked, program, relayOptions, folder, crew, say });
    const results: Result[] = [];
    const clocked = async (name: string, run: () => Promise<Stretch>): Promise<void> => {
      const stretch = await run();
      results.push({
        name: `${name}-${engine}`,
        unit: 'ops/s',
        ...once(stretch.opsPerSecond),
        counts: countsOf(stretch),
      });
      say(`${name}-${engine}: ${Math.round(stretch.opsPerSecond)} ops/s`);
    };
    try {
      await signPhase(fleet, 'morning');
      await signPhase(fleet, 'evening');
      await clocked('two-messages', () => pushPhases(fleet, ['morning', 'evening']));
      const pulled = await pulledBytes(fleet, tills);
      say('the sales are signed');
      await signPhase(fleet, 'sales');
      await clocked('full-detail', () => pushPhases(fleet, ['sales']));
      await signPhase(fleet, 'next');
      const interrupt = { after: Math.floor(tills / 2 / asked.threads), run: () => killRelay(fleet) };
      await clocked('bad-day', () => pushPhases(fleet, ['next'], { retries: 10, interrupt }));
      await recoverTills(
        fleet,
        Array.from({ length: Math.min(LOST_TILLS, tills) }, (_, at) => Math.floor((at * tills) / LOST_TILLS) % tills),
      );
      const { rssMb, peakRssMb } = fleet.relay.usage();
      await fleet.relay.stop('SIGTERM');
      const diskBytes = folderUsage(join(folder, 'relay')).diskBytes + servers.diskBytes();
      const restartMs = await restart(fleet);
      say('the log is read back');
      const back = await proveBooks(fleet);
      results.push({ name: 'restart', unit: 'ms', ...once(restartMs), counts: { ops: back.ops } });
      results.push({
        name: 'disk-per-op',
        unit: 'bytes',
        ...once(diskBytes / back.ops),
        counts: { recordBytes: back.bytes / back.ops },
      });
      results.push({ name: 'pulled-per-till-and-day', unit: 'bytes', ...once(pulled), counts: {} });
      results.push({ name: 'relay-memory', unit: 'MB', ...once(peakRssMb), counts: { rssMb: Math.round(rssMb) } });
      results.push({
        name: 'centsOff',
        unit: 'cents',
        ...once(back.centsOff),
        counts: { ops: back.ops, minor: back.minor, bytes: back.bytes },
      });
    } finally {
      await Promise.all(fleet.crews.map((one) => one.end()));
      await fleet.relay.stop('SIGTERM');
    }
    return { suite: 'fleet', machine, results };
  } finally {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
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
  const all = { ...latencyMs, ...rest };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Math.round(value * 1_000) / 1_000]));
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
