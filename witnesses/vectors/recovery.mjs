// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/recovery.md read once more: what stands inside the seal of a part.
import { bytes, has, hex, isHash, isText, outcome, refuse, sha256 } from './bytes.mjs';
import { isValid } from './sign.mjs';

const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
const isNumber = (x) => isCount(x) && x > 0;
const listOf = (is) => (x) => Array.isArray(x) && x.every(is);
const isHead = (x) =>
  Array.isArray(x) && x.length === 4 && isText(x[0]) && isHash(x[1]) && isNumber(x[2]) && isHash(x[3]);
const isHeader = has({
  tallystick: (x) => x === 'recovery/1',
  book: isHash,
  device: isHash,
  keyId: isHash,
  number: isNumber,
  kind: (x) => ['whole', 'delta', 'log'].includes(x),
  on: isNumber,
  previous: (x) => x === '' || isHash(x),
  at: isCount,
  relay: isText,
  scope: isText,
  scopes: listOf(has({ scope: isText, from: isCount, size: isCount, pending: isCount })),
  heads: listOf(isHead),
  sections: listOf(has({ name: isText, bytes: isCount, hash: isHash })),
});

function headerOf(line) {
  try {
    const header = JSON.parse(line);
    const isSound = isHeader(header) && JSON.stringify(header) === line;
    return isSound && (header.kind === 'delta' ? header.on < header.number : header.on === header.number) && header;
  } catch {
    return false;
  }
}

function readPart({ text, book, key }) {
  const [line, signature, ...rest] = text.split('\n');
  if (rest.length === 0) refuse('recovery/format');
  const header = headerOf(line);
  if (header === false) refuse('recovery/format');
  const body = Buffer.from(rest.join('\n'));
  let at = 0;
  for (const section of header.sections) {
    const part = body.subarray(at, (at += section.bytes));
    if (part.length < section.bytes) refuse('recovery/truncated');
    if (hex(sha256(part)) !== section.hash) refuse('recovery/damaged');
  }
  if (at !== body.length) refuse('recovery/format');
  if (header.book !== book) refuse('recovery/foreign');
  const signed = Buffer.concat([Buffer.from('tallystick/recovery/1\n'), bytes(book), sha256(line)]);
  if (hex(sha256(bytes(key))) !== header.keyId || !isValid(bytes(key), signed, bytes(signature)))
    refuse('recovery/forged');
  return { number: header.number, kind: header.kind };
}

export const judges = { 'recovery/part': (input) => outcome(() => readPart(input)) };
