/** The days of the fleet: set up, two messages a till, full detail at closing time, and a day on which much goes wrong. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { OpHash, Scope } from '@tallystick/oplog';
import { createRelayClient, type PushAnswer } from '@tallystick/relay-protocol';
import { mustBe } from '../suite.ts';
import { checkReceipts, followScope, placeName, type Readback, readBack } from './books.ts';
import type { CrewData, Order, Phase, Pushed, Signed } from './crew.ts';
import { type RelayProcess, startRelayProcess, type Usage } from './relay-process.ts';
import { branchOf, createAuthor, type Firm, hq, keyOf, openFirm, takingsOf, TILLS_A_BRANCH } from './tills.ts';

export interface FleetOptions {
  readonly tills: number;
  readonly sales: number;
  readonly connections: number;
  /** Threads that play the tills. */
  readonly threads: number;
  /** The built program of the relay, and what it is told besides where its data is. */
  readonly program: string;
  readonly relayOptions: readonly string[];
  readonly folder: string;
  readonly crew: URL;
  say(text: string): void;
}

export interface Crew {
  ask<T>(order: Order): Promise<T>;
  /** Its thread waits for what `listen` answers before it sends more. */
  onPause(listen: () => Promise<void>): void;
  end(): Promise<void>;
}

/** What one clocked stretch came to. */
export interface Stretch {
  readonly ops: number;
  readonly ms: number;
  readonly opsPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly relayCpuUsPerOp: number;
  readonly tillsCpuUsPerOp: number;
  readonly verifiesPerOp: number;
  readonly commitsPerOp: number;
  readonly bytesOutPerOp: number;
  readonly bytesInPerOp: number;
  readonly relayRssMb: number;
}

export interface Fleet {
  readonly firm: Firm;
  readonly scopes: readonly Scope[];
  readonly crews: readonly Crew[];
  readonly options: FleetOptions;
  relay: RelayProcess;
  /** What must be in the log. */
  ops: number;
  minor: number;
  readonly acknowledged: Map<string, number>;
  readonly samples: Pushed['samples'][number][];
}

/** Starts the relay, opens the book, and enrols every till in its branch's scope. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const relay = await startRelayProcess(options.program, join(options.folder, 'relay'), options.relayOptions);
  const firm = openFirm();
  const client = createRelayClient({ url: relay.url });
  const stored = async (answer: Promise<PushAnswer>): Promise<void> => {
    for (const { verdict } of (await answer).results) mustBe('verdict', verdict, 'stored');
  };
  await stored(client.push(firm.book, hq, firm.opening));
  let ops = firm.opening.length;
  const scopes: Scope[] = [];
  const members: { till: number; enrolment: OpHash }[] = [];
  let waiting: Promise<void>[] = [];
  for (let first = 0; first < options.tills; first += TILLS_A_BRANCH) {
    const numbers = Array.from({ length: Math.min(TILLS_A_BRANCH, options.tills - first) }, (_, at) => first + at);
    const scope = branchOf(first);
    const enrolments = firm.enrol(
      scope,
      numbers.map((till) => keyOf(`till ${till}`)),
    );
    scopes.push(scope);
    for (const [at, till] of numbers.entries())
      members.push({ till, enrolment: (enrolments[at] as { hash: OpHash }).hash });
    ops += enrolments.length;
    waiting.push(stored(client.push(firm.book, scope, enrolments)));
    if (waiting.length === 32) waiting = await Promise.all(waiting).then(() => []);
  }
  await Promise.all(waiting);
  const crews = Array.from({ length: options.threads }, (_, thread) =>
    startCrew(options.crew, {
      book: firm.book,
      tills: members.filter((_member, at) => at % options.threads === thread),
      file: join(options.folder, `crew-${thread}`),
    }),
  );
  return { firm, scopes, crews, options, relay, ops, minor: 0, acknowledged: new Map(), samples: [] };
}

function startCrew(program: URL, data: CrewData): Crew {
  const worker = new Worker(program, { workerData: data });
  let listen = (): Promise<void> => Promise.resolve();
  return {
    ask: <T>(order: Order) =>
      new Promise<T>((resolve, reject) => {
        const take = (message: { answer?: T; error?: string; paused?: boolean }): void => {
          if (message.paused === true) {
            listen().then(() => worker.postMessage({ kind: 'go-on' } satisfies Order), reject);
            return;
          }
          worker.off('message', take);
          worker.off('error', reject);
          if (message.error === undefined) resolve(message.answer as T);
          else reject(new Error(message.error));
        };
        worker.on('message', take);
        worker.once('error', reject);
        worker.postMessage(order);
      }),
    onPause: (to) => void (listen = to),
    async end() {
      const gone = once(worker, 'exit');
      await worker.terminate();
      await gone;
    },
  };
}

/** Signs before the clock starts, and remembers what the books must come to. */
export async function signPhase(fleet: Fleet, phase: Phase): Promise<void> {
  const order: Order = { kind: 'sign', phase, sales: fleet.options.sales };
  for (const { ops, minor } of await Promise.all(fleet.crews.map((crew) => crew.ask<Signed>(order)))) {
    fleet.ops += ops;
    fleet.minor += minor;
  }
}

