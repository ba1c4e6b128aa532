/** Signatures of the second thread are those that this one would make, whatever becomes of the thread. */
import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { nodeEd25519 } from '../src/node.ts';
import { createSignThread } from '../src/node-sign-thread.ts';
import { seedToPkcs8 } from '../src/seed.ts';

const keys = Array.from({ length: 40 }, () => generateKeyPairSync('ed25519').privateKey);
const [first] = keys as [KeyObject];
const messageOf = (): Uint8Array => Uint8Array.from(randomBytes(81));
const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
const expected = (message: Uint8Array, key: KeyObject): string => sign(null, message, key).toString('hex');

/** Does what the real one does, but says `text` instead of a signature. */
const saying = (text: string): string => `
  const { control, bytes } = require('node:worker_threads').workerData;
  for (let at = 0; ; ) {
    const end = Atomics.load(control, 0);
    if (at === end) { Atomics.wait(control, 0, end); continue; }
    const word = 1 + (at & 255) * 3;
    if (Atomics.compareExchange(control, word, 1, 2) === 1) {
      ${text}
      Atomics.store(control, word, 3);
      Atomics.notify(control, word);
    }
    at += 1;
  }`;

/** A word that the thread below reads and nobody needs: how long the message at place 200 is. */
const gate = 1 + 200 * 3 + 2;
/** Takes the first task when the gate says so, says that it tried, and is done with it 100 ms later. */
const beginningLate = `
  const { control, bytes } = require('node:worker_threads').workerData;
  while (Atomics.load(control, ${gate}) !== 1000);
  const mine = Atomics.compareExchange(control, 1, 1, 2) === 1;
  Atomics.store(control, ${gate}, 1001);
  if (mine) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    bytes.fill(7, 124, 188);
    Atomics.store(control, 1, 3);
    Atomics.notify(control, 1);
  }`;

/** Until the thread has begun: asked for one signature after another, it gives one that this thread would not make. */
async function runs(signLater: ReturnType<typeof createSignThread>): Promise<boolean> {
  const message = messageOf();
  for (let tries = 0; tries < 400; tries++) {
    const asked = Array.from({ length: 4 }, () => signLater(message, first));
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (asked.some((late) => late !== undefined && hex(late()) !== expected(message, first))) return true;
  }
  return false;
}

describe('createSignThread', () => {
  it('gives the signatures of many keys, in whatever order they are asked for', () => {
    const signLater = createSignThread(undefined, 0);
    for (let round = 0; round < 12; round++) {
      const tasks = Array.from({ length: 100 }, (_, at) => {
        const [message, key] = [messageOf(), keys[(at * 7 + round) % keys.length] as KeyObject];
        return { message, key, late: signLater(message, key) };
      });
      if (round % 2 === 1) tasks.reverse();
      for (const { message, key, late } of tasks) expect(hex(late?.())).toBe(expected(message, key));
    }
  });

  it('takes what the thread says', async () => {
    expect(
      await runs(createSignThread(saying('bytes.fill(7, (at & 255) * 188 + 124, (at & 255) * 188 + 188);'), 0)),
    ).toBe(true);
  });

  it('signs here where the thread died before or while it signed', () => {
    for (const code of ['', 'process.exit(1)', 'throw new Error("no")', saying('process.exit(1);')]) {
      const signLater = createSignThread(code, 0);
      const message = messageOf();
      const late = Array.from({ length: 600 }, () => signLater(message, first));
      // The last of them begins one and dies, once it runs; it does not need this thread for it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
      for (const one of late.slice(-256)) if (one !== undefined) expect(hex(one())).toBe(expected(message, first));
    }
  });

  it('goes on after signatures that nobody asked for any more', () => {
    const signLater = createSignThread(undefined, 0);
    const [old, message] = [messageOf(), messageOf()];
    const givenUp = Array.from({ length: 700 }, () => signLater(old, first));
    expect(hex(signLater(message, first)?.() ?? sign(null, message, first))).toBe(expected(message, first));
    expect(hex(givenUp[0]?.())).toBe(expected(old, first));
  });

  it('gives no signature of the task that had the place before, whenever the thread began it', () => {
    // The thread takes the first task in the very moment when this one looks at its place for another.
    const signLater = createSignThread(beginningLate, 0);
    const [old, message] = [messageOf(), messageOf()];
    for (let at = 0; at < 256; at++) signLater(old, first);
    let looked = 0;
    const letItBegin = (control: Int32Array): void => {
      if (looked++ > 0) return;
      Atomics.store(control, gate, 1_000);
      for (const until = Date.now() + 5_000; control[gate] !== 1_001; )
        if (Date.now() > until) throw new Error('the thread does not run');
    };
    const { load, compareExchange } = Atomics;
    vi.spyOn(Atomics, 'load').mockImplementation(((words: Int32Array, at: number) => {
      const found = load(words, at);
      letItBegin(words);
      return found;
    }) as typeof load);
    vi.spyOn(Atomics, 'compareExchange').mockImplementation(((words: Int32Array, ...rest: [number, number, number]) => {
      const found = compareExchange(words, ...rest);
      letItBegin(words);
      return found;
    }) as typeof compareExchange);
    const late = signLater(message, first);
    vi.restoreAllMocks();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    expect(looked).toBeGreaterThan(0);
    expect(hex(late?.() ?? sign(null, message, first))).toBe(expected(message, first));
  });

  it('signs here where no thread may start', () => {
    const script = `
      import { nodeEd25519 } from ${JSON.stringify(new URL('../src/node.ts', import.meta.url).href)};
      const key = await nodeEd25519.fromSeed(new Uint8Array(32));
      const late = Array.from({ length: 300 }, () => key.signLater(new Uint8Array(81)));
      console.log(late.filter((one) => one !== undefined).length);`;
    const flags = ['--permission', '--allow-fs-read=*', '--input-type=module', '--eval', script];
    const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
    expect({ said: stdout.trim(), stderr }).toEqual({ said: '0', stderr: '' });
  });

  it('starts no thread for a few, and takes no message that is too long', () => {
    const signLater = createSignThread(undefined, 2);
    expect([1, 2, 3].map(() => signLater(messageOf(), first) === undefined)).toEqual([true, true, false]);
    expect(signLater(new Uint8Array(125), first)).toBeUndefined();
  });
});

it('a key of Node signs later what it signs at once', async () => {
  const seed = Uint8Array.from(randomBytes(32));
  const pair = await nodeEd25519.fromSeed(seed);
  const key = createPrivateKey({ key: Buffer.from(seedToPkcs8(seed)), format: 'der', type: 'pkcs8' });
  const messages = Array.from({ length: 400 }, messageOf);
  const late = messages.map((message) => pair.signLater?.(message));
  expect(late.some((one) => one !== undefined) || availableParallelism() === 1).toBe(true);
  messages.forEach((message, at) =>
    expect(hex(late[at]?.() ?? (pair.sign(message) as Uint8Array))).toBe(expected(message, key)),
  );
});
