// Signatures checked on threads of their own, many at a time: a job of libuv each costs the calling thread as much again as the rest of an op at a relay.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** A signature to check, its key and signature accepted already. */
interface Task {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly resolve: (isValid: boolean) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Sent and not yet answered, in order. */
  readonly batches: (readonly Task[])[];
}

const maxBatch = 32;
const headBytes = 100;

// As text, because a bundle has no second file. For each signature: key, signature, length of the message in four bytes, message.
const program = `
const { createPublicKey, verify } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const sodium = workerData.sodium === undefined ? undefined : require(workerData.sodium);
const check = sodium === undefined
  ? (key, message, signature) => verify(null, message, keyOf(key), signature)
  : (key, message, signature) => sodium.crypto_sign_verify_detached(signature, message, key);
const keys = new Map();
function keyOf(raw) {
  const x = raw.toString('base64url');
  const key = keys.get(x) ?? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  keys.delete(x);
  keys.set(x, key);
  if (keys.size > 16384) keys.delete(keys.keys().next().value);
  return key;
}
parentPort.on('message', (shared) => {
  const bytes = Buffer.from(shared);
  const verdicts = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + ${headBytes} + bytes.readUInt32LE(at + 96);
    verdicts.push(check(bytes.subarray(at, at + 32), bytes.subarray(at + ${headBytes}, end), bytes.subarray(at + 32, at + 96)));
    at = end;
  }
  parentPort.postMessage(verdicts);
});
`;

export interface VerifyThreadsOptions {
  /** Default: as many as the machine has cores. */
  readonly count?: number;
  /** The module of libsodium, where it is to be asked and not OpenSSL. */
  readonly sodiumPath?: string | undefined;
  readonly code?: string;
}

/** Checks on up to `count` threads, which are started when there is work for them and keep no process alive that has nothing else to do. */
export function createVerifyThreads({
  count = availableParallelism(),
  sodiumPath,
  code = program,
}: VerifyThreadsOptions = {}): (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean> {
  const threads: Thread[] = [];
  let waiting: Task[] = [];

  function start(): Thread {
    const worker = new Worker(code, { eval: true, workerData: { sodium: sodiumPath } });
    const thread: Thread = { worker, batches: [] };
    worker.on('message', (verdicts: boolean[]) => {
      const batch = thread.batches.shift() ?? [];
      for (const [index, { resolve }] of batch.entries()) resolve(verdicts[index] === true);
      if (thread.batches.length === 0) worker.unref();
    });
    worker.once('error', (error) => fail(thread, error));
    worker.once('exit', () => fail(thread, new Error('a thread that checks signatures ended')));
    worker.unref();
    threads.push(thread);
    return thread;
  }

  /** Its work was not done: whoever waits is told so, and another thread takes its place. */
  function fail(thread: Thread, error: unknown): void {
    if (threads.includes(thread)) threads.splice(threads.indexOf(thread), 1);
    for (const { reject } of thread.batches.splice(0).flat()) reject(error as Error);
  }

  function leastBusy(): Thread {
    const [first, ...others] = threads;
    const least = others.reduce((best, one) => (one.batches.length < (best?.batches.length ?? 0) ? one : best), first);
    const isFree = least !== undefined && (least.batches.length === 0 || threads.length >= count);
    return isFree ? least : start();
  }

  function flush(): void {
    const tasks = waiting;
    waiting = [];
    for (let at = 0; at < tasks.length; at += maxBatch) {
      const batch = tasks.slice(at, at + maxBatch);
      const thread = leastBusy();
      thread.batches.push(batch);
      thread.worker.ref();
      const bytes = encodeBatch(batch);
      thread.worker.postMessage(bytes, [bytes]);
    }
  }

  return (publicKey, message, signature) =>
    new Promise((resolve, reject) => {
      waiting.push({ publicKey, message, signature, resolve, reject });
      if (waiting.length === 1) setImmediate(flush);
      else if (waiting.length === maxBatch) flush();
    });
}

function encodeBatch(batch: readonly Task[]): ArrayBuffer {
  const buffer = new ArrayBuffer(batch.reduce((sum, { message }) => sum + headBytes + message.length, 0));
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let at = 0;
  for (const { publicKey, signature, message } of batch) {
    bytes.set(publicKey, at);
    bytes.set(signature, at + 32);
    view.setUint32(at + 96, message.length, true);
    bytes.set(message, at + headBytes);
    at += headBytes + message.length;
  }
  return buffer;
}
