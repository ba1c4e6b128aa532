// `npm run --silent fuzz:relay -- [--requests 1000000] [--seed 7]`: requests of every kind at one relay over SQLite, whole ones and broken ones, signed ones and
// unsigned ones. None may be answered 5xx or in other words than the specification's, memory must stay where it was, and an honest device is served meanwhile.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRelay, createRelayClient, type Relay, type RelayStore, signReads } from '@tallystick/relay-protocol';
import { createSqliteRelayStore } from '@tallystick/relay-protocol/node';
import { parseAnswerCode, statusByCode } from '../packages/relay-protocol/src/errors.ts';
import { ed25519, hasher, hq, relaySigner } from '../packages/relay-protocol/test/fleet.ts';
import { createRandom, createRequests, origin, type Shop } from './relay-requests.ts';

export interface RelayFuzzReport {
  readonly requests: number;
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<number, number>>;
  /** How often the honest device pushed and read. */
  readonly served: number;
  /** Resident memory at the end beyond that after the first tenth. */
  readonly grownMiB: number;
  /** What was answered otherwise than it may be; the first few. */
  readonly faults: readonly string[];
}

const startMs = 1_764_500_000_000;
/** By the relay's clock, so that rates and nonces of a million requests are those of hours and not of minutes. */
const betweenMs = 25;
const maxFaults = 10;
/** Twice what a collector leaves lying about in such a run. */
export const maxGrownMiB = 128;

function refusalIn(text: string): { readonly code?: unknown; readonly message?: unknown } {
  try {
    return JSON.parse(text) as { code?: unknown; message?: unknown };
  } catch {
    return {};
  }
}

/** What is wrong with an answer, in words. */
async function faultOf({ method }: Request, answer: Response): Promise<string | undefined> {
  const { status, headers } = answer;
  if (headers.get('content-type') === 'text/event-stream') {
    await answer.body?.cancel();
    return undefined;
  }
  const text = await answer.text();
  if (status < 400) return status === 200 || status === 204 ? undefined : `status ${status}`;
  if (status >= 500 && status !== 503) return `status ${status}: ${text.slice(0, 200)}`;
  const { code, message } = refusalIn(text);
  const known = parseAnswerCode(code);
  if (known === undefined || typeof message !== 'string') return `${method} is refused with ${text.slice(0, 200)}`;
  if (statusByCode[known] !== status) return `${known} has status ${status}`;
  if ((status === 429 || status === 503) && !(Number(headers.get('retry-after')) >= 1)) return `${known} says not when`;
  return status === 401 && !headers.has('accept-signature') ? `${known} says not how` : undefined;
}

export async function fuzzRelay(
  requests: number,
  seed: number,
  wrap: (relay: Relay) => Pick<Relay, 'fetch'> = (relay) => relay,
): Promise<RelayFuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-relay-'));
  const store = createSqliteRelayStore(join(folder, 'relay.sqlite'));
  try {
    return await throwAt(store, requests, seed, wrap);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function throwAt(
  store: RelayStore,
  requests: number,
  seed: number,
  wrap: (relay: Relay) => Pick<Relay, 'fetch'>,
): Promise<RelayFuzzReport> {
  const faults: string[] = [];
  let nowMs = startMs;
  const made = createRelay({
    store,
    signer: relaySigner(),
    hasher,
    ed25519,
    now: () => nowMs,
    limits: { maxBooks: 20, maxBatchOps: 50, maxBatchBytes: 100_000 },
    onEvent: (event) => void (event.kind === 'failed' && faults.push(`failed: ${String(event.error)}`)),
  });
  const relay = wrap(made);
  const thrown = await createRequests(createRandom(seed), () => nowMs);
  const { shop } = thrown;
  const serve = honestly(relay, shop, () => nowMs);
  await serve(shop.opening);
  const statuses: Record<number, number> = {};
  let [served, calmMiB] = [0, 0];
  const meanwhile = Math.max(1, Math.floor(requests / 100));
  for (let count = 0; count < requests; count++) {
    nowMs += betweenMs;
    const request = await thrown.next();
    const answer = await relay.fetch(request);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    const fault = await faultOf(request, answer);
    if (fault !== undefined && faults.length < maxFaults)
      faults.push(`${fault} for ${request.method} ${request.url.slice(0, 300)}`);
    if (count % meanwhile === 0) {
      await serve([shop.honest.write()]);
      served += 1;
    }
    if (count === Math.floor(requests / 10)) calmMiB = residentMiB();
  }
  await made.close();
  return { requests, statuses, served, grownMiB: residentMiB() - calmMiB, faults: faults.slice(0, maxFaults) };
}

/** Pushes and reads as a device does that means no harm; throws where it is not served. */
function honestly(
  relay: Pick<Relay, 'fetch'>,
  { fleet, honest, readerOf }: Shop,
  now: () => number,
): (records: Parameters<ReturnType<typeof createRelayClient>['push']>[2]) => Promise<void> {
  const options = { url: origin, fetch: (request: Request) => relay.fetch(request), retry: { attempts: 1 }, now };
  const client = signReads(createRelayClient(options), [readerOf(honest)]);
  return async (records) => {
    const { results } = await client.push(fleet.book, hq, records);
    const { position = -1, verdict } = results.at(-1) ?? {};
    if (verdict !== 'stored' || position < 0) throw new Error(`an honest push is answered ${verdict}`);
    const { frames } = await client.pull(fleet.book, hq, position);
    if (frames.length !== 1) throw new Error('what was stored is not served');
  };
}

function residentMiB(): number {
  return process.memoryUsage().rss / (1 << 20);
}

async function main(): Promise<void> {
  const options = { requests: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '7' } } as const;
  const { values } = parseArgs({ options });
  const startedMs = performance.now();
  const { requests, statuses, served, grownMiB, faults } = await fuzzRelay(
    Number(values.requests),
    Number(values.seed),
  );
  const holds = faults.length === 0 && requests > 0 && grownMiB < maxGrownMiB;
  const said = Object.entries(statuses).map(([status, count]) => `${status}:${count}`);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `fuzz:relay requests=${requests} seed=${values.seed} answers=${said.join()} served=${served} grown=${grownMiB.toFixed(1)}MiB in ${seconds}s ${holds ? 'PASS' : 'FAIL'}`,
  );
  for (const fault of faults) console.error(`  ${fault}`);
  if (!holds) process.exitCode = 1;
}

if (import.meta.main) await main();
