/** Makes a trace that fails as small as it gets by leaving events out: halves, quarters, and so on down to single events. */
import type { Trace, WorldEvent } from './trace.ts';

export interface ShrinkOptions {
  /** Whether this trace fails too. */
  fails(trace: Trace): Promise<boolean>;
  /** How many traces are tried at most; 300 when left out. */
  readonly maxTries?: number;
}

export async function shrinkTrace(trace: Trace, { fails, maxTries = 300 }: ShrinkOptions): Promise<Trace> {
  let { events } = trace;
  let tries = 0;
  let size = Math.ceil(events.length / 2);
  while (size >= 1) {
    let isSmaller = false;
    for (let from = 0; from < events.length && tries < maxTries; ) {
      const left: readonly WorldEvent[] = [...events.slice(0, from), ...events.slice(from + size)];
      tries += 1;
      if (await fails({ ...trace, events: left })) {
        events = left;
        isSmaller = true;
      } else from += size;
    }
    if (tries >= maxTries) break;
    // Leaving out one event may make another needless, so the last round is repeated while it helps.
    if (size > 1 || !isSmaller) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return { ...trace, events };
}
