// What an op holds in the place of args that nobody has asked for yet: see lazy-args.ts.
import type { JsonObject } from './canonical.ts';
import type { Op } from './op.ts';

/** Their text, or the bytes of the record that they stand in, until then, and they themselves from then on. No key that anybody lists or copies. */
export const lazyArgs: unique symbol = Symbol('args');

export type LazyOp = Omit<Op, 'args'> & { readonly [lazyArgs]: string | Uint8Array | JsonObject };

/**
 * Leaves an op's args to the bytes of its record, until somebody asks for them again: for whoever keeps many ops for long. Does nothing to an op whose args
 * were never a text.
 */
export function forgetArgs({ op, bytes }: { readonly op: Op; readonly bytes: Uint8Array }): void {
  if (lazyArgs in op) Reflect.set(op, lazyArgs, bytes);
}
