import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCanonical, type Json, OplogError } from '@tallystick/oplog';
import { parseCanonical } from '@tallystick/oplog/strict';
import { describe, expect, it } from 'vitest';
import { isMissing, sharedPath } from '../../../scripts/test-environment.ts';

function codeOf(text: string): string {
  const parsed = parseCanonical(text);
  return parsed.ok ? 'accepted' : parsed.code;
}

function encodeCode(value: unknown): string {
  try {
    encodeCanonical(value as Json);
  } catch (error) {
    if (error instanceof OplogError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('canonical text', () => {
  it('sorts keys by UTF-16 code units and writes nothing it need not', () => {
    const value = { b: [1, -2, true], a: { '10': 'x', '9': 'y', é: 'z', '😀': 1, '\ufb33': 2 }, '': '' };
    expect(encodeCanonical(value)).toBe('{"":"","a":{"10":"x","9":"y","é":"z","😀":1,"\ufb33":2},"b":[1,-2,true]}');
  });

  it('escapes what RFC 8785 says and nothing else', () => {
    expect(encodeCanonical('"\\/\b\f\n\r\t\u0000\u001f\u007f\u0080\u2028')).toBe(
      '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u0080\u2028"',
    );
  });

  it('writes plain objects of any realm and any prototype-less one', () => {
    const bare = Object.assign(Object.create(null), { b: 1, a: 2 }) as Json;
    expect(encodeCanonical(bare)).toBe('{"a":2,"b":1}');
  });

  it.each([
    ['undefined', undefined, 'canonical/type'],
    ['an undefined member', { a: undefined }, 'canonical/type'],
    ['a hole in an array', new Array(1), 'canonical/type'],
    ['a bigint', 1n, 'canonical/type'],
    ['a function', () => 1, 'canonical/type'],
    ['a symbol', Symbol('a'), 'canonical/type'],
    ['a Date', new Date(0), 'canonical/type'],
    ['a Map', new Map(), 'canonical/type'],
    ['bytes', new Uint8Array(2), 'canonical/type'],
    ['null', null, 'canonical/null'],
    ['a fraction', 0.5, 'canonical/number'],
    ['2^53', 2 ** 53, 'canonical/number'],
    ['-2^53', -(2 ** 53), 'canonical/number'],
    ['-0', -0, 'canonical/number'],
    ['NaN', Number.NaN, 'canonical/number'],
    ['Infinity', Number.POSITIVE_INFINITY, 'canonical/number'],
    ['a lone surrogate', 'a\ud800b', 'canonical/unicode'],
    ['a lone surrogate in a key', { '\udc00': 1 }, 'canonical/unicode'],
    ['61,439 letters', 'x'.repeat(61_439), 'canonical/too-large'],
  ])('refuses to write %s', (_name, value, code) => {
    expect(encodeCode(value)).toBe(code);
  });

  it('refuses to write a circle', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(encodeCode(circle)).toBe('canonical/too-deep');
  });

  it('writes and reads texts up to 61,440 bytes of UTF-8, whatever they hold', () => {
    expect(encodeCode('x'.repeat(61_438))).toBe('accepted');
    for (const [unit, bytes] of [
      ['x', 1],
      ['\u007f', 1],
      ['\u0080', 2],
      ['\u07ff', 2],
      ['\u0800', 3],
      ['\uffff', 3],
      ['€', 3],
      ['😀', 4],
      ['\u{10000}', 4],
      ['\u{10ffff}', 4],
    ] as const) {
      const most = Math.floor(61_438 / bytes);
      expect(codeOf(`"${unit.repeat(most)}"`)).toBe('accepted');
      expect(codeOf(`"${unit.repeat(most + 1)}"`)).toBe('canonical/too-large');
    }
  });

  it('reads 16 levels and not 17', () => {
    expect(codeOf('['.repeat(16) + ']'.repeat(16))).toBe('accepted');
    expect(codeOf('['.repeat(17) + ']'.repeat(17))).toBe('canonical/too-deep');
    expect(codeOf('{"a":'.repeat(16) + '1' + '}'.repeat(16))).toBe('accepted');
    expect(codeOf('{"a":'.repeat(17) + '1' + '}'.repeat(17))).toBe('canonical/too-deep');
  });

  it.each([
    ['a depth bomb', '['.repeat(30_000) + ']'.repeat(30_000), 'canonical/too-deep'],
    ['an open depth bomb', '['.repeat(60_000), 'canonical/syntax'],
    ['a text of ten million bytes', `"${'x'.repeat(10_000_000)}"`, 'canonical/too-large'],
    ['2^53', '9007199254740992', 'canonical/number'],
    ['2^53 + 1, which a float rounds', '9007199254740993', 'canonical/number'],
    ['a number that rounds into range', '9007199254740991.2', 'canonical/form'],
    ['-2^53', '-9007199254740992', 'canonical/number'],
    ['-0', '-0', 'canonical/number'],
    ['a fraction', '1.5', 'canonical/number'],
    ['a whole number with a point', '1.0', 'canonical/form'],
    ['an exponent', '1e2', 'canonical/form'],
    ['a huge exponent', '1e999', 'canonical/number'],
    ['a leading zero', '01', 'canonical/syntax'],
    ['a plus sign', '+1', 'canonical/syntax'],
    ['NaN', 'NaN', 'canonical/syntax'],
    ['a duplicate key', '{"a":1,"a":1}', 'canonical/form'],
    ['a duplicate key in two spellings', '{"a":1,"\\u0061":1}', 'canonical/form'],
    ['unsorted keys', '{"b":1,"a":1}', 'canonical/form'],
    ['keys in numeric order', '{"9":1,"10":1}', 'canonical/form'],
    ['null', '{"a":null}', 'canonical/null'],
    ['a raw lone surrogate', '"\ud800"', 'canonical/unicode'],
    ['an escaped lone surrogate', '"\\ud800"', 'canonical/unicode'],
    ['a reversed surrogate pair', '"\\udc00\\ud800"', 'canonical/unicode'],
    ['an escape that need not be', '"\\u0061"', 'canonical/form'],
    ['an escaped slash', '"\\/"', 'canonical/form'],
    ['a capital escape', '"\\u001F"', 'canonical/form'],
    ['a long escape for a short one', '"\\u000a"', 'canonical/form'],
    ['a raw control character', '"\u0001"', 'canonical/syntax'],
    ['a byte order mark', '\ufeff{}', 'canonical/syntax'],
    ['white space', '{ }', 'canonical/form'],
    ['a trailing line feed', '{}\n', 'canonical/form'],
    ['trailing bytes', '{}{}', 'canonical/syntax'],
    ['a trailing comma', '[1,]', 'canonical/syntax'],
    ['a comment', '{}//', 'canonical/syntax'],
    ['the empty text', '', 'canonical/syntax'],
  ])('refuses to read %s', (_name, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('keeps __proto__ a member like any other', () => {
    const text = '{"__proto__":{"polluted":true},"constructor":1}';
    const parsed = parseCanonical(text);
    expect(parsed.ok && Object.hasOwn(parsed.value as object, '__proto__')).toBe(true);
    expect(parsed.ok && encodeCanonical(parsed.value)).toBe(text);
    expect('polluted' in {}).toBe(false);
  });
});

const fixtures = sharedPath('vectors/jcs');

describe.skipIf(isMissing('the RFC 8785 fixtures', fixtures))('RFC 8785 fixtures', () => {
  const folder = fixtures ?? '';
  const names = fixtures === undefined ? [] : readdirSync(join(folder, 'input')).sort();
  const hasNullOrFraction = (value: unknown): boolean =>
    typeof value === 'object' && value !== null
      ? Object.values(value).some(hasNullOrFraction)
      : value === null || (typeof value === 'number' && !Number.isSafeInteger(value));

  it('is not an empty folder', () => expect(names.length).toBeGreaterThan(0));

  it.each(names)('%s', (name) => {
    const input = JSON.parse(readFileSync(join(folder, 'input', name), 'utf8')) as Json;
    const output = readFileSync(join(folder, 'output', name), 'utf8');
    if (hasNullOrFraction(input)) {
      expect(encodeCode(input)).toMatch(/^canonical\/(?:null|number)$/);
      expect(codeOf(output)).toMatch(/^canonical\/(?:null|number)$/);
    } else {
      expect(encodeCanonical(input)).toBe(output);
      expect(codeOf(output)).toBe('accepted');
    }
  });
});
