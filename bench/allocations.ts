/**
 * Counts what work allocates on the JavaScript heap, by V8's sampling heap profiler with an interval of one byte, so that it takes nearly every object, and
 * those that the collector takes back as well. The code is warm first, so it counts what optimised code allocates, which puts neighbours into one allocation
 * and leaves some out; that is why two counts differ by a few per cent, unlike every other count. What lies outside the heap is not in it: the contents of typed arrays above 64 bytes, and what OpenSSL and SQLite take.
 */
import { Session } from 'node:inspector/promises';
import { type Counts, perOp } from './suite.ts';

const WARM_UPS = 20;

/** Names of counts that are not exact to the last digit. */
export const inexactCounts: ReadonlySet<string> = new Set(['allocations', 'allocatedBytes']);

interface Place {
  readonly selfSize: number;
  readonly children: readonly Place[];
}

/** What V8 answers; the types of Node leave out the samples. */
interface Profile {
  readonly head: Place;
  readonly samples: readonly unknown[];
}

/** Objects and bytes allocated for one op by work that does `ops` of them, a few thousand at most: every object is a sample. */
export async function countAllocations(ops: number, work: () => unknown): Promise<Counts> {
  for (let warmed = 0; warmed < WARM_UPS; warmed++) await work();
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: 1,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await work();
    const { profile } = (await session.post('HeapProfiler.stopSampling')) as unknown as { profile: Profile };
    return perOp({ allocations: profile.samples.length, allocatedBytes: sizeOf(profile.head) }, ops);
  } finally {
    session.disconnect();
  }
}

function sizeOf({ selfSize, children }: Place): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}
