/** What a benchmark suite is, and how its cases are run: interleaved, so that a slow minute of the machine hits them all alike. */

/** Work done for one op (or, in a suite of milliseconds, in one run). Deterministic: the same on every machine, to the last digit. */
export type Counts = Readonly<Record<string, number>>;

export type Unit = 'ops/s' | 'ms' | 'MB' | 'bytes' | 'cents';

export interface Result {
  readonly name: string;
  readonly unit: Unit;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  readonly counts: Counts;
}

export interface Figure {
  readonly name: string;
  readonly unit: Unit;
}

export interface Case {
  /** What one run measures: mostly one figure. */
  readonly figures: readonly Figure[];
  /** One run: sets up, times, then checks the outcome. Answers the figures in order; throws when the outcome is wrong. */
  run(): Promise<readonly number[]>;
  /** Does the work once under counters, untimed. */
  count(): Promise<Counts>;
}

export interface Prepared {
  readonly cases: readonly Case[];
  close(): Promise<void>;
}

/** How much work there is. The sizes that names speak of are those of `full`. */
export interface Size {
  /** Sales in a log, and in each of two replicas that merge. */
  readonly ops: number;
  /** Sales committed in one run. */
  readonly commits: number;
}

export const full: Size = { ops: 10_000, commits: 3_200 };
export const quick: Size = { ops: 1_000, commits: 640 };
export const long: Size = { ops: 1_000_000, commits: 320_000 };

export interface Suite {
  readonly name: string;
  readonly summary: string;
  /** Makes what all runs share, in an empty folder. */
  prepare(size: Size, folder: string): Promise<Prepared>;
}

export interface MeasureOptions {
  readonly size: Size;
  readonly runs: number;
  readonly folder: string;
}

/** Runs the cases in turn, `runs` times after one time that does not count, and counts their work last: what counts also slows down. */
export async function measure(suite: Suite, { size, runs, folder }: MeasureOptions): Promise<readonly Result[]> {
  const { cases, close } = await suite.prepare(size, folder);
  try {
    const measured = cases.map(({ figures }) => figures.map((): number[] => []));
    for (let run = -1; run < runs; run++) {
      for (const [index, one] of cases.entries()) {
        const values = await one.run();
        if (run >= 0) values.forEach((value, at) => measured[index]?.[at]?.push(value));
      }
    }
    const results: Result[] = [];
    for (const [index, one] of cases.entries()) {
      const counts = await one.count();
      one.figures.forEach((figure, at) => {
        results.push({ ...figure, ...spread(measured[index]?.[at] ?? []), runs, counts });
      });
    }
    return results;
  } finally {
    await close();
  }
}

/** The middle, the least and the greatest of at least one value; the middle of an even number is the mean of the two in it. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('nothing was measured');
  return {
    median: rounded((lower + upper) / 2),
    min: rounded(sorted[0] as number),
    max: rounded(sorted.at(-1) as number),
  };
}

/** Counts of `ops` ops as counts of one, to a thousandth. */
export function perOp(counts: Counts, ops: number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, rounded(count / ops)]));
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** How long the work takes in milliseconds: by the clock, and of processor time in all threads of this process, the collector's and the compiler's too. */
export async function timed<T>(work: () => T | Promise<T>): Promise<{ ms: number; cpuMs: number; value: T }> {
  const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms: performance.now() - before, cpuMs: (user + system) / 1000, value };
}

export function opsPerSecond(ops: number, ms: number): number {
  return (ops * 1000) / ms;
}

/** A wrong outcome makes every figure of it worthless. */
export function mustBe<T>(what: string, got: T, expected: T): void {
  if (got !== expected) throw new Error(`${what}: got ${String(got)}, expected ${String(expected)}`);
}
