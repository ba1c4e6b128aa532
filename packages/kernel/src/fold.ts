/**
 * Judges and applies one op at its place (DESIGN sections 4 to 6): chain, author, manifest, role, schema, plan, effects. Everything here is a pure
 * function of the op and the rows before it; nothing throws for what an op contains.
 */
import { encodeCanonical, type JsonObject, type OpRecord } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { keyIdAfter } from '@tallystick/sign/device';
import { ActsMissing } from './acts.ts';
import { type Author, followsHq, rootAuthor } from './authors.ts';
import {
  bookOpen,
  builtinVerbs,
  corrections,
  deviceRecover,
  firstVerbs,
  hqMark,
  type MarkArgs,
  quarantine,
  refusals,
  tableShapes,
} from './builtin.ts';
import { EXPIRED, FORK, REVOKED, SUPERSEDED } from './codes.ts';
import { KernelError } from './errors.ts';
import { kernelTables } from './kernel-tables.ts';
import { fillOf } from './in-force.ts';
import { codeOfIssues, effectsOf, outcomeOf } from './outcome.ts';
import type { Projection, Rules } from './projection.ts';
import type { TouchRecorder } from './outline.ts';
import type { Undo } from './undo.ts';
import { NotResident } from './residency.ts';
import type { CompiledTable, Schema } from './schema.ts';
import type { Standing } from './standing.ts';
import { failedBy, failureOf } from './table-code.ts';
import type { AnyTable, Effect, Row } from './table.ts';
import {
  type Compensated,
  type Contested,
  type Correction,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  validateArgs,
  type Verb,
  type View,
} from './verb.ts';
import type { Verdict } from './verdict.ts';
import { createView, type Planning } from './view.ts';

/** What an op would do: its effects, the facts of the op whose they are, and what its verb may touch. */
interface Planned {
  readonly effects: readonly Effect[];
  readonly facts: OpFacts;
  readonly rules: Rules;
  /** As it was planned, so it is checked: by the same author, at the same mark. */
  readonly planning: Planning;
  readonly correction?: Correction;
  readonly isContested?: boolean;
}

/** The op is refused because of who wrote it; what it says may yet be adopted. */
interface Waits {
  readonly kind: 'waits';
  readonly refusal: Refusal;
}

/** The op is by somebody who was not let in here, or not under that key. It begins no chain. */
interface Outside {
  readonly kind: 'outside';
  readonly refusal: Refusal;
}

type Stopped = Extract<Verdict, { kind: 'stopped' }>;

const APPLIED: Verdict = { kind: 'applied' };
/** Those that may write the kernel's tables. */
const BUILTIN = new Set(builtinVerbs.map((verb) => verb.ref));
/** Acts about keys and devices, those of `/escrow` too: whether they wait must not depend on the verbs that a program has. */
const NEVER_WAIT: ReadonlySet<string> = new Set([...firstVerbs, 'escrow.set@1', 'key.backup@1']);
const BUILTIN_TABLES: ReadonlySet<AnyTable> = new Set(kernelTables);

export class Fold {
  readonly #projection: Projection;
  readonly #schema: Schema;
  readonly #verbs: ReadonlyMap<string, Verb>;
  readonly #standing: Standing;
  readonly #tablesByVerb = new Map<Verb, ReadonlySet<AnyTable>>();
  readonly #viewByVerb = new Map<Verb, View>();
  #now: Planning | undefined;

  constructor(projection: Projection, schema: Schema, verbs: ReadonlyMap<string, Verb>, standing: Standing) {
    this.#projection = projection;
    this.#schema = schema;
    this.#verbs = verbs;
    this.#standing = standing;
  }

