// What a soak came to, and when that is sound.

/** From one start of the relay to the kill that ended it. */
export interface Lifetime {
  /** Acknowledged before it began, and in it. */
  readonly opsBefore: number;
  readonly ops: number;
  readonly startMs: number;
  readonly peakRssMb: number;
  /** Of its data folder, at the end. */
  readonly diskBytes: number;
  readonly openFiles: number;
  /** Milliseconds from a request to its answer; those that had to be asked for again are left out. */
  readonly p99Ms: number;
}

export interface SoakReport {
  readonly minutes: number;
  readonly opsPerSecond: number;
  readonly ops: number;
  readonly kills: number;
  /** Requests without an answer, each of which was sent again until it had one. */
  readonly unanswered: number;
  /** Acknowledged, and not in the log at the place that was promised. */
  readonly lost: number;
  /** In the log, and never acknowledged to anybody. */
  readonly unknown: number;
  readonly centsOff: number;
  /** Of the second half of the lifetimes over the first, medians: 1 where nothing grew. */
  readonly memoryGrowth: number;
  readonly latencyGrowth: number;
  readonly openFilesGrowth: number;
  /** Bytes an op of the second half over those of the first. */
  readonly diskGrowth: number;
  /** The longest from the start of a killed relay to the line that it listens. */
  readonly worstStartMs: number;
  /** Of the last start, behind all ops. */
  readonly lastStartMs: number;
}

/** Answers that wait for a busy machine are no growth of the relay's: a log of a hundred times the length that was read for each would show as more. */
const mostLatencyGrowth = 4;
const mostGrowth = 1.25;

/** Whether all that must hold does. */
export function isSound(report: SoakReport): boolean {
  const { ops, kills, lost, unknown, centsOff, memoryGrowth, latencyGrowth, openFilesGrowth, diskGrowth } = report;
  const isWhole = lost === 0 && unknown === 0 && centsOff === 0 && ops > 0 && kills > 0;
  const isFlat = [memoryGrowth, openFilesGrowth, diskGrowth].every((growth) => growth <= mostGrowth);
  return isWhole && isFlat && latencyGrowth <= mostLatencyGrowth;
}

type Growth = 'memoryGrowth' | 'latencyGrowth' | 'openFilesGrowth' | 'diskGrowth';

/** Lifetimes in which little happened say little: only those with at least half of the median's ops count. */
export function growthOf(lifetimes: readonly Lifetime[]): Pick<SoakReport, Growth> {
  const usual = median(lifetimes.map(({ ops }) => ops));
  const counted = lifetimes.filter(({ ops }) => ops * 2 >= usual);
  const middle = Math.floor(counted.length / 2);
  const ratio = (of: (lifetime: Lifetime) => number): number => {
    const [first, second] = [counted.slice(0, middle), counted.slice(middle)];
    return first.length === 0 ? 1 : round(median(second.map(of)) / Math.max(1e-9, median(first.map(of))));
  };
  return {
    memoryGrowth: ratio(({ peakRssMb }) => peakRssMb),
    latencyGrowth: ratio(({ p99Ms }) => p99Ms),
    openFilesGrowth: ratio(({ openFiles }) => openFiles),
    diskGrowth: ratio(({ diskBytes, opsBefore, ops }) => diskBytes / (opsBefore + ops)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
