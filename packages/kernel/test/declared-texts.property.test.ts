/** Whatever class of letters, with a blank, and whatever lengths a form asks for: where it takes a name, it is found. */
import { writtenNames } from '@tallystick/erasure/marking';
import { type ArgsSchema, defineVerb } from '@tallystick/kernel';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { mustDeclareTexts } from '../src/declared-texts.ts';
import { moves } from './shop.ts';

function takesNames(pattern: RegExp): boolean {
  const args = z.strictObject({ note: z.string().regex(pattern) }) as unknown as ArgsSchema<unknown>;
  try {
    mustDeclareTexts(defineVerb({ name: 'a.b', version: 1, roles: ['owner'], tables: [moves], args, plan: () => [] }));
    return false;
  } catch {
    return true;
  }
}

const length = fc.integer({ min: 0, max: 60 });
const bounds = fc
  .tuple(length, length)
  .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const)
  .filter(([least, most]) => least <= 40 && most >= 3);

it('finds every form of letters and blanks, of any bounds', () => {
  const classes = fc.constantFrom('a-z', 'A-Z', 'A-Za-z', 'a-z0-9', 'A-Za-z0-9.', '\\w', '\\p{L}');
  fc.assert(
    fc.property(classes, bounds, (letters, [least, most]) => {
      expect(takesNames(new RegExp(`^[${letters} ]{${least},${most}}$`, 'u'))).toBe(true);
    }),
  );
});

const scripts = ['Cyrillic', 'Greek', 'Hebrew', 'Arabic', 'Han', 'Hiragana', 'Hangul'] as const;

it('finds forms of other scripts that take words as long as names', () => {
  fc.assert(
    fc.property(fc.constantFrom(...scripts), fc.integer({ min: 0, max: 12 }), fc.boolean(), (script, least, blank) => {
      const letters = `\\p{Script=${script}}${blank ? ' ' : ''}`;
      expect(takesNames(new RegExp(`^[${letters}]{${least},40}$`, 'u'))).toBe(true);
    }),
  );
});

it('lets forms be that no blank and no letter of another script fits', () => {
  const classes = fc.constantFrom('a-z', 'A-Z0-9', 'A-Za-z0-9._/-', '0-9', '0-9a-f');
  fc.assert(
    fc.property(classes, bounds, (letters, [least, most]) => {
      expect(takesNames(new RegExp(`^[${letters}]{${least},${most}}$`))).toBe(false);
    }),
  );
  expect(writtenNames.length).toBeLessThan(300);
});

it('finds forms that ask for more words or more letters than a name has', () => {
  for (const form of [
    /^[a-z]+ [a-z]+ [a-z]+$/,
    /^\S+( \S+){3,}$/,
    /^[0-9]+ [A-Z][a-z]+ [A-Z][a-z]+$/,
    /^.{41,}$/,
    /^.{50,80}$/,
    /^.{500,}$/,
  ])
    expect(takesNames(form), String(form)).toBe(true);
});
