/**
 * `tallystick-testkit fuzz`: simulates seed after seed on all cores, makes the trace of a seed that fails as small as it gets, prints what it takes to
 * see it again, and keeps it, so that every run begins with what ever failed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { simulateSeeds } from './crew.ts';
import { createNodeSurroundings } from './node-surroundings.ts';
import { type Plant, plants } from './plants.ts';
import { shrinkTrace } from './shrink.ts';
import { type Simulated, simulate } from './simulate.ts';
import { drawTrace, type Trace } from './trace.ts';

const usage = `tallystick-testkit fuzz [options]
  --seed S      the first seed; 1 when left out
  --runs N      how many seeds, one after another; 100 when left out
  --ops N       how many things members do in a run; 500 when left out
  --seconds N   begin no more seeds after so many seconds
  --threads N   how many seeds at a time; as many as there are cores when left out
  --keep FILE   JSON file of what ever failed: run first, and added to
  --plant BUG   plant a bug to see it found:
${Object.entries(plants)
  .map(([name, what]) => `                  ${name.padEnd(16)} ${what}`)
  .join('\n')}`;

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly ops: number;
  readonly seconds: number;
  readonly threads: number;
  readonly keep: string | undefined;
  readonly plant: Plant | undefined;
}

type Print = (line: string) => void;

/** Runs the command. Answers the exit code: 0 when all held, 1 when something failed, 2 for a wrong command. */
export async function runCommand(args: readonly string[], print: Print = console.log): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    print(usage);
    return 2;
  }
  return fuzz(options, print);
}

const defaults = { seed: '1', runs: '100', ops: '500', seconds: '1000000000' };

function parseOptions(args: readonly string[]): Options | undefined {
  try {
    const text = { type: 'string' } as const;
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { seed: text, runs: text, ops: text, seconds: text, threads: text, keep: text, plant: text },
    });
    const { keep, plant: named, ...asked } = { threads: String(availableParallelism()), ...defaults, ...values };
    const numbers = Object.entries(asked).map(([name, value]) => [name, Number(value)] as const);
    const plant = (Object.keys(plants) as Plant[]).find((name) => name === named);
    const isWrong = numbers.some(([, number]) => !Number.isSafeInteger(number) || number < 0);
    if (positionals.join() !== 'fuzz' || isWrong || plant !== named) return undefined;
    return { ...(Object.fromEntries(numbers) as unknown as Options), keep, plant };
  } catch {
    return undefined;
  }
}

/** What has come of the seeds so far. */
interface Tally {
  runs: number;
  acknowledged: number;
  failed: number;
}

async function fuzz(options: Options, print: Print): Promise<number> {
  const { keep, plant } = options;
  const started = performance.now();
  const kept = readKept(keep);
  const tally: Tally = { runs: 0, acknowledged: 0, failed: 0 };
  const failing: { readonly trace: Trace; readonly outcome: Simulated }[] = [];
  const note = (trace: Trace, outcome: Simulated): void => {
    tally.runs += 1;
    tally.acknowledged += outcome.acknowledged;
    if (outcome.failures.length === 0) return;
    tally.failed += 1;
    failing.push({ trace, outcome });
  };
  const old = kept.length;
  for (const trace of kept.slice()) note(trace, await simulateHere(trace, plant));
  const until = started + options.seconds * 1000;
  await simulateAll(options, (seed, outcome) => {
    note(drawTrace(seed, options.ops), outcome);
    const [failure] = outcome.failures;
    if (failure !== undefined) print(`fuzz: seed ${seed} fails: ${failure.split('\n')[0]}`);
    const done = tally.runs - old;
    if (done % 100 === 0 && done < options.runs) print(progress(done, options.runs, tally, started));
    return performance.now() < until;
  });
  // The smallest seed first, so that the same command prints the same, whichever thread came first.
  for (const { trace, outcome } of failing.sort((a, b) => a.trace.seed - b.trace.seed)) {
    await tell(trace, outcome, plant, kept, print);
    if (keep !== undefined && plant === undefined) writeKept(keep, kept);
  }
  print(summary(options, old, tally));
  return tally.failed === 0 ? 0 : 1;
}

type OnOutcome = (seed: number, outcome: Simulated) => boolean;

/** In threads, or here where there is one seed or one thread. */
async function simulateAll({ seed, runs, ops, threads, plant }: Options, onOutcome: OnOutcome): Promise<void> {
  if (Math.min(runs, threads) > 1) {
    const onDone = ({ seed: done, ...outcome }: Simulated & { seed: number }): boolean => onOutcome(done, outcome);
    return simulateSeeds({ seed, runs, ops, plant, threads: Math.min(runs, threads), onDone });
  }
  let goesOn = true;
  for (let next = seed; next < seed + runs && goesOn; next++)
    goesOn = onOutcome(next, await simulateHere(drawTrace(next, ops), plant));
}

async function simulateHere(trace: Trace, plant: Plant | undefined): Promise<Simulated> {
  return simulate(trace, await createNodeSurroundings(plant));
}

function progress(done: number, runs: number, { acknowledged, failed }: Tally, started: number): string {
  const seconds = Math.round((performance.now() - started) / 1000);
  return `fuzz: ${done} of ${runs} runs, ${acknowledged} ops acknowledged, ${failed} failed, ${seconds} s`;
}

function summary({ runs: asked }: Options, kept: number, { runs, acknowledged, failed }: Tally): string {
  const short = runs - kept < asked ? ` of ${asked + kept}, for want of time` : '';
  return `fuzz: ${runs} runs (${kept} kept)${short}, ${acknowledged} ops acknowledged, ${failed} failed, ${release()}`;
}

/** What failed, and the smallest trace that fails too. */
async function tell(
  trace: Trace,
  { failures }: Simulated,
  plant: Plant | undefined,
  kept: Trace[],
  print: Print,
): Promise<void> {
  print(`FAIL  seed ${trace.seed}, ${release()}, ${trace.events.length} events`);
  for (const failure of failures.slice(0, 5)) print(`      ${failure.split('\n').slice(0, 6).join('\n      ')}`);
  const small = await shrinkTrace(trace, {
    fails: async (smaller) => (await simulateHere(smaller, plant)).failures.length > 0,
  });
  const { failures: left } = await simulateHere(small, plant);
  print(`      ${small.events.length} events are enough: ${left[0]?.split('\n')[0] ?? ''}`);
  for (const event of small.events) print(`        ${JSON.stringify(event)}`);
  const isKept = kept.some((one) => JSON.stringify(one) === JSON.stringify(small));
  if (!isKept) kept.push(small);
}

function readKept(path: string | undefined): Trace[] {
  if (path === undefined || !existsSync(path)) return [];
  return JSON.parse(readFileSync(path, 'utf8')) as Trace[];
}

function writeKept(path: string, kept: readonly Trace[]): void {
  writeFileSync(path, `${JSON.stringify(kept, undefined, 1)}\n`);
}

/** Which code was simulated: the commit of the checkout around, or else the release of this package. */
function release(): string {
  try {
    const hash = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `commit ${hash.trim()}`;
  } catch {
    const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      readonly name: string;
      readonly version: string;
    };
    return `${name} ${version}`;
  }
}
