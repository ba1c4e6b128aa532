// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/chain.md, "Tree", read once more: roots, frontiers and proofs.
import { bytes, hex, isHash, outcome, refuse, sha256, within } from './bytes.mjs';

const node = (left, right) => sha256(Buffer.of(1), left, right);
const split = (size) => 2 ** Math.ceil(Math.log2(size) - 1);
const rootOf = (leaves) =>
  leaves.length < 2
    ? (leaves[0] ?? sha256())
    : node(rootOf(leaves.slice(0, split(leaves.length))), rootOf(leaves.slice(split(leaves.length))));
/** Of records. */
export const treeHash = (records) => rootOf(records.map((record) => sha256(Buffer.of(0), record)));
/** PATH and SUBPROOF of RFC 6962: from the root down, the hash of the side that is left out. */
function pathOf(leaves, contains, isDone) {
  if (leaves.length < 2 || isDone(leaves)) return [];
  const at = split(leaves.length);
  const goesLeft = contains(at);
  const [inside, outside] = goesLeft
    ? [leaves.slice(0, at), leaves.slice(at)]
    : [leaves.slice(at), leaves.slice(0, at)];
  return [...pathOf(inside, goesLeft ? contains : (middle) => contains(middle + at), isDone), rootOf(outside)];
}
function subproof(first, leaves, isWhole = true) {
  if (first === leaves.length) return isWhole ? [] : [rootOf(leaves)];
  const at = split(leaves.length);
  return first <= at
    ? [...subproof(first, leaves.slice(0, at), isWhole), rootOf(leaves.slice(at))]
    : [...subproof(first - at, leaves.slice(at), false), rootOf(leaves.slice(0, at))];
}
const frontier = (leaves) => {
  const width = leaves.length && 2 ** Math.floor(Math.log2(leaves.length));
  return width === 0 ? [] : [hex(rootOf(leaves.slice(0, width))), ...frontier(leaves.slice(width))];
};
function growTree({ leaves: data }) {
  const leaves = data.map((leaf) => sha256(Buffer.of(0), bytes(leaf)));
  const inclusion = leaves.map((_, index) =>
    pathOf(
      leaves,
      (at) => index < at,
      () => false,
    ).map(hex),
  );
  return {
    root: hex(rootOf(leaves)),
    frontier: frontier(leaves),
    inclusion,
    consistency: leaves.map((_, i) => subproof(i + 1, leaves).map(hex)),
  };
}
/** The root that a path leads to, from the leaf up; undefined where hashes are left or lacking. */
export function climb(index, size, leaf, path) {
  if (size === 1) return path.length === 0 ? leaf : undefined;
  const [at, top, rest] = [split(size), path.at(-1), path.slice(0, -1)];
  if (top === undefined) return undefined;
  const inside = index < at ? climb(index, at, leaf, rest) : climb(index - at, size - at, leaf, rest);
  return inside && (index < at ? node(inside, top) : node(top, inside));
}
/** The two roots that a consistency proof leads to. */
export function climbBoth(first, second, start, path) {
  if (first === second) return path.length === (start ? 0 : 1) ? [start ?? path[0], start ?? path[0]] : undefined;
  const [at, top, rest] = [split(second), path.at(-1), path.slice(0, -1)];
  if (top === undefined) return undefined;
  const inside = first <= at ? climbBoth(first, at, start, rest) : climbBoth(first - at, second - at, undefined, rest);
  return inside && (first <= at ? [inside[0], node(inside[1], top)] : inside.map((side) => node(top, side)));
}
function checkProof({ kind, proof, ...input }) {
  const path = proof.map(bytes);
  if (!proof.every(isHash)) return { valid: false };
  const { index, size, first, second } = input;
  if (kind === 'inclusion')
    return { valid: index < size && climb(index, size, bytes(input.leaf), path)?.equals(bytes(input.root)) === true };
  if (first === second) return { valid: path.length === 0 && input.firstRoot === input.secondRoot };
  const roots = first > 0 && first < second ? climbBoth(first, second, bytes(input.firstRoot), path) : undefined;
  return { valid: roots !== undefined && hex(roots[0]) === input.firstRoot && hex(roots[1]) === input.secondRoot };
}

/** From the right: a tree that is not complete has a complete one on its left. */
export function openFrontier({ size, frontier }) {
  const ones = within(size, 0, 2 ** 53 - 1) ? [...size.toString(2)].filter((bit) => bit === '1').length : undefined;
  if (ones !== frontier.length || !frontier.every(isHash)) refuse('chain/frontier');
  return { root: hex(size === 0 ? sha256() : frontier.map(bytes).reduceRight((right, left) => node(left, right))) };
}

export const judges = {
  'chain/frontier': (input) => outcome(() => openFrontier(input)),
  'chain/tree': growTree,
  'chain/proof': checkProof,
};
