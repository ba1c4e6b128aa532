// The entry of a device that signs and seldom judges: what comes late must give the verdicts of what is there at once.
import { portableHasher } from '@tallystick/chain/hashing';
import { describe, expect, it, vi } from 'vitest';
import type * as device from '../src/device.ts';
import { nobleEd25519 } from '../src/index.ts';

const message = new TextEncoder().encode('one cup of tea');

const judging = () => import('../src/judging.ts');

async function fresh(): Promise<typeof device> {
  vi.resetModules();
  return import('../src/device.ts');
}

describe('a device that only signs', () => {
  it('judges as everybody does, from the first signature on', async () => {
    const pair = await nobleEd25519.generate();
    const signature = await pair.sign(message);
    const flipped = Uint8Array.from(signature, (byte, index) => (index === 40 ? byte ^ 1 : byte));
    const identity = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0));
    for (const [key, given, verdict] of [
      [pair.publicKey, signature, true],
      [pair.publicKey, flipped, false],
      [identity, signature, false],
    ] as const)
      for (const name of ['platform', 'noble']) {
        const entry = await fresh();
        const ed25519 = name === 'noble' ? entry.lateEd25519(judging) : entry.latePlatformEd25519(judging);
        expect(ed25519.name).toBe(name);
        const verdicts = [await ed25519.verify(key, message, given), await ed25519.verify(key, message, given)];
        expect(verdicts, name).toEqual([verdict, verdict]);
      }
  });

  it('judges the bytes as they were when it was asked, also while it loads', async () => {
    const entry = await fresh();
    const pair = await nobleEd25519.generate();
    const held = [pair.publicKey, message, await pair.sign(message)].map((bytes) => Uint8Array.from(bytes));
    const [key, text, signature] = held as [Uint8Array, Uint8Array, Uint8Array];
    const ed25519 = entry.latePlatformEd25519(judging);
    const verdict = ed25519.verify(key, text, signature);
    for (const bytes of held) bytes.fill(0);
    expect(await verdict).toBe(true);
  });

  it('takes the portable provider where the platform says yes to everything', async () => {
    const entry = await fresh();
    const verify = vi.spyOn(globalThis.crypto.subtle, 'verify').mockResolvedValue(true);
    try {
      const ed25519 = entry.latePlatformEd25519(judging);
      expect(verify).not.toHaveBeenCalled();
      const pair = await nobleEd25519.generate();
      expect(await ed25519.verify(pair.publicKey, message, new Uint8Array(64).fill(1))).toBe(false);
      expect(await ed25519.verify(pair.publicKey, message, await pair.sign(message))).toBe(true);
    } finally {
      verify.mockRestore();
    }
  });

  it('makes keys of secrets as everybody does', async () => {
    const { createMemoryKeyStore, lateEd25519 } = await fresh();
    const ed25519 = lateEd25519(judging);
    const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
    const keys = createMemoryKeyStore(ed25519, portableHasher);
    const { publicKey } = await keys.import('device', seed);
    expect(publicKey).toEqual((await nobleEd25519.fromSeed(seed)).publicKey);
    expect((await ed25519.generate()).publicKey).toHaveLength(32);
  });
});
