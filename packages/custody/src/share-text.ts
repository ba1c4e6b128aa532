// A share as people and cameras handle it: 35 English words, or a text that QR codes hold in their alphanumeric mode.
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { type CustodyResult, refuse, type ShareCode } from './errors.ts';
import { decodeShare, encodeShare, type Share, shareSizeBytes } from './share.ts';

const prefix = 'TALLYSTICK:SHARE:';
const textPattern = /^TALLYSTICK:SHARE:([0-9A-F]{96})$/;
const bitsPerWord = 11;
const wordCount = Math.ceil((shareSizeBytes * 8) / bitsPerWord);
const maxTextUnits = 1024;

/** No two words of the list begin with the same four letters, so those are enough to write one down. */
const indexByStem: ReadonlyMap<string, number> = new Map(wordlist.map((word, index) => [word.slice(0, 4), index]));

/** 35 words, separated by spaces. */
export function shareToWords(share: Share): string {
  const bytes = encodeShare(share);
  const words: string[] = [];
  let [held, heldBits] = [0, 0];
  // One zero bit fills the last word up.
  for (let i = 0; words.length < wordCount; i++) {
    held = (held << 8) | (bytes[i] ?? 0);
    heldBits += 8;
    if (heldBits < bitsPerWord) continue;
    heldBits -= bitsPerWord;
    words.push(wordlist[held >> heldBits] as string);
    held &= (1 << heldBits) - 1;
  }
  return words.join(' ');
}

/** 113 characters of QR's alphanumeric set. */
export function shareToText(share: Share): string {
  return prefix + encodeHex(encodeShare(share)).toUpperCase();
}

/**
 * Either form, as typed or scanned: case, line breaks, numbering and commas do not matter, and four letters of a word are
 * enough. Never throws.
 */
export function parseShare(input: string): CustodyResult<Share, ShareCode> {
  if (input.length > maxTextUnits) return refuse('custody/share-form', 'this is too long for a share');
  const [, hex] = textPattern.exec(input.replaceAll(/\s/g, '').toUpperCase()) ?? [];
  if (hex !== undefined) return decodeShare(decodeHex(hex.toLowerCase()));
  return parseWords(input.toLowerCase().match(/[a-z]+/g) ?? []);
}

function parseWords(words: readonly string[]): CustodyResult<Share, ShareCode> {
  if (words.length !== wordCount) {
    return refuse('custody/share-form', `a share has ${wordCount} words, and this has ${words.length}`);
  }
  const indexes = words.map(indexOfWord);
  const unknown = indexes.flatMap((index, i) => (index === undefined ? [i + 1] : []));
  if (unknown.length > 0) {
    const named = unknown.map((place) => `word ${place}, "${words[place - 1]}"`).join('; ');
    return refuse('custody/share-word', `not in the list of words: ${named}`, { places: unknown });
  }
  const bytes = bytesOf(indexes as number[]);
  if (bytes === undefined) return refuse('custody/share-checksum', 'the last word does not fit: something is mistyped');
  return decodeShare(bytes);
}

function indexOfWord(typed: string): number | undefined {
  const index = indexByStem.get(typed.slice(0, 4));
  // Of a word of the list at least its four letters, and nothing that is not in it.
  return index !== undefined && wordlist[index]?.startsWith(typed) ? index : undefined;
}

/** Undefined when the bit that fills the last word up is set. */
function bytesOf(indexes: readonly number[]): Uint8Array | undefined {
  const bytes = new Uint8Array(shareSizeBytes);
  let [held, heldBits, filled] = [0, 0, 0];
  for (const index of indexes) {
    held = (held << bitsPerWord) | index;
    heldBits += bitsPerWord;
    while (heldBits >= 8 && filled < shareSizeBytes) {
      heldBits -= 8;
      bytes[filled++] = held >> heldBits;
      held &= (1 << heldBits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}
