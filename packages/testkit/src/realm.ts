/**
 * The realm in which verbs are pure by force (DESIGN section 5): while a verb's schema, `plan`, `check` or `derive` runs, whatever reaches beside its
 * view and its op throws `testkit/impure`, and each op's plan is asked twice once, so that one with a memory of its own is caught too.
 */
import { builtinVerbs, type Effect, type Outcome, type Row, type Verb, type View } from '@tallystick/kernel';
import { TestkitError } from './errors.ts';
import { setTraps } from './traps.ts';

/** Told of a way out that a verb took. The kernel turns what a verb throws into a refusal, so the throw alone might go unseen. */
export type OnImpure = (error: TestkitError) => void;

type AnyTable = Verb['tables'][number];

interface Runner {
  readonly verb: string;
  readonly onImpure: OnImpure;
}

/** What runs now: undefined outside verbs, and inside a view's reads. */
let running: Runner | undefined;
/** Whose effects are checked and derived from: the verb that planned last. */
let latest: Runner | undefined;
let holders = 0;
let takeAway: (() => void) | undefined;

/** The traps stand until what it answers is called. Without a holder they are set anew for each call of a verb, which is slow. */
function holdTraps(): () => void {
  if (++holders === 1) takeAway = setTraps(reach, outside);
  return () => {
    if (--holders === 0) takeAway?.();
  };
}

/** Holds the traps, and has the kernel's own verbs run in the realm too, until what it answers is called. */
export function holdRealm(): () => void {
  // What is simulated anew is asked anew.
  asked.clear();
  const release = holdTraps();
  const restore = builtinVerbs.map(guard);
  return () => {
    for (const one of restore.splice(0)) one();
    release();
  };
}

function reach(what: string): void {
  if (running === undefined) return;
  const { verb, onImpure } = running;
  throw blame(verb, onImpure, `reached for ${what}`);
}

function blame(verb: string, onImpure: OnImpure, deed: string): TestkitError {
  const error = new TestkitError('testkit/impure', `${verb} ${deed}: a verb answers from its view and its op alone`);
  running = undefined;
  onImpure(error);
  return error;
}

/** Without a listener the error ends the program or the test run, because a refusal alone would be taken for one. */
const throwLater: OnImpure = (error) => {
  queueMicrotask(() => {
    throw error;
  });
};

/** Runs work in the realm, on behalf of a verb. */
function inside<T>(runner: Runner, work: () => T): T {
  const release = holders === 0 ? holdTraps() : undefined;
  const before = running;
  running = runner;
  latest = runner;
  try {
    return work();
  } finally {
    running = before;
    release?.();
  }
}

/** Runs work of the kernel that a verb asked for. */
function outside<T>(work: () => T): T {
  const before = running;
  running = undefined;
  try {
    return work();
  } finally {
    running = before;
  }
}

const pureTables = new WeakMap<AnyTable, AnyTable>();

/**
 * The same verbs, each of which throws a `TestkitError` (`testkit/impure`) when it reaches for a clock, dice, the network, a locale, a timer or a file.
 * A book takes all of its verbs from one such list or none: tables with laws of their own are wrapped too.
 */
export function pureVerbs<const V extends readonly Verb[]>(verbs: V, onImpure: OnImpure = throwLater): V {
  return verbs.map((verb) => pureVerb(verb, onImpure)) as unknown as V;
}

/** Ops whose plan was asked twice. Every replica plans an op again, and at every fold of its own, so it is not done each time. */
const asked = new Set<string>();
const MOST_ASKED = 10_000;

function isNews(hash: string): boolean {
  if (asked.has(hash)) return false;
  if (asked.size >= MOST_ASKED) asked.clear();
  asked.add(hash);
  return true;
}

function pureVerb(verb: Verb, onImpure: OnImpure): Verb {
  const runner: Runner = { verb: verb.ref, onImpure };
  const standard = verb.args['~standard'];
  return {
    ...verb,
    tables: verb.tables.map(pureTable),
    // What it is asked of its texts is asked of the schema itself.
    args: {
      publicTexts: {},
      '~standard': { ...standard, validate: (value) => inside(runner, () => standard.validate(value)) },
    },
    plan: (view, op, args) => {
      freeze(args);
      const own = pureView(view);
      const plan = (): Outcome => inside(runner, () => verb.plan(own, op, args));
      const planned = plan();
      if (isNews(op.hash) && textOf(plan()) !== textOf(planned))
        throw blame(verb.ref, onImpure, 'answered the same question in two ways');
      if (!('kind' in planned)) return planned.map(pureEffect);
      return planned.kind === 'refusal' ? planned : { ...planned, effects: planned.effects.map(pureEffect) };
    },
    ...(verb.remains === undefined ? {} : { remains: pureRemains(verb, runner) }),
  };
}

function pureRemains(verb: Verb, runner: Runner): NonNullable<Verb['remains']> {
  return (view, op, args) => {
    freeze(args);
    return inside(runner, () => verb.remains?.(pureView(view), op, args) ?? []).map(pureEffect);
  };
}

/** The kernel has its own verbs from nobody, so they are guarded where they stand. */
function guard(verb: Verb): () => void {
  const { plan } = verb;
  const runner: Runner = { verb: verb.ref, onImpure: throwLater };
  const guarded: Verb['plan'] = (view, op, args) => inside(runner, () => plan(pureView(view), op, args));
  Object.assign(verb, { plan: guarded });
  return () => void Object.assign(verb, { plan });
}

/** A table whose laws run in the realm; the same table every time, because a book knows its tables by identity. */
function pureTable(table: AnyTable): AnyTable {
  const { check, derive } = table;
  if (check === undefined && derive === undefined) return table;
  const known = pureTables.get(table);
  if (known !== undefined) return known;
  const law = <T>(work: () => T): T => inside(latest ?? { verb: `table ${table.name}`, onImpure: throwLater }, work);
  const pure: AnyTable = {
    ...table,
    ...(check === undefined ? {} : { check: (rows, op, view) => law(() => check(rows, op, pureView(view))) }),
    ...(derive === undefined ? {} : { derive: (row: Row) => law(() => derive(row)).map(pureEffect) }),
  };
  pureTables.set(table, pure);
  return pure;
}

function pureEffect(effect: Effect): Effect {
  const table = pureTables.get(effect.table);
  return table === undefined ? effect : { ...effect, table };
}

function pureView({ author, get, sum, list, hq }: View): View {
  const own = <T>(table: T): T => (pureTables.get(table as AnyTable) as T | undefined) ?? table;
  return {
    author,
    get: (table, key) => outside(() => get(own(table), key)),
    sum: (table, key) => outside(() => sum(table, key)),
    list: (table, prefix) => outside(() => list(own(table), prefix)),
    hq: { get: (table, key) => outside(() => hq.get(table, key)) },
  };
}

/** Args are what was recorded: a plan that writes into them throws. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
}

function textOf(planned: Outcome): string {
  const isReply = 'kind' in planned;
  const effects = !isReply ? planned : planned.kind === 'refusal' ? [] : planned.effects;
  const reason = !isReply ? undefined : planned.kind === 'refusal' ? planned : [planned.kind, planned.correction];
  const told = [reason, effects.map(({ kind, table, row }) => [kind, table.name, row])];
  return JSON.stringify(told, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
