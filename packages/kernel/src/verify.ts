/**
 * Reading a stored log while believing none of it: every record is decoded strictly, hashed, linked and covered by a signature, and each scope's
 * Merkle root is computed again. What does not verify is named; pages that do are handed on.
 */
import { createTree, type Hasher, hashOp, leafHash, openRecord } from '@tallystick/chain';
import {
  type BookId,
  type ChainHead,
  type LogStore,
  type MaybePromise,
  type Op,
  type OpHash,
  type OpRecord,
  orderTail,
  type Scope as ScopeName,
  type StrictRecord,
  type Tip,
  type OplogError,
} from '@tallystick/oplog';
import type { DecodedRecord } from '@tallystick/oplog/strict';
import { createRecordVerifier } from '@tallystick/sign';
import { verifyRuns } from '@tallystick/chain';
import { keysInForce, opsBeforeBase } from './admit.ts';
import type { CryptoProvider } from './admitter.ts';
import { enrolledBy } from './enrolled-by.ts';
import { type Enrolment, Enrolments } from './enrolments.ts';
import { inOrder } from './scope-order.ts';

export interface LogProblem {
  readonly scope: string;
  /** Position in the scope's log, or undefined for a pending op. */
  readonly position: number | undefined;
  readonly hash: string;
  readonly code: string;
  readonly message: string;
}

export interface VerifyOptions {
  /** Also check each op's own signature, where otherwise the last one of each run is checked. */
  readonly every?: boolean;
}

export interface VerifyAndRead extends VerifyOptions {
  /**
   * Is handed every op that verifies while it is at hand, as `VerifiedLog.pages` has them, so that whoever wants both need not read the log twice. Waited
   * for. What it was handed is the log when the report is `ok`.
   */
  readonly read?: (page: VerifiedPage) => MaybePromise<void>;
}

export interface LogToVerify extends VerifyAndRead {
  /** Whose signatures can be checked, for a log that begins after the ops that brought them; not believed of any other. */
  readonly enrolments?: Iterable<Enrolment>;
  /** Believed of a log from its first op on too: it is one scope of a book, whose devices others brought. */
  readonly trustEnrolments?: boolean;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly ops: number;
  /** Signatures checked. */
  readonly signatures: number;
  /**
   * Settled ops whose own signature is not valid, though a later one of their run covers them: a bit turned over on the way to the relay, which
   * then fixed it in its tree. Looked for with `every` only.
   */
  readonly covered: readonly LogProblem[];
  /** The first problem is the first broken op of its scope. */
  readonly problems: readonly LogProblem[];
}

/** Records of one scope that verify: with `tip` the next of its settled prefix, without it its pending ops in order. */
export interface VerifiedPage {
  readonly scope: ScopeName;
  readonly records: readonly OpRecord[];
  readonly tip: Tip | undefined;
}

/** Few enough that a page is forgotten before the collector has to move it. */
const PAGE = 250;
/** At least twice the ops of one push, so that so many hold the end of every run that begins in the first half. */
const LONGEST = 4000;
/** What the ops after these may mend. */
const WAITING: ReadonlySet<string> = new Set(['chain/signature', 'chain/unknown-device', 'chain/gap']);

/** What checking some records came to; taken over only when they are final. */
interface Checked {
  readonly records: readonly OpRecord[];
  readonly problems: LogProblem[];
  readonly covered: readonly LogProblem[];
  readonly signatures: number;
}

export class VerifiedLog {
  readonly problems: LogProblem[] = [];
  readonly covered: LogProblem[] = [];
  ops = 0;
  signatures = 0;
  readonly #log: LogStore;
  readonly #crypto: CryptoProvider;
  readonly #every: boolean;
  readonly #book: BookId;
  readonly #heads = new Map<string, ChainHead>();
  readonly #enrolments = new Enrolments();

  constructor(log: LogStore, crypto: CryptoProvider, options: LogToVerify = {}) {
    this.#log = log;
    this.#crypto = crypto;
    this.#every = options.every ?? false;
    this.#book = (log.meta('book') ?? '') as BookId;
    const heads = log.scopes().flatMap((scope) => log.base(scope).heads.map((head) => ({ ...head, scope })));
    for (const { scope, device, seq, hash } of heads) this.#heads.set(`${scope} ${device}`, { seq, hash });
    if (options.trustEnrolments === true || log.scopes().some((scope) => log.base(scope).size > 0))
      for (const enrolment of options.enrolments ?? []) this.#enrolments.add(enrolment);
  }

