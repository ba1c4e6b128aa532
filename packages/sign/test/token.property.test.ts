// Properties of tokens: what is minted is read back, nothing else passes, and a token moves from hand to hand only as declared.
import { encodeHex, type JsonObject, type OpRecord, parseBookId } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceKey, signOp } from '../src/index.ts';
import { parseBase64Url } from '../src/base64url.ts';
import { nodeEd25519 } from '../src/node.ts';
import {
  type Claim,
  type Claimer,
  claimArgs,
  claimVerb,
  createClaims,
  maxTokenUrlLength,
  mintToken,
  parseTokenUrl,
  presentToken,
  proveDoubleClaim,
  type Token,
  type TokenKind,
  verifyClaim,
  verifyPresentation,
  verifyToken,
} from '../src/token.ts';
import { anyCharacter, hasher, makeOp, minted, newKey, now, openBook } from './fixtures.ts';

const till = newKey();
const book = minted(parseBookId('d1'.repeat(32)));
const page = 'https://tea.example/t';
const check = { book, isIssuer: (keyId: string): boolean => keyId === till.keyId, ed25519: nodeEd25519 };

function tokenOf(url: string): Token {
  const parsed = parseTokenUrl(url, hasher);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

function mint(kind: TokenKind, number = 'a0'.repeat(16), terms: JsonObject = { amount: 500 }): Token {
  return tokenOf(now(mintToken({ page, kind, book, number, terms }, till)));
}

/** A wallet and its claims, made one after another as its own chain. */
function walletOf(key: DeviceKey = newKey()) {
  const { genesis, book: own } = openBook(key, { verbs: [claimVerb] });
  let last: OpRecord = genesis;
  const claims = createClaims();
  /** A further claim of the chain; `claims` is told of the first one of a token. */
  const claim = async (token: Token): Promise<Claim> => {
    const draft = { key, verb: claimVerb, args: claimArgs(token), prev: last.hash, seq: last.op.seq + 1 };
    last = now(signOp(makeOp(draft), key, own, hasher));
    const made = { wallet: genesis, claim: last };
    claims.apply(await claimerOf(token, made));
    return made;
  };
  const present = (token: Token, challenge: Uint8Array): Uint8Array => now(presentToken(token, challenge, key));
  return { key, claims, claim, present };
}

async function claimerOf(token: Token, claim: Claim): Promise<Claimer> {
  const claimer = await verifyClaim(token, claim, nodeEd25519, hasher);
  if (!claimer.ok) throw new Error(claimer.message);
  return claimer.value;
}

const challenge = new Uint8Array(32).fill(5);
const nothing = createClaims();
const noToken: unknown = expect.objectContaining({ name: 'SignError', code: 'sign/token' });

describe('a token', () => {
  it('is read back as it was minted, and its URL fits the code', () => {
    const terms = fc.dictionary(
      fc.string({ maxLength: 6 }),
      fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 8 })),
      { maxKeys: 3 },
    );
    const numbers = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeHex);
    fc.assert(
      fc.property(fc.constantFrom<TokenKind>('bearer', 'bound'), numbers, terms, (kind, number, terms) => {
        const url = now(mintToken({ page, kind, book, number, terms: { ...terms } }, till));
        expect(url.length).toBeLessThanOrEqual(maxTokenUrlLength);
        const token = tokenOf(url);
        expect([token.kind, token.number, token.page, token.issuerKeyId]).toEqual([kind, number, page, till.keyId]);
        expect({ ...token.terms }).toEqual({ ...terms });
        expect(now(verifyToken(token, check))).toEqual({ ok: true, value: undefined });
      }),
    );
  });

  it('is refused with any character changed', () => {
    const url = now(mintToken({ page, kind: 'bound', book, number: 'a0'.repeat(16), terms: { a: 1 } }, till));
    const start = url.indexOf('#');
    for (let at = start; at < url.length; at++) {
      for (const character of ['A', 'B', '-', '_', '9', '=', '%', '\n', '\u0000', 'é']) {
        if (character === url[at]) continue;
        const parsed = parseTokenUrl(url.slice(0, at) + character + url.slice(at + 1), hasher);
        expect(parsed.ok && now(verifyToken(parsed.value, check)).ok, `${at} ${character}`).toBe(false);
      }
    }
  });

  it('is not made of any text, however long, and never slowly', () => {
    const near = fc
      .tuple(fc.constantFrom('https://', 'https://a/', page, `${page}#tally1.`), fc.string())
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: anyCharacter }), fc.webUrl(), near),
        (text) => !parseTokenUrl(text, hasher).ok,
      ),
    );
    for (const piece of ['/', 'a', '.', '#tally1.', 'https://']) {
      expect(parseTokenUrl(`https://${piece.repeat(1_000_000 / piece.length)}`, hasher)).toMatchObject({
        code: 'token/too-large',
      });
      expect(parseTokenUrl(`https://${piece.repeat(490)}`.slice(0, 500), hasher).ok).toBe(false);
    }
  });

  it('is in base64url of one spelling', () => {
    for (const text of ['A', 'AAAAA', 'AB', 'AA==', 'A+', 'é']) expect(parseBase64Url(text), text).toBeUndefined();
    expect(parseBase64Url('')).toEqual(new Uint8Array(0));
  });

  it('is not minted of what no token can hold', async () => {
    const draft = { page, kind: 'bound', book, number: 'a0'.repeat(16), terms: {} } as const;
    const longest = 500 - now(mintToken(draft, till)).length;
    expect(now(mintToken({ ...draft, page: page + 'x'.repeat(longest) }, till))).toHaveLength(500);
    for (const bad of [
      { number: 'A0'.repeat(16) },
      { number: '' },
      { number: 'a0'.repeat(17) },
      { terms: { text: 'x'.repeat(160) } },
      { page: 'http://tea.example' },
      { page: `x${page}` },
      { page: page + 'x'.repeat(longest + 1) },
      { page: `https://tea.example/${'x'.repeat(300)}` },
      { kind: 'gift' as TokenKind },
      { book: 'x' as typeof book },
    ]) {
      expect(() => mintToken({ ...draft, ...bad }, till), JSON.stringify(bad)).toThrow(noToken);
    }
    const mute = { publicKey: till.publicKey, sign: async () => new Uint8Array(0) };
    await expect(mintToken(draft, mute)).rejects.toMatchObject({ code: 'sign/signer' });
    const later = { publicKey: till.publicKey, sign: async (message: Uint8Array) => till.sign(message) };
    expect(await mintToken(draft, later)).toBe(now(mintToken(draft, till)));
    const asynchronous = {
      ...nodeEd25519,
      verify: async (...given: Parameters<typeof nodeEd25519.verify>) => nodeEd25519.verify(...given),
    };
    expect(await verifyToken(mint('bound'), { ...check, ed25519: asynchronous })).toMatchObject({ ok: true });
  });
});

