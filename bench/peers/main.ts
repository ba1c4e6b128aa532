/**
 * `npm run bench [-- --runs N] [-- --events N]`: every task of every peer in a process of its own, the peers in turn, so that a slow minute of the machine
 * hits them all; the first round is thrown away. Prints a table of medians, and with `--json` all figures on one line.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { Outcome } from './task.ts';

const execute = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

const peers = [
  { name: 'tallystick', program: 'tallystick.ts', flags: [] },
  { name: 'cojson CoMap', program: 'cojson.ts', flags: ['--map'] },
  { name: 'cojson CoStream', program: 'cojson.ts', flags: ['--stream'] },
] as const;
type PeerProgram = (typeof peers)[number];

interface Task {
  readonly name: string;
  /** One run, in an empty folder. */
  run(peer: PeerProgram, folder: string): Promise<Outcome>;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    events: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
  },
});
const [runs, events] = [wholeNumber('runs', values.runs), wholeNumber('events', values.events)];
const GROUP = 100;
/** One wait for the disk an event takes long enough. */
const each = Math.ceil(events / 10);

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new RangeError(`--${option} is a whole number from 1, not "${text}"`);
  return Number(text);
}

async function call<T>({ program, flags }: PeerProgram, ...args: readonly (string | number)[]): Promise<T> {
  const command = [join(here, program), ...args.map(String), ...flags];
  const { stdout } = await execute(process.execPath, command, { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as T;
}

/** What `reopen` and `merge` start from: made once for each peer, copied for each run. */
async function prepare(folder: string): Promise<readonly Task[]> {
  const source = (peer: PeerProgram, task: string): string => join(folder, `${peer.name} ${task}`.replaceAll(' ', '-'));
  for (const peer of peers) {
    for (const task of ['append', 'part']) {
      mkdirSync(source(peer, task));
      await call(peer, task, source(peer, task), events, GROUP);
    }
  }
  const copied = (peer: PeerProgram, task: string, own: string): string => {
    cpSync(source(peer, task), own, { recursive: true });
    return own;
  };
  return [
    { name: `append ${events}, ${GROUP} a sync`, run: (peer, own) => call(peer, 'append', own, events, GROUP) },
    { name: `append ${each}, one a sync`, run: (peer, own) => call(peer, 'append', own, each, 1) },
    {
      name: `reopen and verify ${events}`,
      run: (peer, own) => call(peer, 'reopen', copied(peer, 'append', own), events),
    },
    { name: `merge ${events} + ${events}`, run: (peer, own) => call(peer, 'merge', copied(peer, 'part', own), events) },
  ];
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return ((sorted[sorted.length >> 1] as number) + (sorted[(sorted.length - 1) >> 1] as number)) / 2;
}

async function main(): Promise<void> {
  const cache = join(here, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'run-'));
  const load = loadavg()[0] ?? 0;
  try {
    const tasks = await prepare(folder);
    const outcomes = new Map<string, Outcome[]>();
    for (let run = -1; run < runs; run++) {
      for (const [key, outcome] of await runRound(tasks, folder)) {
        if (run >= 0) outcomes.set(key, [...(outcomes.get(key) ?? []), outcome]);
      }
      console.error(run < 0 ? 'warmed up' : `run ${run + 1} of ${runs}`);
    }
    const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}`;
    const loads = [load, loadavg()[0] ?? 0].map((value) => value.toFixed(1));
    if (values.json) console.log(JSON.stringify({ machine, loads, outcomes: Object.fromEntries(outcomes) }));
    else console.log(`${machine}, load ${loads.join(' to ')}, ${runs} runs\n\n${table(tasks, outcomes)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every task of every peer, once. */
async function runRound(tasks: readonly Task[], folder: string): Promise<readonly [key: string, Outcome][]> {
  const outcomes: [string, Outcome][] = [];
  for (const task of tasks) {
    for (const peer of peers) {
      const own = mkdtempSync(join(folder, 'own-'));
      outcomes.push([keyOf(task, peer), await task.run(peer, own)]);
      rmSync(own, { recursive: true });
    }
  }
  return outcomes;
}

function keyOf(task: Task, peer: PeerProgram): string {
  return `${task.name}, ${peer.name}`;
}

/** A cell holds the median by the clock, its least and greatest, and the median of processor time. */
function table(tasks: readonly Task[], outcomes: ReadonlyMap<string, readonly Outcome[]>): string {
  const rows = tasks.map((task) => {
    const cells = peers.map((peer) => {
      const all = outcomes.get(keyOf(task, peer)) ?? [];
      const ms = all.map((outcome) => outcome.ms);
      const cpu = median(all.map((outcome) => outcome.cpuMs));
      return `${median(ms).toFixed(0)} (${Math.min(...ms).toFixed(0)} to ${Math.max(...ms).toFixed(0)}), cpu ${cpu.toFixed(0)}`;
    });
    return `| ${[task.name, ...cells].join(' | ')} |`;
  });
  const stored = peers.map((peer) => {
    const all = outcomes.get(keyOf(tasks[0] as Task, peer)) ?? [];
    return `${(median(all.map((outcome) => outcome.storedBytes)) / events).toFixed(0)} bytes`;
  });
  const heads = ['ms', ...peers.map((peer) => peer.name)];
  return [
    `| ${heads.join(' | ')} |`,
    `|${'---|'.repeat(heads.length)}`,
    ...rows,
    `| stored an event | ${stored.join(' | ')} |`,
  ].join('\n');
}

await main();
