// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/op.md, "Frames", read once more: what a text holds of which bundles, and which of its frames are damaged.
import { hex } from './bytes.mjs';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const toBits = (digits, width) => digits.map((digit) => digit.toString(2).padStart(width, '0')).join('');
const base32 = (data) =>
  (toBits([...data], 8).match(/.{1,5}/g) ?? []).map((five) => alphabet[parseInt(five.padEnd(5, '0'), 2)]).join('');
function parseBase32(text) {
  const bits = toBits(
    [...text].map((character) => alphabet.indexOf(character)),
    5,
  );
  const data = Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2)));
  return base32(data) === text ? data : undefined;
}
function checksum(data) {
  let crc = 0xffffffff;
  for (const byte of data)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (((crc ^ (byte >> bit)) & 1) * 0x82f63b78);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(~crc >>> 0);
  return base32(sum);
}
function readFrames({ text }) {
  const lines = text.split('\n').map((line) => line.replaceAll(/[\s>|]/g, ''));
  const lineOf = (at) => lines.findIndex((_, i) => lines.slice(0, i + 1).join('').length > at) + 1;
  const [sets, damaged] = [new Map(), []];
  for (const { index, 0: found } of lines.join('').matchAll(/TALLY1\.(?:(?!TALLY1\.).)*/g)) {
    const form = /^(TALLY1\.([A-Z2-7]{7})\.([1-9][0-9]{0,3})\.([1-9][0-9]{0,3})\.([A-Z2-7]{1,4000}))\.([A-Z2-7]{7})/;
    const [, frame, id, number, count, digits, sum] = form.exec(found) ?? [];
    const data = digits && parseBase32(digits);
    if (data !== undefined && sum === checksum(Buffer.from(frame)) && Number(number) <= Number(count)) {
      const set = sets.get(id + count) ?? { id, count: Number(count), frames: [] };
      sets.set(id + count, set);
      set.frames[Number(number)] ??= data;
      continue;
    }
    const said = /^TALLY1\.[^.]{0,9}\.([1-9][0-9]{0,3})\./.exec(found)?.[1];
    damaged.push({ line: lineOf(index), ...(said === undefined ? {} : { number: Number(said) }) });
  }
  const put = ({ id, count, frames }) => {
    const missing = Array.from({ length: count }, (_, i) => i + 1).filter((number) => frames[number] === undefined);
    const bundle = Buffer.concat(frames.slice(1, missing[0] ?? count + 1));
    const state = missing.length > 0 ? 'partial' : checksum(bundle) === id ? 'whole' : 'damaged';
    return { id, count, missing, bundle: hex(bundle), state };
  };
  return { sets: [...sets.values()].map(put), damaged };
}
export const judges = { 'op/frame': readFrames };
