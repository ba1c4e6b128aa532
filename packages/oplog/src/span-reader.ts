// Reads many spans of a file in few reads.
import type { Span } from './file-log-state.ts';

/** Spans this close together are read at once, up to `maxReadBytes`. */
const maxGapBytes = 4_096;
const maxReadBytes = 1 << 20;

/** The bytes of each span, in their order, each in memory of its own. */
export function readSpans(spans: readonly Span[], read: (offset: number, length: number) => Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let run: Span[] = [];

  function flush(): void {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return;
    const bytes = read(first.at, endOf(last) - first.at);
    for (const span of run) found.push(bytes.slice(span.at - first.at, endOf(span) - first.at));
    run = [];
  }

  for (const span of spans) {
    if (!continues(run, span)) flush();
    run.push(span);
  }
  flush();
  return found;
}

function continues(run: readonly Span[], next: Span): boolean {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return true;
  const gapBytes = next.at - endOf(last);
  return gapBytes >= 0 && gapBytes <= maxGapBytes && endOf(next) - first.at <= maxReadBytes;
}

function endOf({ at, length }: Span): number {
  return at + length;
}