describe('a claim', () => {
  it('binds on first open, and the wallet’s own chain says so offline', async () => {
    const [anna, token, other] = [walletOf(), mint('bound'), mint('bound', 'b0'.repeat(16))];
    expect(anna.claims.claimOf(token)).toBeUndefined();
    const claim = await anna.claim(token);
    expect(anna.claims.claimOf(token)?.hash).toBe(claim.claim.hash);
    expect(anna.claims.claimOf(other)).toBeUndefined();
    expect(anna.claims.apply(await claimerOf(token, claim))).toMatchObject({ ok: true });
    // @ts-expect-error Two records that nobody verified are no claim that counts.
    createClaims().apply(claim);
    const again = await claimerOf(token, await anna.claim(token));
    expect(anna.claims.apply(again)).toMatchObject({ code: 'token/claimed' });
    const shown = { token, challenge, claim, proof: anna.present(token, challenge), known: nothing };
    expect(await verifyPresentation(shown, nodeEd25519, hasher)).toMatchObject({
      ok: true,
      value: { device: anna.key.device },
    });
  });

  it('is no use to whom a bound token is forwarded', async () => {
    const [anna, ben, token] = [walletOf(), walletOf(), mint('bound')];
    const claim = await anna.claim(token);
    const stolen = [
      { token, challenge, known: nothing },
      { token, challenge, known: nothing, claim },
      { token, challenge, known: nothing, claim, proof: ben.present(token, challenge) },
      { token, challenge, known: nothing, claim, proof: anna.present(token, new Uint8Array(32)) },
    ];
    for (const shown of stolen) expect((await verifyPresentation(shown, nodeEd25519, hasher)).ok).toBe(false);
    const bearer = mint('bearer');
    expect(await verifyPresentation({ token: bearer, challenge, known: nothing }, nodeEd25519, hasher)).toMatchObject({
      ok: true,
    });
  });

  it('made twice is proved from the two claims alone, and names who made them', async () => {
    const [anna, ben, token] = [walletOf(), walletOf(), mint('bound')];
    const [annas, bens, again] = [await anna.claim(token), await ben.claim(token), await anna.claim(token)];
    const prove = (one: Claim, other: Claim) => proveDoubleClaim(token, [one, other], nodeEd25519, hasher);
    expect(await prove(annas, bens)).toMatchObject({ ok: true, value: [anna.key.device, ben.key.device] });
    expect(await prove(annas, again)).toMatchObject({ ok: true, value: [anna.key.device, anna.key.device] });
    expect(await prove(annas, annas)).toMatchObject({ code: 'token/same-claim' });
    const known = createClaims();
    known.apply(await claimerOf(token, annas));
    const late = { token, challenge, claim: bens, proof: ben.present(token, challenge), known };
    expect(await verifyPresentation(late, nodeEd25519, hasher)).toMatchObject({
      code: 'token/claimed',
      message: expect.stringContaining(anna.key.device) as string,
    });
  });

  it('is refused with any bit changed, in either record', async () => {
    const [anna, token] = [walletOf(), mint('bound')];
    const claim = await anna.claim(token);
    const records = fc.constantFrom<keyof Claim>('wallet', 'claim');
    await fc.assert(
      fc.asyncProperty(records, fc.nat(), fc.nat(7), async (which, position, bit) => {
        const { bytes } = claim[which];
        const at = position % bytes.length;
        const changed = { ...claim[which], bytes: bytes.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte)) };
        expect(await verifyClaim(token, { ...claim, [which]: changed }, nodeEd25519, hasher)).toMatchObject({
          code: 'token/claim',
        });
      }),
      { numRuns: 400 },
    );
  });

  it('asks for a challenge of 32 bytes', () => {
    expect(() => presentToken(mint('bound'), new Uint8Array(31), till)).toThrow(noToken);
  });
});