  /** Settled prefixes first, `hq` before the scopes that mark it, then the pending ops. A broken scope ends at its first problem. */
  async *pages(): AsyncGenerator<VerifiedPage> {
    const scopes = inOrder(this.#log.scopes());
    for (const scope of scopes) yield* this.#settledPages(scope);
    for (const scope of scopes) {
      const { records } = this.#take(await this.#check(orderTail(await this.#log.pending(scope)), scope, undefined));
      if (records.length > 0) yield { scope, records, tip: undefined };
    }
  }

  async *#settledPages(scope: ScopeName): AsyncGenerator<VerifiedPage> {
    const { hasher } = this.#crypto;
    const tip = this.#log.tip(scope);
    const tree = createTree(hasher, this.#log.base(scope));
    while (tree.size < tip.size) {
      const position = tree.size;
      const { records, problems } = this.#take(await this.#settledPage(scope, position, tip.size));
      for (const record of records) tree.append(leafHash(record.bytes, hasher));
      const note = tree.size === tip.size ? tip.note : '';
      if (records.length > 0) yield { scope, records, tip: { size: tree.size, frontier: tree.frontier(), note } };
      if (problems.length > 0) return;
    }
    if (tree.frontier().join() !== tip.frontier.join()) {
      const why = `the first ${tip.size} records do not have the tree that is recorded`;
      this.problems.push(problem(scope, undefined, '', 'log/root', why));
    }
  }

  /** The next settled ops. A page that ends without a valid signature may end inside a run, and then more are read with it. */
  async #settledPage(scope: ScopeName, position: number, size: number): Promise<Checked> {
    const left = size - position;
    for (let count = PAGE; ; count *= 4) {
      const limit = Math.min(count, LONGEST, left);
      const page = await readAsFar(this.#log, scope, position, limit);
      const checked = await this.#check(page, scope, position);
      const isWhole = !checked.problems.some(({ code }) => WAITING.has(code));
      // The signature that would have covered the end of what stands before it may be lost with it.
      if (page.length < limit)
        checked.problems.push(problem(scope, position + page.length, '', 'log/missing', 'no record'));
      if (isWhole || count >= LONGEST || page.length < count) return checked;
    }
  }

  /** Finds the records that verify. In a settled page nothing after the first bad one counts. */
  async #check(stored: readonly StrictRecord[], scope: ScopeName, start: number | undefined): Promise<Checked> {
    const problems: LogProblem[] = [];
    const placeOf = (hash: OpHash): number =>
      Math.max(
        0,
        stored.findLastIndex((record) => record.hash === hash),
      );
    const say = (hash: OpHash, code: string, message: string): void => {
      const place = placeOf(hash);
      problems.push(problem(scope, start === undefined ? undefined : start + place, hash, code, message));
    };
    const opened = this.#open(stored, scope, say);
    const before = start === undefined ? new Map<OpHash, Op>() : opsBeforeBase(opened, this.#log);
    const { accepted, signatures, invalid } = await this.#verify(opened, say, before);
    const isWhole = accepted.size === stored.length;
    const good = isWhole ? opened : opened.filter((record) => accepted.has(record));
    const covered = invalid.map((record) => {
      const position = start === undefined ? undefined : start + placeOf(record.hash);
      return problem(
        scope,
        position,
        record.hash,
        'chain/signature',
        'its own signature is not valid, a later one covers it',
      );
    });
    // Nothing but the relay's tree vouches for a signature that is only covered.
    if (start === undefined) return { records: good, problems: [...problems, ...covered], covered: [], signatures };
    if (isWhole) return { records: good, problems, covered, signatures };
    const goodHashes = new Set(good.map((record) => record.hash));
    const broken = stored.findIndex(({ hash }) => !goodHashes.has(hash));
    return { records: broken < 0 ? good : good.slice(0, broken), problems, covered, signatures };
  }

  /** The stored records read strictly, without those that are not what they are stored as. */
  #open(stored: readonly StrictRecord[], scope: ScopeName, say: Say): OpRecord[] {
    const { hasher } = this.#crypto;
    const records: OpRecord[] = [];
    for (const { bytes, hash, decoded } of stored) {
      const opened = decoded === undefined ? openRecord(bytes, hasher) : openDecoded(decoded, hasher);
      if (!opened.ok) {
        say(hash, opened.code, opened.message);
        continue;
      }
      const record = opened.value;
      if (record.hash === hash && record.op.scope === scope) records.push(record);
      else say(hash, 'log/hash', `what is stored under this hash is op ${record.hash} of scope ${record.op.scope}`);
    }
    return records;
  }

