// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/backup.md read for itself: shares, and what they combine to.
import { hex, outcome, privateKeyOf, rawPublicOf, refuse, sha256 } from './bytes.mjs';
import { readText } from './files.mjs';

const words = readText('custody/published/english.txt').trim().split('\n');
export const bytesOf = (bits) => Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));

export function deviceKey(seed) {
  const publicKey = rawPublicOf(privateKeyOf(seed));
  return { seed: hex(seed), publicKey: hex(publicKey), keyId: hex(sha256(publicKey)) };
}

function share({ text }) {
  if (text.length > 1024) refuse('custody/share-form');
  const scanned = /^TALLYSTICK:SHARE:([0-9A-F]{96})$/.exec(text.replace(/\s/g, '').toUpperCase())?.[1];
  if (scanned !== undefined) return shareOf(Buffer.from(scanned, 'hex'));
  const typed = text.toLowerCase().match(/[a-z]+/g) ?? [];
  if (typed.length !== 35) refuse('custody/share-form');
  const indexes = typed.map((word) =>
    words.findIndex((listed) => listed === word || (word.length > 3 && listed.startsWith(word))),
  );
  const places = indexes.flatMap((index, i) => (index < 0 ? [i + 1] : []));
  if (places.length > 0) refuse('custody/share-word', { places });
  const bits = indexes.map((index) => index.toString(2).padStart(11, '0')).join('');
  if (bits[384] === '1') refuse('custody/share-checksum');
  return shareOf(bytesOf(bits.slice(0, 384)));
}

function shareOf(bytes) {
  const checksum = sha256('tallystick/share/1\n', bytes.subarray(0, 44)).subarray(0, 4);
  if (!checksum.equals(bytes.subarray(44))) refuse('custody/share-checksum');
  if (bytes[0] >> 4 !== 1) refuse('custody/share-version');
  const [index, threshold, count] = [(bytes[0] & 15) + 1, (bytes[1] >> 4) + 1, (bytes[1] & 15) + 1];
  if (threshold < 2 || threshold > count || index > count || bytes[43] === 0) refuse('custody/share-form');
  const part = (from, to) => hex(bytes.subarray(from, to));
  return { index, threshold, count, setId: part(2, 7), keyPrefix: part(7, 11), value: part(11, 44) };
}

const multiply = (a, b) => {
  let [product, term] = [0, a];
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= term;
    term = (term << 1) ^ (term & 128 ? 0x11b : 0);
  }
  return product;
};
const divide = (a, b) =>
  multiply(
    a,
    Array.from({ length: 255 }, (_, i) => i + 1).find((x) => multiply(b, x) === 1),
  );

function combine({ shares }) {
  const read = shares.map((text) => outcome(() => share({ text })));
  if (read.length === 0) refuse('custody/share-count', { have: 0, need: 2 });
  const setOf = ({ setId, keyPrefix, threshold, count }) => `${setId}${keyPrefix}${threshold}/${count}`;
  const sizeOf = (one) => read.filter((other) => setOf(other) === setOf(one)).length;
  const set = read.reduce((best, one) => (sizeOf(one) > sizeOf(best) ? one : best));
  const placesOf = (isWrong) => read.flatMap((one, i) => (isWrong(one, i) ? [i + 1] : []));
  const strangers = placesOf((one) => setOf(one) !== setOf(set));
  if (strangers.length > 0) refuse('custody/share-set', { places: strangers });
  const placeOf = ({ value }) => Number.parseInt(value.slice(64), 16);
  const isSame = (a, b) => a.index === b.index || placeOf(a) === placeOf(b);
  const twice = placesOf((one, i) => read.slice(0, i).some((other) => isSame(one, other)));
  if (twice.length > 0) refuse('custody/share-twice', { places: twice });
  if (read.length < set.threshold) refuse('custody/share-count', { have: read.length, need: set.threshold });
  const seed = Buffer.alloc(32);
  for (const one of read) {
    const others = read.map(placeOf).filter((x) => x !== placeOf(one));
    const weight = others.reduce((product, x) => multiply(product, divide(x, x ^ placeOf(one))), 1);
    Buffer.from(one.value, 'hex').forEach((y, i) => i < 32 && (seed[i] ^= multiply(y, weight)));
  }
  const key = deviceKey(seed);
  return key.keyId.startsWith(set.keyPrefix) ? key : refuse('custody/share-key');
}

export const judges = {
  'custody/share': (input) => outcome(() => share(input)),
  'custody/combine': (input) => outcome(() => combine(input)),
};
