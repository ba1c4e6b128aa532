// A wallet knows what it claimed, over restarts and without a network, and what it shows stands before any reader.
import { portableHasher } from '@tallystick/chain';
import { parseBookId } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { createMemoryKeyStore, type DeviceKey, nobleEd25519 } from '../src/index.ts';
import {
  createClaims,
  mintToken,
  openWallet,
  parseTokenUrl,
  proveDoubleClaim,
  type Token,
  type TokenKind,
  verifyPresentation,
  type Wallet,
  type WalletEntry,
} from '../src/token.ts';

const hasher = portableHasher;
let minted = 0;

async function newKey(): Promise<DeviceKey> {
  return createMemoryKeyStore(nobleEd25519, hasher).create('wallet');
}

async function mint(kind: TokenKind): Promise<{ url: string; token: Token }> {
  const book = parseBookId('d1'.repeat(32));
  if (book === undefined) throw new Error('not a book id');
  const number = (minted += 1).toString(16).padStart(32, '0');
  const url = await mintToken({ page: 'https://tea.example/t', kind, book, number, terms: {} }, await newKey());
  const token = parseTokenUrl(url, hasher);
  if (!token.ok) throw new Error(token.code);
  return { url, token: token.value };
}

function open(key: DeviceKey, entries: WalletEntry[] = []): Promise<Wallet> {
  const store = { load: () => [...entries], append: (entry: WalletEntry) => void entries.push(entry) };
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  return openWallet({ key, store, hasher, now: () => 1_795_000_000_000, random });
}

async function isTaken(wallet: Wallet, token: Token, known = createClaims()): Promise<string> {
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const shown = await wallet.show(token, challenge);
  if (!shown.ok) return shown.code;
  const verdict = await verifyPresentation({ token, challenge, known, ...shown.value }, nobleEd25519, hasher);
  if (verdict.ok && verdict.value !== undefined) known.apply(verdict.value);
  return verdict.ok ? 'taken' : verdict.code;
}

describe('a wallet', () => {
  it('carries tokens and claims the bound ones, once, also after it was closed', async () => {
    const [key, entries]: [DeviceKey, WalletEntry[]] = [await newKey(), []];
    const [bound, bearer] = [await mint('bound'), await mint('bearer')];
    const wallet = await open(key, entries);
    for (const { url } of [bound, bearer, bound]) expect(await wallet.carry(url)).toMatchObject({ ok: true });
    expect(entries.map(({ kind }) => kind)).toEqual(['record', 'token', 'record', 'token']);
    const again = await open(key, entries);
    expect(again.carried().map(({ hash }) => hash)).toEqual([bound.token.hash, bearer.token.hash]);
    expect(await again.claim(bound.token)).toMatchObject({ ok: false, code: 'token/claimed' });
    expect(again.claimOf(bound.token)?.claim.hash).toBe(wallet.claimOf(bound.token)?.claim.hash);
    expect(await isTaken(again, bound.token)).toBe('taken');
    expect(await isTaken(again, bearer.token)).toBe('taken');
    expect(await again.carry('https://tea.example/t')).toMatchObject({ ok: false, code: 'token/url' });
  });

  it('claims one after the other, however they are asked', async () => {
    const entries: WalletEntry[] = [];
    const wallet = await open(await newKey(), entries);
    const tokens = [await mint('bound'), await mint('bound'), await mint('bound')];
    const asked = [...tokens, ...tokens].map(({ token }) => wallet.claim(token));
    expect((await Promise.all(asked)).filter(({ ok }) => ok)).toHaveLength(3);
    // Its chain has no fork, or it would not open.
    expect(entries).toHaveLength(4);
  });

  it('shows nothing for a bound token of another, and is seen through with its claim', async () => {
    const { url, token } = await mint('bound');
    const [ann, bob] = [await open(await newKey()), await open(await newKey())];
    await ann.carry(url);
    expect(await isTaken(bob, token)).toBe('token/claim');
    const known = createClaims();
    expect(await isTaken(ann, token, known)).toBe('taken');
    await bob.carry(url);
    expect(await isTaken(bob, token, known)).toBe('token/claimed');
    expect(await isTaken(ann, token, known)).toBe('taken');
  });

  it('that was copied is caught where both copies claim', async () => {
    const [key, entries]: [DeviceKey, WalletEntry[]] = [await newKey(), []];
    const { token } = await mint('bound');
    await open(key, entries);
    const copies = [await open(key, [...entries]), await open(key, [...entries])] as const;
    const claims = [await copies[0].claim(token), await copies[1].claim(token)] as const;
    if (!claims[0].ok || !claims[1].ok) throw new Error('not claimed');
    expect(claims.map((claim) => claim.ok && claim.value.claim.op.seq)).toEqual([2, 2]);
    const proof = await proveDoubleClaim(token, [claims[0].value, claims[1].value], nobleEd25519, hasher);
    expect(proof).toEqual({ ok: true, value: [key.device, key.device] });
  });

  it('does not open on what is not one chain of its key', async () => {
    const [key, entries]: [DeviceKey, WalletEntry[]] = [await newKey(), []];
    const wallet = await open(key, entries);
    for (const { url } of [await mint('bound'), await mint('bound')]) await wallet.carry(url);
    const records = entries.filter(({ kind }) => kind === 'record');
    const torn = [records.slice(1), [records[0], records[2]], [...records, records[2]], [{ kind: 'token', url: 'x' }]];
    for (const wrong of torn) await expect(open(key, wrong as WalletEntry[])).rejects.toThrow('wallet');
    await expect(open(await newKey(), records)).rejects.toThrow('wallet');
    await expect(open(key, records)).resolves.toBeDefined();
  });
});
