/**
 * The door for records from outside: strict decoding, hashes, links, one signature a run (DESIGN section 3). What passes may be stored; what
 * does not is answered with a code and kept aside. Nothing here folds.
 */
import { type Hasher, openRecord, type RunsReport, type Unaccepted, verifyRuns } from '@tallystick/chain';
import {
  type BaseHead,
  type BookId,
  type ChainHead,
  forgetArgs,
  type LogStore,
  type Op,
  type OpHash,
  type OpRecord,
  type Scope,
} from '@tallystick/oplog';
import { createRecordVerifier, rotateVerb } from '@tallystick/sign';
import { createKeyInForce } from '@tallystick/sign/rotation';
import type { CryptoProvider } from './admitter.ts';
import { learn } from './enrolled-by.ts';
import type { Enrolment, Enrolments } from './enrolments.ts';

/** What records are judged by: the links of the chains that are stored, and the keys of all who were ever enrolled. */
export interface Door {
  readonly book: BookId;
  readonly log: LogStore;
  readonly crypto: CryptoProvider;
  /** As it was when the judging is over. */
  readonly enrolments: Enrolments;
}

export interface Admission {
  /** Linked and covered by a valid signature, in an order in which each op follows those it links to. */
  readonly accepted: readonly OpRecord[];
  /** Linked to the book but on a second branch of their chain. */
  readonly forks: number;
  readonly notAccepted: readonly Unaccepted[];
  readonly known: number;
  readonly verified: number;
}

export interface Undecodable {
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

/** How records are checked against what is stored. */
export interface AdmitOptions {
  /** As if none of these records were stored: their bytes are to take the place of the stored ones. */
  readonly anew?: boolean;
  /**
   * They stand in the relay's tree, so that an op before them which is stored nowhere here is taken to be the one they name, in a scope whose log
   * begins after it: a second branch of a chain may leave it anywhere.
   */
  readonly positioned?: boolean;
}

/** Opens wire records strictly; those that are no records are answered by their index. */
export function openRecords(
  frames: readonly Uint8Array[],
  hasher: Hasher,
): { records: OpRecord[]; undecodable: Undecodable[] } {
  const records: OpRecord[] = [];
  const undecodable: Undecodable[] = [];
  frames.forEach((frame, index) => {
    const opened = openRecord(frame, hasher);
    if (opened.ok) {
      // Thousands may come at once, and their texts would all live until the last is folded.
      forgetArgs(opened.value);
      records.push(opened.value);
    } else undecodable.push({ index, code: opened.code, message: opened.message });
  });
  return { records, undecodable };
}

const NOTHING_BEFORE: ReadonlyMap<OpHash, Op> = new Map();

/** Checks records against what is stored and against each other. An enrolment counts once its own signature is good. */
export async function admit(
  { book, log, crypto, enrolments }: Door,
  records: readonly OpRecord[],
  { anew = false, positioned = false }: AdmitOptions = {},
): Promise<Admission> {
  const before = positioned ? opsBeforeBase(records, log) : NOTHING_BEFORE;
  const judged = new Set(anew ? records.map((record) => record.hash) : []);
  const accepted: OpRecord[] = [];
  const ops = new Map<OpHash, Op>();
  const heads = new Map<string, ChainHead>();
  let report: RunsReport | undefined;
  // Only one op may begin this book, whoever signed another for it.
  const [foreign, ours] = partition(records, ({ op, hash }) => op.prev === undefined && String(hash) !== book);
  let open: readonly OpRecord[] = ours;
  let forks = 0;
  let known = 0;
  let verified = 0;
  const learned: Enrolment[] = [];
  // Which key is in force depends on the ops before one, and those may come in the same batch.
  const publicKeyOf = keysInForce(records, enrolments, log, crypto.hasher, before);
  const verify = createRecordVerifier({ book, ed25519: crypto.ed25519, publicKeyOf });
  // Each round admits what the enrolments of the round before made checkable; it ends when a round enrols nobody new.
  for (let round = 0; round <= records.length; round++) {
    report = await verifyRuns(open, {
      headOf: (device, scope) => heads.get(`${scope} ${device}`) ?? (anew ? undefined : log.head(device, scope)),
      enrolmentOf: (device, link) => enrolments.enrolmentOf(device, link),
      has: (hash) => ops.has(hash) || before.has(hash) || (!judged.has(hash) && log.has(hash)),
      opOf: async (hash) => ops.get(hash) ?? (await log.get(hash))?.record.op ?? before.get(hash),
      verify,
    });
    forks += report.forks.length;
    known += report.known.length;
    verified += report.verified;
    for (const record of report.accepted) {
      accepted.push(record);
      ops.set(record.hash, record.op);
      const name = `${record.op.scope} ${record.op.device}`;
      if ((heads.get(name)?.seq ?? 0) < record.op.seq) heads.set(name, { seq: record.op.seq, hash: record.hash });
    }
    const fresh = learn(enrolments, report.accepted, book, crypto.hasher);
    learned.push(...fresh);
    if (fresh.length === 0) break;
    open = [...report.refused, ...report.waiting].map((entry) => entry.record);
    if (open.length === 0) break;
  }
  // What is only admitted may still fail to be stored; `remember` learns it again when it is.
  for (const enrolment of learned) enrolments.remove(enrolment);
  return {
    accepted,
    forks,
    notAccepted: [...(report?.refused ?? []), ...(report?.waiting ?? []), ...foreign.map(opensAnother)],
    known,
    verified,
  };
}

function opensAnother(record: OpRecord): Unaccepted {
  return { record, code: 'chain/link', message: 'it opens another book' };
}

function partition<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}

