// Signatures checked on other threads: each answer to whom it belongs, whatever else is asked at the same time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSodiumThreads, nodeEd25519, nodeEd25519Threads } from '../src/node.ts';
import { createVerifyThreads } from '../src/node-verify-threads.ts';
import type { KeyPair } from '../src/index.ts';

const pairs = Array.from({ length: 5 }, (_, at) => nodeEd25519.fromSeed(new Uint8Array(32).fill(at + 1)) as KeyPair);

/** Messages of many lengths, every third with a signature that is of another. */
function asked(count: number): { key: Uint8Array; message: Uint8Array; signature: Uint8Array; isValid: boolean }[] {
  return Array.from({ length: count }, (_, at) => {
    const pair = pairs[at % pairs.length] as KeyPair;
    const message = new Uint8Array(at * 3).fill(at);
    const isValid = at % 3 !== 0;
    const signed = isValid ? message : Uint8Array.of(...message, 1);
    return { key: pair.publicKey, message, signature: pair.sign(signed) as Uint8Array, isValid };
  });
}

describe('threads that check signatures', () => {
  it('answer each question with its own verdict', async () => {
    const questions = asked(200);
    const ask = async ({ key, message, signature }: (typeof questions)[0]): Promise<boolean> =>
      nodeEd25519Threads.verify(key, message, signature);
    expect(await Promise.all(questions.map(ask))).toEqual(questions.map(({ isValid }) => isValid));
    const one = questions[1] as (typeof questions)[0];
    expect(await ask(one)).toBe(true);
  });

  it('fail who waits, and nobody after, when the platform fails', async () => {
    const [, one] = asked(2) as [ReturnType<typeof asked>[0], ReturnType<typeof asked>[0]];
    const count = `globalThis.asked = (globalThis.asked ?? 0) + 1;`;
    const code = `const { parentPort } = require('node:worker_threads');
      parentPort.on('message', () => { ${count} if (globalThis.asked === 2) throw new Error('no memory'); parentPort.postMessage([true]); });`;
    const verify = createVerifyThreads({ count: 1, code });
    const ask = (): Promise<boolean> => verify(one.key, one.message, one.signature);
    expect(await ask()).toBe(true);
    await expect(ask()).rejects.toThrow('no memory');
    expect(await ask()).toBe(true);
  });

  it('ask no libsodium that is not there, or takes what the rule refuses', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallystick-sodium-'));
    const lenient = join(folder, 'lenient.cjs');
    writeFileSync(lenient, 'exports.crypto_sign_verify_detached = () => true;');
    expect(await loadSodiumThreads(lenient)).toBeUndefined();
    expect(await loadSodiumThreads(join(folder, 'missing.cjs'))).toBeUndefined();
    rmSync(folder, { recursive: true });
  });
});
