// The short way to a verdict: a reader that allocates nothing and says yes only to canonical texts of the common kind, without
// an escape, a surrogate or a number of more than 15 digits. A text it says no to may be canonical all the same.
const special = /[\\\u0000-\u001f\ud800-\udfff]/;
const maxDigits = 15;
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Whether the text is canonical for certain, with arrays and objects nested at most `levels` deep. */
export function isPlain(text: string, levels: number): boolean {
  return !special.test(text) && valueEnd(text, 0, levels) === text.length;
}

const opStart = '{"args":{';

/**
 * Where the args of an op end whose text is canonical for certain, with arrays and objects nested at most `levels` deep, and says `at` after them; -1 for
 * any other text.
 */
export function plainArgsEnd(text: string, levels: number): number {
  if (!text.startsWith(opStart) || special.test(text)) return -1;
  const end = valueEnd(text, opStart.length - 1, levels - 1);
  // From the comma on, the members that follow end as those of an object do.
  return end >= 0 && text.startsWith(',"at":', end) && objectEnd(text, end, levels - 1) === text.length ? end : -1;
}

/** Where the value that begins at `at` ends, or -1. */
function valueEnd(text: string, at: number, levels: number): number {
  const unit = text.charCodeAt(at);
  if (unit === quote) return text.indexOf('"', at + 1) + 1 || -1;
  if (unit === openObject) return levels === 0 ? -1 : objectEnd(text, at, levels - 1);
  if (unit === openArray) return levels === 0 ? -1 : arrayEnd(text, at, levels - 1);
  if (unit === minus || isDigit(unit)) return numberEnd(text, at);
  if (text.startsWith('true', at)) return at + 4;
  return text.startsWith('false', at) ? at + 5 : -1;
}

function numberEnd(text: string, at: number): number {
  const first = text.charCodeAt(at) === minus ? at + 1 : at;
  if (text.charCodeAt(first) === zero) return first === at ? at + 1 : -1;
  let end = first;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end > first && end - first <= maxDigits ? end : -1;
}

function isDigit(unit: number): boolean {
  return unit >= zero && unit <= nine;
}

function arrayEnd(text: string, at: number, levels: number): number {
  if (text.charCodeAt(at + 1) === closeArray) return at + 2;
  for (let end = at; ; ) {
    end = valueEnd(text, end + 1, levels);
    if (end < 0) return -1;
    const unit = text.charCodeAt(end);
    if (unit === closeArray) return end + 1;
    if (unit !== comma) return -1;
  }
}

function objectEnd(text: string, at: number, levels: number): number {
  if (text.charCodeAt(at + 1) === closeObject) return at + 2;
  let before = -1;
  for (let end = at; ; ) {
    const key = end + 2;
    const keyEnd = text.charCodeAt(key - 1) === quote ? text.indexOf('"', key) : -1;
    if (keyEnd < 0 || text.charCodeAt(keyEnd + 1) !== colon) return -1;
    if (before >= 0 && !isBefore(text, before, key)) return -1;
    before = key;
    end = valueEnd(text, keyEnd + 2, levels);
    if (end < 0) return -1;
    const unit = text.charCodeAt(end);
    if (unit === closeObject) return end + 1;
    if (unit !== comma) return -1;
  }
}

/** Whether the key at `left` sorts before the one at `right`, by code units. Both end at a quote. */
function isBefore(text: string, left: number, right: number): boolean {
  for (let i = 0; ; i++) {
    const one = text.charCodeAt(left + i);
    const other = text.charCodeAt(right + i);
    if (other === quote) return false;
    if (one === quote) return true;
    if (one !== other) return one < other;
  }
}
