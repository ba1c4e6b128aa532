/**
 * A thread of the fleet: it signs what its tills will say before the clock starts, and hands it in when it is told to, over real HTTP. Its work and its
 * answers go through a message port.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import type { BookId, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createDice } from '@tallystick/testkit';
import { createConnection } from './connection.ts';
import { type Author, branchOf, createAuthor, evening, keyOf, type Message, morning, sales } from './tills.ts';

export interface CrewData {
  readonly book: BookId;
  /** The tills of this thread, and the op that enrolled each. */
  readonly tills: readonly { readonly till: number; readonly enrolment: OpHash }[];
  readonly file: string;
}

export type Phase = 'morning' | 'evening' | 'sales' | 'next';

export type Order =
  | { readonly kind: 'sign'; readonly phase: Phase; readonly sales: number }
  | {
      readonly kind: 'push';
      readonly phase: Phase;
      readonly port: number;
      readonly connections: number;
      /** Of 100 pushes, how many are sent twice. */
      readonly retries: number;
      /** After so many answers it says so, and sends nothing new before it is told to go on. */
      readonly pauseAfter?: number;
    }
  | { readonly kind: 'go-on' };

export interface Signed {
  readonly ops: number;
  readonly minor: number;
}

export interface Pushed {
  readonly ops: number;
  /** Answers other than `stored` and `exists`, and statuses other than 200. */
  readonly wrong: readonly string[];
  readonly stored: number;
  readonly exists: number;
  /** Requests that had to be sent again because no answer came. */
  readonly unanswered: number;
  readonly latenciesMs: Float64Array;
  /** The first request, by a clock that all threads share. */
  readonly startedMs: number;
  /** The last answer. */
  readonly endedMs: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly cpuMs: number;
  /** Positions that were acknowledged, by hash. */
  readonly acknowledged: readonly { readonly scope: Scope; readonly hash: OpHash; readonly position: number }[];
  /** Answers in full, of one push in a hundred: their receipts are checked after the clock has stopped. */
  readonly samples: readonly { readonly scope: Scope; readonly answer: string }[];
}

/** A request, as it lies in the file. */
interface Job {
  readonly scope: Scope;
  readonly from: number;
  readonly bytes: number;
  readonly ops: number;
}

const MIN_GZIP_BYTES = 1_024;
const SAMPLE = 100;
const MAX_AHEAD_BYTES = 64 << 20;
const MAX_OPS_A_PUSH = 1_000;
const { book, tills, file } = workerData as CrewData;
const authors = new Map<number, Author>();
const jobsByPhase = new Map<Phase, Job[]>();
let end = 0;

function authorOf({ till, enrolment }: CrewData['tills'][number]): Author {
  const known = authors.get(till);
  if (known !== undefined) return known;
  const author = createAuthor(keyOf(`till ${till}`), book, () => ({ seq: 0, hash: enrolment }));
  authors.set(till, author);
  return author;
}

function sign(phase: Phase, count: number): Signed {
  const descriptor = openSync(file, end === 0 ? 'w' : 'a');
  const jobs: Job[] = [];
  let [ops, minor] = [0, 0];
  for (const one of tills) {
    const author = authorOf(one);
    const messages: Message[] =
      phase === 'morning'
        ? [morning(one.till, author)]
        : phase === 'sales'
          ? sales(one.till, author, count, branchOf(one.till))
          : [evening(one.till, author)];
    for (let at = 0; at < messages.length; at += MAX_OPS_A_PUSH) {
      const part = messages.slice(at, at + MAX_OPS_A_PUSH);
      jobs.push(
        write(
          descriptor,
          branchOf(one.till),
          part.map(({ record }) => record),
        ),
      );
      ops += part.length;
      for (const message of part) minor += message.minor;
    }
  }
  closeSync(descriptor);
  jobsByPhase.set(phase, jobs);
  return { ops, minor };
}

/** Packed as the client of the relay packs it. */
function write(descriptor: number, scope: Scope, records: readonly OpRecord[]): Job {
  const bundle = encodeBundle(records);
  const packs = bundle.length >= MIN_GZIP_BYTES;
  const body = packs ? gzipSync(bundle) : bundle;
  const encoding = packs ? 'content-encoding: gzip\r\n' : '';
  const path = `/v1/books/${book}/scopes/${encodeURIComponent(scope)}/ops`;
  const head = `POST ${path} HTTP/1.1\r\nhost: relay\r\ncontent-type: application/octet-stream\r\n${encoding}content-length: ${body.length}\r\n\r\n`;
  const bytes = writeSync(descriptor, Buffer.concat([Buffer.from(head, 'latin1'), body]));
  const job = { scope, from: end, bytes, ops: records.length };
  end += bytes;
  return job;
}

/** Each thread has a beginning of its own for `performance.now`. */
function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

type PushOrder = Extract<Order, { kind: 'push' }>;

let goOn: () => void = () => undefined;

