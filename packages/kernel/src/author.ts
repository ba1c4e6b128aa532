/**
 * Writes this device's ops (DESIGN section 3): mints the id, links the chain, states what was seen, signs, and folds the op on top before it is
 * stored. The edge's clock and dice are read here and nowhere else in the kernel.
 */
import {
  type BookId,
  createIdMint,
  type DeviceId,
  type IdMint,
  type JsonObject,
  type Op,
  type OpHash,
  type OpId,
  OplogError,
  type OpRecord,
  type Scope as ScopeName,
  type Seen,
  type Tip,
  trustedRecord,
  type VerbRef,
} from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import { rotateVerb, startSigning } from '@tallystick/sign/device';
import { isAct, loadActs, loadActsFor } from './acts.ts';
import { isScope } from './asked.ts';
import { hqMark, marks, refusals } from './builtin.ts';
import { FORK, IN_THE_CLEAR } from './codes.ts';
import { HQ } from './genesis.ts';
import type { KeyRing } from './key-ring.ts';
import { type Replica } from './replica.ts';
import { rootOfTip } from './roots.ts';
import type { Scope } from './scope.ts';
import { finish } from './steps.ts';
import type { Stop } from './verdict.ts';
import { type Correction, type Refusal, validateArgs } from './verb.ts';

/** The clock and the dice of this device. */
export interface Edge {
  /** Milliseconds since 1970, as the device believes. */
  now(): number;
  random(count: number): Uint8Array;
  /** Calls back once this program has nothing else to do. Left out, rows are written when somebody reads, or enough of them wait. */
  later?(work: () => void): void;
}

/** Where an op will stand, known before it has a hash: what an envelope of personal data is bound to. */
export interface OpPlace {
  readonly book: BookId;
  readonly device: DeviceId;
  readonly id: OpId;
  readonly scope: ScopeName;
}

export interface CommitRequest {
  readonly verb: string;
  /** The args, or a function that makes them for the op's place. */
  readonly args: unknown;
  /** Business time in ms; the edge's clock when left out. */
  readonly at?: number;
  readonly scope?: ScopeName;
}

/** A commit, or a rotation to this key, which makes the args. */
export interface WriteRequest extends CommitRequest {
  readonly rotateTo?: DeviceKey;
}

/** An op that was not committed: nothing of it is stored. */
export interface NotCommitted {
  readonly ok: false;
  readonly code: string;
  readonly details: Readonly<Record<string, string | number>>;
  /** Of `kernel/verb-failed`: what was thrown, as text with its stack, for whoever debugs the verb. Other devices say it in other words. */
  readonly thrown?: string;
}

export interface Written {
  readonly ok: true;
  readonly record: OpRecord;
  /** What the op was compensated with as things stand here. */
  readonly correction: Correction | undefined;
}

/** How many heads one op may state; the rest go into the next. */
const MAX_HEADS = 16;

export class Author {
  readonly #replica: Replica;
  readonly #keys: KeyRing;
  readonly #edge: Edge;
  readonly #mint: IdMint;
  /** By scope and device: the last op of another device that arrived without a position since our own last op. */
  readonly #unstated = new Map<string, Map<string, OpRecord>>();
  #forked: ReadonlySet<string> = new Set();
  /** What the last `write` has written. */
  #fresh: readonly OpRecord[] = [];
  /** By scope and device: the head named last, so that it is not named again. */
  readonly #statedHeads = new Map<string, OpHash>();
  readonly #statedSize = new Map<string, number>();
  /** Tips of the log during one `write`, which moves none. */
  readonly #tips = new Map<ScopeName, Tip>();
  /** Signatures that are on their way during one `write`. */
  readonly #signings: Promise<void>[] = [];

  /** The versions of each verb, the newest first. */
  readonly #refsByName = new Map<string, VerbRef[]>();

  constructor(replica: Replica, keys: KeyRing, edge: Edge) {
    this.#replica = replica;
    const newestFirst = [...replica.verbs.values()].sort((a, b) => b.version - a.version);
    for (const { name, ref } of newestFirst)
      this.#refsByName.set(name, [...(this.#refsByName.get(name) ?? []), ref as VerbRef]);
    this.#keys = keys;
    this.#edge = edge;
    this.#mint = createIdMint({ now: () => edge.now(), random: (count) => edge.random(count) });
    this.observe();
  }

