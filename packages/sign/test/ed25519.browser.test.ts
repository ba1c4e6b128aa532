// The browser's own Ed25519 and the portable one, held to the same verdicts as in Node.
import { describe, expect, inject, it } from 'vitest';
import { commands } from 'vitest/browser';
import { choosePlatformEd25519, nobleEd25519, webCryptoEd25519 } from '../src/index.ts';
import { isValidByTheBook } from './acceptance-oracle.ts';
import { parseCctvCases, parseWycheproofCases } from './ed25519-cases.ts';
import { addOrder, signWithTorsion, smallOrderPoints } from './torsion.ts';

const webCrypto = webCryptoEd25519();
const message = new TextEncoder().encode('three lines, one tender');
const seed = new Uint8Array(32).fill(9);
const folder = inject('vectorsFolder');

async function expectVerdict(
  publicKey: Uint8Array,
  text: Uint8Array,
  signature: Uint8Array,
  name: string,
): Promise<boolean> {
  const expected = isValidByTheBook(publicKey, text, signature);
  expect(nobleEd25519.verify(publicKey, text, signature), `${name}, noble`).toBe(expected);
  expect(await webCrypto.verify(publicKey, text, signature), `${name}, WebCrypto`).toBe(expected);
  return expected;
}

describe('Ed25519 in a browser', () => {
  it('is native here', async () => {
    expect(await choosePlatformEd25519()).toMatchObject({ name: 'webcrypto' });
  });

  it('signs and verifies across providers', async () => {
    for (const signer of [webCrypto, nobleEd25519]) {
      for (const pair of [await signer.generate(), await signer.fromSeed(seed)]) {
        const signature = await pair.sign(message);
        expect(await expectVerdict(pair.publicKey, message, signature, signer.name)).toBe(true);
        expect(await expectVerdict(pair.publicKey, message, addOrder(signature), 'S + L')).toBe(false);
        expect(await expectVerdict(pair.publicKey, seed, signature, 'another message')).toBe(false);
      }
    }
  });

  it('gives the verdict of the rule on every torsion in key and R', async () => {
    for (let keyTorsion = 0; keyTorsion < 8; keyTorsion++) {
      for (let rTorsion = 0; rTorsion < 8; rTorsion++) {
        const { publicKey, signature } = signWithTorsion(seed, message, keyTorsion, rTorsion);
        const verdict = await expectVerdict(publicKey, message, signature, `torsion ${keyTorsion} and ${rTorsion}`);
        expect(verdict).toBe(keyTorsion === 0 && rTorsion === 0);
      }
    }
  });

  it('refuses points of small order as keys and as R', async () => {
    const { publicKey } = await nobleEd25519.fromSeed(seed);
    for (const point of smallOrderPoints) {
      const forged = Uint8Array.of(...point, ...new Uint8Array(32));
      expect(await expectVerdict(point, message, forged, 'small key')).toBe(false);
      expect(await expectVerdict(publicKey, message, forged, 'small R')).toBe(false);
    }
  });
});

// The test runner names this skip, and under CI it does not start without the folder.
describe.skipIf(folder === '')('the published Ed25519 edge cases in a browser', () => {
  it('get the verdict of the rule from every provider', async () => {
    const cctv = parseCctvCases(await commands.readFile(`${folder}/cctv-ed25519.json`));
    const wycheproof = parseWycheproofCases(await commands.readFile(`${folder}/wycheproof-ed25519.json`));
    expect([cctv.length > 0, wycheproof.length > 0]).toEqual([true, true]);
    for (const { name, publicKey, message: text, signature, valid } of [...cctv, ...wycheproof]) {
      const verdict = await expectVerdict(publicKey, text, signature, name);
      expect(verdict, name).toBe(valid ?? verdict);
    }
  });
});
