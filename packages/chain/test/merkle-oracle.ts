// RFC 6962 section 2.1 as it is written: a recursion over all leaves. The package is held against it.
import { nodeHasher } from '../src/node.ts';

export function leafData(index: number): Uint8Array {
  return new TextEncoder().encode(`leaf ${index}`);
}

function hashParts(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  return nodeHasher.sha256(Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : part))));
}

/** MTH(D[n]). */
export function naiveRoot(data: readonly Uint8Array[]): Uint8Array {
  const [first] = data;
  if (first === undefined) return hashParts();
  if (data.length === 1) return hashParts(0, first);
  const split = splitOf(data.length);
  return hashParts(1, naiveRoot(data.slice(0, split)), naiveRoot(data.slice(split)));
}

/** PATH(m, D[n]). */
export function naivePath(index: number, data: readonly Uint8Array[]): Uint8Array[] {
  if (data.length <= 1) return [];
  const split = splitOf(data.length);
  return index < split
    ? [...naivePath(index, data.slice(0, split)), naiveRoot(data.slice(split))]
    : [...naivePath(index - split, data.slice(split)), naiveRoot(data.slice(0, split))];
}

/** SUBPROOF(m, D[n], b). */
export function naiveConsistency(first: number, data: readonly Uint8Array[], isWhole = true): Uint8Array[] {
  if (first === data.length) return isWhole ? [] : [naiveRoot(data)];
  const split = splitOf(data.length);
  return first <= split
    ? [...naiveConsistency(first, data.slice(0, split), isWhole), naiveRoot(data.slice(split))]
    : [...naiveConsistency(first - split, data.slice(split), false), naiveRoot(data.slice(0, split))];
}

/** The roots of the complete subtrees, largest first. */
export function naiveFrontier(data: readonly Uint8Array[]): Uint8Array[] {
  if (data.length === 0) return [];
  let width = 1;
  while (width * 2 <= data.length) width *= 2;
  return [naiveRoot(data.slice(0, width)), ...naiveFrontier(data.slice(width))];
}

/** What a tile store answers: complete subtrees only. */
export function naiveNode(level: number, index: number, data: readonly Uint8Array[]): Uint8Array | undefined {
  const width = 2 ** level;
  const subtree = data.slice(index * width, (index + 1) * width);
  return subtree.length === width ? naiveRoot(subtree) : undefined;
}

function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
