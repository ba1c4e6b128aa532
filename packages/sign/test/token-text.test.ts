// What a till and a wallet tell each other by QR code: whole or not at all, and worth nothing to another reader.
import { portableHasher as hasher } from '@tallystick/chain';
import { parseBookId } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { createMemoryKeyStore, nobleEd25519 } from '../src/index.ts';
import {
  createClaims,
  encodeAnswer,
  encodeAsk,
  mintToken,
  openWallet,
  parseAnswer,
  parseAsk,
  verifyPresentation,
  type WalletEntry,
} from '../src/token.ts';

const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

it('carries a claim from a wallet to a reader, and nothing that was changed on the way', async () => {
  const keys = createMemoryKeyStore(nobleEd25519, hasher);
  const book = parseBookId('d1'.repeat(32));
  if (book === undefined) throw new Error('not a book id');
  const draft = { page: 'https://tea.example/t', kind: 'bound', book, number: '01'.repeat(16), terms: {} } as const;
  const url = await mintToken(draft, await keys.create('till'));
  const kept: WalletEntry[] = [];
  const store = { load: () => kept, append: (entry: WalletEntry) => void kept.push(entry) };
  const wallet = await openWallet({ key: await keys.create('wallet'), store, hasher, now: Date.now, random });
  const token = await wallet.carry(url);
  if (!token.ok) throw new Error(token.code);

  const asked = encodeAsk({ hash: token.value.hash, challenge: random(32) });
  const ask = parseAsk(asked);
  if (!ask.ok) throw new Error(ask.code);
  const carried = wallet.carried().find(({ hash }) => hash === ask.value.hash);
  if (carried === undefined) throw new Error('the wallet does not know the token');
  const shown = await wallet.show(carried, ask.value.challenge);
  if (!shown.ok) throw new Error(shown.code);
  const text = encodeAnswer(shown.value);
  expect(text.length).toBeLessThan(2_000);

  const judge = async (answer: string): Promise<string> => {
    const read = parseAnswer(answer, hasher);
    if (!read.ok) return read.code;
    const presentation = { token: token.value, challenge: ask.value.challenge, known: createClaims(), ...read.value };
    const verdict = await verifyPresentation(presentation, nobleEd25519, hasher);
    return verdict.ok ? 'taken' : verdict.code;
  };
  expect(await judge(text)).toBe('taken');
  for (const at of [0, 14, 15, 300, text.length - 2])
    expect(await judge(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`)).not.toBe('taken');
  for (const cut of ['', text.slice(0, -4), `${text}AAAA`, text.replace('answer', 'ask'), 'tally1-answer.'])
    expect(await judge(cut)).toBe('token/text');
  for (const cut of ['', asked.slice(0, -3), `${asked}AAA`, text])
    expect(parseAsk(cut)).toMatchObject({ code: 'token/text' });
});
