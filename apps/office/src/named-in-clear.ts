// Names that somebody wrote where no name belongs: as a code such as `anna-nowak` or `ANNA`, in a memo, as what a product is called. No form of a text tells a code from a
// name, so the ops themselves are looked through for the names of somebody who is to be forgotten. Decision 085.
import { isEnvelope } from '@tallystick/erasure/marking';
import type { Json } from '@tallystick/oplog';
import type { ShopBook } from './book.ts';
import { recordsOf } from './log-pages.ts';

/** A shorter word is in every second text. */
const leastLetters = 3;
/** Scripts that put no blank between words, and say a name in few letters. */
const unspaced =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const leastUnspaced = 2;
/** Enough to be looked at by a person. */
export const maxShown = 100;

/**
 * Verb, field and text of each op here that says one of these names, or a word of one, in the clear; each once, `maxShown` at most. A word may be a thing's: a person looks at them. Undefined where the
 * names have no word to look for.
 */
export async function findNamedInClear(
  book: ShopBook,
  names: readonly string[],
): Promise<readonly string[] | undefined> {
  const saysOne = matcherOf(names);
  if (saysOne === undefined) return undefined;
  const found = new Set<string>();
  for (const scope of book.log.scopes())
    for await (const { op } of recordsOf(book, scope, undefined))
      for (const { path, text } of textsOf(op.args, ''))
        if (found.size < maxShown && !isEnvelope(text) && saysOne(text)) found.add(`${op.verb} ${path}: ${text}`);
  return [...found].sort();
}

/** Whether a text says a word of one of the names that is long enough, or a whole name, whose words may all be short: `Li Na`. */
function matcherOf(names: readonly string[]): ((text: string) => boolean) | undefined {
  const spaced = new Set<string>();
  const inside = new Set<string>();
  for (const words of names.map(wordsOf)) {
    for (const one of [...words, words.join('')]) {
      if (unspaced.test(one) && one.length >= leastUnspaced) inside.add(one);
      if (one.length >= leastLetters) spaced.add(` ${one} `);
    }
    if (words.join('').length >= leastLetters) spaced.add(` ${words.join(' ')} `);
  }
  if (spaced.size + inside.size === 0) return undefined;
  return (text) => {
    const words = wordsOf(text);
    const [apart, together] = [` ${words.join(' ')} `, words.join('')];
    return [...spaced].some((one) => apart.includes(one)) || [...inside].some((one) => together.includes(one));
  };
}

/** In small letters and without marks, whatever stands between them. */
function wordsOf(text: string): string[] {
  // Put together again: a syllable of Korean is one letter.
  const letters = text.normalize('NFD').replaceAll(/\p{M}/gu, '').normalize('NFC').toLowerCase();
  return letters.split(/[^\p{L}]+/u).filter((word) => word !== '');
}

function* textsOf(value: Json, path: string): Generator<{ readonly path: string; readonly text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  else if (Array.isArray(value)) for (const item of value) yield* textsOf(item as Json, path);
  else if (typeof value === 'object')
    for (const [name, member] of Object.entries(value)) yield* textsOf(member, path === '' ? name : `${path}.${name}`);
}
