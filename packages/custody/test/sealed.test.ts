// Sealed keys: every wrong opener, every damage, and whatever else may be pasted, answered by a code.
import { portableHasher } from '@tallystick/chain';
import { createMemoryKeyStore, encodeKeyText, keyIdOf, nobleEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { armor, Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createBackedUpKey, createOrganisationIdentity, openBackup, type Opener } from '../src/index.ts';
import { openSealedBytes, sealBytes } from '../src/sealed.ts';
import { minted } from './fixtures.ts';

const passphrase = 'correct horse battery staple';
const memory = () => createMemoryKeyStore(nodeEd25519, portableHasher);

let office: { identity: string; recipient: string };
let escrow: string;
let locked: string;
let keyId: string;
const asOffice = (): Opener => ({ kind: 'organisation', identity: office.identity });

beforeAll(async () => {
  office = await createOrganisationIdentity();
  const { key, sealed } = await createBackedUpKey(memory(), 'device', {
    sealTo: [
      { kind: 'organisation', recipients: [office.recipient] },
      { kind: 'passphrase', passphrase, workFactor: 10 },
    ],
  });
  [escrow, locked, keyId] = [minted(sealed[0]), minted(sealed[1]), key.keyId];
});

const codeOf = async (sealed: string, opener: Opener): Promise<string> => {
  const opened = await openBackup(sealed, opener);
  return opened.ok ? 'opened' : opened.code;
};

/** A file of age's own, without this package's bounds on who may open it. */
async function sealedBy(prepare: (encrypter: Encrypter) => void, text: string): Promise<string> {
  const encrypter = new Encrypter();
  prepare(encrypter);
  return armor.encode(await encrypter.encrypt(text));
}

it('seals where the platform fails at one key, and not where it fails at every key', async () => {
  const failure = new DOMException('no key', 'OperationError');
  const derive = vi.spyOn(globalThis.crypto.subtle, 'deriveBits').mockRejectedValueOnce(failure);
  const sealed = await sealBytes(new Uint8Array([7]), [office.recipient]);
  expect(await openSealedBytes(sealed, asOffice())).toEqual({ ok: true, value: new Uint8Array([7]) });
  derive.mockRejectedValue(failure);
  await expect(sealBytes(new Uint8Array([7]), [office.recipient])).rejects.toBe(failure);
  derive.mockRestore();
});

describe('a sealed key', () => {
  it('opens for its opener alone', async () => {
    const other = await createOrganisationIdentity();
    expect(await codeOf(escrow, asOffice())).toBe('opened');
    expect(await codeOf(locked, { kind: 'passphrase', passphrase })).toBe('opened');
    expect(await codeOf(escrow, { kind: 'organisation', identity: other.identity })).toBe('custody/no-match');
    expect(await codeOf(escrow, { kind: 'passphrase', passphrase })).toBe('custody/no-match');
    expect(await codeOf(locked, { kind: 'passphrase', passphrase: `${passphrase} ` })).toBe('custody/no-match');
    expect(await codeOf(locked, asOffice())).toBe('custody/no-match');
    expect(await codeOf(escrow, { kind: 'passkey' })).toBe('custody/no-match');
  });

  it('takes a passphrase as it looks, however it is spelled in Unicode', async () => {
    const { sealed } = await createBackedUpKey(memory(), 'device', {
      sealTo: [{ kind: 'passphrase', passphrase: 'caf\u00e9 au lait noir', workFactor: 10 }],
    });
    expect(await codeOf(minted(sealed[0]), { kind: 'passphrase', passphrase: 'cafe\u0301 au lait noir' })).toBe(
      'opened',
    );
  });

  it('survives the ways of mail: line ends and space around it', async () => {
    expect(await codeOf(`\n  ${escrow.replaceAll('\n', '\r\n')}  \r\n`, asOffice())).toBe('opened');
  });

  it('does not open for an identity that is none', async () => {
    for (const identity of [
      '',
      'AGE-SECRET-KEY-1',
      office.recipient,
      office.identity.slice(0, -1),
      `${office.identity}Q`,
    ]) {
      expect(await codeOf(escrow, { kind: 'organisation', identity }), identity).toBe('custody/opener');
    }
    expect(await codeOf(escrow, { kind: 'passkey', credential: 'nothing' })).toBe('custody/opener');
    expect(await codeOf(escrow, { kind: 'organisation', identity: ` ${office.identity}\n` })).toBe('opened');
  });

  it('may be for eight recipients, post-quantum ones of age too', async () => {
    const identities = await Promise.all(Array.from({ length: 8 }, generateHybridIdentity));
    const recipients = await Promise.all(identities.map(identityToRecipient));
    const { sealed } = await createBackedUpKey(memory(), 'device', { sealTo: [{ kind: 'organisation', recipients }] });
    const opener = { kind: 'organisation', identity: minted(identities.at(-1)) } as const;
    expect(await codeOf(minted(sealed[0]), opener)).toBe('opened');
    expect(await codeOf(minted(sealed[0]), asOffice())).toBe('custody/no-match');
  });

  it('is refused as another key than the one that is missed', async () => {
    const { key } = await createBackedUpKey(memory(), 'device', { shares: { threshold: 2, count: 2 } });
    expect(await openBackup(escrow, asOffice(), { expect: key.keyId })).toMatchObject({
      code: 'custody/other-key',
      message: expect.stringContaining(keyId),
    });
  });

  it('must hold a key', async () => {
    const seed = new Uint8Array(32).fill(7);
    const { publicKey } = await nobleEd25519.fromSeed(seed);
    const text = encodeKeyText(seed, publicKey);
    const seal = (content: string) => sealedBy((encrypter) => encrypter.addRecipient(office.recipient), content);
    expect(await codeOf(await seal(text), asOffice())).toBe('opened');
    const opened = await openBackup(await seal(text), asOffice());
    expect(opened).toMatchObject({ ok: true, value: { seed, publicKey, keyId: keyIdOf(publicKey, portableHasher) } });
    for (const content of ['', 'secret', `${text}\n`, text.replace(/^.*\n/, ''), encodeKeyText(publicKey, publicKey)]) {
      expect(await codeOf(await seal(content), asOffice())).toBe('custody/not-a-key');
    }
  });

  it('is refused before it costs too much', async () => {
    const crowd = await sealedBy((encrypter) => {
      for (let i = 0; i < 9; i++) encrypter.addRecipient(office.recipient);
    }, 'nothing');
    expect(await codeOf(crowd, asOffice())).toBe('custody/too-costly');
    const header = Buffer.from(locked.replaceAll(/-----.*-----|\n/g, ''), 'base64').toString('latin1');
    const costly = header.replace(/(-> scrypt \S+) 10\n/, '$1 19\n');
    expect(costly).not.toBe(header);
    const sealed = armor.encode(Uint8Array.from(Buffer.from(costly, 'latin1')));
    expect(await codeOf(sealed, { kind: 'passphrase', passphrase })).toBe('custody/too-costly');
    expect(await codeOf(`${escrow}${' '.repeat(32_768)}`, asOffice())).toBe('custody/not-sealed');
  });
});

describe('damage', () => {
  const bytesOf = (sealed: string): Uint8Array => armor.decode(sealed);

  it('of any one bit is refused', async () => {
    const bytes = bytesOf(escrow);
    const codes = new Map<string, number>();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const code = await codeOf(armor.encode(damaged), asOffice());
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(['custody/damaged', 'custody/no-match', 'custody/not-sealed']);
  });

  it('by cutting it anywhere, or adding to it, is refused', async () => {
    const bytes = bytesOf(escrow);
    for (let size = 0; size < bytes.length; size++) {
      const code = await codeOf(armor.encode(bytes.subarray(0, size)), asOffice());
      expect(code, `${size} bytes`).toMatch(/^custody\/(not-sealed|damaged)$/);
    }
    expect(await codeOf(armor.encode(Uint8Array.of(...bytes, 0)), asOffice())).toBe('custody/damaged');
    expect(await codeOf(escrow.slice(0, -40), asOffice())).toBe('custody/not-sealed');
  });

  it('of any kind is answered by a code', async () => {
    const openers: Opener[] = [asOffice(), { kind: 'passphrase', passphrase }];
    const header = 'age-encryption.org/v1\n';
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => armor.encode(bytes)),
      fc
        .array(fc.constantFrom('-> X25519 ', '-> scrypt ', 'AAAA', ' 10', '\n', '--- ', '->', 'x'.repeat(43)), {
          maxLength: 20,
        })
        .map((parts) => armor.encode(new TextEncoder().encode(header + parts.join('')))),
      fc
        .nat({ max: escrow.length - 1 })
        .chain((at) =>
          fc.string({ unit: 'binary', maxLength: 3 }).map((put) => escrow.slice(0, at) + put + escrow.slice(at + 1)),
        ),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(...openers), async (sealed, opener) => {
        // A put text may be the cut one, and an armor may be spelled in two ways; what opens must be this very key.
        const opened = await openBackup(sealed, opener);
        expect(opened.ok ? opened.value.keyId : opened.code).toMatch(opened.ok ? keyId : /^custody\//);
      }),
      { numRuns: 2000 },
    );
  });
});