export interface PushOptions {
  readonly retries?: number;
  /** The relay is killed when the first thread has so many answers, and started again while all threads push. */
  readonly killAfter?: number;
}

/** From the first request of all threads to the last answer of all. */
export function clockedMs(parts: readonly Pick<Pushed, 'startedMs' | 'endedMs'>[]): number {
  return Math.max(...parts.map(({ endedMs }) => endedMs)) - Math.min(...parts.map(({ startedMs }) => startedMs));
}

/** Clocked from the first request to the last answer of each phase. What a till sends lies in memory before, unless it is too much for that; answers are looked at when all are there. */
export async function pushPhases(fleet: Fleet, phases: readonly Phase[], options: PushOptions = {}): Promise<Stretch> {
  const { crews, relay } = fleet;
  const before = relay.usage();
  const said = { ...relay.said };
  const parts: Pushed[] = [];
  let ms = 0;
  for (const phase of phases) {
    const pushed = await pushPhase(fleet, phase, options);
    parts.push(...pushed);
    ms += clockedMs(pushed);
  }
  for (const { wrong, acknowledged, samples } of parts) {
    mustBe('answers that are neither stored nor exists', wrong.join('; '), '');
    for (const { scope, hash, position } of acknowledged) {
      const name = placeName(scope, hash);
      mustBe(`position of ${hash}`, position, fleet.acknowledged.get(name) ?? position);
      fleet.acknowledged.set(name, position);
    }
    fleet.samples.push(...samples);
  }
  mustBe('threads that answered', parts.length, crews.length * phases.length);
  return summarize(parts, ms, before, fleet.relay.usage(), {
    commits: fleet.relay.said.commits - said.commits,
    signaturesChecked: fleet.relay.said.signaturesChecked - said.signaturesChecked,
  });
}

async function pushPhase(fleet: Fleet, phase: Phase, { retries = 0, killAfter }: PushOptions): Promise<Pushed[]> {
  const { crews, options } = fleet;
  const connections = Math.ceil(options.connections / crews.length);
  const order: Order = { kind: 'push', phase, port: fleet.relay.port, connections, retries };
  const pausing: Order = killAfter === undefined ? order : { ...order, pauseAfter: killAfter };
  let started: Promise<void> | undefined;
  crews[0]?.onPause(async () => {
    const start = await killRelay(fleet);
    started = start();
  });
  const pushed = await Promise.all(crews.map((crew, at) => crew.ask<Pushed>(at === 0 ? pausing : order)));
  await started;
  if (killAfter !== undefined && pushed.every(({ unanswered }) => unanswered === 0))
    throw new Error('the fleet was done before its relay was killed');
  return pushed;
}