  /**
   * Takes notice of what has come from others: ids minted from now on are greater, the next op names the pending ops it builds on, and a second
   * op on one of our own places means that this key writes elsewhere too.
   */
  observe(): void {
    for (const scope of this.#replica.scopes()) {
      if (scope.lastId !== '') this.#mint.observe(scope.lastId as OpId);
      if (scope.tailId !== '') this.#mint.observe(scope.tailId as OpId);
      // The newest first: the others of its chain are then known at a glance.
      for (const record of [...scope.tail].reverse())
        if (record.op.device !== this.#keys.device) this.#toState(record, scope);
    }
    // A second op under a key that the chain has left behind is not ours, and stops nobody.
    const forks = this.#replica.sql.query(
      `SELECT DISTINCT r.scope AS scope FROM ${refusals.name} r JOIN chains c ON c.scope = r.scope AND c.device = r.device
       WHERE r.device = ? AND r.code = ? AND r.details LIKE '%"key":"' || c.keyId || '"%'`,
      [this.#keys.device, FORK],
    );
    this.#forked = new Set(forks.map((row) => String(row['scope'])));
  }

  /** Scopes where this device's key in force wrote two ops at one place. */
  get forked(): ReadonlySet<string> {
    return this.#forked;
  }

  /** What the ops of the last `write` stated need not be stated again. Call once they are stored. Answers whether there were any. */
  noteStored(): boolean {
    const stored = this.#fresh;
    for (const record of stored) this.#stated(record);
    this.#fresh = [];
    return stored.length > 0;
  }

  #toState(record: OpRecord, scope: Scope): void {
    const { device, seq } = record.op;
    if (this.#statedHeads.get(`${scope.name} ${device}`) === record.hash) return;
    const byDevice = this.#unstated.get(scope.name) ?? new Map<string, OpRecord>();
    if ((byDevice.get(device)?.op.seq ?? 0) >= seq || scope.isRefused(record.hash)) return;
    this.#unstated.set(scope.name, byDevice.set(device, record));
  }

  /**
   * Writes, folds and stores ops in one transaction, which may hold their rows. A refused one is answered and leaves no trace; the others go on.
   */
  async write(requests: readonly WriteRequest[], defaultScope: ScopeName): Promise<(Written | NotCommitted)[]> {
    const answers: (Written | NotCommitted)[] = [];
    const fresh: OpRecord[] = [];
    this.#tips.clear();
    this.#signings.length = 0;
    // Links of ops of this batch, which the log does not have yet.
    const heads = new Map<string, OpRecord>();
    for (const request of requests) {
      const scope = request.scope ?? defaultScope;
      if (!isScope(scope)) {
        answers.push(notCommitted('op/scope', {}));
        continue;
      }
      fresh.push(...(await this.#followHq(scope, heads)));
      const answer = await this.#writeOne({ ...request, scope }, heads);
      answers.push(answer);
      if (answer.ok) fresh.push(answer.record);
    }
    // A key that takes its time has had it while the ops were folded. What fails here leaves nothing behind.
    if (this.#signings.length > 0) await Promise.all(this.#signings);
    // Rows that are due first: a log of its own is durable with the append.
    this.#replica.transactions.writeDue(true);
    await this.#replica.log.append(fresh);
    this.#replica.admitter.remember(fresh);
    this.#fresh = fresh;
    return answers;
  }

  /** In a scope beside `hq`, before the next op: takes notice of newer `hq`, and of the key that this device has there. */
  async #followHq(name: ScopeName, heads: Map<string, OpRecord>): Promise<OpRecord[]> {
    const marked = await this.#mark(name, heads);
    const records = marked === undefined ? [] : [marked];
    const keyId = this.#keyInHq(name);
    const rotateTo = keyId === undefined ? undefined : this.#keys.keyOf(keyId);
    if (rotateTo === undefined || keyId === this.#keyInForce(name)) return records;
    const answer = await this.#writeOne({ verb: rotateVerb, args: {}, scope: name, rotateTo }, heads);
    return answer.ok ? [...records, answer.record] : records;
  }

  /** The key that counts for a device of `hq` in this scope, as of its mark. */
  #keyInHq(name: ScopeName): string | undefined {
    if (name === HQ) return undefined;
    return this.#replica.scope(name).standing.keyInHq(this.#keys.device);
  }

  /** The key that must sign this device's next op here. */
  #keyInForce(name: ScopeName): string {
    const { device } = this.#keys;
    const scope = this.#replica.scope(name);
    return scope.chainHead(device)?.keyId ?? scope.standing.firstKeyOf(device) ?? device;
  }

  /** In a scope beside `hq`: takes notice of newer `hq` before the next op. */
  async #mark(name: ScopeName, heads: Map<string, OpRecord>): Promise<OpRecord | undefined> {
    if (name === HQ) return undefined;
    const { size } = this.#tip(HQ);
    const compiled = this.#replica.schema.tableNamed(marks.name);
    const marked = this.#replica.scope(name).projection.get(compiled, ['hq']);
    if (size === 0 || (marked !== undefined && (marked['size'] as number) >= size)) return undefined;
    const root = await this.#replica.hqRoot(size);
    const answer = await this.#writeOne({ verb: hqMark.name, args: { size, root }, scope: name }, heads);
    return answer.ok ? answer.record : undefined;
  }

  async #writeOne(
    request: WriteRequest & { readonly scope: ScopeName },
    heads: Map<string, OpRecord>,
  ): Promise<Written | NotCommitted> {
    const scope = this.#replica.change(request.scope);
    const ref = this.#refOf(request.verb, scope);
    if (ref === undefined) return notCommitted('kernel/unknown-verb', { verb: request.verb });
    if (isAct(ref)) await loadActs();
    if (scope.stop !== undefined) return notCommitted('kernel/scope-stopped', stopDetails(scope.name, scope.stop));
    // What this device wrote and cannot read yet comes before its next op.
    const beyond = scope.waiting.find(({ op }) => op.device === this.#keys.device);
    if (beyond !== undefined)
      return notCommitted('kernel/scope-stopped', { scope: scope.name, reason: 'kernel/needs-hq' });
    const link = this.#link(request.scope, heads);
    if ('ok' in link) return link;
    const { rotateTo } = request;
    const id = this.#mint.mint();
    const args =
      rotateTo === undefined
        ? this.#argsAt(request, id)
        : { ...(await (await loadActs()).proveRotation(link.prev, rotateTo)) };
    // The schema judges what will be recorded, in the fold. What it says against the args as they came is looked up for people, once they are refused.
    const refusedAs = (answer: NotCommitted): NotCommitted => {
      if (answer.code === IN_THE_CLEAR) return answer;
      const issue = argsIssue(this.#replica, ref, args);
      return issue === undefined ? answer : notCommitted('kernel/bad-args', { verb: ref, issue });
    };
    const op: Op = {
      args: args as JsonObject,
      at: request.at ?? this.#edge.now(),
      device: this.#keys.device,
      id,
      prev: link.prev,
      scope: request.scope,
      ...this.#seen(request.scope, scope),
      seq: link.seq,
      verb: ref,
    };
    const record = await this.#sign(op);
    if ('ok' in record) return refusedAs(record);
    // Before pending ops of a clock far ahead, which may all be folded again: fewer with this part, and without it if none of them needs it.
    if (id <= scope.tailId) await Promise.resolve(loadActs()).catch(() => loadActsFor(scope.tail));
    let verdict = scope.append(record);
    for (; verdict.kind === 'stopped' && verdict.stop.code === 'kernel/not-resident'; verdict = scope.append(record))
      if (!(await finish(this.#replica.fetchTable(verdict.stop.scope, verdict.stop.table)))) break;
    if (verdict.kind === 'stopped')
      return refusedAs(notCommitted('kernel/scope-stopped', stopDetails(scope.name, verdict.stop)));
    if (verdict.kind === 'refused') return refusedAs(becauseOf(verdict.refusal));
    heads.set(request.scope, record);
    return { ok: true, record, correction: verdict.correction };
  }

  #argsAt({ args, scope }: CommitRequest & { readonly scope: ScopeName }, id: OpId): unknown {
    if (typeof args !== 'function') return args;
    const place: OpPlace = { book: this.#replica.book as BookId, device: this.#keys.device, id, scope };
    return (args as (place: OpPlace) => unknown)(place);
  }

  /** Canonical text refuses what no reader would accept: fractions, nulls, too much. A signer that fails, throws. */
  async #sign(op: Op): Promise<OpRecord | NotCommitted> {
    const key = this.#keys.keyOf(this.#keyInForce(op.scope));
    if (key === undefined) return notCommitted('kernel/superseded', { device: op.device });
    const { ed25519, hasher } = this.#replica.crypto;
    const judged =
      op.verb === rotateVerb ? await (await loadActs()).judgeRotation(op, key.keyId, ed25519, hasher) : undefined;
    if (judged?.ok === false) return notCommitted(judged.code, { message: judged.message });
    try {
      const { record, done } = startSigning(op, key, this.#replica.book, hasher);
      if (done !== undefined) {
        this.#signings.push(done);
        // `write` may fail before it asks.
        done.catch(() => undefined);
      }
      // Read back from the signed bytes: what the caller does with its args afterwards must not reach the fold.
      return trustedRecord(record.bytes, record.hash);
    } catch (error) {
      if (error instanceof OplogError) return notCommitted(error.code, { message: error.message });
      throw error;
    }
  }

  /** The newest adopted version of a verb by its plain name, or the version that was asked for. */
  #refOf(name: string, scope: Scope): VerbRef | undefined {
    if (name.includes('@')) return this.#replica.verbs.has(name) ? (name as VerbRef) : undefined;
    const refs = this.#refsByName.get(name);
    return refs?.find((ref) => scope.standing.isAdopted(ref)) ?? refs?.at(-1);
  }

  #link(name: ScopeName, heads: Map<string, OpRecord>): { seq: number; prev: OpHash } | NotCommitted {
    const written = heads.get(name);
    if (written !== undefined) return { seq: written.op.seq + 1, prev: written.hash };
    const stored = this.#replica.scope(name).chainHead(this.#keys.device);
    if (this.#forked.has(name)) return notCommitted('kernel/forked', { device: this.#keys.device });
    if (stored !== undefined) return { seq: stored.seq + 1, prev: stored.hash };
    const enrolment = this.#enrolment(name);
    return enrolment === undefined
      ? notCommitted('kernel/not-enrolled', { device: this.#keys.device })
      : { seq: 1, prev: enrolment };
  }

  /** Of several ops that enrolled this device, the one that counts in the fold, here or in `hq`. */
  #enrolment(name: ScopeName): OpHash | undefined {
    const { device } = this.#keys;
    const counted =
      this.#replica.scope(name).standing.enrolmentOf(device) ?? this.#replica.scope(HQ).standing.enrolmentOf(device);
    return (counted as OpHash | undefined) ?? this.#replica.admitter.enrolmentOf(device);
  }

  /** Only what changed since this device's last op here. */
  #seen(name: ScopeName, scope: Scope): { seen?: Seen } {
    const tip = this.#tip(name);
    const { size, note } = tip;
    const heads = this.#headsToState(name, scope);
    const isNews = size > 0 && note !== '' && this.#statedSize.get(name) !== size;
    if (!isNews && heads.length === 0) return {};
    return {
      seen: {
        ...(heads.length === 0 ? {} : { heads }),
        ...(isNews ? { root: rootOfTip(tip, this.#replica.crypto.hasher), size } : {}),
      },
    };
  }

  #tip(name: ScopeName): Tip {
    const tip = this.#tips.get(name) ?? this.#replica.log.tip(name);
    this.#tips.set(name, tip);
    return tip;
  }

  #headsToState(name: ScopeName, scope: Scope): OpHash[] {
    const unstated = this.#unstated.get(name);
    if (unstated === undefined || unstated.size === 0) return [];
    const pending = new Set(scope.tail.map((record) => record.hash));
    // Nobody builds on an op without effect, and a relay that will not have it would refuse all that says so.
    for (const [device, record] of unstated)
      if (!pending.has(record.hash) || scope.isRefused(record.hash)) unstated.delete(device);
    const newest = [...unstated.values()].sort((a, b) => (a.op.id < b.op.id ? 1 : -1)).slice(0, MAX_HEADS);
    return newest.map((record) => record.hash).sort();
  }

  #stated({ op }: OpRecord): void {
    if (op.seen?.size !== undefined) this.#statedSize.set(op.scope, op.seen.size);
    const unstated = this.#unstated.get(op.scope);
    const heads = new Set(op.seen?.heads ?? []);
    for (const [device, record] of unstated ?? []) {
      if (!heads.has(record.hash)) continue;
      this.#statedHeads.set(`${op.scope} ${device}`, record.hash);
      unstated?.delete(device);
    }
  }
}

function stopDetails(scope: string, stop: Stop): NotCommitted['details'] {
  if (stop.code === 'kernel/needs-hq') return { scope, reason: stop.code, size: stop.size };
  const { code: reason, hash: _, ...lacking } = stop;
  return { scope, reason, ...lacking };
}

function notCommitted(code: string, details: Readonly<Record<string, string | number>>): NotCommitted {
  return { ok: false, code, details };
}

function becauseOf({ code, details, cause }: Refusal): NotCommitted {
  const answer = notCommitted(code, details);
  if (cause === undefined) return answer;
  try {
    const { stack = cause } = cause as { readonly stack?: unknown };
    return { ...answer, thrown: String(stack) };
  } catch {
    // What was thrown is anything, and may throw when it is asked.
    return answer;
  }
}

/** What the schema says against the args, for the person who wrote them. The fold records only that they were refused. */
function argsIssue(replica: Replica, ref: VerbRef, args: unknown): string | undefined {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return 'args must be an object';
  const verb = replica.verbs.get(ref);
  const result = verb === undefined ? undefined : validateArgs(verb, args);
  if (result === undefined) return 'the schema must answer at once';
  const issue = result.issues?.[0];
  return issue === undefined
    ? undefined
    : `${(issue.path ?? []).map(pathName).join('.')}${issue.path?.length ? ': ' : ''}${issue.message}`;
}

function pathName(part: unknown): string {
  return typeof part === 'object' && part !== null && 'key' in part ? String(part.key) : String(part);
}
