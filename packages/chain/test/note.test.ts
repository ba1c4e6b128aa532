import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChainError,
  encodeVerifierKey,
  portableHasher as hasher,
  type NoteKey,
  type NoteSigner,
  openNote,
  parseVerifierKey,
  signNote,
} from '../src/index.ts';
import { anyCharacter } from './fixtures.ts';
import { makeSigner, verifyEd25519 } from './note-keys.ts';

function keyOf(text: string): NoteKey {
  const key = parseVerifierKey(text, hasher);
  if (!key.ok) throw new Error(key.message);
  return key.value;
}

const relay = makeSigner('relay.example/one');
const other = makeSigner('witness.example');
const body = 'A note.\n\nWith an empty line.\n';

// From the documentation of golang.org/x/mod/sumdb/note.
const neumann = {
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: [
    'If you think cryptography is the answer to your problem,',
    "then you don't know what your problem is.",
    '',
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=',
    '',
  ].join('\n'),
};

describe('notes', () => {
  it('open what another implementation signed', async () => {
    const opened = await openNote(neumann.note, keyOf(neumann.key), verifyEd25519, hasher);
    expect(opened).toEqual({ ok: true, value: { body: neumann.note.slice(0, neumann.note.indexOf('\n\n') + 1) } });
    expect(encodeVerifierKey(keyOf(neumann.key), hasher)).toBe(neumann.key);
  });

  it('open to the body that was signed', async () => {
    const note = await signNote(body, relay, hasher);
    expect(note).toMatch(/^A note\.\n\nWith an empty line\.\n\n— relay\.example\/one [A-Za-z0-9+/]{91}=\n$/);
    expect(await openNote(note, relay, verifyEd25519, hasher)).toEqual({ ok: true, value: { body } });
  });

  it('answer at once when key and verifier do', () => {
    expect(typeof signNote(body, relay, hasher)).toBe('string');
    const later: NoteSigner = { ...relay, sign: async (message) => relay.sign(message) };
    expect(signNote(body, later, hasher)).toBeInstanceOf(Promise);
  });

  it('carry the signatures of others, which are ignored', async () => {
    const [mine, theirs] = [await signNote(body, relay, hasher), await signNote(body, other, hasher)];
    const both = `${theirs}${mine.slice(mine.indexOf('\n— ') + 1)}`;
    for (const key of [relay, other])
      expect(await openNote(both, key, verifyEd25519, hasher)).toMatchObject({ ok: true });
    const namesake = { ...other, name: relay.name };
    expect(await openNote(mine, namesake, verifyEd25519, hasher)).toMatchObject({ code: 'chain/note-unsigned' });
    expect(await openNote(theirs, relay, verifyEd25519, hasher)).toMatchObject({ code: 'chain/note-unsigned' });
  });

  it('are refused whole when the first line of the key is not valid', async () => {
    const note = await signNote(body, relay, hasher);
    const tampered = note.replace('A note', 'B note');
    expect(await openNote(tampered, relay, verifyEd25519, hasher)).toMatchObject({ code: 'chain/note-signature' });
    expect(await openNote(tampered, relay, () => true, hasher)).toMatchObject({ ok: true });
  });

  it('are refused under any one changed character', async () => {
    const note = await signNote(body, relay, hasher);
    const anyChange = fc.record({
      at: fc.nat(note.length - 1),
      character: anyCharacter,
    });
    await fc.assert(
      fc.asyncProperty(anyChange, async ({ at, character }) => {
        fc.pre(note[at] !== character);
        const changed = `${note.slice(0, at)}${character}${note.slice(at + 1)}`;
        expect(await openNote(changed, relay, verifyEd25519, hasher)).toMatchObject({ ok: false });
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when they are not notes, without a throw', async () => {
    const line = '— relay.example/one AAAAAAA=';
    const malformed = [
      '',
      '\n',
      'text\n',
      'text\n\n',
      `text\n${line}\n`,
      `text\n\n${line}`,
      `text\r\n\n${line}\n`,
      'text\n\n- relay.example/one AAAAAAA=\n',
      'text\n\n— relay.example/one AAAAAAA\n',
      'text\n\n— relay.example/one AAAA\n',
      'text\n\n— relay.example/one  AAAAAAA=\n',
      'text\n\n— relay+one AAAAAAA=\n',
      `text\n\n${line} AAAAAAA=\n`,
      `x${line}\n`,
      `text\u0000\n\n${line}\n`,
      `text\ud800\n\n${line}\n`,
      `text\n\n${`${line}\n`.repeat(65)}`,
      `text\n\n— relay.example/one ${'A'.repeat(1_000_000)}\n`,
      `${'x'.repeat(1 << 20)}\n\n${line}\n`,
    ];
    for (const text of malformed) {
      expect(await openNote(text, relay, verifyEd25519, hasher)).toMatchObject({ code: 'chain/note-format' });
    }
  });

  it('are read up to their bounds and no further', async () => {
    const open = (text: string) => openNote(text, relay, verifyEd25519, hasher);
    const mine = await signNote(body, relay, hasher);
    const line = (base64: string): string => `— other ${base64}\n`;
    // 4 bytes are a key id alone; 16,384 characters are the longest signature of any type.
    for (const base64 of ['AAAAAAA=', 'A'.repeat(16_384)])
      expect(await open(mine + line(base64))).toMatchObject({ ok: true });
    for (const base64 of ['AAAAAA==', 'A'.repeat(16_388)]) {
      expect(await open(mine + line(base64))).toMatchObject({ code: 'chain/note-format' });
    }
    expect(await open(mine + line('AAAAAAA=').repeat(63))).toMatchObject({ ok: true });
    expect(await open(mine + line('AAAAAAA=').repeat(64))).toMatchObject({ code: 'chain/note-format' });

    const room = (1 << 20) - mine.length + body.length;
    const full = await signNote(`${'x'.repeat(room - 1)}\n`, relay, hasher);
    expect(full).toHaveLength(1 << 20);
    expect(await open(full)).toMatchObject({ ok: true });
    expect(await open(`x${full}`)).toMatchObject({ code: 'chain/note-format' });
    expect(signNote(`${'x'.repeat((1 << 20) - 1)}\n`, relay, hasher)).toMatch(/\n\n— /);
    expect(() => signNote(`${'x'.repeat(1 << 20)}\n`, relay, hasher)).toThrow(ChainError);
  });

  it('take 64 bytes for a signature, whatever a verifier says', async () => {
    const note = await signNote(body, relay, hasher);
    const [text = '', encoded = ''] = note.split(' relay.example/one ');
    for (const length of [67, 69]) {
      const signature = Buffer.concat([Buffer.from(encoded, 'base64'), Buffer.alloc(1)]).subarray(0, length);
      const changed = `${text} relay.example/one ${signature.toString('base64')}\n`;
      expect(await openNote(changed, relay, () => true, hasher)).toMatchObject({ code: 'chain/note-signature' });
    }
    const short: NoteSigner = { ...relay, sign: async () => new Uint8Array(63) };
    await expect(signNote(body, short, hasher)).rejects.toMatchObject({ code: 'chain/note-body' });
  });

  it('are not made of what cannot be one, nor without a signature', () => {
    for (const text of ['', 'no newline', 'bell\u0007\n', '\ud800\n']) {
      expect(() => signNote(text, relay, hasher)).toThrow(expect.objectContaining({ code: 'chain/note-body' }));
    }
    for (const name of ['', 'two words', 'a+b', 'line\n', 'next\u0085']) {
      expect(() => signNote(body, { ...relay, name }, hasher)).toThrow(
        expect.objectContaining({ code: 'chain/note-name' }),
      );
    }
    expect(() => signNote(body, { ...relay, sign: () => new Uint8Array(0) }, hasher)).toThrow(ChainError);
    let signed = false;
    const sign = (): Uint8Array => ((signed = true), new Uint8Array(64));
    expect(() => signNote(body, { ...relay, name: 'two words', sign }, hasher)).toThrow(ChainError);
    expect(signed).toBe(false);
    const note = signNote(body, relay, hasher) as string;
    expect(() => openNote(note, { ...relay, name: 'two words' }, verifyEd25519, hasher)).toThrow(
      expect.objectContaining({ code: 'chain/note-name' }),
    );
    const failing = (): Uint8Array => {
      throw new Error('no key');
    };
    expect(() => signNote(body, { ...relay, sign: failing }, hasher)).toThrow('no key');
  });
});

describe('verifier keys', () => {
  it('survive a round trip, also with a plus sign in their base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        const key = { name: 'relay.example/books', publicKey };
        expect(parseVerifierKey(encodeVerifierKey(key, hasher), hasher)).toEqual({ ok: true, value: key });
      }),
    );
  });

  it('are refused with another name, key id, type or length', () => {
    const text = encodeVerifierKey(relay, hasher);
    const [name, id] = text.split('+');
    const changed = [
      '',
      text.replace('relay', 'delay'),
      text.replace(`${id}`, '00000000'),
      text.slice(0, -4),
      `${text}=`,
      neumann.key.replace('+AR', '+BB'),
      `${name}+${id}`,
    ];
    for (const key of changed) expect(parseVerifierKey(key, hasher)).toMatchObject({ code: 'chain/verifier-key' });
  });
});
