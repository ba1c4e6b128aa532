// The check of one chain, op by op from its bytes, that names the first broken op (DESIGN.md section 3).
import type { ChainHead, MaybePromise, OpHash, OpRecord } from '@tallystick/oplog';
import type { Hasher } from './hasher.ts';
import { openRecord } from './record.ts';

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
 * signature that closes each run of one key. Where that signature fails, the first op after the last valid one is named.
 */
export async function verifyChain(records: readonly OpRecord[], check: ChainCheck): Promise<ChainVerdict> {
  const { linked, broken } = linkRecords(records, check);
  const unsigned = check.every ? await firstInvalid(linked, check) : await firstUncovered(linked, check);
  if (unsigned !== undefined) {
    const { hash, keyId } = linked[unsigned] as OpRecord;
    return brokenAt(unsigned, hash, 'chain/signature', `a valid signature by key ${keyId}`, 'none');
  }
  if (broken !== undefined) return broken;
  const last = linked.at(-1);
  if (last !== undefined) return { ok: true, head: { seq: last.op.seq, hash: last.hash } };
  return { ok: true, head: check.start !== undefined && 'seq' in check.start ? check.start : undefined };
}

/** The longest prefix whose texts, hashes and links hold, opened afresh from its bytes, and what broke after it. */
function linkRecords(
  records: readonly OpRecord[],
  { hasher, start }: ChainCheck,
): { linked: OpRecord[]; broken?: BrokenChain } {
  const linked: OpRecord[] = [];
  const enrolment = start !== undefined && 'enrolment' in start ? start.enrolment : undefined;
  let head: ChainHead | undefined = start !== undefined && 'seq' in start ? start : undefined;
  for (const [index, record] of records.entries()) {
    const opened = openRecord(record.bytes, hasher);
    if (!opened.ok) {
      return { linked, broken: brokenAt(index, record.hash, 'chain/canonical', 'a canonical record', opened.code) };
    }
    const { op, hash } = opened.value;
    const author = `${op.device} in ${op.scope}`;
    const first = linked[0]?.op ?? op;
    const wanted = `${first.device} in ${first.scope}`;
    const seq = (head?.seq ?? 0) + 1;
    const prev = head?.hash ?? enrolment;
    let broken: BrokenChain | undefined;
    if (hash !== record.hash) broken = brokenAt(index, record.hash, 'chain/hash', record.hash, hash);
    else if (author !== wanted) broken = brokenAt(index, hash, 'chain/device', wanted, author);
    else if (op.seq > seq) broken = brokenAt(index, hash, 'chain/gap', `seq ${seq}`, `seq ${op.seq}`);
    else if (op.seq < seq) broken = brokenAt(index, hash, 'chain/fork', `seq ${seq}`, `seq ${op.seq}`);
    else if (op.prev !== prev) broken = brokenAt(index, hash, 'chain/link', prev ?? 'none', op.prev ?? 'none');
    if (broken !== undefined) return { linked, broken };
    linked.push(opened.value);
    head = { seq: op.seq, hash };
  }
  return { linked };
}

async function firstInvalid(linked: readonly OpRecord[], { verify }: ChainCheck): Promise<number | undefined> {
  for (const [index, record] of linked.entries()) if (!(await verify(record))) return index;
  return undefined;
}

/** Checks the last signature of each run of one key; where it fails, walks back to the last valid one of that run. */
async function firstUncovered(linked: readonly OpRecord[], { verify }: ChainCheck): Promise<number | undefined> {
  let runStart = 0;
  for (const [index, record] of linked.entries()) {
    if (linked[index + 1]?.keyId === record.keyId) continue;
    let covered = index + 1;
    while (covered > runStart && !(await verify(linked[covered - 1] as OpRecord))) covered -= 1;
    if (covered <= index) return covered;
    runStart = index + 1;
  }
  return undefined;
}

function brokenAt(index: number, hash: OpHash, code: ChainBreak, expected: string, got: string): BrokenChain {
  const message = `op ${hash} at index ${index}: expected ${expected}, got ${got}`;
  return { ok: false, code, index, hash, expected, got, message };
}
