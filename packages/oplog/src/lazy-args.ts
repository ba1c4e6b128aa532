// Ops whose args are parsed when somebody asks for them: whoever only checks an op or hands it on never does, and parsing them is most of the work
// of reading it.
import type { JsonObject } from './canonical.ts';
import { OplogError } from './errors.ts';
import { type LazyOp, lazyArgs } from './held-args.ts';
import type { Op } from './op.ts';

// One getter for all, which asks the op itself: a closure for each would cost four times as much, and make slow objects of them.
const args: PropertyDescriptor & ThisType<LazyOp> = {
  enumerable: true,
  configurable: true,
  get() {
    const held = this[lazyArgs];
    const text = held instanceof Uint8Array ? argsTextIn(held) : held;
    if (typeof text !== 'string') return text;
    const parsed = parseStored(text, this.id) as JsonObject;
    // Fails where somebody has frozen the op; then they are parsed again.
    Reflect.set(this, lazyArgs, parsed);
    return parsed;
  },
};
const property: PropertyDescriptor = { value: '', writable: true };

/** Gives `members`, which has none, the args of this text. They throw `record/corrupt` when they are asked for and are no JSON. */
export function withLazyArgs(members: Omit<Op, 'args'>, argsText: string): Op {
  property.value = argsText;
  Object.defineProperty(members, lazyArgs, property);
  return Object.defineProperty(members, 'args', args) as Op;
}

const decoder = new TextDecoder();
const argsOffset = 96 + '{"args":'.length;

/** Those of a record whose text is canonical. No member after them has a text that anybody chose, so the last `at` is the op's own. */
function argsTextIn(bytes: Uint8Array): string {
  const text = decoder.decode(bytes.subarray(argsOffset));
  return text.slice(0, text.lastIndexOf(',"at":'));
}

/** The text of args that nobody has asked for yet. */
export function heldArgsText(op: Op): string | undefined {
  const held = (op as Partial<LazyOp>)[lazyArgs];
  return typeof held === 'string' ? held : undefined;
}

/** A part of a text that was canonical when it was stored, of the op with this id. Throws `record/corrupt` if it is no JSON any more. */
export function parseStored(part: string, id: string): unknown {
  try {
    return JSON.parse(part);
  } catch (cause) {
    throw new OplogError('record/corrupt', `stored op ${id} is no longer JSON`, { cause });
  }
}
