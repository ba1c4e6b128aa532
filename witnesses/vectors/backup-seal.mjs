// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/backup.md read for itself: sealed keys, with as much of age (age-encryption.org/v1) as they need.
import { createDecipheriv, createHmac, diffieHellman, hkdfSync, scryptSync } from 'node:crypto';
import { bytesOf, deviceKey } from './backup.mjs';
import { outcome, privateKeyOf, publicKeyOf, rawPublicOf, refuse } from './bytes.mjs';

const derive = (secret, salt, label) => Buffer.from(hkdfSync('sha256', secret, salt, label, 32));

function unseal(key, nonce, sealed) {
  try {
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The 32 bytes behind `AGE-SECRET-KEY-1`, or undefined. */
function identityOf(text) {
  const letters = text.slice('AGE-SECRET-KEY-1'.length).toLowerCase();
  const values = Array.from(letters, (letter) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(letter));
  const prefix = [...Buffer.from('age-secret-key-')];
  let sum = 1;
  for (const value of [...prefix.map((unit) => unit >> 5), 0, ...prefix.map((unit) => unit & 31), ...values]) {
    const top = sum >> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((g, i) => (sum ^= (top >> i) & 1 ? g : 0));
  }
  if (values.length !== 58 || values.includes(-1) || sum !== 1) return undefined;
  const bits = values.slice(0, 52).map((value) => value.toString(2).padStart(5, '0'));
  return bytesOf(bits.join(''));
}

function fileKeyOf({ kind, body, args }, opener, secret) {
  if (kind === 'scrypt' && opener.kind === 'passphrase') {
    const salt = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), Buffer.from(args[0], 'base64')]);
    const cost = { N: 2 ** Number(args[1]), r: 8, p: 1, maxmem: 2 ** 30 };
    return unseal(scryptSync(opener.passphrase.normalize('NFKC'), salt, 32, cost), Buffer.alloc(12), body);
  }
  if (kind !== 'X25519' || secret === undefined) return undefined;
  const privateKey = privateKeyOf(secret, '6e');
  const share = Buffer.from(args[0], 'base64');
  const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(share, '6e') });
  const key = derive(shared, Buffer.concat([share, rawPublicOf(privateKey)]), 'age-encryption.org/v1/X25519');
  return unseal(key, Buffer.alloc(12), body);
}

function sealed({ sealed: text, opener }) {
  const armor = /^-----BEGIN AGE ENCRYPTED FILE-----\n([A-Za-z0-9+/=\n]+)\n-----END AGE ENCRYPTED FILE-----$/;
  const base64 = armor.exec(text.trim().replaceAll('\r\n', '\n'))?.[1];
  if (text.length > 32768 || base64 === undefined) refuse('custody/not-sealed');
  const file = Buffer.from(base64, 'base64');
  const header = /^age-encryption\.org\/v1\n((?:-> .+\n(?:.{64}\n)*.{0,63}\n)*)--- (.{43})\n/.exec(
    file.toString('latin1'),
  );
  if (header === null) refuse('custody/not-sealed');
  const stanzas = [...header[1].matchAll(/-> (\S+) ?(.*)\n((?:.{64}\n)*.{0,63})\n/g)].map(([, kind, args, body]) => {
    return { kind, args: args.split(' '), body: Buffer.from(body, 'base64') };
  });
  const isCostly = stanzas.length > 8 || stanzas.some(({ kind, args }) => kind === 'scrypt' && Number(args[1]) > 18);
  const secret = opener.kind === 'organisation' ? identityOf(opener.identity) : undefined;
  if (opener.kind === 'organisation' && secret === undefined) refuse('custody/opener');
  if (isCostly) refuse('custody/too-costly');
  const fileKey = stanzas.map((stanza) => fileKeyOf(stanza, opener, secret)).find((key) => key !== undefined);
  if (fileKey === undefined) refuse('custody/no-match');
  const covered = header[0].slice(0, -45);
  const mac = createHmac('sha256', derive(fileKey, '', 'header'))
    .update(covered)
    .digest();
  const rest = file.subarray(header[0].length);
  const payloadKey = derive(fileKey, rest.subarray(0, 16), 'payload');
  const opened = unseal(payloadKey, Buffer.concat([Buffer.alloc(11), Buffer.of(1)]), rest.subarray(16));
  if (!mac.equals(Buffer.from(header[2], 'base64')) || opened === undefined) refuse('custody/damaged');
  const [, seed, publicKey] = /^tallystick\/key\/1\n([0-9a-f]{64})\n([0-9a-f]{64})\n$/.exec(opened.toString()) ?? [];
  const key = seed === undefined ? undefined : deviceKey(Buffer.from(seed, 'hex'));
  return key?.publicKey === publicKey && key !== undefined ? key : refuse('custody/not-a-key');
}

export const judges = { 'custody/sealed': (input) => outcome(() => sealed(input)) };
