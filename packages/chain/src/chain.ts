// The check of one chain, op by op from its bytes, that names the first broken op (DESIGN.md section 3).
import type { ChainHead, MaybePromise, OpHash, OpRecord, Result } from '@tallystick/oplog';
import type { Hasher } from './hasher.ts';
import { continuesRun, openRecord } from './opened-record.ts';

/** Answers whether the record's signature is valid for its author and book. The sign package makes one. */
export type VerifyRecord = (record: OpRecord) => MaybePromise<boolean>;

/** What the first record must continue: an earlier head, or the op that enrolled the device. */
export type ChainStart = ChainHead | { readonly enrolment: OpHash };

export interface ChainCheck {
  readonly hasher: Hasher;
  readonly verify: VerifyRecord;
  /** Without a start the chain must begin with the genesis op. */
  readonly start?: ChainStart;
  /** Check every signature, not only the one that closes each run. */
  readonly every?: boolean;
}

export type ChainBreak =
  | 'chain/canonical'
  | 'chain/hash'
  | 'chain/device'
  | 'chain/gap'
  | 'chain/fork'
  | 'chain/link'
  | 'chain/signature';

export interface BrokenChain {
  readonly ok: false;
  readonly code: ChainBreak;
  /** The first broken record: its index in the input and the hash it came with. */
  readonly index: number;
  readonly hash: OpHash;
  readonly expected: string;
  readonly got: string;
  readonly message: string;
}

/** `head` is the last op, or the start when there are no records; undefined when that start is no head either. */
export type ChainVerdict = { readonly ok: true; readonly head: ChainHead | undefined } | BrokenChain;

/**
 * Checks the records of one device in one scope, in sequence order: canonical text, hash, author, sequence, link, and the
 * signature that closes each run. Where that signature fails, the first op after the last valid one is named.
 * Nothing but the op before is kept, so a chain of any length takes the memory of its records.
 */
export async function verifyChain(records: readonly OpRecord[], check: ChainCheck): Promise<ChainVerdict> {
  const { every, start, verify } = check;
  let head = start !== undefined && 'seq' in start ? start : undefined;
  let before: OpRecord | undefined;
  let runStart = 0;
  for (const [index, record] of records.entries()) {
    const linked = linkRecord(record, index, before, head, check);
    if (before !== undefined && !(linked.ok && continuesRun(before, linked.value))) {
      const uncovered = await findUncovered(records, runStart, index, before, check);
      if (uncovered !== undefined) return uncovered;
      runStart = index;
    }
    if (!linked.ok) return linked;
    before = linked.value;
    if (every && !(await verify(before))) return unsignedAt(index, before);
    head = { seq: before.op.seq, hash: before.hash };
  }
  const uncovered = before && (await findUncovered(records, runStart, records.length, before, check));
  return uncovered ?? { ok: true, head };
}

/** Opens a record afresh from its bytes and holds it against the one before it. */
function linkRecord(
  record: OpRecord,
  index: number,
  before: OpRecord | undefined,
  head: ChainHead | undefined,
  { hasher, start }: ChainCheck,
): Result<OpRecord, BrokenChain> {
  const opened = openRecord(record.bytes, hasher);
  if (!opened.ok) return brokenAt(index, record.hash, 'chain/canonical', 'a canonical record', opened.code);
  const { op, hash } = opened.value;
  if (hash !== record.hash) return brokenAt(index, record.hash, 'chain/hash', record.hash, hash);
  const { device, scope } = before?.op ?? op;
  if (op.device !== device || op.scope !== scope) {
    return brokenAt(index, hash, 'chain/device', `${device} in ${scope}`, `${op.device} in ${op.scope}`);
  }
  const seq = (head?.seq ?? 0) + 1;
  if (op.seq > seq) return brokenAt(index, hash, 'chain/gap', `seq ${seq}`, `seq ${op.seq}`);
  if (op.seq < seq) return brokenAt(index, hash, 'chain/fork', `seq ${seq}`, `seq ${op.seq}`);
  const prev = head?.hash ?? (start !== undefined && 'enrolment' in start ? start.enrolment : undefined);
  return op.prev === prev ? opened : brokenAt(index, hash, 'chain/link', prev ?? 'none', op.prev ?? 'none');
}

/** Checks the signature that closes the run from `from` up to `end`; where it fails, walks back to the last valid one. */
async function findUncovered(
  records: readonly OpRecord[],
  from: number,
  end: number,
  last: OpRecord,
  { every, hasher, verify }: ChainCheck,
): Promise<BrokenChain | undefined> {
  // With `every` its signature has been checked already.
  if (every || (await verify(last))) return undefined;
  let [index, first] = [end - 1, last];
  for (; index > from; index -= 1) {
    const opened = openRecord((records[index - 1] as OpRecord).bytes, hasher);
    if (!opened.ok || (await verify(opened.value))) break;
    first = opened.value;
  }
  return unsignedAt(index, first);
}

function unsignedAt(index: number, { hash, keyId }: OpRecord): BrokenChain {
  return brokenAt(index, hash, 'chain/signature', `a valid signature by key ${keyId}`, 'none');
}

function brokenAt(index: number, hash: OpHash, code: ChainBreak, expected: string, got: string): BrokenChain {
  const message = `op ${hash} at index ${index}: expected ${expected}, got ${got}`;
  return { ok: false, code, index, hash, expected, got, message };
}