  async #verify(
    records: readonly OpRecord[],
    say: Say,
    before: ReadonlyMap<OpHash, Op>,
  ): Promise<{ accepted: Set<OpRecord>; signatures: number; invalid: OpRecord[] }> {
    const accepted = new Set<OpRecord>();
    const valid = new Set<OpRecord>();
    let signatures = 0;
    // Being stored says nothing of the records that are checked here: the second branch of a fork comes after its head.
    const unplaced = new Set(records.map(({ hash }) => hash));
    const heads = new Map<string, ChainHead>();
    const added: Enrolment[] = [];
    const verify = createRecordVerifier({
      book: this.#book,
      ed25519: this.#crypto.ed25519,
      publicKeyOf: keysInForce(records, this.#enrolments, this.#log, this.#crypto.hasher, before),
    });
    const check = async (record: OpRecord): Promise<boolean> => {
      // Only what is valid is final: the key of what is not may be enrolled by the records of this round.
      if (valid.has(record)) return true;
      signatures += 1;
      if (await verify(record)) valid.add(record);
      return valid.has(record);
    };
    let open = records;
    for (let round = 0; round <= records.length && open.length > 0; round++) {
      const runs = await verifyRuns(open, {
        headOf: (device, scope) => heads.get(`${scope} ${device}`) ?? this.#heads.get(`${scope} ${device}`),
        enrolmentOf: (device, link) => this.#enrolments.enrolmentOf(device, link),
        has: (hash) => before.has(hash) || (!unplaced.has(hash) && this.#log.has(hash)),
        opOf: async (hash) => (await readOp(this.#log, hash)) ?? before.get(hash),
        verify: check,
      });
      for (const record of runs.accepted) {
        accepted.add(record);
        unplaced.delete(record.hash);
      }
      advance(heads, runs.accepted);
      const fresh = this.#enrolledBy(runs.accepted).filter((enrolment) => this.#enrolments.add(enrolment));
      added.push(...fresh);
      const left = [...runs.refused, ...runs.waiting];
      if (fresh.length === 0) for (const { record, code, message } of left) say(record.hash, code, message);
      if (fresh.length === 0) break;
      open = left.map((entry) => entry.record);
    }
    const invalid: OpRecord[] = [];
    if (this.#every) for (const record of accepted) if (!(await check(record))) invalid.push(record);
    // The records may be checked again with more of their run; what they say counts when they are taken.
    for (const enrolment of added) this.#enrolments.remove(enrolment);
    return { accepted, signatures, invalid };
  }

  #take(checked: Checked): Checked {
    const { records, problems, covered, signatures } = checked;
    this.ops += records.length;
    this.signatures += signatures;
    this.problems.push(...problems);
    this.covered.push(...covered);
    advance(this.#heads, records);
    for (const enrolment of this.#enrolledBy(records)) this.#enrolments.add(enrolment);
    return checked;
  }

  #enrolledBy(records: readonly OpRecord[]): Enrolment[] {
    return records.flatMap((record) => enrolledBy(record, this.#book, this.#crypto.hasher) ?? []);
  }
}

/** Settled ops up to the first that the store cannot read, which may be none: what stands before it is checked all the same. */
async function readAsFar(
  log: LogStore,
  scope: ScopeName,
  from: number,
  limit: number,
): Promise<readonly StrictRecord[]> {
  try {
    return await (log.settledStrictly?.(scope, from, limit) ?? log.settled(scope, from, limit));
  } catch (cause) {
    if ((cause as Partial<OplogError>).code !== 'store/damaged') throw cause;
    if (limit === 1) return [];
    const half = limit >> 1;
    const first = await readAsFar(log, scope, from, half);
    return first.length < half ? first : first.concat(await readAsFar(log, scope, from + half, limit - half));
  }
}

/** What `openRecord` answers for the bytes of a record that the store has decoded as strictly. */
function openDecoded({ op, keyId, text, bytes }: DecodedRecord, hasher: Hasher): { ok: true; value: OpRecord } {
  return { ok: true, value: { op, hash: hashOp(text, hasher), keyId, bytes } };
}

/** An op that can no longer be read is none that another follows. */
async function readOp(log: LogStore, hash: OpHash): Promise<Op | undefined> {
  try {
    return (await log.get(hash))?.record.op;
  } catch (cause) {
    if ((cause as Partial<OplogError>).code !== 'record/corrupt') throw cause;
    return undefined;
  }
}

type Say = (hash: OpHash, code: string, message: string) => void;

function problem(scope: string, position: number | undefined, hash: string, code: string, message: string): LogProblem {
  return { scope, position, hash, code, message };
}

/** Moves the heads of chains on to the highest seq among the records. */
function advance(heads: Map<string, ChainHead>, records: readonly OpRecord[]): void {
  let last: ChainHead | undefined;
  let chain = { scope: '', device: '', name: '' };
  for (const { op, hash } of records) {
    if (op.device !== chain.device || op.scope !== chain.scope) {
      if (last !== undefined) heads.set(chain.name, last);
      chain = { scope: op.scope, device: op.device, name: `${op.scope} ${op.device}` };
      last = heads.get(chain.name);
    }
    if ((last?.seq ?? 0) < op.seq) last = { seq: op.seq, hash };
  }
  if (last !== undefined) heads.set(chain.name, last);
}

/** Checks a whole stored log without folding it. */
export async function verifyLog(
  log: LogStore,
  crypto: CryptoProvider,
  options: LogToVerify = {},
): Promise<VerifyReport> {
  const verified = new VerifiedLog(log, crypto, options);
  for await (const page of verified.pages()) await options.read?.(page);
  const { ops, signatures, covered, problems } = verified;
  return { ok: problems.length === 0, ops, signatures, covered, problems };
}
