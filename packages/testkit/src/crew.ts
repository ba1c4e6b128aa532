/** Simulates seed after seed in as many threads as there are cores: each thread takes the next seed as soon as it is done with the one before. */
import { Worker } from 'node:worker_threads';
import type { Plant } from './plants.ts';
import type { Simulated } from './simulate.ts';

/** What a thread is asked for at its start. */
export interface Shift {
  /** The next seed to take is counted in here, for all threads. */
  readonly next: SharedArrayBuffer;
  /** The first seed after the last. */
  readonly end: number;
  readonly ops: number;
  readonly plant: Plant | undefined;
}

/** What a thread says of each seed. */
export interface Done extends Simulated {
  readonly seed: number;
}

export interface CrewOptions {
  readonly seed: number;
  readonly runs: number;
  readonly ops: number;
  readonly plant: Plant | undefined;
  readonly threads: number;
  /** Called for each seed, in whatever order they come to an end. False ends the work: seeds that were begun are finished. */
  onDone(done: Done): boolean;
}

/** Resolves when every thread has come to its end; rejects when one dies. */
export async function simulateSeeds({ seed, runs, threads, onDone, ...asked }: CrewOptions): Promise<void> {
  const next = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const end = seed + runs;
  const counter = new Int32Array(next);
  Atomics.store(counter, 0, seed);
  const shift: Shift = { next, end, ...asked };
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './fuzz-thread.ts' : './fuzz-thread.js', import.meta.url);
  const work = Array.from({ length: threads }, async () => {
    // What a simulated fleet makes lives short, and there is much of it.
    const thread = new Worker(entry, { workerData: shift, resourceLimits: { maxYoungGenerationSizeMb: 128 } });
    thread.on('message', (done: Done) => {
      if (!onDone(done)) Atomics.store(counter, 0, end);
    });
    const code = await new Promise<number>((resolve, reject) => {
      thread.once('error', reject);
      thread.once('exit', resolve);
    });
    if (code !== 0) throw new Error(`a thread of the simulation ended with code ${code}`);
  });
  await Promise.all(work);
}
