// Whether one device made two series: it was copied, or restored twice, and both went on. docs/spec/recovery.md, "Choosing".
import type { Finding } from './judge.ts';
import type { OpenPart } from './part.ts';

/**
 * `parts`: believed wholes and deltas of one device. One keeper counts on from what it names as the part before: so two parts of one number are of two, and so is what was made
 * between a part and the one that names it.
 */
export function copiesIn(parts: readonly OpenPart[], hashOf: (part: OpenPart) => string): Finding[] {
  const numberByHash = new Map(parts.map((part) => [hashOf(part), part.header.number]));
  const numbers = parts.map(({ header }) => header.number).sort((a, b) => a - b);
  const isTwice = numbers.some((number, index) => number === numbers[index + 1]);
  const isPassedOver = parts.some(({ header }) => {
    const before = numberByHash.get(header.previous);
    return before !== undefined && numbers.some((number) => before < number && number < header.number);
  });
  if (!isTwice && !isPassedOver) return [];
  const ends = endsOf(parts, hashOf).map(({ number, at }) => `number ${number} of ${new Date(at).toISOString()}`);
  return [
    {
      code: 'recovery/two-series',
      message: `the device was copied, or restored twice: its backups go on to ${ends.join(', and to ')}`,
    },
  ];
}

/** What no other part names as the one before it. */
function endsOf(parts: readonly OpenPart[], hashOf: (part: OpenPart) => string): OpenPart['header'][] {
  const named = new Set(parts.map(({ header }) => header.previous));
  return parts
    .filter((part) => !named.has(hashOf(part)))
    .map(({ header }) => header)
    .sort((a, b) => b.number - a.number);
}
