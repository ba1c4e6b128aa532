// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/op.md read once more, from nothing but its text: canonical text, members, records, bundles, ids and order.
import { createHash } from 'node:crypto';

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
export const bytes = (text) => Buffer.from(text, 'hex');
export const hex = (data) => data.toString('hex');
export const isHash = (x) => /^[0-9a-f]{64}$/.test(x);
export const within = (x, min, max) => Number.isInteger(x) && x >= min && x <= max;
export function refuse(code) {
  throw Object.assign(new Error(code), { code });
}
/** What `accept` answers, or the refusal it threw. */
export function outcome(accept) {
  try {
    return { ok: true, ...accept() };
  } catch (error) {
    if (!String(error.code).includes('/')) throw error;
    return { ok: false, code: error.code };
  }
}

export const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);
export function write(value, depth = 0) {
  if (value === null) refuse('canonical/null');
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : refuse('canonical/unicode');
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? `${value}` : refuse('canonical/number');
  if (typeof value === 'boolean') return `${value}`;
  if (depth === 16) refuse('canonical/too-deep');
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join()}]`;
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${write(key)}:${write(value[key], depth + 1)}`)
    .join()}}`;
}
export function parseText(text) {
  if (Buffer.byteLength(text) > 61_440) refuse('canonical/too-large');
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    refuse('canonical/syntax');
  }
  return write(value) === text ? value : refuse('canonical/form');
}
export const rules = {
  args: isObject,
  at: (x) => within(x, 0, 253_402_300_799_999),
  device: isHash,
  id: (x) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(x),
  prev: (x, op) => (x === undefined ? op.verb === 'book.open@1' : isHash(x)),
  scope: (x) => /^[a-z0-9][a-z0-9/_-]{0,63}$/.test(x),
  seen: (x) =>
    x === undefined ||
    (isObject(x) &&
      Object.keys(x).every((key) => ['heads', 'root', 'size'].includes(key)) &&
      ('heads' in x || 'size' in x) &&
      'root' in x === 'size' in x &&
      (!('size' in x) || (within(x.size, 1, 2 ** 53 - 1) && isHash(x.root))) &&
      (!('heads' in x) || isHeads(x.heads))),
  seq: (x) => within(x, 1, 2 ** 53 - 1),
  verb: (x) => /^(?=.{3,64}$)[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*@[1-9][0-9]{0,5}$/.test(x),
};
const isHeads = (heads) =>
  Array.isArray(heads) &&
  within(heads.length, 1, 16) &&
  heads.every((head, i) => isHash(head) && (i === 0 || heads[i - 1] < head));
export function parseOp(text) {
  const op = parseText(text);
  if (!isObject(op)) refuse('op/shape');
  if (Object.keys(op).some((key) => !Object.hasOwn(rules, key))) refuse('op/member');
  for (const [key, holds] of Object.entries(rules)) if (!holds(op[key], op)) refuse(`op/${key}`);
  if (
    op.verb === 'book.open@1' &&
    (op.prev !== undefined || op.seq !== 1 || op.scope !== 'hq' || op.seen !== undefined)
  )
    refuse('op/genesis');
  return op;
}
export const hashOp = (text) => hex(sha256('tallystick/op/1\n', text));
export function decodeText(data) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return refuse('record/utf8');
  }
}
export function parseRecord(data) {
  if (data.length < 97) refuse('record/short');
  if (data.length > 61_536) refuse('canonical/too-large');
  const text = decodeText(data.subarray(96));
  return {
    op: parseOp(text),
    text,
    hash: hashOp(text),
    keyId: hex(data.subarray(0, 32)),
    signature: data.subarray(32, 96),
  };
}
function parseBundle(data) {
  const frames = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 2 + (data.length - at < 2 ? 1 : data.readUInt16BE(at));
    if (end > data.length) return { frames, tornAt: at };
    frames.push(hex(data.subarray(at + 2, end)));
    at = end;
  }
  return { frames };
}
function mintIds({ nowMs, randomHex, last, observe, mint }) {
  const bits = (id) => BigInt(`0x${id.replaceAll('-', '')}`);
  const instantOf = (id) =>
    ((bits(id) >> 80n) << 42n) | (((bits(id) >> 64n) & 0xfffn) << 30n) | ((bits(id) >> 32n) & 0x3fffffffn);
  const fresh = BigInt(`0x${randomHex.slice(0, 12)}`) & ((1n << 41n) - 1n);
  let greatest = last === undefined ? -1n : instantOf(last);
  const verdicts = observe.map((id) => {
    if (instantOf(id) >> 42n > BigInt(nowMs + 86_400_000)) return 'clock-ahead';
    if (instantOf(id) > greatest) greatest = instantOf(id);
    return 'seen';
  });
  const minted = Array.from({ length: mint }, () => {
    const ms = greatest >> 42n;
    if (BigInt(nowMs) > ms) greatest = (BigInt(nowMs) << 42n) | fresh;
    else greatest = (greatest + 1n) >> 42n > ms ? ((ms + 1n) << 42n) | fresh : greatest + 1n;
    const [high, low] = [(greatest >> 30n) & 0xfffn, greatest & 0x3fffffffn];
    const id =
      ((greatest >> 42n) << 80n) |
      (7n << 76n) |
      (high << 64n) |
      (1n << 63n) |
      (low << 32n) |
      BigInt(`0x${randomHex.slice(12)}`);
    return id
      .toString(16)
      .padStart(32, '0')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  });
  return { verdicts, minted };
}
function orderTail({ ops }) {
  const order = [];
  const left = ops.toSorted((a, b) => (a.id + a.hash < b.id + b.hash ? -1 : 1));
  while (left.length > 0) {
    const isReady = ({ prev, heads = [] }) =>
      ![prev, ...heads].some((cause) => left.some(({ hash }) => hash === cause));
    order.push(left.splice(left.findIndex(isReady), 1)[0].hash);
  }
  return { order };
}

const text = ({ text, pieces }) => text ?? pieces.map(([piece, times]) => piece.repeat(times)).join('');
export const judges = {
  'op/canonical': (input) => outcome(() => void parseText(text(input))),
  'op/op': ({ text }) => outcome(() => parseOp(text) && { hash: hashOp(text) }),
  'op/record': ({ hex: data }) =>
    outcome(() => {
      const { keyId, signature, text } = parseRecord(bytes(data));
      return { keyId, signature: hex(signature), text };
    }),
  'op/bundle': ({ hex: data }) => parseBundle(bytes(data)),
  'op/id': mintIds,
  'op/order': orderTail,
};
