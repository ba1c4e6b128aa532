// Names, and ways to reach people, as they are written: what a form is tried with to see whether it is one that codes alone have.

/** The first of twelve small letters: Latin; Latin with marks, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Japanese, Chinese, Korean. */
const [latin, ...others] = [0x61, 0x101, 0x3b1, 0x430, 0x5d0, 0x627, 0x905, 0x3042, 0x4e00, 0xac00] as const;
const someLengths = [3, 5, 8, 12, 18, 30];

/** Two words of so many letters together with the blank. */
function nameOf(first: number, length: number): string {
  const letters = Array.from({ length }, (_, index) => String.fromCharCode(first + (index % 12)));
  return letters.with(length >> 1, ' ').join('');
}

/**
 * A form that takes none of them has no blank between letters, no letter beyond ASCII, and is no telephone number or mail address. Names that look like a code, `anna-nowak` or `ANNA`, are in none of
 * them, for no rule knows one from the other; nor is a form found that asks for letters of another script and for a length of its own.
 */
export const writtenNames: readonly string[] = [
  ...Array.from({ length: 38 }, (_, more) => nameOf(latin, 3 + more)).flatMap((name) => [
    name,
    name.replaceAll(/\b./g, (letter) => letter.toUpperCase()),
    name.toUpperCase(),
  ]),
  ...others.flatMap((first) =>
    someLengths.flatMap((length) => [nameOf(first, length), nameOf(first, length).replace(' ', '')]),
  ),
  // Forms that ask for more words than two, or for a text that is longer than a name.
  'anna maria nowak',
  'Anna Maria Nowak Vega',
  '12 High Street',
  ...[50, 64, 90, 140, 200, 500, 2_000].map((length) => 'anna nowak '.repeat(200).slice(0, length - 1) + 'a'),
  'Nowak, Anna',
  'Anna O’Neill-Żuk',
  'anna@nowak.example',
  '+48 600 100 200',
  '0151 555 0100',
  '(0151) 555-0100',
];
