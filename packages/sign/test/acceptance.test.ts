import { decodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptPublicKey } from '../src/acceptance.ts';
import { acceptSignature } from '../src/signature-form.ts';
import { nobleEd25519 } from '../src/index.ts';
import { isPrimeOrderEncoding } from './acceptance-oracle.ts';
import { now } from './fixtures.ts';
import { smallOrderPoints } from './torsion.ts';

const prime = (1n << 255n) - 19n;
const bytesOf = (number: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
const withSign = (point: Uint8Array): Uint8Array => point.map((byte, i) => (i === 31 ? byte ^ 0x80 : byte));
const signatureWith = (r: Uint8Array): Uint8Array => Uint8Array.of(...r, ...bytesOf(1n));

describe('the checks before the equation', () => {
  it('refuse every encoding of a small-order point, with either sign, canonical or not', () => {
    const encodings = new Set<string>();
    for (const point of smallOrderPoints) {
      for (const encoding of [point, withSign(point)]) encodings.add(Buffer.from(encoding).toString('hex'));
    }
    for (const y of [prime, prime + 1n]) {
      for (const encoding of [bytesOf(y), withSign(bytesOf(y))]) encodings.add(Buffer.from(encoding).toString('hex'));
    }
    expect(encodings.size).toBe(14);
    for (const encoding of encodings) {
      expect(acceptSignature(signatureWith(decodeHex(encoding))), encoding).toBe(false);
      expect(acceptPublicKey(decodeHex(encoding)), encoding).toBe(false);
    }
  });

  it('refuse every y that is not below the field prime', () => {
    for (let y = prime; y < 1n << 255n; y++) {
      for (const r of [bytesOf(y), withSign(bytesOf(y))]) {
        expect(acceptSignature(signatureWith(r))).toBe(false);
        expect(acceptPublicKey(r)).toBe(false);
      }
    }
    expect(acceptSignature(signatureWith(bytesOf(prime - 2n)))).toBe(true);
  });

  it('take S up to the group order and no further', () => {
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const r = now(nobleEd25519.fromSeed(bytesOf(7n))).publicKey;
    const signatures = [0n, 1n, order - 1n, order, order + 1n, (1n << 256n) - 1n].map((s) => [...r, ...bytesOf(s)]);
    const accepted = signatures.map((signature) => acceptSignature(Uint8Array.from(signature)));
    expect(accepted).toEqual([true, true, true, false, false, false]);
  });

  it('enrol a key exactly when it is canonical and of prime order', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(acceptPublicKey(bytes)).toBe(isPrimeOrderEncoding(bytes));
      }),
      { numRuns: 200 },
    );
  });
});
