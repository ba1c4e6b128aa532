// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/chain.md read once more: chains, runs, forks, trees and proofs.
import { bytes, hex, isHash, outcome, parseRecord, sha256 } from './op.mjs';
import { isValid, preimage } from './sign.mjs';

const keyIdOf = (key) => hex(sha256(key));
const isSigned = (book, key, { hash, keyId, signature }) =>
  key !== undefined && keyIdOf(key) === keyId && isValid(key, preimage(book, hash), signature);

function checkChain({ book, key, records, start = {}, every = false }) {
  const linked = [];
  let broken;
  for (const [index, { hash, hex: data }] of records.entries()) {
    const opened = outcome(() => parseRecord(bytes(data)));
    const [first, last] = [linked[0] ?? opened, linked.at(-1)];
    const seq = (last?.op.seq ?? start.seq ?? 0) + 1;
    if (!opened.ok) broken = 'chain/canonical';
    else if (opened.hash !== hash) broken = 'chain/hash';
    else if (opened.op.device !== first.op.device || opened.op.scope !== first.op.scope) broken = 'chain/device';
    else if (opened.op.seq !== seq) broken = opened.op.seq > seq ? 'chain/gap' : 'chain/fork';
    else if (opened.op.prev !== (last?.hash ?? start.hash ?? start.enrolment)) broken = 'chain/link';
    if (broken !== undefined) {
      broken = { ok: false, code: broken, index };
      break;
    }
    linked.push(opened);
  }
  const signed = linked.map((record) => isSigned(book, bytes(key), record));
  const covers = (i) => linked[i + 1]?.keyId === linked[i].keyId && signed[i + 1];
  if (!every) for (let i = linked.length - 1; i >= 0; i--) signed[i] ||= covers(i) === true;
  if (signed.includes(false)) return { ok: false, code: 'chain/signature', index: signed.indexOf(false) };
  const last = linked.at(-1);
  return broken ?? { ok: true, head: { seq: last.op.seq, hash: last.hash } };
}

function judgeRuns({ book, devices, stored, records, every }) {
  const device = (id) => devices.find(({ key }) => keyIdOf(bytes(key)) === id);
  const open = (data) => ({ ...parseRecord(bytes(data)), verdict: undefined });
  const [known, batch] = [stored.map(open), records.map(open)];
  const signs = (record) => {
    const key = device(record.op.device)?.key;
    return isSigned(book, key && bytes(key), record);
  };
  const unique = new Map();
  for (const record of batch) {
    const twin = unique.get(record.hash);
    if (twin === undefined || (!signs(twin) && signs(record))) unique.set(record.hash, record);
  }
  const ops = [...unique.values()];
  const continues = (next, before) => next.op.prev === before.hash && next.op.seq === before.op.seq + 1;
  const isCovered = (record) =>
    signs(record) ||
    (!every && ops.some((next) => continues(next, record) && next.keyId === record.keyId && isCovered(next)));
  const judge = (record) => {
    const { prev, seq, scope, device: author } = record.op;
    if (known.some(({ hash }) => hash === record.hash)) return 'known';
    const covered = () => (isCovered(record) ? 'accepted' : 'waits chain/signature');
    if (seq === 1) {
      const enrolment = device(author)?.enrolment;
      if (enrolment === undefined && prev !== undefined) return 'waits chain/unknown-device';
      return enrolment === undefined || enrolment === (prev ?? record.hash) ? covered() : 'refused chain/link';
    }
    const before = unique.get(prev) ?? known.find(({ hash }) => hash === prev);
    if (before === undefined) return 'waits chain/gap';
    const fits = before.op.device === author && before.op.scope === scope && before.op.seq === seq - 1;
    const verdict = unique.has(prev) ? judge(before) : 'known';
    if (!fits || verdict.startsWith('refused')) return 'refused chain/link';
    return verdict.startsWith('waits') ? verdict : covered();
  };
  const verdicts = batch.map((record) => (unique.get(record.hash) === record ? judge(record) : 'known'));
  const accepted = batch.filter((_, i) => verdicts[i] === 'accepted');
  const branch = new Set();
  for (const { op } of accepted) {
    const sameChain = (record) => record.op.device === op.device && record.op.scope === op.scope;
    let head = known.filter(sameChain).sort((a, b) => b.op.seq - a.op.seq)[0];
    for (let next = true; next; head = next ?? head) {
      next = accepted.find(
        (record) => sameChain(record) && (head === undefined ? record.op.seq === 1 : record.op.prev === head.hash),
      );
      if (next) branch.add(next);
    }
  }
  return { verdicts, forks: accepted.filter((record) => !branch.has(record)).map((record) => batch.indexOf(record)) };
}

const node = (left, right) => sha256(Buffer.of(1), left, right);
const split = (size) => 2 ** Math.ceil(Math.log2(size) - 1);
const rootOf = (leaves) =>
  leaves.length < 2
    ? (leaves[0] ?? sha256())
    : node(rootOf(leaves.slice(0, split(leaves.length))), rootOf(leaves.slice(split(leaves.length))));
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
function climbBoth(first, second, start, path) {
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

export const judges = {
  'chain/chain': checkChain,
  'chain/runs': judgeRuns,
  'chain/tree': growTree,
  'chain/proof': checkProof,
};
