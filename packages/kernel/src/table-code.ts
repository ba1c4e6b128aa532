/** What a set table brings along to derive other rows and to check its own is code of others: whatever it does, it refuses its op and halts no fold. */
import { KernelError } from './errors.ts';
import { effectsOf, refusalOf } from './outcome.ts';
import { isText } from './schema.ts';
import type { AnyTable, Effect, Row } from './table.ts';
import { type OpFacts, refuse, type Refusal, type View } from './verb.ts';

/** What a row comes to in other tables. Throws `kernel/bad-effect`. */
export function derivedBy({ name, derive }: AnyTable, row: Row): readonly Effect[] {
  try {
    return effectsOf(derive?.(row));
  } catch (cause) {
    throw bugOf(name, cause);
  }
}

/** What a table says against the rows that one op puts. Throws `kernel/bad-effect`. */
export function refusedBy(
  { name, check }: AnyTable,
  rows: readonly Row[],
  op: OpFacts,
  view: View,
): Refusal | undefined {
  try {
    const refusal: unknown = check?.(rows, op, view);
    return refusal === undefined ? undefined : refusalOf(refusal);
    // oxlint-disable-next-line @tallystick/no-catch -- here it is made one refusal everywhere; what is no bug of the table goes on
  } catch (cause) {
    throw bugOf(name, cause);
  }
}

/** What an op comes to whose verb's or table's code failed: a bug of that code, so it refuses the op everywhere. What the kernel did not throw goes on. */
export function failedBy(cause: unknown): Refusal {
  const failure = failureOf(cause);
  if (failure) return failure;
  throw cause;
}

/** As `failedBy`; undefined for what the kernel did not throw, and for what says it did and cannot be looked at or recorded. */
export function failureOf(cause: unknown): Refusal | undefined {
  try {
    const { code: reason, cause: first = cause } = cause as KernelError;
    return cause instanceof KernelError && isText(reason) && reason.length < 64
      ? { ...refuse('kernel/verb-failed', { reason }), cause: first }
      : undefined;
    // oxlint-disable-next-line @tallystick/no-catch -- code of others throws anything, also what throws when it is looked at
  } catch {
    return undefined;
  }
}

/** What goes on from there: of what was thrown only the kernel's own codes are kept, for engines name the same failure differently. */
function bugOf(name: string, cause: unknown): unknown {
  return failureOf(cause) ? cause : new KernelError('kernel/bad-effect', `code of table "${name}" failed`, cause);
}
