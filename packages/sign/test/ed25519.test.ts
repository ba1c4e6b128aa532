import { ed25519 as stockNoble } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { acceptPublicKey, choosePlatformEd25519, type Ed25519, nobleEd25519, webCryptoEd25519 } from '../src/index.ts';
import { loadSodiumThreads, nodeEd25519, nodeEd25519Threads } from '../src/node.ts';
import { isValidByTheBook } from './acceptance-oracle.ts';
import { addOrder, signWithSmallR, signWithTorsion, smallOrderPoints } from './torsion.ts';

const webCrypto = webCryptoEd25519();
const sodium = (await loadSodiumThreads(createRequire(import.meta.url).resolve('sodium-native'))) as Ed25519;
const providers = [nobleEd25519, nodeEd25519, nodeEd25519Threads, sodium, webCrypto];
const seed = new Uint8Array(32).fill(9);
const message = new TextEncoder().encode('three lines, one tender');
const anySeed = fc.uint8Array({ minLength: 32, maxLength: 32 });

async function verdicts(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean[]> {
  return Promise.all(providers.map(async (provider) => provider.verify(publicKey, text, signature)));
}

const everybody = (verdict: boolean): boolean[] => providers.map(() => verdict);

describe('Ed25519 providers', () => {
  it('sign the RFC 8032 example alike', async () => {
    const rfcSeed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    for (const provider of providers) {
      const pair = await provider.fromSeed(rfcSeed);
      expect(Buffer.from(pair.publicKey).toString('hex')).toBe(
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      );
      expect(Buffer.from(await pair.sign(new Uint8Array(0))).toString('hex')).toBe(
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      );
    }
  });

  it('make keys that may be enrolled and accept each other’s signatures', async () => {
    for (const signer of providers) {
      const pair = await signer.generate();
      expect(acceptPublicKey(pair.publicKey)).toBe(true);
      expect(await verdicts(pair.publicKey, message, await pair.sign(message))).toEqual(everybody(true));
    }
  });

  it('refuse every flipped bit of key, message and signature', async () => {
    const pair = await nodeEd25519.fromSeed(seed);
    const signature = await pair.sign(message);
    const whole = Uint8Array.of(...pair.publicKey, ...signature, ...message);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const changed = whole.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        const [key, signed, text] = [changed.slice(0, 32), changed.slice(32, 96), changed.slice(96)];
        expect(await verdicts(key, text, signed)).toEqual(everybody(false));
      }),
      { numRuns: 300 },
    );
  });

  it('give the verdict of the rule on any torsion in key and R', async () => {
    const torsion = fc.nat(7);
    await fc.assert(
      fc.asyncProperty(anySeed, fc.uint8Array(), torsion, torsion, async (someSeed, text, keyTorsion, rTorsion) => {
        const { publicKey, signature } = signWithTorsion(someSeed, text, keyTorsion, rTorsion);
        const expected = keyTorsion === 0 && rTorsion === 0;
        expect(isValidByTheBook(publicKey, text, signature)).toBe(expected);
        expect(await verdicts(publicKey, text, signature)).toEqual(everybody(expected));
      }),
      { numRuns: 60 },
    );
  });

  it('refuse S + L, and small-order keys and R', async () => {
    const { publicKey, signature } = signWithTorsion(seed, message, 0, 0);
    expect(await verdicts(publicKey, message, addOrder(signature))).toEqual(everybody(false));
    for (const point of smallOrderPoints) {
      expect(acceptPublicKey(point)).toBe(false);
      const forged = Uint8Array.of(...point, ...new Uint8Array(32));
      expect(await verdicts(point, message, forged)).toEqual(everybody(false));
      expect(await verdicts(publicKey, message, forged)).toEqual(everybody(false));
    }
  });

  it('refuse a small-order R even where the equation holds and the native libraries differ', async () => {
    for (let rTorsion = 0; rTorsion < 8; rTorsion++) {
      const { publicKey, signature } = signWithSmallR(seed, message, rTorsion);
      expect(stockNoble.verify(signature, message, publicKey)).toBe(true);
      expect(await verdicts(publicKey, message, signature)).toEqual(everybody(false));
    }
  });

  it('refuse keys and signatures of any other length without a throw', async () => {
    const { publicKey, signature } = signWithTorsion(seed, message, 0, 0);
    for (const length of [0, 1, 31, 33, 63, 65, 128]) {
      expect(await verdicts(publicKey, message, new Uint8Array(length))).toEqual(everybody(false));
      expect(await verdicts(new Uint8Array(length), message, signature)).toEqual(everybody(false));
    }
  });

  it('leave the bytes they are given as they were', async () => {
    const { publicKey, signature } = signWithTorsion(seed, message, 0, 0);
    const r = Buffer.from(signature);
    r[31] = 0xff;
    const before = Buffer.from(r).toString('hex');
    await verdicts(Buffer.from(publicKey), Buffer.from(message), r);
    expect(r.toString('hex')).toBe(before);
  });

  it('throw on a seed that is none', async () => {
    for (const provider of providers) {
      const call = async (): Promise<unknown> => provider.fromSeed(new Uint8Array(31));
      await expect(call()).rejects.toMatchObject({ code: 'sign/seed' });
    }
  });

  it('keep WebCrypto keys where nobody can extract them', async () => {
    const used: CryptoKey[] = [];
    const { subtle } = globalThis.crypto;
    const watched = Object.create(subtle, {
      importKey: { value: subtle.importKey.bind(subtle) },
      exportKey: { value: subtle.exportKey.bind(subtle) },
      generateKey: { value: subtle.generateKey.bind(subtle) },
      sign: {
        value(algorithm: string, key: CryptoKey, data: BufferSource) {
          used.push(key);
          return subtle.sign(algorithm, key, data);
        },
      },
    }) as SubtleCrypto;
    for (const pair of [await webCryptoEd25519(watched).generate(), await webCryptoEd25519(watched).fromSeed(seed)]) {
      await pair.sign(message);
    }
    expect(used.map(({ extractable }) => extractable)).toEqual([false, false]);
  });
});

describe('choosing a provider', () => {
  it('can say which one was taken', () => {
    expect(providers.map(({ name }) => name)).toEqual(['noble', 'node', 'node-threads', 'sodium-threads', 'webcrypto']);
  });

  const judging = (verify: Ed25519['verify']): Ed25519 => ({ ...nobleEd25519, name: 'candidate', verify });

  it('takes the platform where it holds to the rule', async () => {
    expect(await choosePlatformEd25519()).toMatchObject({ name: 'webcrypto' });
  });

  it('takes the portable one where the platform is lax, strict, broken or absent', async () => {
    const candidates = [
      judging(() => true),
      judging(() => false),
      judging(() => Promise.reject(new Error('NotSupportedError'))),
      judging(() => {
        throw new TypeError('no subtle');
      }),
    ];
    for (const candidate of candidates) expect(await choosePlatformEd25519(candidate)).toBe(nobleEd25519);
  });

  it('takes the portable one where the platform decides the cofactored equation', async () => {
    const cofactored: Ed25519 = {
      ...webCrypto,
      name: 'cofactored',
      verify: (publicKey, text, signature) => signature.length === 64 && stockNoble.verify(signature, text, publicKey),
    };
    expect(await choosePlatformEd25519(cofactored)).toBe(nobleEd25519);
    const always: Ed25519 = { ...cofactored, verify: nobleEd25519.verify };
    expect(await choosePlatformEd25519(always)).toBe(always);
  });
});
