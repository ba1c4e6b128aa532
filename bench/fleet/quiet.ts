/** What is asked of a relay that has little else to do: how soon a thousand tills that listen hear of an op, and how long a claim takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRelayClient } from '@tallystick/relay-protocol';
import { mustBe } from '../suite.ts';
import { clientAs, placeName } from './books.ts';
import type { Fleet } from './fleet.ts';
import { hq, keyOf } from './tills.ts';

const ROUNDS = 20;
const CLAIMS = 400;
/** Thrown away, as every suite throws away its first run: the relay reads the log once, and V8 has not seen a claim yet. */
const FIRST_CLAIMS = 100;
const WAIT_MS = 10_000;
/** Connections of our own that may stay when those of the listeners are gone. */
const KEPT_CONNECTIONS = 16;

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** From the request that hands in an op of `hq` to the event that tells a till of it, in milliseconds; every till hears of every op. */
export async function measureFanOut(fleet: Fleet, listeners: number): Promise<Latencies> {
  const { firm, relay } = fleet;
  const { openFiles } = relay.usage();
  const office = createRelayClient({ url: relay.url });
  const latenciesMs: number[] = [];
  let [size, pushedMs, heard] = [await sizeOfHq(fleet), 0, 0];
  let allHeard: () => void = () => undefined;
  const ending = new AbortController();
  const listen = async (till: number): Promise<void> => {
    const client = clientAs(relay, keyOf(`till ${till}`));
    const events = await client.tail(firm.book, [{ scope: hq, size }], { signal: ending.signal });
    void (async () => {
      for await (const event of events) {
        if (event.scope !== hq || event.size !== size) continue;
        latenciesMs.push(performance.now() - pushedMs);
        heard += 1;
        if (heard === listeners) allHeard();
      }
    })().catch(() => undefined);
  };
  try {
    for (let first = 0; first < listeners; first += 50)
      await Promise.all(Array.from({ length: Math.min(50, listeners - first) }, (_, at) => listen(first + at)));
    for (let round = 0; round < ROUNDS; round++) {
      const record = firm.reprice(round);
      const everybody = new Promise<void>((resolve, reject) => {
        allHeard = resolve;
        setTimeout(() => reject(new Error(`${heard} of ${listeners} heard of an op`)), WAIT_MS).unref();
      });
      [heard, size, pushedMs] = [0, size + 1, performance.now()];
      const [result] = (await office.push(firm.book, hq, [record])).results;
      note(fleet, result, 'stored');
      await everybody;
    }
  } finally {
    ending.abort();
  }
  // A thousand connections that end are work for the relay, and none of what is measured next.
  await until('the listeners are gone', () => relay.usage().openFiles <= openFiles + KEPT_CONNECTIONS);
  mustBe('events', latenciesMs.length, ROUNDS * listeners);
  return summarize(latenciesMs);
}

/** From the request to the grant, one claim after another, in milliseconds, without the first of them. */
export async function measureClaims(fleet: Fleet): Promise<Latencies> {
  const { firm, relay } = fleet;
  const client = createRelayClient({ url: relay.url });
  const latenciesMs: number[] = [];
  for (let at = 0; at < FIRST_CLAIMS + CLAIMS; at++) {
    const record = firm.reprice(at, `bench/${at}`);
    const startMs = performance.now();
    const [result] = (await client.claim(firm.book, hq, [record])).results;
    if (at >= FIRST_CLAIMS) latenciesMs.push(performance.now() - startMs);
    mustBe('holder', result?.holder?.hash, record.hash);
    note(fleet, result, 'stored');
  }
  return summarize(latenciesMs);
}

/** It counts as any op of the fleet: the log is asked for it in the end. */
function note(
  fleet: Fleet,
  result: { readonly verdict: string; readonly hash: string; readonly position?: number } | undefined,
  verdict: string,
): void {
  mustBe('verdict', result?.verdict, verdict);
  fleet.ops += 1;
  fleet.acknowledged.set(placeName(hq, result?.hash as never), result?.position as number);
}

async function sizeOfHq({ firm, relay }: Fleet): Promise<number> {
  const scopes = await clientAs(relay, firm.office).scopes(firm.book);
  return scopes.find(({ scope }) => scope === hq)?.size ?? 0;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not in ${WAIT_MS} ms: ${what}`);
    await sleep(20);
  }
}

function summarize(latenciesMs: readonly number[]): Latencies {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}
