// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md read once more: which keys and signatures are valid, what is signed, and which key follows which.
import { sign as signWith, verify as verifyWith } from 'node:crypto';
import { bytes, hex, outcome, privateKeyOf, publicKeyOf, rawPublicOf, refuse, sha256 } from './bytes.mjs';
import { hashOp, parseOp, parseRecord, write } from './op.mjs';

const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (x) => ((x % p) + p) % p;
const power = (base, exponent) => {
  let [result, square] = [1n, base];
  for (let e = exponent; e > 0n; e >>= 1n, square = mod(square * square)) if (e & 1n) result = mod(result * square);
  return result;
};
const d = mod(-121665n * power(121666n, p - 2n));
const number = (data) => BigInt(`0x${hex(Buffer.from(data).reverse())}`);
function add([x1, y1, z1], [x2, y2, z2]) {
  const [a, c, e, f] = [mod(z1 * z2), mod(x1 * x2), mod(y1 * y2), mod((x1 + y1) * (x2 + y2))];
  const [b, g] = [mod(a * a), mod(d * c * e)];
  return [mod(a * (b - g) * (f - c - e)), mod(a * (b + g) * (e + c)), mod((b - g) * (b + g))];
}
export function isAcceptedKey(key) {
  if (key.length !== 32) return false;
  const y = number(key) & (2n ** 255n - 1n);
  const [u, v] = [mod(y * y - 1n), mod(d * y * y + 1n)];
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (p - 5n) / 8n));
  if (mod(v * x * x) === mod(-u)) x = mod(x * power(2n, (p - 1n) / 4n));
  if (y >= p || mod(v * x * x) !== u || x === 0n) return false;
  if (x % 2n !== BigInt(key[31] >> 7)) x = p - x;
  let [sum, double] = [
    [0n, 1n, 1n],
    [x, y, 1n],
  ];
  for (let n = order; n > 0n; n >>= 1n, double = add(double, double)) if (n & 1n) sum = add(sum, double);
  return sum[0] === 0n && sum[1] === sum[2];
}
const smallOrder = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
];
export function isValid(key, message, signature) {
  if (signature.length !== 64 || number(signature.subarray(32)) >= order || !isAcceptedKey(key)) return false;
  const y = Buffer.from(signature.subarray(0, 32));
  y[31] &= 0x7f;
  return number(y) < p && !smallOrder.includes(hex(y)) && verifyWith(null, message, publicKeyOf(key), signature);
}
export const preimage = (book, hash) => Buffer.concat([Buffer.from('tallystick/sig/1\n'), bytes(book), bytes(hash)]);
function signOp({ seed, op, book }) {
  const secret = privateKeyOf(bytes(seed));
  const text = write(op);
  parseOp(text);
  const keyId = sha256(rawPublicOf(secret));
  if (hex(keyId) !== op.device) refuse('sign/wrong-device');
  if ((book === undefined) !== (op.verb === 'book.open@1')) refuse('sign/book');
  const hash = hashOp(text);
  const message = preimage(book ?? hash, hash);
  const signature = signWith(null, message, secret);
  return {
    hash,
    keyId: hex(keyId),
    message: hex(message),
    signature: hex(signature),
    record: hex(Buffer.concat([keyId, signature, Buffer.from(text)])),
  };
}
/** Of a device that has one key. */
function judgeRecord({ book, key, record }) {
  const opened = outcome(() => parseRecord(bytes(record)));
  if (!opened.ok) return { valid: false };
  const { op, hash, keyId, signature } = opened;
  const isOwn = hex(sha256(bytes(key))) === op.device && keyId === op.device;
  return { valid: isOwn && isValid(bytes(key), preimage(book, hash), signature) };
}
export const judges = {
  'sign/key': ({ key }) => ({ accepted: isAcceptedKey(bytes(key)) }),
  'sign/signature': ({ key, message, signature }) => ({ valid: isValid(bytes(key), bytes(message), bytes(signature)) }),
  'sign/op-signature': (input) => {
    const { ok, ...made } = outcome(() => signOp(input));
    return ok ? made : { ok, ...made };
  },
  'sign/record': judgeRecord,
};
