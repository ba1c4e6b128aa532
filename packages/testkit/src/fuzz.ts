/**
 * `tallystick-testkit fuzz`: simulates seed after seed, makes the first trace that fails of a seed as small as it gets, prints what it takes to see it
 * again, and keeps it, so that every run begins with what ever failed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CryptoProvider } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { shrinkTrace } from './shrink.ts';
import { type Plant, plants, type Simulated, simulate } from './simulate.ts';
import { drawTrace, type Trace } from './trace.ts';

const usage = `tallystick-testkit fuzz [options]
  --seed S      the first seed; 1 when left out
  --runs N      how many seeds, one after another; 100 when left out
  --ops N       how many things members do in a run; 500 when left out
  --seconds N   stop after so many seconds, however many seeds are done
  --keep FILE   JSON file of what ever failed: run first, and added to
  --plant BUG   plant a bug to see it found: ${plants.join(', ')}`;

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly ops: number;
  readonly seconds: number;
  readonly keep: string | undefined;
  readonly plant: Plant | undefined;
}

/** Runs the command. Answers the exit code: 0 when all held, 1 when something failed, 2 for a wrong command. */
export async function runCommand(
  args: readonly string[],
  print: (line: string) => void = console.log,
): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    print(usage);
    return 2;
  }
  return fuzz(options, print);
}

function parseOptions(args: readonly string[]): Options | undefined {
  try {
    const text = { type: 'string' } as const;
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { seed: text, runs: text, ops: text, seconds: text, keep: text, plant: text },
    });
    const [seed, runs, ops, seconds] = [
      values.seed ?? '1',
      values.runs ?? '100',
      values.ops ?? '500',
      values.seconds ?? '1e9',
    ].map(Number);
    const plant = plants.find((name) => name === values.plant);
    const isWrong = [seed, runs, ops, seconds].some((number) => !Number.isSafeInteger(number));
    if (positionals.join() !== 'fuzz' || isWrong || plant !== values.plant) return undefined;
    return { seed, runs, ops, seconds, keep: values.keep, plant } as Options;
  } catch {
    return undefined;
  }
}

async function fuzz(options: Options, print: (line: string) => void): Promise<number> {
  const { seed, runs, ops, seconds, keep, plant } = options;
  const until = performance.now() + seconds * 1000;
  const kept = readKept(keep);
  let acknowledged = 0;
  let failed = 0;
  let done = 0;
  const run = async (trace: Trace): Promise<void> => {
    const outcome = await simulateHere(trace, plant);
    done += 1;
    acknowledged += outcome.acknowledged;
    if (outcome.failures.length === 0) return;
    failed += 1;
    await tell(trace, outcome, plant, kept, print);
    if (keep !== undefined && plant === undefined) writeKept(keep, kept);
  };
  for (const trace of kept.slice()) await run(trace);
  for (let next = seed; next < seed + runs && performance.now() < until; next++) await run(drawTrace(next, ops));
  print(
    `fuzz: ${done} runs (${kept.length} kept), ${acknowledged} ops acknowledged, ${failed} failed, commit ${commit()}`,
  );
  return failed === 0 ? 0 : 1;
}

function simulateHere(trace: Trace, plant: Plant | undefined): Promise<Simulated> {
  return simulate(trace, { crypto: rememberVerdicts(nodeCrypto), openStore: () => nodeStore(':memory:'), plant });
}

/** What failed, and the smallest trace that fails too. */
async function tell(
  trace: Trace,
  { failures }: Simulated,
  plant: Plant | undefined,
  kept: Trace[],
  print: (line: string) => void,
): Promise<void> {
  print(`FAIL  seed ${trace.seed}, commit ${commit()}, ${trace.events.length} events`);
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

/** Signatures are checked by every member; the verdict on the same bytes is the same, so it is asked for once a run. */
function rememberVerdicts({ hasher, ed25519 }: CryptoProvider): CryptoProvider {
  const verdicts = new Map<string, boolean | Promise<boolean>>();
  const textOf = (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return {
    hasher,
    ed25519: {
      ...ed25519,
      verify(publicKey, message, signature) {
        const asked = textOf(publicKey) + textOf(signature) + textOf(message);
        const known = verdicts.get(asked) ?? ed25519.verify(publicKey, message, signature);
        verdicts.set(asked, known);
        return known;
      },
    },
  };
}

function readKept(path: string | undefined): Trace[] {
  if (path === undefined || !existsSync(path)) return [];
  return JSON.parse(readFileSync(path, 'utf8')) as Trace[];
}

function writeKept(path: string, kept: readonly Trace[]): void {
  writeFileSync(path, `${JSON.stringify(kept, undefined, 1)}\n`);
}

let known: string | undefined;
function commit(): string {
  try {
    known ??= execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    known = 'unknown';
  }
  return known;
}