/**
 * Keys by their place in a chain, over records that are being checked and the log that they continue. An op of `before` was followed by the key that
 * its next one names, if the device ever had that: which key was in force at a place that is dropped, only the relay knew.
 */
export function keysInForce(
  records: readonly OpRecord[],
  keys: Enrolments,
  log: LogStore,
  hasher: Hasher,
  before: ReadonlyMap<OpHash, Op>,
): ReturnType<typeof createKeyInForce> {
  const rotating = new Set(records.filter(({ op }) => op.verb === rotateVerb).map(({ op }) => op.device));
  let byHash: Map<OpHash, OpRecord> | undefined;
  const leftBefore = (hash: OpHash): OpRecord | undefined => {
    const next = before.has(hash) ? records.find(({ op }) => op.prev === hash) : undefined;
    return next && headRecord({ ...next.op, seq: next.op.seq - 1, hash, keyId: next.keyId }, next.op.scope);
  };
  return createKeyInForce({
    keyOf: (device, keyId) => keys.keyOf(device, keyId),
    firstKeyOf: (device, link) => keys.firstKeyOf(device, link),
    hasRotated: (device) => rotating.has(device) || keys.hasRotated(device),
    offered: (hash) => (byHash ??= new Map(records.map((record) => [record.hash, record]))).get(hash),
    stored: async (hash) => (await log.get(hash))?.record ?? headBefore(log, hash) ?? leftBefore(hash),
    hasher,
  });
}

/** The ops that these name as previous, before the base of their scope, as they must have been. */
export function opsBeforeBase(records: readonly OpRecord[], log: LogStore): ReadonlyMap<OpHash, Op> {
  const before = new Map<OpHash, Op>();
  const isCut = createIsCut(log);
  let offered: ReadonlySet<OpHash> | undefined;
  for (const { op } of records) {
    if (op.prev === undefined || op.seq === 1 || !isCut(op.scope)) continue;
    offered ??= new Set(records.map(({ hash }) => hash));
    if (!offered.has(op.prev) && !log.has(op.prev)) before.set(op.prev, { ...op, seq: op.seq - 1 });
  }
  return before;
}

/** Whether the log of a scope begins at a base; few do, and one question for each scope tells. */
function createIsCut(log: LogStore): (scope: Scope) => boolean {
  const known = new Map<Scope, boolean>();
  return (scope) => {
    let isCut = known.get(scope);
    if (isCut === undefined) known.set(scope, (isCut = log.base(scope).size > 0));
    return isCut;
  };
}

/** What a log that begins at a base still knows of the op before: under which key its chain goes on. */
function headBefore(log: LogStore, hash: OpHash): OpRecord | undefined {
  for (const scope of log.scopes()) {
    const head = log.base(scope).heads.find((known) => known.hash === hash);
    if (head !== undefined) return headRecord(head, scope);
  }
  return undefined;
}

function headRecord({ device, seq, hash, keyId }: BaseHead, scope: Scope): OpRecord {
  const op = { args: {}, at: 0, device, id: '' as Op['id'], scope, seq, verb: '' as Op['verb'] };
  return { op, hash, keyId, bytes: new Uint8Array(0) };
}
