// The relay's side of the thread that speaks HTTP: it starts it, hands in what it brings, and tells it the answers (docs/decisions/079).
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import type { PushReply, Relay } from '@tallystick/relay-protocol';
import { RelayError } from '@tallystick/relay-protocol/reception';
import type { Answers, FromFront, FrontOptions, FrontState, Pushes, ToFront } from './front-messages.ts';
import { serveFront } from './front-server.ts';
import { clientLeft, codeIn, type Served } from './served.ts';
import { askedOf } from './request-kind.ts';
import type { Tracing } from './tracing.ts';

export interface Front {
  readonly url: string;
  state(): Omit<FrontState, 'kind'>;
  /** Takes no more connections; resolves when the requests under way are answered, or their time is up. */
  close(): Promise<void>;
}

export interface FrontLink {
  readonly relay: Pick<Relay, 'handIn'>;
  readonly tracing: Pick<Tracing, 'begin'> | undefined;
  onServed(served: Served): void;
  /** It ended, and nobody told it to. */
  onLost(error: Error): void;
}

/** The thread, which takes as long to load as a store to open: it may be started before it is known where to listen. */
export interface FrontThread {
  /** Once. Rejects with the error of `listen`, such as EADDRINUSE. */
  listen(options: FrontOptions, link: FrontLink): Promise<Front>;
  /** Ends it, whatever it does. */
  end(): Promise<void>;
}

const marker = 'tallystick-relay-front';
/** Three times what a half of them may take. V8 by itself allows 192, and of a relay that was abused 110 more were never given back. */
const maxYoungMb = 24;

export function startFront(): FrontThread {
  // This file again, which a program built into one file has no second one of.
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { [marker]: true },
    resourceLimits: { maxYoungGenerationSizeMb: maxYoungMb },
  });
  const lost = new Promise<Error>((resolve) => {
    worker.once('error', resolve);
    worker.once('exit', () => resolve(new Error('the thread that speaks HTTP ended')));
  });
  return {
    listen: (options, link) => listen(worker, lost, options, link),
    end: async () => void (await worker.terminate()),
  };
}

function listen(worker: Worker, lost: Promise<Error>, options: FrontOptions, link: FrontLink): Promise<Front> {
  const send = (message: ToFront): void => worker.postMessage(message);
  const answer = createAnswers(send);
  const left = createLeft();
  let state: Omit<FrontState, 'kind'> = { connections: 0, evicted: 0, bytes: 0 };
  let isMissed = false;
  let onClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const close = async (): Promise<void> => {
    isMissed = false;
    send({ kind: 'close' });
    // One that is lost says nothing any more.
    await Promise.race([closed, lost]);
    await worker.terminate();
  };
  return new Promise((resolve, reject) => {
    void lost.then((error) => {
      reject(error);
      if (isMissed) link.onLost(error);
    });
    worker.on('message', (message: FromFront) => {
      if (message.kind === 'pushes') takePushes(message, link, left, answer);
      else if (message.kind === 'state') state = message;
      else if (message.kind === 'closed') onClosed();
      else if (message.kind === 'listening') {
        isMissed = true;
        resolve({ url: message.url, state: () => state, close });
      } else {
        reject(Object.assign(new Error(message.message), { code: message.code }));
        void worker.terminate();
      }
    });
    send({ kind: 'listen', options });
  });
}

/** Of the pushes that are not answered, those that nobody waits for. */
interface Left {
  readonly open: Set<number>;
  readonly gone: Set<number>;
}

function createLeft(): Left {
  return { open: new Set(), gone: new Set() };
}

type Answer = (id: number, reply: PushReply) => void;

/** What is answered in one turn of the event loop, as a commit answers all of its pushes, is one message. */
function createAnswers(send: (answers: Answers) => void): Answer {
  const nothing = (): Answers => ({ kind: 'answers', ids: [], statuses: [], headOf: [], heads: [], bodies: [] });
  let next = nothing();
  const flush = (): void => {
    const answers = next;
    next = nothing();
    send(answers);
  };
  return (id, { status, headers, body }) => {
    if (next.ids.push(id) === 1) setImmediate(flush);
    next.statuses.push(status);
    if (next.heads.at(-1) !== headers) next.heads.push(headers);
    next.headOf.push(next.heads.length - 1);
    next.bodies.push(body);
  };
}

function takePushes(pushes: Pushes, link: FrontLink, left: Left, answer: Answer): void {
  let from = 0;
  for (const [index, end] of pushes.ends.entries()) {
    void handIn(pushes, index, new Uint8Array(pushes.bytes, from, end - from), link, left, answer);
    from = end;
  }
  for (const id of pushes.left) if (left.open.has(id)) left.gone.add(id);
}

/** Never rejects, as the relay does not. */
async function handIn(
  pushes: Pushes,
  index: number,
  bytes: Uint8Array,
  { relay, tracing, onServed }: FrontLink,
  left: Left,
  answer: Answer,
): Promise<void> {
  const id = pushes.ids[index] as number;
  const path = pushes.paths[index] as string;
  const failure = pushes.failures[index];
  const startMs = performance.now() - (pushes.tookMs[index] as number);
  const asked = askedOf('POST', path);
  const trace = tracing?.begin(asked, 'POST', pushes.traceparents[index]);
  left.open.add(id);
  const reply = await relay.handIn({
    tag: trace,
    path,
    encoding: pushes.encodings[index],
    lengthBytes: bytes.length,
    async read(_maxBytes, onBytes) {
      if (failure !== undefined) throw new RelayError(failure.code, failure.message);
      onBytes(bytes.length);
      return bytes;
    },
  });
  left.open.delete(id);
  answer(id, reply);
  const status = left.gone.delete(id) ? clientLeft : reply.status;
  const code = reply.status >= 400 ? codeIn(reply.body) : undefined;
  trace?.end(status, code);
  onServed({ ...asked, status, code, durationMs: performance.now() - startMs });
}

if (!isMainThread && (workerData as Readonly<Record<string, unknown>> | null)?.[marker] === true)
  serveFront(parentPort as MessagePort);
