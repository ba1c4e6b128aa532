// Ops whose args are parsed when somebody asks for them: whoever only checks an op or hands it on never does, and parsing them is most of the work
// of reading it.
import type { JsonObject } from './canonical.ts';
import { OplogError } from './errors.ts';
import type { Op } from './op.ts';

/** Where their text lies until then, and they themselves from then on. No key that anybody lists or copies. */
const lazyArgs = Symbol('args');

type LazyOp = Omit<Op, 'args'> & { readonly [lazyArgs]: string | JsonObject };

// One getter for all, which asks the op itself: a closure for each would cost four times as much, and make slow objects of them.
const args: PropertyDescriptor & ThisType<LazyOp> = {
  enumerable: true,
  configurable: true,
  get() {
    const held = this[lazyArgs];
    if (typeof held !== 'string') return held;
    const parsed = parseStored(held, this.id) as JsonObject;
    // Fails where somebody has frozen the op; then they are parsed again.
    Reflect.set(this, lazyArgs, parsed);
    return parsed;
  },
};
const text: PropertyDescriptor = { value: '', writable: true };

/** Gives `members`, which has none, the args of this text. They throw `record/corrupt` when they are asked for and are no JSON. */
export function withLazyArgs(members: Omit<Op, 'args'>, argsText: string): Op {
  text.value = argsText;
  Object.defineProperty(members, lazyArgs, text);
  return Object.defineProperty(members, 'args', args) as Op;
}

/** A part of a text that was canonical when it was stored, of the op with this id. Throws `record/corrupt` if it is no JSON any more. */
export function parseStored(part: string, id: string): unknown {
  try {
    return JSON.parse(part);
  } catch (cause) {
    throw new OplogError('record/corrupt', `stored op ${id} is no longer JSON`, { cause });
  }
}
