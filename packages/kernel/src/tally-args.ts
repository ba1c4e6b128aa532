/** The args of the verbs of a tally: docs/spec/tally.md, "Halves". */
import type { JsonObject } from '@tallystick/oplog';
import { isExactly, isHash } from './builtin-tables.ts';

export interface OfferArgs {
  /** The device that is to answer. */
  readonly to: string;
  /** What sort of tally this is, such as `custody`. */
  readonly kind: string;
  /** What it is about, such as the number of a parcel. */
  readonly subject: string;
  /** Whatever both are to agree on. */
  readonly terms: JsonObject;
}
export interface AcceptArgs {
  /** Hash of the offer, and so of everything in it. */
  readonly offer: string;
}
export interface DeclineArgs {
  readonly offer: string;
  readonly reason: string;
}

export function isOffer(value: unknown): value is OfferArgs {
  if (!isExactly(value, ['to', 'kind', 'subject', 'terms'])) return false;
  const { to, kind, subject, terms } = value;
  if (!isHash(to) || !isText(kind, 64) || !isText(subject, 200)) return false;
  return typeof terms === 'object' && terms !== null && !Array.isArray(terms);
}

export function isAccept(value: unknown): value is AcceptArgs {
  return isExactly(value, ['offer']) && isHash(value['offer']);
}

export function isDecline(value: unknown): value is DeclineArgs {
  return isExactly(value, ['offer', 'reason']) && isHash(value['offer']) && isText(value['reason'], 200);
}

/** `max` counts UTF-16 units. */
function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= max;
}