  /** Folds one op. A refused op still advances its device's chain, unless it is a fork. */
  fold(record: OpRecord, place: number, undo?: Undo[], touch?: TouchRecorder): Verdict {
    const { residency } = this.#schema;
    residency.takeMissed();
    if (residency.size === 0) return this.#foldHere(record, place, undo, touch);
    const done = undo ?? [];
    const start = done.length;
    try {
      return this.#foldHere(record, place, done, touch);
    } catch (cause) {
      if (!(cause instanceof NotResident)) throw cause;
      this.#projection.takeBack(done.splice(start), place);
      const { scope, table } = cause;
      return { kind: 'stopped', stop: { code: 'kernel/not-resident', scope, table, hash: record.hash } };
    }
  }

  #foldHere(record: OpRecord, place: number, undo?: Undo[], touch?: TouchRecorder): Verdict {
    const { op, hash } = record;
    const head = this.#projection.chainHead(op.device);
    if (head === undefined ? op.seq !== 1 : op.seq !== head.seq + 1 || op.prev !== head.hash) {
      const forked: Waits = { kind: 'waits', refusal: refuse(FORK, { seq: op.seq, key: record.keyId }) };
      return this.#refused(record, forked, place, undo, touch);
    }
    const judged = this.#judge(record, head?.keyId, touch);
    if ('kind' in judged && judged.kind === 'stopped') return judged;
    // Also where a verb swallowed the error: what it then made of it counts for nothing.
    this.#throwMissed();
    // A rotation without effect still changes the key: the door, which folds nothing, must agree. Not so one that another key signed.
    const isOutside = 'kind' in judged && judged.kind === 'outside';
    const lacking = 'kind' in judged && !isOutside ? this.#lackingVerb(record, touch) : undefined;
    if (lacking !== undefined) return lacking;
    if (head !== undefined || !isOutside) {
      const keyId = isOutside && head !== undefined ? head.keyId : keyIdAfter(record);
      this.#projection.advanceChain(op.device, { seq: op.seq, hash, keyId }, undo);
    }
    if ('kind' in judged) {
      const verdict = this.#refused(record, judged, place, undo, touch);
      if (!isOutside) this.#leaveRemains(record, place, undo, touch);
      return verdict;
    }
    const { effects, facts, rules, planning, correction, isContested = false } = judged;
    let refusal: Refusal | undefined;
    this.#now = planning;
    try {
      refusal = this.#projection.apply(effects, facts, place, undo, touch, rules);
    } finally {
      this.#now = undefined;
    }
    this.#throwMissed();
    if (refusal !== undefined) {
      const verdict = this.#refused(record, refusal, place, undo, touch);
      this.#leaveRemains(record, place, undo, touch);
      return verdict;
    }
    return correction === undefined ? APPLIED : { kind: 'applied', correction, isContested };
  }

  /** Whether a folded op was refused. */
  isRefused(hash: string): boolean {
    return this.#projection.get(this.#compiled(refusals), [hash]) !== undefined;
  }

  /** What the op would do here, without doing it. `chainKeyId` is in force in its chain, if that has begun. */
  #judge(
    record: OpRecord,
    chainKeyId: string | undefined,
    touch: TouchRecorder | undefined,
  ): Planned | Refusal | Waits | Outside | Stopped {
    const { op, hash } = record;
    const size = this.#standing.markSize(record, touch);
    if (this.#standing.needsHq(size)) return { kind: 'stopped', stop: { code: 'kernel/needs-hq', size, hash } };
    const isGenesis = op.verb === bookOpen.ref && op.prev === undefined;
    const author = isGenesis ? rootAuthor(record) : this.#standing.author(op.device, size, touch);
    if (author === undefined) return { kind: 'outside', refusal: refuse('kernel/unknown-device') };
    const keyId = chainKeyId ?? author.firstKeyId;
    if ((record.keyId as string) !== keyId)
      return { kind: 'outside', refusal: refuse('kernel/wrong-key', { key: record.keyId }) };
    if (op.seq === 1 && !isGenesis && op.prev !== author.enrolment) return refuse('kernel/enrolment');
    if (author.isRevoked && !this.#standing.overrulesItsRevocation(op, touch))
      return { kind: 'waits', refusal: refuse(REVOKED, { device: op.device }) };
    if (author.untilDay !== '' && this.#standing.day(size, touch) > author.untilDay)
      return { kind: 'waits', refusal: refuse(EXPIRED, { untilDay: author.untilDay }) };
    if (author.keyId !== undefined && author.keyId !== keyId && !followsHq(record, author.keyId))
      return { kind: 'waits', refusal: refuse(SUPERSEDED, { key: keyId }) };
    const mismarked = op.verb === hqMark.ref ? this.#judgeMark(record, size, touch) : undefined;
    if (mismarked !== undefined) return mismarked;
    const facts = factsOf(record);
    const args = op.verb === hqMark.ref && !this.#standing.isHq ? { ...op.args, size } : op.args;
    const planned = this.#planAs(author, op.verb, facts, args, size, touch);
    if ('kind' in planned) return planned;
    if (op.verb === deviceRecover.ref) return this.#adopt(op.args['op'] as string, author.role, planned, size, touch);
    return op.verb === hqMark.ref || planned.effects.some(({ table }) => table === tableShapes)
      ? this.#comeIntoForce(planned, size, touch)
      : planned;
  }

  /** What an adoption, or a mark that takes notice of it, does beside its own effects. Stops where this program lacks a table. */
  #comeIntoForce(planned: Planned, size: number, touch: TouchRecorder | undefined): Planned | Refusal | Stopped {
    const { effects, facts, rules, planning } = planned;
    const before = this.#standing.tablesInForce(this.#standing.markInForce());
    const after = this.#standing.isHq ? this.#standing.shapesWith(effects) : this.#standing.tablesInForce(size);
    if (after.lacking !== undefined) return { kind: 'stopped', stop: after.lacking };
    const fresh = [...after.tables].filter((table) => !before.tables.has(table));
    // Whatever any op wrote may count from here on, so none passes this one.
    if (touch !== undefined && fresh.length > 0) touch.all = true;
    const filled = fresh.filter(({ derived }) => derived === true);
    const fills = filled.length === 0 ? [] : fillOf(new Set(filled), this.#schema, this.#projection);
    return 'kind' in fills ? fills : { effects, facts, rules: { ...rules, fills }, planning };
  }

  /** Whether a mark goes on, and names the true root of `hq`; a replica whose log of `hq` begins later cannot tell the root. */
  #judgeMark({ op, hash }: OpRecord, size: number, touch: TouchRecorder | undefined): Refusal | Stopped | undefined {
    if (!this.#standing.isHq) {
      // Before the root, so that every replica refuses a late mark alike, whether or not it has that part of `hq`.
      const inForce = this.#standing.markInForce(touch);
      if (size <= inForce) return refuse('kernel/mark-backwards', { size: inForce });
    }
    const marked = op.args as unknown as MarkArgs;
    const isRoot = this.#standing.confirmsMark(marked.size, marked.root);
    if (isRoot === undefined) return { kind: 'stopped', stop: { code: 'kernel/needs-hq', size, hash } };
    return isRoot ? undefined : refuse('kernel/mark-root', { size });
  }

  /** What a verb by this author comes to here, whatever else may be said against the author. */
  #planAs(
    author: Author,
    ref: string,
    facts: OpFacts,
    args: JsonObject,
    size: number,
    touch: TouchRecorder | undefined,
  ): Planned | Refusal | Stopped {
    const adopted = this.#standing.adoption(ref, size, touch);
    if (adopted === undefined) return refuse('kernel/not-adopted', { verb: ref });
    const verb = this.#verbs.get(ref);
    if (verb === undefined) {
      const release = adopted['release'] as string;
      return { kind: 'stopped', stop: { code: 'kernel/unsupported-verb', verb: ref, release, hash: facts.hash } };
    }
    if (!verb.roles.includes(author.role)) return refuse('kernel/role', { role: author.role });
    const planning = { author, size, touch };
    const outcome = this.#plan(verb, facts, args, planning);
    if ('kind' in outcome && outcome.kind === 'refusal') return outcome;
    const effects = 'kind' in outcome ? outcome.effects : outcome;
    const tables = this.#tablesOf(verb);
    const inForce = this.#standing.tablesInForce(size).tables;
    let last: AnyTable | undefined;
    for (const { table } of effects) {
      if (table === last) continue;
      last = table;
      // Who is enrolled, what is adopted and what was refused change by the kernel's own verbs alone: any verb may read it, whatever it declares.
      if (!tables.has(table) || (BUILTIN_TABLES.has(table) && !BUILTIN.has(ref)))
        return failedBy(new KernelError('kernel/bad-effect', `"${table.name}" is no table of ${ref}`));
      if (!inForce.has(table)) return refuse('kernel/not-adopted', { table: table.name });
    }
    const rules = { tables, view: this.#viewOf(verb), inForce, fills: [] };
    const planned = { effects, facts, rules, planning };
    return 'kind' in outcome ? withCorrection(planned, verb, outcome) : planned;
  }

  #tablesOf(verb: Verb): ReadonlySet<AnyTable> {
    let tables = this.#tablesByVerb.get(verb);
    if (tables === undefined) this.#tablesByVerb.set(verb, (tables = new Set(verb.tables)));
    return tables;
  }

  /** A recovery does what the quarantined op says, as its author would at this place, and takes note of it. Nobody adopts what they may not author. */
  #adopt(
    hash: string,
    by: Role,
    noted: Planned,
    size: number,
    touch: TouchRecorder | undefined,
  ): Planned | Refusal | Stopped {
    const row = this.#projection.get(this.#compiled(quarantine), [hash], touch) as Row;
    const { id, at, device, seq, verb, args } = row as Record<'id' | 'device' | 'verb' | 'args', string> &
      Record<'at' | 'seq', number>;
    const author = this.#standing.author(device, size, touch);
    if (author === undefined) return refuse('kernel/unknown-device', { device });
    const facts: OpFacts = { id, hash, at, device, scope: noted.facts.scope, seq, isAdopted: true };
    const adopted = this.#planAs(author, verb, facts, JSON.parse(args) as JsonObject, size, touch);
    if ('kind' in adopted) return adopted;
    // After the plan: whether the verb is adopted is judged alike where this program has it not.
    if (this.#verbs.get(verb)?.roles.includes(by) !== true) return refuse('kernel/role', { role: by });
    // What is adopted was done long ago, so nothing of it can be left undone.
    return { ...adopted, effects: [...adopted.effects, ...noted.effects], isContested: false };
  }

  #plan(verb: Verb, facts: OpFacts, args: JsonObject, planning: Planning): Outcome {
    this.#now = planning;
    try {
      const valid = validateArgs(verb, args);
      if (valid === undefined) return refuse('kernel/bad-args');
      if (valid.issues !== undefined) return refuse(codeOfIssues(valid.issues));
      return outcomeOf(verb.plan(this.#viewOf(verb), facts, args));
    } catch (cause) {
      // A throwing plan is a bug of the verb; it must refuse the op the same way everywhere instead of halting the fleet. Of what it threw only
      // the kernel's own codes are recorded: engines name the same failure differently.
      // What a read of its view failed at is looked at afterwards.
      const failure = failureOf(cause);
      // This is not the verb's: the kernel's own code was not loaded before the fold.
      if (failure && cause instanceof ActsMissing) throw cause;
      return failure ?? { ...refuse('kernel/verb-failed'), cause };
    } finally {
      this.#now = undefined;
    }
  }

  #refused(
    record: OpRecord,
    why: Refusal | Waits | Outside,
    place: number,
    undo: Undo[] | undefined,
    touch: TouchRecorder | undefined,
  ): Verdict {
    const { op, hash } = record;
    const refusal = why.kind === 'refusal' ? why : why.refusal;
    const row = {
      hash,
      id: op.id,
      device: op.device,
      verb: op.verb,
      code: refusal.code,
      details: encodeCanonical(refusal.details),
    };
    const facts = factsOf(record);
    this.#projection.apply([refusals.put(row)], facts, place, undo, touch);
    // Acts about keys and devices are never adopted: whoever may act so does it anew.
    if (why.kind === 'waits' && !NEVER_WAIT.has(op.verb)) {
      const { id, at, device, seq, verb } = op;
      const waits = { hash, id, device, at, seq, verb, args: encodeCanonical(op.args), code: refusal.code };
      this.#projection.apply([quarantine.put(waits)], facts, place, undo, touch);
    }
    return { kind: 'refused', refusal };
  }

  /** What is left of a refused op is its verb's to say, so who lacks an adopted one stops here as at any other op of it. */
  #lackingVerb({ op, hash }: OpRecord, touch: TouchRecorder | undefined): Stopped | undefined {
    if (this.#verbs.has(op.verb)) return undefined;
    const adopted = this.#standing.adoption(op.verb, this.#standing.markInForce(touch), touch);
    if (adopted === undefined) return undefined;
    const release = adopted['release'] as string;
    return { kind: 'stopped', stop: { code: 'kernel/unsupported-verb', verb: op.verb, release, hash } };
  }

  /** Applies what is left of a refused op that stands in its chain, if its verb is in force and its args are such. */
  #leaveRemains(record: OpRecord, place: number, undo: Undo[] | undefined, touch: TouchRecorder | undefined): void {
    const { op } = record;
    const verb = this.#verbs.get(op.verb);
    if (verb?.remains === undefined) return;
    const size = this.#standing.markInForce(touch);
    const author = this.#standing.author(op.device, size, touch);
    if (author === undefined || this.#standing.adoption(op.verb, size, touch) === undefined) return;
    const facts = factsOf(record);
    const planning = { author, size, touch };
    const tables = this.#tablesOf(verb);
    const inForce = this.#standing.tablesInForce(size).tables;
    const view = this.#viewOf(verb);
    let rules: Rules | undefined;
    this.#now = planning;
    try {
      const valid = validateArgs(verb, op.args);
      if (valid === undefined || valid.issues !== undefined) return;
      const effects = effectsOf(verb.remains(view, facts, op.args));
      for (const { table } of effects)
        if (!tables.has(table) || !inForce.has(table) || BUILTIN_TABLES.has(table)) return;
      rules = { tables, view, inForce, fills: [] };
      this.#projection.apply(effects, facts, place, undo, touch, rules);
    } catch (cause) {
      // As of a plan that throws: nothing comes of it, on every device alike. What the database cannot write is left out nowhere.
      if (rules !== undefined) throw cause;
    } finally {
      this.#now = undefined;
    }
    this.#throwMissed();
  }

  #throwMissed(): void {
    const missed = this.#schema.residency.takeMissed();
    if (missed !== undefined) throw missed;
  }

  #viewOf(verb: Verb): View {
    let view = this.#viewByVerb.get(verb);
    if (view === undefined) {
      view = createView(verb, {
        projection: this.#projection,
        tables: this.#tablesOf(verb),
        open: BUILTIN_TABLES,
        compiled: (table) => this.#compiled(table),
        hqRow: (table, key, size, touch) => this.#standing.hqRow(table, key, size, touch),
        planning: () => this.#now,
        residency: this.#schema.residency,
      });
      this.#viewByVerb.set(verb, view);
    }
    return view;
  }

  #compiled(table: AnyTable): CompiledTable {
    return this.#schema.table(table);
  }
}

function factsOf({ op: { id, at, device, scope, seq }, hash }: OpRecord): OpFacts {
  return { id, hash, at, device, scope, seq };
}

function withCorrection(planned: Planned, verb: Verb, { kind, correction }: Compensated | Contested): Planned {
  const { id, hash, device } = planned.facts;
  const { code, details } = correction;
  const row = corrections.put({ hash, id, device, verb: verb.ref, code, details: encodeCanonical(details) });
  return { ...planned, effects: [...planned.effects, row], correction, isContested: kind === 'contested' };
}
