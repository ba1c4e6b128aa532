// @tallystick/erasure/marking: how a schema says which texts are personal. A text that says nothing is personal by default: the lint rule `personal-text` asks for one of the two, and a book opens with no verb that says neither.
import { isEnvelope } from './envelope-form.ts';

export { isEnvelope } from './envelope-form.ts';
export { writtenNames } from './written-names.ts';

/** The code under which personal data in the clear is refused, at commit and at every fold. */
export const inTheClear = 'erasure/in-the-clear';

interface TextSchema<S> {
  refine(check: (text: string) => boolean, message: string): S;
}

/**
 * Marks a text of a verb's args as personal: only an envelope is taken. For a zod schema of a text, such as `z.string()`; other libraries say the
 * same with `isEnvelope` and the message `inTheClear`, which the fold makes the code of the refusal.
 */
export function personal<S extends TextSchema<S>>(schema: S): S {
  return schema.refine((text) => isEnvelope(text), inTheClear);
}

const whyPublic = new WeakMap<object, string>();

/**
 * Declares that a text is not personal, and `why`: what people write there is about goods, money or the shop, or has a form that no name has. Goes around the
 * finished schema: what is derived from it afterwards is not declared. Of zod's schemas the one that is answered is declared, and the one that was given stays as it was, for
 * it may stand in other places too.
 */
export function publicText<S extends object>(schema: S, why: string): S {
  const own = isCloneable(schema) ? schema.clone() : schema;
  whyPublic.set(own, why);
  return own;
}

function isCloneable<S extends object>(schema: S): schema is S & { clone(): S } {
  return 'clone' in schema && typeof schema.clone === 'function';
}

/** Why a text that this schema takes is not personal; undefined where nobody has said so. */
export function publicReason(schema: object): string | undefined {
  return whyPublic.get(schema);
}
