// The vectors of docs/spec/token.md. Runs in Node and in a browser, so it uses nothing of either.
import { portableHasher as hasher, openRecord } from '@tallystick/chain';
import { decodeHex, encodeHex, type OpRecord, parseBookId } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import claimVectors from '../../../fixtures/token/claim.json' with { type: 'json' };
import doubleClaimVectors from '../../../fixtures/token/double-claim.json' with { type: 'json' };
import presentationVectors from '../../../fixtures/token/presentation.json' with { type: 'json' };
import textVectors from '../../../fixtures/token/text.json' with { type: 'json' };
import urlVectors from '../../../fixtures/token/url.json' with { type: 'json' };
import { nobleEd25519, webCryptoEd25519 } from '../src/index.ts';
import {
  createClaims,
  encodeAnswer,
  encodeAsk,
  parseAnswer,
  parseAsk,
  parseTokenUrl,
  proveDoubleClaim,
  type Token,
  type TokenHash,
  verifyClaim,
  verifyPresentation,
  verifyToken,
} from '../src/token.ts';

const providers = [nobleEd25519, webCryptoEd25519()];

function minted<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the vector is malformed');
  return value;
}

/** The record of these bytes; where they are none, only the bytes, as they came in. */
function recordOf(hex: string): OpRecord {
  const bytes = decodeHex(hex);
  const opened = openRecord(bytes, hasher);
  return opened.ok ? opened.value : ({ bytes } as OpRecord);
}

function tokenOf(url: string): Token {
  const token = parseTokenUrl(url, hasher);
  if (!token.ok) throw new Error(token.message);
  return token.value;
}

function readText(kind: string, text: string): object {
  if (kind === 'ask') {
    const ask = parseAsk(text);
    if (!ask.ok) return { ok: false, code: ask.code };
    expect(encodeAsk(ask.value)).toBe(text);
    return { ok: true, token: ask.value.hash, challenge: encodeHex(ask.value.challenge) };
  }
  const answer = parseAnswer(text, hasher);
  if (!answer.ok) return { ok: false, code: answer.code };
  expect(encodeAnswer(answer.value)).toBe(text);
  const { claim, proof } = answer.value;
  return {
    ok: true,
    wallet: encodeHex(claim.wallet.bytes),
    claim: encodeHex(claim.claim.bytes),
    proof: encodeHex(proof),
  };
}

export function runTokenVectors(): void {
  it.each(textVectors)('text: $name', ({ input, expect: expected }) => {
    expect(readText(input.kind, input.text)).toEqual(expected);
  });

  describe.each(providers)('token vectors by $name', (ed25519) => {
    it.each(urlVectors)('url: $name', async ({ input, expect: expected }) => {
      const token = parseTokenUrl(input.url, hasher);
      if (!token.ok) return expect({ ok: false, code: token.code }).toEqual(expected);
      const isIssuer = (keyId: string): boolean => input.issuers.includes(keyId);
      const isNamed = ({ hash }: Token): boolean => new Set<string>(input.named).has(hash);
      const check = { book: minted(parseBookId(input.book)), isIssuer, isNamed, ed25519 };
      const verdict = await verifyToken(token.value, check);
      const { page, kind, number, terms, issuerKeyId, hash } = token.value;
      const read = { ok: true, page, kind, number, terms, issuer: issuerKeyId, hash };
      return expect(verdict.ok ? read : { ok: false, code: verdict.code }).toEqual(expected);
    });

    it.each(claimVectors)('claim: $name', async ({ input, expect: expected }) => {
      const claim = { wallet: recordOf(input.wallet), claim: recordOf(input.claim) };
      const claimer = await verifyClaim({ hash: input.token as TokenHash }, claim, ed25519, hasher);
      const { ok } = claimer;
      expect(ok ? { ok, device: claimer.value.device } : { ok, code: claimer.code }).toEqual(expected);
    });

    it.each(presentationVectors)('presentation: $name', async ({ input, expect: expected }) => {
      const known = createClaims();
      const token = tokenOf(input.url);
      for (const earlier of input.known) {
        const claim = { wallet: recordOf(earlier.wallet), claim: recordOf(earlier.claim) };
        const claimer = await verifyClaim(token, claim, ed25519, hasher);
        if (claimer.ok) known.apply(claimer.value);
      }
      const { wallet, claim, proof } = input as { wallet?: string; claim?: string; proof?: string };
      const shown = {
        token,
        challenge: decodeHex(input.challenge),
        known,
        ...(wallet && claim ? { claim: { wallet: recordOf(wallet), claim: recordOf(claim) } } : {}),
        ...(proof ? { proof: decodeHex(proof) } : {}),
      };
      const verdict = await verifyPresentation(shown, ed25519, hasher);
      const { ok } = verdict;
      if (!ok) return expect({ ok, code: verdict.code }).toEqual(expected);
      return expect(verdict.value ? { ok, device: verdict.value.device } : { ok }).toEqual(expected);
    });

    it.each(doubleClaimVectors)('double claim: $name', async ({ input, expect: expected }) => {
      const [one, other] = input.claims.map(({ wallet, claim }) => ({
        wallet: recordOf(wallet),
        claim: recordOf(claim),
      }));
      const token = { hash: input.token as TokenHash };
      const proof = await proveDoubleClaim(token, [minted(one), minted(other)], ed25519, hasher);
      expect(proof.ok ? { ok: true, devices: proof.value } : { ok: false, code: proof.code }).toEqual(expected);
    });
  });
}
