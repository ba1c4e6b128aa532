// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Mark in force", read once more: which keys `hq` has superseded as of what a scope knows of it.
import { hex, isHash } from './bytes.mjs';
import { treeHash } from './chain-tree.mjs';
import { idOf } from './sign-args.mjs';

/** Whether a mark has the root that `hq`, whose records these are, has at its size. */
export const confirms = ({ args: { root, size } }, records) => hex(treeHash(records.slice(0, size))) === root;

/** Whether an op that is a mark has a basis here: one of an earlier epoch may name another root. */
export function holdsMark({ verb, args }, records, relays) {
  if (verb !== 'hq.mark@1') return true;
  const isInside = args.size >= 1 && args.size <= records.length && isHash(args.root);
  return isInside && (confirms({ args }, records) || relays.mayBeEarlier('hq', args.size));
}

export class Superseded {
  /** Of `hq`, with effect, in order: { device, keyId, position }. */
  #rotations = [];
  /** By scope: the greatest size of its marks. */
  #sizes = new Map();
  /** Takes notice of an op that has a position, on the branch of its chain that counts; `isConfirmed`: as a mark it says something. */
  note({ op, keyId }, position, by, isConfirmed) {
    const { args, device, scope, verb } = op;
    const isOfHq = scope === 'hq' && by?.scope === 'hq';
    if (verb === 'device.rotate@1' && isOfHq && by.keyId === idOf(args.key) && keyId !== by.keyId)
      this.#rotations.push({ device, keyId: by.keyId, position });
    const isMark = verb === 'hq.mark@1' && scope !== 'hq' && Object.keys(args).length === 2 && isConfirmed;
    if (isMark && by.role !== 'auditor' && by.role !== 'customer')
      this.#sizes.set(scope, Math.max(args.size, this.#sizes.get(scope) ?? 0));
  }
  /** Whether the op has no effect because its key was given up before the mark in force; `by` is its author's entry. */
  has({ op, keyId }, by) {
    if (op.scope === 'hq' || by?.scope !== 'hq' || op.verb === 'hq.mark@1') return false;
    const own = this.#rotations.filter(({ device }) => device === op.device);
    const known = own.filter(({ position }) => position < (this.#sizes.get(op.scope) ?? 0));
    const newest = known.at(-1)?.keyId;
    if (newest === undefined || own.slice(known.length - 1).some((one) => one.keyId === keyId)) return false;
    return op.verb !== 'device.rotate@1' || idOf(op.args.key) !== newest;
  }
}
