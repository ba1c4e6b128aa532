// Signatures made on a second thread while this one goes on. Whoever asks for one gets it without letting go of its thread: what the other has not begun by then is
// signed here, so nobody waits for a thread that starts, sleeps or died. Ed25519 gives the same 64 bytes wherever it runs.
import { type KeyObject, sign } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** Starts a signature; the function gives it. Undefined where it is better made at once. */
export type SignLater = (message: Uint8Array, key: KeyObject) => (() => Uint8Array) | undefined;

/** A power of two: the thread finds a task by the low bits of its number. */
const places = 256;
const longestMessage = 124;
const signatureBytes = 64;
const placeBytes = longestMessage + signatureBytes;
/** Waking a thread costs a few microseconds, so it is woken for several tasks. */
const tasksToWake = 4;
/** A program that signs little is done before a thread has started. */
const tasksBeforeStart = 256;
/** Keys that the thread remembers; another program's worth of keys is sent again. */
const keysKept = 32;
/** The thread needs 30 us for one. */
const patienceMs = 1_000;

/** In `control`: how many tasks there were, then for each place its state, its key's number and its message's length. */
const wordsOfPlace = 3;
const free = 0;
const waiting = 1;
const taken = 2;
const done = 3;

// As text, because a bundle has no second file.
const program = `
const { sign } = require('node:crypto');
const { parentPort, receiveMessageOnPort, workerData: { control, bytes } } = require('node:worker_threads');
const keys = new Map();
function keyOf(number) {
  for (let sent; !keys.has(number) && (sent = receiveMessageOnPort(parentPort)) !== undefined; ) {
    keys.set(sent.message.number, sent.message.key);
    keys.delete(sent.message.number - ${keysKept});
  }
  return keys.get(number);
}
for (let at = 0; ; ) {
  const end = Atomics.load(control, 0);
  if (at === end) {
    Atomics.wait(control, 0, end);
    continue;
  }
  const place = at & ${places - 1};
  const word = 1 + place * ${wordsOfPlace};
  at = (at + 1) | 0;
  if (Atomics.compareExchange(control, word, ${waiting}, ${taken}) !== ${waiting}) continue;
  const from = place * ${placeBytes};
  const message = bytes.slice(from, from + control[word + 2]);
  bytes.set(sign(null, message, keyOf(control[word + 1])), from + ${longestMessage});
  Atomics.store(control, word, ${done});
  Atomics.notify(control, word);
}
`;

/** One thread, started when there is enough to do for it; it keeps no process alive. */
export function createSignThread(code: string = program, startAfter: number = tasksBeforeStart): SignLater {
  const control = new Int32Array(new SharedArrayBuffer((1 + places * wordsOfPlace) * Int32Array.BYTES_PER_ELEMENT));
  const bytes = new Uint8Array(new SharedArrayBuffer(places * placeBytes));
  /** By place: the number of the task that has it. */
  const tasks = new Int32Array(places).fill(-1);
  const numbers = new WeakMap<KeyObject, number>();
  let thread: Worker | undefined;
  let asked = 0;
  let task = 0;
  let keys = 0;
  let isLost = false;

  /** Undefined where Node allows no thread (its permission model), or the machine gives none. */
  function start(): Worker | undefined {
    try {
      // Not under the program's own flags: what they load, or how they read a text, is not for this one.
      const worker = new Worker(code, { eval: true, execArgv: [], workerData: { control, bytes } });
      worker.once('error', () => (isLost = true));
      worker.once('exit', () => (isLost = true));
      worker.unref();
      return worker;
    } catch {
      isLost = true;
      return undefined;
    }
  }

  function numberOf(key: KeyObject, to: Worker): number {
    const known = numbers.get(key);
    if (known !== undefined && keys - known <= keysKept) return known;
    const number = keys++;
    numbers.set(key, number);
    to.postMessage({ number, key });
    return number;
  }

  /** The signature of a task, unless it is to be made here. */
  function signatureOf(mine: number, place: number): Uint8Array | undefined {
    const word = 1 + place * wordsOfPlace;
    // Given up, and its place taken by another.
    if (tasks[place] !== mine) return undefined;
    if (Atomics.compareExchange(control, word, waiting, free) === waiting) return undefined;
    if (Atomics.wait(control, word, taken, isLost ? 0 : patienceMs) === 'timed-out') isLost = true;
    if (Atomics.compareExchange(control, word, done, free) !== done) return undefined;
    const from = place * placeBytes + longestMessage;
    return bytes.slice(from, from + signatureBytes);
  }

  return (message, key) => {
    if (isLost || message.length > longestMessage || ++asked <= startAfter) return undefined;
    thread ??= start();
    if (thread === undefined) return undefined;
    const mine = task;
    const place = mine & (places - 1);
    const word = 1 + place * wordsOfPlace;
    // After so many others one that waits is signed by whoever asks for it. It is taken back in one step: the thread could begin it between two, and say of
    // this task that it is done.
    if (Atomics.compareExchange(control, word, waiting, free) === taken) return undefined;
    bytes.set(message, place * placeBytes);
    control[word + 1] = numberOf(key, thread);
    control[word + 2] = message.length;
    tasks[place] = mine;
    task = (task + 1) | 0;
    Atomics.store(control, word, waiting);
    Atomics.store(control, 0, task);
    if (task % tasksToWake === 0) Atomics.notify(control, 0);
    return () => signatureOf(mine, place) ?? sign(null, message, key);
  };
}
