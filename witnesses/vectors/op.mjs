// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/op.md read once more, from nothing but its text: canonical text, members, records and bundles.
import { bytes, fits, hex, isHash, isObject, outcome, refuse, sha256, within } from './bytes.mjs';

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
  id: fits(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  prev: (x, op) => (x === undefined ? op.verb === 'book.open@1' : isHash(x)),
  scope: fits(/^[a-z0-9][a-z0-9/_-]{0,63}$/),
  seen: (x) =>
    x === undefined ||
    (isObject(x) &&
      Object.keys(x).every((key) => ['heads', 'root', 'size'].includes(key)) &&
      ('heads' in x || 'size' in x) &&
      'root' in x === 'size' in x &&
      (!('size' in x) || (within(x.size, 1, 2 ** 53 - 1) && isHash(x.root))) &&
      (!('heads' in x) || isHeads(x.heads))),
  seq: (x) => within(x, 1, 2 ** 53 - 1),
  verb: fits(/^(?=.{3,64}$)[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*@[1-9][0-9]{0,5}$/),
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
export function framesOf(data) {
  const frames = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 2 + (data.length - at < 2 ? 1 : data.readUInt16BE(at));
    if (end > data.length) return { frames, tornAt: at };
    frames.push(data.subarray(at + 2, end));
    at = end;
  }
  return { frames };
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
  'op/bundle': ({ hex: data }) => {
    const { frames, ...torn } = framesOf(bytes(data));
    return { frames: frames.map(hex), ...torn };
  },
};