function summarize(
  parts: readonly Pushed[],
  ms: number,
  before: Usage,
  after: Usage,
  said: RelayProcess['said'],
): Stretch {
  const total = (of: (part: Pushed) => number): number => parts.reduce((sum, part) => sum + of(part), 0);
  const ops = total((part) => part.ops);
  const latencies = Float64Array.from(parts.flatMap(({ latenciesMs }) => [...latenciesMs])).sort();
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    ops,
    ms,
    opsPerSecond: (ops * 1_000) / ms,
    latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
    relayCpuUsPerOp: ((after.cpuMs - before.cpuMs) * 1_000) / ops,
    tillsCpuUsPerOp: (total((part) => part.cpuMs) * 1_000) / ops,
    verifiesPerOp: said.signaturesChecked / ops,
    commitsPerOp: said.commits / ops,
    bytesOutPerOp: total((part) => part.bytesOut) / ops,
    bytesInPerOp: total((part) => part.bytesIn) / ops,
    relayRssMb: after.rssMb,
  };
}

/** Killed without a word; what it answers starts it again on the same data and port. */
async function killRelay(fleet: Fleet): Promise<() => Promise<void>> {
  const { program, folder, relayOptions } = fleet.options;
  const { port, said } = fleet.relay;
  const { cpuMs } = fleet.relay.usage();
  await fleet.relay.stop('SIGKILL');
  // What it had used up to then counts as well.
  const options = [...relayOptions, '--port', String(port)];
  return async () => {
    fleet.relay = await startRelayProcess(program, join(folder, 'relay'), options, { ...said, cpuMs });
  };
}

/** Starts the stopped relay; answers the milliseconds until it has answered a push, which takes the book's roster. */
export async function restart(fleet: Fleet): Promise<number> {
  const { program, folder, relayOptions } = fleet.options;
  const started = performance.now();
  fleet.relay = await startRelayProcess(program, join(folder, 'relay'), relayOptions);
  const { firm, relay } = fleet;
  const [genesis] = firm.opening;
  const answer = await createRelayClient({ url: relay.url }).push(
    firm.book,
    hq,
    genesis === undefined ? [] : [genesis],
  );
  mustBe('verdict', answer.results[0]?.verdict, 'exists');
  return performance.now() - started;
}

/** Tills that lost all but their key: each reads its branch back, goes on where its own chain ended, and is taken. */
export async function recoverTills(fleet: Fleet, tills: readonly number[]): Promise<void> {
  const { firm, relay } = fleet;
  const client = createRelayClient({ url: relay.url });
  for (const till of tills) {
    const key = keyOf(`till ${till}`);
    const scope = branchOf(till);
    let head: { seq: number; hash: OpHash } | undefined;
    await followScope(relay, key, firm.book, scope, ({ op, hash }) => {
      if (op.device === key.device) head = { seq: op.seq, hash };
      else if (op.args['device'] === key.device) head ??= { seq: 0, hash };
    });
    if (head === undefined) throw new Error(`till ${till} is not in the log of ${scope}`);
    const start = head;
    const author = createAuthor(key, firm.book, () => start);
    const record = author.write(scope, 'sale.complete@1', { tenders: [{ amountMinor: 1_99, kind: 'cash' }] });
    const [result] = (await client.push(firm.book, scope, [record])).results;
    mustBe(`verdict on till ${till}`, result?.verdict, 'stored');
    fleet.acknowledged.set(placeName(scope, record.hash), result?.position as number);
    fleet.ops += 1;
    fleet.minor += takingsOf(record);
  }
}

/** Reads the whole log back. Nothing that was acknowledged is missing or elsewhere; answers how many cents the books are off. */
export async function proveBooks(fleet: Fleet): Promise<Readback & { readonly centsOff: number }> {
  const { relay, firm, scopes } = fleet;
  const back = await readBack(relay, firm.office, firm.book, [hq, ...scopes]);
  mustBe('ops in the log', back.ops, fleet.ops);
  for (const [name, position] of fleet.acknowledged) mustBe(`position of ${name}`, back.places.get(name), position);
  const lines = await checkReceipts(relay, firm.book, fleet.samples, back);
  if (fleet.samples.length > 0 && lines === 0) throw new Error('no receipt was checked');
  return { ...back, centsOff: Math.abs(back.minor - fleet.minor) };
}
