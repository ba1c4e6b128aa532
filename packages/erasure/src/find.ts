// Where envelopes stand in the args of an op, so that an access request, a report of places and a scanner see the same.
import type { Json } from '@tallystick/oplog';
import { type Envelope, parseEnvelope } from './envelope-form.ts';

export interface FoundEnvelope {
  /** As `EnvelopePlace.field` says it. */
  readonly field: string;
  readonly text: string;
  readonly envelope: Envelope;
}

/** Every envelope in `args`, in the order in which they stand. */
export function findEnvelopes(args: Json): FoundEnvelope[] {
  const found: FoundEnvelope[] = [];
  const pending: { readonly value: Json; readonly path: readonly string[] }[] = [{ value: args, path: [] }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') {
      const envelope = value.startsWith('env1.') ? parseEnvelope(value) : undefined;
      if (envelope !== undefined) found.push({ field: path.join('.'), text: value, envelope });
    } else if (typeof value === 'object') {
      const members = Object.entries(value).map(([name, member]) => ({ value: member, path: [...path, name] }));
      pending.push(...members.reverse());
    }
  }
  return found;
}
