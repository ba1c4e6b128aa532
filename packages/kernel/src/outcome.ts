/** What a plan, or the code of a table, answered: read once, and in a form that a fold can rely on. It is code of others, so it may be anything. */
import { encodeCanonical } from '@tallystick/oplog';
import { IN_THE_CLEAR } from './codes.ts';
import { KernelError } from './errors.ts';
import { isText } from './schema.ts';
import type { Effect } from './table.ts';
import { type Correction, type Outcome, refuse, type Refusal } from './verb.ts';

const KIND_INTO = { sum: 'add', set: 'put', register: 'write' } as const;

/** Throws `kernel/bad-effect` for what is no outcome, and what its members throw. */
export function outcomeOf(answer: unknown): Outcome {
  // Nobody waits for it: it must not end the process when it fails.
  if (answer instanceof Promise) answer.catch(() => undefined);
  if (Array.isArray(answer)) return effectsOf(answer);
  const { kind, correction, effects } = (answer ?? {}) as Record<string, unknown>;
  if (kind === 'compensated' || kind === 'contested')
    return { kind, correction: reasonOf(correction), effects: effectsOf(effects) };
  return refusalOf(answer);
}

/** Throws as `outcomeOf`. What the rows hold is judged where they are applied. */
export function effectsOf(list: unknown): readonly Effect[] {
  if (!Array.isArray(list)) throw badEffect();
  const effects = new Array<Effect>(list.length);
  for (let index = 0; index < effects.length; index++) {
    const { kind, table, row } = (list[index] ?? {}) as Effect;
    if (!row || typeof row !== 'object' || !kind || KIND_INTO[table?.kind] !== kind) throw badEffect();
    effects[index] = { kind, table, row };
  }
  return effects;
}

/** Throws as `outcomeOf`. */
export function refusalOf(answer: unknown): Refusal {
  if ((answer as Refusal | undefined)?.kind !== 'refusal') throw badEffect();
  const { code, details } = reasonOf(answer);
  return refuse(code, details);
}

/** A code that a row can hold, and details that have a canonical text. */
function reasonOf(reason: unknown): Correction {
  const { code, details } = (reason ?? {}) as Correction;
  const text = encodeCanonical(details);
  if (!isText(code) || !text.startsWith('{')) throw badEffect();
  return { code, details: JSON.parse(text) as Correction['details'] };
}

function badEffect(): KernelError {
  return new KernelError('kernel/bad-effect', 'not an outcome');
}

/** Personal data in the clear has a code of its own, whatever else is wrong with the args. */
export function codeOfIssues(issues: readonly { readonly message: string }[]): string {
  return issues.some(({ message }) => message === IN_THE_CLEAR) ? IN_THE_CLEAR : 'kernel/bad-args';
}
