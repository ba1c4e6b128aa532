/**
 * What every peer can do, and how one task of one peer runs: in a process of its own, which prints one JSON object. A peer times its own work and nothing
 * else; what it then holds is checked here, after the clock has stopped.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';

export const PAYLOAD_BYTES = 177;

/** What a peer answers. */
export interface Done {
  /** By the clock. */
  readonly ms: number;
  /** Processor time of all threads of the process. */
  readonly cpuMs: number;
  /** Every payload that the peer can read now, those of one device in the order in which it wrote them. */
  readonly payloads: readonly string[];
}

/** What a program prints. */
export interface Outcome {
  readonly ms: number;
  readonly cpuMs: number;
  /** Of the database files when all is closed. */
  readonly storedBytes: number;
}

/** A peer keeps its database in `folder`, as `store.db`, and beside it whatever else it wants to know again. */
export interface Peer {
  /** Writes these events into a new store, so many between two waits for the disk. Timed: from the first event until all are on the disk. */
  append(folder: string, payloads: readonly string[], group: number): Promise<Done>;
  /** Reads a store from disk, verified. Timed: from opening the database until every payload is in hand. */
  reopen(folder: string): Promise<Done>;
  /** Makes two replicas of one log that were written apart: the store in `folder`, and what the other one would send, in `update`. */
  part(folder: string, first: readonly string[], second: readonly string[]): Promise<void>;
  /** Takes the update into the open store. Timed: from reading the file until all is verified, on the disk, and every payload of both is in hand. */
  merge(folder: string): Promise<Done>;
}

/** Seeded text that does not repeat, of `PAYLOAD_BYTES` each. */
export function payloadsOf(device: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const blocks = [0, 1, 2].map((block) => createHash('sha512').update(`${device} ${index} ${block}`).digest());
    return Buffer.concat(blocks).toString('base64').slice(0, PAYLOAD_BYTES);
  });
}

export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; cpuMs: number; value: T }> {
  const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms: performance.now() - before, cpuMs: (user + system) / 1000, value };
}

/** Runs the task that the command line names: TASK FOLDER EVENTS [GROUP]. */
export async function runTask(peer: Peer): Promise<void> {
  const [task, folder = '', events = '0', group = '1'] = process.argv.slice(2);
  const [first, second] = [payloadsOf(1, Number(events)), payloadsOf(2, Number(events))];
  let outcome: Outcome | undefined;
  if (task === 'append') {
    const done = await peer.append(folder, first, Number(group));
    mustHold(done.payloads, first);
    // What a process of its own finds on the disk is what counts.
    mustHold((await peer.reopen(folder)).payloads, first);
    outcome = outcomeOf(done, folder);
  } else if (task === 'reopen') {
    const done = await peer.reopen(folder);
    mustHold(done.payloads, first);
    outcome = outcomeOf(done, folder);
  } else if (task === 'part') {
    await peer.part(folder, first, second);
  } else if (task === 'merge') {
    const done = await peer.merge(folder);
    mustHold(done.payloads, first, second);
    mustHold((await peer.reopen(folder)).payloads, first, second);
    outcome = outcomeOf(done, folder);
  } else {
    throw new RangeError(`there is no task "${task}"`);
  }
  process.stdout.write(JSON.stringify(outcome ?? {}));
}

function outcomeOf({ ms, cpuMs }: Done, folder: string): Outcome {
  return { ms, cpuMs, storedBytes: statSync(join(folder, 'store.db')).size };
}

/** The payloads of these devices, those of each in order. The devices may stand in any order, or mixed. */
function mustHold(got: readonly string[], ...devices: readonly (readonly string[])[]): void {
  const expected = devices.reduce((sum, payloads) => sum + payloads.length, 0);
  if (got.length !== expected) throw new Error(`${got.length} payloads, expected ${expected}`);
  const next = devices.map(() => 0);
  for (const [index, payload] of got.entries()) {
    const device = devices.findIndex((payloads, which) => payloads[next[which] as number] === payload);
    if (device < 0) throw new Error(`payload ${index} is not the next one of any device`);
    next[device] = (next[device] as number) + 1;
  }
}
