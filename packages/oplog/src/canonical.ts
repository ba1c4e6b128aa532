// Canonical JSON (RFC 8785 restricted to whole numbers and no null), and its writer. docs/spec/op.md, "Canonical text".
import { OplogError } from './errors.ts';

/** Whole numbers within +-(2^53-1) only, no null, well-formed Unicode. */
export type Json = string | number | boolean | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** Longest canonical text, in bytes of UTF-8 (60 KiB). */
export const maxTextBytes = 61_440;
/** Deepest nesting: a scalar has depth 0, an array or object one more than its deepest member. */
export const maxDepth = 16;

const needsCare = /["\\\u0000-\u001f\ud800-\udfff]/;
const loneSurrogate = /\p{Surrogate}/u;

/** Canonical text of `value`. Throws `OplogError` with a `canonical/` code for anything outside the subset. */
export function encodeCanonical(value: Json): string {
  const text = write(value, 0);
  checkSize(text);
  return text;
}

/** Throws `canonical/too-large` for a text that no op may have. */
export function checkSize(text: string): void {
  if (text.length * 3 <= maxTextBytes) return;
  const size = utf8Length(text);
  if (size > maxTextBytes) throw new OplogError('canonical/too-large', `${size} bytes, at most ${maxTextBytes}`);
}

/** Bytes of `text` in UTF-8; a surrogate pair is two units of two bytes each. */
function utf8Length(text: string): number {
  if (text.length > maxTextBytes) return text.length;
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    size += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return size;
}

function write(value: Json, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) throw new OplogError('canonical/null', 'null has no canonical form; leave the member out');
      if (depth === maxDepth) throw new OplogError('canonical/too-deep', `nested deeper than ${maxDepth}`);
      return isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1);
    default:
      throw new OplogError('canonical/type', `a ${typeof value} has no canonical form`);
  }
}

function writeString(value: string): string {
  if (!needsCare.test(value)) return `"${value}"`;
  if (loneSurrogate.test(value)) {
    throw new OplogError('canonical/unicode', `${JSON.stringify(value)} holds a lone surrogate`);
  }
  return JSON.stringify(value);
}

function writeNumber(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw new OplogError(
      'canonical/number',
      `${Object.is(value, -0) ? '-0' : value} is not a whole number within 2^53-1`,
    );
  }
  return `${value}`;
}

function writeArray(values: readonly Json[], depth: number): string {
  let text = '[';
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ',';
    text += write(values[i] as Json, depth);
  }
  return `${text}]`;
}

function writeObject(members: JsonObject, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(members);
  // One step up the prototype chain at most: plain objects of any realm, and no Date, Map or class instance.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new OplogError('canonical/type', 'an object with a class has no canonical form');
  }
  const keys = Object.keys(members);
  if (!isSorted(keys)) keys.sort();
  let text = '{';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (i > 0) text += ',';
    text += `${writeString(key)}:${write(members[key] as Json, depth)}`;
  }
  return `${text}}`;
}

/** Strings compare by UTF-16 code units, which is the order RFC 8785 asks for. */
function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] as string) >= (keys[i] as string)) return false;
  }
  return true;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
