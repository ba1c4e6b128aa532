/** What must not leave a device: its keys. They are in no export, no database and at no relay; a backup of one opens to its holder alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBackup, sealKey } from '@tallystick/custody';
import { nodeCrypto } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { createMemoryKeyStore } from '@tallystick/sign';
import { randomBytes } from 'node:crypto';
import type { Witness } from './claim.ts';
import { type Play, playsOf } from './firm.ts';
import { sellMany } from './shop.ts';

/** Everything that a firm wrote is searched for a till's private key. The fault: for its public key, which is there. */
const keysStay: Play = async (firm, broken) => {
  const seed = Uint8Array.from(randomBytes(32));
  const imported = createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
  const key = await imported.import('device', seed);
  const keys = { load: imported.load, create: async () => key };
  const till = await firm.enlist('till', 'till', { keys });
  await sellMany(till.book, 3);
  await firm.meet(till.book, firm.office);
  const written = [
    await till.book.export(),
    ...readdirSync(firm.dir).map((name) => readFileSync(join(firm.dir, name))),
  ];
  const wanted = broken ? key.publicKey : seed;
  const spellings = [
    Buffer.from(wanted),
    Buffer.from(encodeHex(wanted)),
    Buffer.from(Buffer.from(wanted).toString('base64')),
  ];
  const found = written.filter((bytes) => spellings.some((spelling) => Buffer.from(bytes).includes(spelling))).length;
  return { of: { files: written.length }, facts: { found }, holds: found === 0 };
};

/** A key that is backed up under a passphrase. The fault: the thief knows the passphrase. */
const sealedBackup: Play = async (_firm, broken) => {
  const seed = Uint8Array.from(randomBytes(32));
  const { publicKey } = await nodeCrypto.ed25519.fromSeed(seed);
  const passphrase = 'four words of nobody';
  const key = { seed, publicKey, keyId: '' as never };
  const sealed = await sealKey(key, { kind: 'passphrase', passphrase, workFactor: 10 });
  const guesses = [broken ? passphrase : 'password', `${passphrase} `, ''];
  const codes = [];
  for (const guess of guesses) {
    const opened = await openBackup(sealed, { kind: 'passphrase', passphrase: guess });
    codes.push(opened.ok ? 'opened' : opened.code);
  }
  const owner = await openBackup(sealed, { kind: 'passphrase', passphrase });
  const returned = owner.ok && encodeHex(owner.value.seed) === encodeHex(seed);
  return {
    of: { guesses: guesses.length },
    facts: { codes: [...new Set(codes)].join(','), returned },
    holds: returned && !codes.includes('opened'),
  };
};

export const privacy: Witness = playsOf('privacy', { 'keys-stay': keysStay, 'sealed-backup': sealedBackup });
