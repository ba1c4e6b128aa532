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

const marker = 'tallystick-relay-front';

/** Rejects with the error of `listen`, such as EADDRINUSE. */
export function startFront(options: FrontOptions, link: FrontLink): Promise<Front> {
  // This file again, which a program built into one file has no second one of.
  const worker = new Worker(new URL(import.meta.url), { workerData: { [marker]: options } });
  const send = (message: ToFront): void => worker.postMessage(message);
  const answer = createAnswers(send);
  const left = createLeft();
  let state: Omit<FrontState, 'kind'> = { connections: 0, evicted: 0, bytes: 0 };
  let isUp = false;
  let onClosed: (() => void) | undefined;
  return new Promise((resolve, reject) => {
    const lose = (error: Error): void => {
      reject(error);
      if (onClosed !== undefined) onClosed();
      else if (isUp) link.onLost(error);
      isUp = false;
    };
    worker.once('error', lose);
    worker.once('exit', () => lose(new Error('the thread that speaks HTTP ended')));
    const close = (): Promise<void> =>
      new Promise<void>((closed) => {
        onClosed = closed;
        send({ kind: 'close' });
      }).then(async () => void (await worker.terminate()));
    worker.on('message', (message: FromFront) => {
      if (message.kind === 'pushes') takePushes(message, link, left, answer);
      else if (message.kind === 'state') state = message;
      else if (message.kind === 'closed') onClosed?.();
      else if (message.kind === 'listening') {
        isUp = true;
        resolve({ url: message.url, state: () => state, close });
      } else {
        onClosed = () => undefined;
        reject(Object.assign(new Error(message.message), { code: message.code }));
        void worker.terminate();
      }
    });
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

const asked = isMainThread ? undefined : (workerData as Readonly<Record<string, FrontOptions>> | null)?.[marker];
if (asked !== undefined) serveFront(asked, parentPort as MessagePort);
