// Progress on stderr: one line that redraws itself on a terminal, and one plain line per finished step (or per few seconds of
// a long one) anywhere else, so that logs stay readable and stdout stays free for results.

/** The part of a stream progress needs. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A piece of work with a known or unknown amount. */
export interface Step {
  /** Says how much is done so far; cheap enough for every row. */
  reach(done: number): void;
  /** Ends the step with a sentence about its result. */
  finish(result: string): void;
}

export interface Progress {
  begin(label: string, total?: number): Step;
  /** A line of its own that stays. */
  say(text: string): void;
  /** Takes a half-drawn line away before something else is written to the terminal. */
  clear(): void;
}

const redrawMs = 80;
const plainMs = 5_000;
const barCells = 24;

/** Progress that writes to `stream`; `now` is a millisecond clock. */
export function createProgress(stream: ProgressStream, now: () => number = () => performance.now()): Progress {
  const live = stream.isTTY === true;
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write('\r\u001B[K');
    drawn = false;
  };
  const say = (text: string): void => {
    clear();
    stream.write(`${text}\n`);
  };
  const begin = (label: string, total?: number): Step => {
    const startedMs = now();
    let shownMs = live ? Number.NEGATIVE_INFINITY : startedMs;
    return {
      reach(done) {
        const time = now();
        if (time - shownMs < (live ? redrawMs : plainMs)) return;
        shownMs = time;
        if (!live) return say(`${label} ${amount(done, total)}`);
        stream.write(`\r\u001B[K${barLine(label, done, total).slice(0, (stream.columns ?? 80) - 1)}`);
        drawn = true;
      },
      finish: (result) => say(`${label}: ${result} (${((now() - startedMs) / 1000).toFixed(1)} s)`),
    };
  };
  return { begin, say, clear };
}

/** Progress that says nothing, for callers that are not people. */
export const silentProgress: Progress = {
  begin: () => ({ reach: () => undefined, finish: () => undefined }),
  say: () => undefined,
  clear: () => undefined,
};

function amount(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return grouped(done);
  return `${Math.floor((100 * done) / total)} % (${grouped(done)} of ${grouped(total)})`;
}

function barLine(label: string, done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return `${label}  ${grouped(done)}`;
  const full = Math.min(barCells, Math.round((barCells * done) / total));
  return `${label}  ${'━'.repeat(full)}${'┈'.repeat(barCells - full)}  ${amount(done, total)}`;
}

/** Digits in groups of three: 1,308,957. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
