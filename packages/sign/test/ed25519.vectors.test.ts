import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ed25519 as stockNoble } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { isMissing, sharedPath } from '../../../scripts/test-environment.ts';
import { acceptPublicKey, type Ed25519, nobleEd25519, webCryptoEd25519 } from '../src/index.ts';
import { loadSodiumThreads, nodeEd25519, nodeEd25519Threads } from '../src/node.ts';
import { isPrimeOrderEncoding, isValidByTheBook } from './acceptance-oracle.ts';
import { type Ed25519Case, parseCctvCases, parseWycheproofCases } from './ed25519-cases.ts';

const sodium = (await loadSodiumThreads(createRequire(import.meta.url).resolve('sodium-native'))) as Ed25519;
const providers = [nobleEd25519, nodeEd25519, nodeEd25519Threads, sodium, webCryptoEd25519()];
const vectorsFolder = process.env['TALLYSTICK_VECTORS'] ?? sharedPath('vectors');
const skip = isMissing('the folder of public vectors', vectorsFolder);

function readCctvCases(): Ed25519Case[] {
  return parseCctvCases(readFileSync(`${vectorsFolder}/cctv-ed25519.json`, 'utf8'));
}

function readWycheproofCases(): Ed25519Case[] {
  return parseWycheproofCases(readFileSync(`${vectorsFolder}/wycheproof-ed25519.json`, 'utf8'));
}

describe.skipIf(skip)('the published Ed25519 edge cases', () => {
  it('get one verdict from every provider', async () => {
    const cases = [...readCctvCases(), ...readWycheproofCases()];
    expect(cases.length).toBeGreaterThan(0);
    for (const { name, publicKey, message, signature } of cases) {
      const verdicts = await Promise.all(
        providers.map(async (provider) => provider.verify(publicKey, message, signature)),
      );
      expect(new Set(verdicts).size, `${name}: ${verdicts}`).toBe(1);
    }
  });

  it('of Wycheproof get the verdict it asks for', async () => {
    for (const { name, publicKey, message, signature, valid } of readWycheproofCases()) {
      for (const provider of providers) {
        expect(await provider.verify(publicKey, message, signature), `${name} by ${provider.name}`).toBe(valid);
      }
    }
  });

  it('get the verdict of the rule as it is written down', () => {
    for (const { name, publicKey, message, signature } of [...readCctvCases(), ...readWycheproofCases()]) {
      const verdict = isValidByTheBook(publicKey, message, signature);
      expect(nobleEd25519.verify(publicKey, message, signature), name).toBe(verdict);
    }
  });

  it('would divide providers that skipped the rule', () => {
    const divided = readCctvCases().filter(({ publicKey, message, signature }) => {
      return stockNoble.verify(signature, message, publicKey) !== nobleEd25519.verify(publicKey, message, signature);
    });
    expect(divided.length).toBeGreaterThan(0);
  });

  it('keep keys of small or mixed order from being enrolled', () => {
    for (const { name, publicKey } of [...readCctvCases(), ...readWycheproofCases()]) {
      expect(acceptPublicKey(publicKey), name).toBe(isPrimeOrderEncoding(publicKey));
    }
  });
});
