// Throws bytes and texts of every kind at every parser of the protocol core: none may throw, none may take long, and what is
// accepted must be what a writer would have written. Inputs come from a seed, so a failure can be run again:
// `npm run fuzz -- [inputs] [seed] [parser ...]`.
import { readSeeds } from './fuzz-seeds.ts';
import { type Target, targets } from './fuzz-targets.ts';

export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly slowestMs: number;
  /** What broke, with the input in hex; the first few. */
  readonly faults: readonly string[];
}

/** Processor time that one input may take: by the clock a busy machine takes as long as it likes. What hangs takes for ever. */
const boundMs = 1000;

/** Runs every seed through each target as it is, and then `inputs` changed ones. */
export async function fuzz(
  inputs: number,
  seed: number,
  tried: Readonly<Record<string, Target>> = targets,
): Promise<readonly FuzzReport[]> {
  const seeds = await readSeeds();
  const reports: FuzzReport[] = [];
  for (const [target, run] of Object.entries(tried)) {
    const random = createRandom(seed);
    const faults: string[] = [];
    let [accepted, slowestMs] = [0, 0];
    for (let i = 0; i < seeds.length + inputs; i++) {
      const input = seeds[i] ?? makeInput(seeds, random);
      const started = process.cpuUsage();
      try {
        const answer = run(input);
        if (answer instanceof Promise ? await answer : answer) accepted += 1;
      } catch (error) {
        if (faults.length < 5) faults.push(`${String(error)}: ${Buffer.from(input).toString('hex').slice(0, 400)}`);
      }
      const { user, system } = process.cpuUsage(started);
      const tookMs = (user + system) / 1000;
      if (tookMs > boundMs && faults.length < 5) faults.push(`${Math.round(tookMs)} ms for ${input.length} bytes`);
      slowestMs = Math.max(slowestMs, tookMs);
    }
    reports.push({ target, inputs: seeds.length + inputs, accepted, slowestMs, faults });
  }
  return reports;
}

type Random = (below: number) => number;

/** xorshift32: the same inputs for the same seed, everywhere. */
function createRandom(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const tokens = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '\n\n',
  '\n',
  '\u2014 ',
  '.',
  '#tally1.',
  'TALLY1.',
  'null',
  '1e9',
  '-0',
  '\\ud800',
  'index ',
  '+',
];

function makeInput(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (random(20) === 0) return Uint8Array.from({ length: random(200) }, () => random(256));
  let bytes = [...(seeds[random(seeds.length)] as Uint8Array)];
  for (let changes = random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const kind = random(6);
    if (kind === 0 && bytes.length > 0)
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << random(8));
    else if (kind === 1) bytes.splice(at, 0, ...Buffer.from(tokens[random(tokens.length)] as string));
    else if (kind === 2) bytes.splice(at, random(8));
    else if (kind === 3) bytes = bytes.slice(0, at);
    else if (kind === 4) bytes.splice(at, 0, ...bytes.slice(at, at + random(40)));
    else bytes.splice(at, 0, ...(seeds[random(seeds.length)] as Uint8Array));
  }
  return Uint8Array.from(bytes);
}

async function main(): Promise<void> {
  const [total = 1_000_000, seed = 20_251_130] = process.argv.slice(2, 4).map(Number);
  const names = process.argv.slice(4);
  const tried = Object.entries(targets).filter(([name]) => names.length === 0 || names.includes(name));
  const reports = await fuzz(Math.ceil(total / tried.length), seed, Object.fromEntries(tried));
  for (const { target, inputs, accepted, slowestMs, faults } of reports) {
    const verdict = faults.length === 0 ? 'PASS' : 'FAIL';
    console.log(
      `${target} inputs=${inputs} accepted=${accepted} slowest=${slowestMs.toFixed(1)}ms seed=${seed} ${verdict}`,
    );
    for (const fault of faults) console.log(`  ${fault}`);
  }
  const failed = reports.filter(({ faults }) => faults.length > 0).length;
  console.log(`fuzz: ${reports.reduce((sum, { inputs }) => sum + inputs, 0)} inputs, ${failed} parsers failed`);
  if (failed > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