async function push({ phase, port, connections, retries, pauseAfter }: PushOrder): Promise<Pushed> {
  const once = jobsByPhase.get(phase) ?? [];
  // Tills of all branches at once, in no order; what is sent twice is sent at the same time.
  const jobs = createDice(1)
    .shuffle([...once.keys()])
    .flatMap((index): Job[] => {
      const job = once[index] as Job;
      return index % 100 < retries ? [job, job] : [job];
    });
  const descriptor = openSync(file, 'r');
  const tally = { stored: 0, exists: 0, unanswered: 0, bytesOut: 0, bytesIn: 0, next: 0, done: 0 };
  const latenciesMs = new Float64Array(jobs.length);
  const wrong: string[] = [];
  const answers: { job: Job; body: Buffer }[] = [];
  const requests = readAhead(descriptor, jobs);
  const cpu = process.threadCpuUsage();
  const startedMs = sharedMs();
  let pause: Promise<void> | undefined;
  const pauseOnce = (): void => {
    if (pauseAfter === undefined || tally.done < pauseAfter) return;
    pause ??= new Promise((resolve) => {
      goOn = resolve;
      parentPort?.postMessage({ paused: true });
    });
  };
  const drive = async (): Promise<void> => {
    const connection = createConnection(port);
    pauseOnce();
    await pause;
    for (let at = tally.next++; at < jobs.length; at = tally.next++) {
      const job = jobs[at] as Job;
      const request = requests(job);
      const start = performance.now();
      const reply = await sendUntilAnswered(connection, request, () => (tally.unanswered += 1));
      latenciesMs[at] = performance.now() - start;
      tally.bytesOut += job.bytes;
      tally.bytesIn += reply.bytesIn;
      tally.done += 1;
      if (reply.status !== 200) wrong.push(`${reply.status} ${reply.body.toString()}`);
      else answers.push({ job, body: reply.body });
      pauseOnce();
      await pause;
    }
    connection.close();
  };
  // So few that something is still to be sent when it pauses.
  const drivers = pauseAfter === undefined ? connections : Math.min(connections, jobs.length - pauseAfter - 1);
  await Promise.all(Array.from({ length: Math.max(1, drivers) }, drive));
  const endedMs = sharedMs();
  const { user, system } = process.threadCpuUsage(cpu);
  closeSync(descriptor);
  const acknowledged: Pushed['acknowledged'][number][] = [];
  const samples: Pushed['samples'][number][] = [];
  for (const [index, { job, body }] of answers.entries()) {
    const { results } = JSON.parse(body.toString()) as {
      results: { hash: OpHash; verdict: string; position?: number }[];
    };
    for (const { hash, verdict, position } of results) {
      if (verdict === 'stored') tally.stored += 1;
      else if (verdict === 'exists') tally.exists += 1;
      else wrong.push(`${verdict} ${hash}`);
      if (position !== undefined) acknowledged.push({ scope: job.scope, hash, position });
    }
    if (index % SAMPLE === 0) samples.push({ scope: job.scope, answer: body.toString() });
  }
  const { stored, exists, unanswered, bytesOut, bytesIn } = tally;
  const ops = once.reduce((sum, job) => sum + job.ops, 0);
  const cpuMs = (user + system) / 1_000;
  return {
    ops,
    wrong: wrong.slice(0, 5),
    stored,
    exists,
    unanswered,
    latenciesMs,
    startedMs,
    endedMs,
    bytesOut,
    bytesIn,
    cpuMs,
    acknowledged,
    samples,
  };
}

/** What is not too much is read before the clock starts: a till has what it sends in memory. */
function readAhead(descriptor: number, jobs: readonly Job[]): (job: Job) => Uint8Array {
  const first = jobs.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
  const last = jobs.reduce((most, { from, bytes }) => Math.max(most, from + bytes), 0);
  const all = last - first <= MAX_AHEAD_BYTES ? Buffer.alloc(Math.max(0, last - first)) : undefined;
  if (all !== undefined) readSync(descriptor, all, 0, all.length, first);
  return ({ from, bytes }) => {
    if (all !== undefined) return all.subarray(from - first, from - first + bytes);
    const request = Buffer.allocUnsafe(bytes);
    readSync(descriptor, request, 0, bytes, from);
    return request;
  };
}

/** A relay that dies or is busy is asked again until it answers: the same bytes, for a push may be repeated at will. */
async function sendUntilAnswered(
  connection: ReturnType<typeof createConnection>,
  request: Uint8Array,
  onUnanswered: () => void,
): ReturnType<typeof connection.send> {
  for (;;) {
    try {
      const reply = await connection.send(request);
      if (reply.status !== 503) return reply;
    } catch {
      // Asked again below.
    }
    onUnanswered();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

parentPort?.on('message', (order: Order) => {
  if (order.kind === 'sign') {
    parentPort?.postMessage({ answer: sign(order.phase, order.sales) });
    return;
  }
  if (order.kind === 'go-on') {
    goOn();
    return;
  }
  push(order).then(
    (answer) => parentPort?.postMessage({ answer }),
    (error: unknown) => parentPort?.postMessage({ error: String(error) }),
  );
});
