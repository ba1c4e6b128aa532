// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/envelope.md read for itself: opening, and the ids of keys. node:crypto has ChaCha20-Poly1305; HChaCha20 makes it the extended one.
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { bytes, hex, outcome, refuse, sha256 } from './bytes.mjs';
import { write } from './op.mjs';

/** draft-irtf-cfrg-xchacha-03, section 2.2: twenty rounds without the last addition; the first and the last row are the subkey. */
function hChaCha20(key, nonce) {
  const words = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
  for (const part of [key, nonce]) for (let i = 0; i < part.length; i += 4) words.push(part.readUInt32LE(i));
  const turn = (a, b, by) => {
    const x = words[a] ^ words[b];
    return (x << by) | (x >>> (32 - by));
  };
  const quarter = (a, b, c, d) => {
    for (const [to, by, on, bits] of [
      [a, b, d, 16],
      [c, d, b, 12],
      [a, b, d, 8],
      [c, d, b, 7],
    ]) {
      words[to] = (words[to] + words[by]) | 0;
      words[on] = turn(on, to, bits);
    }
  };
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(i, i + 4, i + 8, i + 12);
    for (let i = 0; i < 4; i++) quarter(i, ((i + 1) % 4) + 4, ((i + 2) % 4) + 8, ((i + 3) % 4) + 12);
  }
  const subkey = Buffer.alloc(32);
  [...words.slice(0, 4), ...words.slice(12)].forEach((word, i) => subkey.writeInt32LE(word | 0, 4 * i));
  return subkey;
}
/** Undefined where the tag is not that of the text. */
function decrypt(key, nonce, aad, data) {
  const [subkey, rest] = [hChaCha20(key, nonce.subarray(0, 16)), Buffer.concat([Buffer.alloc(4), nonce.subarray(16)])];
  const opening = createDecipheriv('chacha20-poly1305', subkey, rest, { authTagLength: 16 });
  opening.setAAD(aad).setAuthTag(data.subarray(-16));
  try {
    return Buffer.concat([opening.update(data.subarray(0, -16)), opening.final()]);
  } catch {
    return undefined;
  }
}

const frames = [64, 128, 256, 512, 1024, 2048, 4096];
const frameFor = (length) => frames.find((size) => size >= 34 + length);
function derive({ key, subject, generation, place }, nonce) {
  const bound = write({ ...place, generation, subject });
  const derived = Buffer.from(hkdfSync('sha256', bytes(key), nonce, `tallystick/envelope/1\n${bound}`, 64));
  return [derived.subarray(0, 32), derived.subarray(32)];
}
const commit = (salt, value) => sha256('tallystick/envelope-value/1\n', salt, value);

function open(input) {
  const [, subject, generation, text] =
    /^env1\.([0-9a-f]{32})\.([1-9][0-9]{0,5})\.([A-Za-z0-9_-]+)$/.exec(input.envelope) ??
    refuse('erasure/not-an-envelope');
  const body = Buffer.from(text, 'base64url');
  const isWhole = body.toString('base64url') === text && frames.includes(body.length - 104);
  if (!isWhole || input.envelope.endsWith('\n')) refuse('erasure/not-an-envelope');
  const [nonce, keyCommitment, commitment, sealed] = [
    body.subarray(0, 24),
    body.subarray(24, 56),
    body.subarray(56, 88),
    body.subarray(88),
  ];
  const [key, committed] = derive(input, nonce);
  const isOf = subject === input.subject && Number(generation) === input.generation;
  if (!isOf || !committed.equals(keyCommitment)) refuse('erasure/no-match');
  const frame = decrypt(key, nonce, commitment, sealed) ?? refuse('erasure/damaged');
  const [salt, length] = [frame.subarray(0, 32), frame.readUInt16BE(32)];
  const value = frame.subarray(34, 34 + length);
  const isFramed = frameFor(length) === frame.length && frame.subarray(34 + length).every((byte) => byte === 0);
  if (!isFramed || !commit(salt, value).equals(commitment)) refuse('erasure/damaged');
  const read = value.toString();
  const opened = { text: read, salt: hex(salt), keyId: keyId(input) };
  return Buffer.from(read).equals(value) ? opened : refuse('erasure/damaged');
}

const keyId = ({ subject, generation, key }) =>
  hex(sha256(`tallystick/subject-key/1\n${subject}.${generation}\n`, bytes(key)));

export const judges = { 'envelope/open': (input) => outcome(() => open(input)) };
