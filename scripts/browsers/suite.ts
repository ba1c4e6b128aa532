// What the vector suites of the packages use of vitest, small enough for any page or worker: the bundle of the page has this
// in the place of vitest. A matcher or modifier that is not here ends the suite, so no check is passed over.
export interface Outcome {
  readonly name: string;
  /** Undefined when it passed. */
  readonly failure: string | undefined;
}

type Body = () => unknown;

const tests: { name: string; body: Body }[] = [];
interface Group {
  readonly name: string;
  before: Body | undefined;
}
const groups: Group[] = [];

export function describe(name: string, define: () => void): void {
  groups.push({ name, before: undefined });
  define();
  groups.pop();
}

/** One for each group. */
export function beforeEach(body: Body): void {
  const group = groups.at(-1);
  if (group === undefined || group.before !== undefined) throw new Error('beforeEach stands once, in a group');
  group.before = body;
}

function test(name: string, body: Body): void {
  const within = [...groups];
  const run = async (): Promise<void> => {
    for (const { before } of within) await before?.();
    await body();
  };
  tests.push({ name: [...within.map((group) => group.name), name].join(' > '), body: run });
}

/** `$name` and `%s` stand for the row's name and its first cell, as in vitest. */
function each(rows: readonly unknown[]) {
  return (title: string, body: (...cells: never[]) => unknown): void => {
    if (rows.length === 0) throw new Error(`${title}: no rows`);
    for (const row of rows) {
      const cells: readonly unknown[] = Array.isArray(row) ? row : [row];
      const named = (row as { readonly name?: string }).name ?? '';
      test(title.replace('$name', named).replace('%s', String(cells[0])), () => body(...(cells as never[])));
    }
  };
}

export const it: typeof test & { each: typeof each } = Object.assign(test, { each });

/** Equal as vitest's `toEqual` has it: own members and bytes, where a member of undefined counts as none. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b) || (Array.isArray(a) && a.length !== (b as unknown[]).length)) return false;
  if (a instanceof Uint8Array !== b instanceof Uint8Array) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((member) => isEqual(left[member], right[member]));
}

export function expect(got: unknown, label = '') {
  const hold = (held: boolean, relation: string, wanted: unknown): void => {
    if (!held) throw new Error(`${label} ${JSON.stringify(got)} ${relation} ${JSON.stringify(wanted)}`.trim());
  };
  return {
    toBe: (wanted: unknown) => hold(Object.is(got, wanted), 'is not', wanted),
    toBeUndefined: () => hold(got === undefined, 'is not', undefined),
    toEqual: (wanted: unknown) => hold(isEqual(got, wanted), 'does not equal', wanted),
    toBeGreaterThanOrEqual: (wanted: number) => hold((got as number) >= wanted, 'is not at least', wanted),
    toBeLessThan: (wanted: number) => hold((got as number) < wanted, 'is not below', wanted),
  };
}

/** Runs what was defined since the last time, in order. */
export async function runSuite(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, body } of tests.splice(0)) {
    try {
      await body();
      outcomes.push({ name, failure: undefined });
    } catch (error) {
      outcomes.push({ name, failure: String(error) });
    }
  }
  return outcomes;
}
