// The bulk check of records handed over together: all links, one signature a run (DESIGN.md section 3, "Verify once per
// run"). A record must come from `openRecord`, which is what checked its text and computed its hash.
import type { ChainHead, DeviceId, MaybePromise, Op, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import type { VerifyRecord } from './chain.ts';
import { continuesRun } from './opened-record.ts';

/** What the reader has stored already, and who may write. */
export interface RunsCheck {
  /** The stored op with the highest sequence of this device in this scope. */
  headOf(device: DeviceId, scope: Scope): ChainHead | undefined;
  /**
   * Hash of the op that enrolled the device (its own for the device that wrote the genesis); undefined while unknown. `link` is
   * what the first op of its chain names: of several ops that enrol the device, answer that one.
   */
  enrolmentOf(device: DeviceId, link: OpHash): OpHash | undefined;
  /** Whether an op is stored. Asked only about sequences that are taken and links that lead out of the batch. */
  has(hash: OpHash): boolean;
  /** A stored op. Asked only where a chain may fork. */
  opOf(hash: OpHash): MaybePromise<Op | undefined>;
  readonly verify: VerifyRecord;
  /** Check every signature; an op whose own signature is not valid then waits, with all that build on it. */
  readonly every?: boolean;
}

/**
 * Why an op is not accepted. Refused for good: `chain/link` (it builds on something that is not the op before it). Waiting:
 * `chain/gap` (an op before it is missing), `chain/unknown-device` (its author is not enrolled yet), `chain/signature` (no
 * valid signature at it or after it in its run).
 */
export type RunCode = 'chain/link' | 'chain/gap' | 'chain/unknown-device' | 'chain/signature';

export interface Unaccepted {
  readonly record: OpRecord;
  readonly code: RunCode;
  readonly message: string;
}

/** Every record that was handed over is in exactly one of `accepted`, `refused`, `waiting` and `known`. */
export interface RunsReport {
  /** Linked and covered by a valid signature; an op comes after the one it links to, otherwise in input order. */
  readonly accepted: OpRecord[];
  /** The accepted ops that are off the branch of the stored head (or of the first op in this batch), from the fork on. */
  readonly forks: { readonly record: OpRecord }[];
  readonly refused: Unaccepted[];
  readonly waiting: Unaccepted[];
  /** Stored already, or handed over twice. Their signatures are not looked at. */
  readonly known: OpRecord[];
  /** Number of signatures checked. */
  readonly verified: number;
}

interface Chain {
  readonly device: DeviceId;
  readonly scope: Scope;
  readonly head: ChainHead | undefined;
  extended: boolean;
}

interface Link {
  record: OpRecord;
  readonly chain: Chain;
  /** The link before this one, when it is in the batch. */
  parent: Link | undefined;
  state: 'new' | 'known' | 'linked' | 'accepted' | 'refused' | 'waiting';
  code: RunCode | undefined;
  message: string;
  /** The same op with other signatures, from the same batch. */
  copies: OpRecord[] | undefined;
  /** An op of the same run links to this one. */
  continued: boolean;
  signed: boolean | undefined;
  extended: boolean;
  fork: boolean;
}

const signaturesInFlight = 64;

/**
 * Checks any mix of chains, best in causal order. A batch costs one signature a run; where that one fails the run is walked
 * back to its last valid one, and what comes after waits. Throws only what `verify` and `opOf` throw.
 */
export async function verifyRuns(records: readonly OpRecord[], check: RunsCheck): Promise<RunsReport> {
  const linksByHash = collectLinks(records, check);
  const linked = await placeLinks(linksByHash, check);
  const verified = await coverLinks(linked, check);
  const accepted: OpRecord[] = [];
  const forks: { record: OpRecord }[] = [];
  for (const link of linked) {
    if (!acceptLink(link)) continue;
    accepted.push(link.record);
    if (link.fork) forks.push({ record: link.record });
  }
  const known: OpRecord[] = [];
  const refused: Unaccepted[] = [];
  const waiting: Unaccepted[] = [];
  for (const { state, record, code, message, copies } of linksByHash.values()) {
    if (copies !== undefined) known.push(...copies);
    if (state === 'known') known.push(record);
    else if (code !== undefined) (state === 'refused' ? refused : waiting).push({ record, code, message });
  }
  return { accepted, forks, refused, waiting, known, verified };
}

function collectLinks(records: readonly OpRecord[], check: RunsCheck): Map<OpHash, Link> {
  const linksByHash = new Map<OpHash, Link>();
  const chainsByDevice = new Map<DeviceId, Map<Scope, Chain>>();
  let chain: Chain | undefined;
  for (const record of records) {
    const { device, scope } = record.op;
    const twin = linksByHash.get(record.hash);
    if (twin !== undefined) {
      (twin.copies ??= []).push(record);
      continue;
    }
    if (chain === undefined || chain.device !== device || chain.scope !== scope) {
      chain = chainOf(device, scope, chainsByDevice, check);
    }
    linksByHash.set(record.hash, {
      record,
      chain,
      parent: undefined,
      state: 'new',
      code: undefined,
      message: '',
      copies: undefined,
      continued: false,
      signed: undefined,
      extended: false,
      fork: false,
    });
  }
  return linksByHash;
}

function chainOf(
  device: DeviceId,
  scope: Scope,
  chainsByDevice: Map<DeviceId, Map<Scope, Chain>>,
  check: RunsCheck,
): Chain {
  const chainsByScope = chainsByDevice.get(device) ?? new Map<Scope, Chain>();
  chainsByDevice.set(device, chainsByScope);
  let chain = chainsByScope.get(scope);
  if (chain === undefined) {
    chain = { device, scope, head: check.headOf(device, scope), extended: false };
    chainsByScope.set(scope, chain);
  }
  return chain;
}

/** Decides for every link what it builds on. Answers those that are linked to the book, parents first. */
async function placeLinks(linksByHash: ReadonlyMap<OpHash, Link>, check: RunsCheck): Promise<Link[]> {
  const linked: Link[] = [];
  const path: Link[] = [];
  for (const start of linksByHash.values()) {
    // In causal order the path is one long. Sequences fall along it, so it ends.
    let link: Link | undefined = start;
    while (link?.state === 'new') {
      path.push(link);
      const { prev, seq }: Op = link.record.op;
      const parent: Link | undefined = prev === undefined ? undefined : linksByHash.get(prev);
      link = parent?.record.op.seq === seq - 1 ? parent : undefined;
    }
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      const { prev } = next.record.op;
      const placing = placeLink(next, prev === undefined ? undefined : linksByHash.get(prev), check);
      if (placing !== undefined) await placing;
      if (next.state === 'linked') linked.push(next);
    }
  }
  return linked;
}

function placeLink(link: Link, parent: Link | undefined, check: RunsCheck): Promise<void> | undefined {
  const { op, hash } = link.record;
  const { head } = link.chain;
  if (head !== undefined && op.seq <= head.seq && check.has(hash)) link.state = 'known';
  else if (op.prev === undefined || op.seq === 1) placeFirst(link, check);
  else if (parent !== undefined) placeOnParent(link, parent);
  else if (head !== undefined && op.prev === head.hash) judgeLink(link, { ...link.chain, seq: head.seq });
  else if (check.has(op.prev)) return placeOnStored(link, op.prev, check);
  else setAside(link, 'waiting', 'chain/gap', `the op before it, ${op.prev}, is missing`);
  return undefined;
}

/** Sequence 1 links to the op that enrolled the device; the genesis op links to nothing and is its own enrolment. */
function placeFirst(link: Link, check: RunsCheck): void {
  const { op, hash } = link.record;
  const enrolment = check.enrolmentOf(op.device, op.prev ?? hash);
  if (enrolment === undefined && op.prev !== undefined) {
    setAside(link, 'waiting', 'chain/unknown-device', `device ${op.device} is not enrolled`);
  } else if (enrolment !== undefined && enrolment !== (op.prev ?? hash)) {
    setAside(link, 'refused', 'chain/link', `expected the enrolment ${enrolment}, got ${op.prev ?? 'a genesis op'}`);
  } else link.state = 'linked';
}

function placeOnParent(link: Link, parent: Link): void {
  const { op, hash } = parent.record;
  judgeLink(link, op);
  if (link.state !== 'linked') return;
  if (parent.state === 'refused') setAside(link, 'refused', 'chain/link', `it builds on ${hash}, which is refused`);
  else if (parent.code !== undefined) setAside(link, 'waiting', parent.code, `it builds on ${hash}, which waits`);
  else {
    link.parent = parent;
    if (continuesRun(parent.record, link.record)) parent.continued = true;
  }
}

async function placeOnStored(link: Link, prev: OpHash, check: RunsCheck): Promise<void> {
  const before = await check.opOf(prev);
  if (before !== undefined) judgeLink(link, before);
  else setAside(link, 'waiting', 'chain/gap', `the op before it, ${prev}, cannot be read`);
}

function judgeLink(link: Link, before: Pick<Op, 'device' | 'scope' | 'seq'>): void {
  const { device, scope, seq } = link.record.op;
  if (before.device === device && before.scope === scope && before.seq === seq - 1) link.state = 'linked';
  else {
    const got = `seq ${before.seq} of ${before.device} in ${before.scope}`;
    setAside(link, 'refused', 'chain/link', `seq ${seq} of ${device} in ${scope} links to ${got}`);
  }
}

/** Finds `signed` for every link, from the ends of the runs backwards. Answers the number of signatures checked. */
async function coverLinks(linked: readonly Link[], check: RunsCheck): Promise<number> {
  const ends = linked.filter((link) => (check.every || !link.continued) && link.copies === undefined);
  let verified = 0;
  for (let start = 0; start < ends.length; start += signaturesInFlight) {
    const window = ends.slice(start, start + signaturesInFlight);
    const answers = await Promise.all(window.map(async (link) => check.verify(link.record)));
    for (const [index, link] of window.entries()) link.signed = answers[index] === true;
    verified += window.length;
  }
  for (let index = linked.length - 1; index >= 0; index--) {
    const link = linked[index] as Link;
    if (link.copies !== undefined) verified += await chooseCopy(link, link.copies, check);
    else if (link.signed === undefined) {
      link.signed = await check.verify(link.record);
      verified += 1;
    }
    const { parent } = link;
    if (!check.every && link.signed && parent && continuesRun(parent.record, link.record)) parent.signed = true;
  }
  return verified;
}

/** An untrusted pipe may have put a forged copy of an op before the true one; the first valid copy stands for the op, covered or not. */
async function chooseCopy(link: Link, copies: OpRecord[], check: RunsCheck): Promise<number> {
  const first = link.record;
  for (const [index, copy] of [first, ...copies].entries()) {
    if (!(await check.verify(copy))) continue;
    if (index > 0) copies[index - 1] = first;
    link.record = copy;
    link.signed = true;
    return index + 1;
  }
  link.signed ??= false;
  return copies.length + 1;
}

function acceptLink(link: Link): boolean {
  const { parent, chain, record } = link;
  if (!link.signed) {
    setAside(link, 'waiting', 'chain/signature', `no valid signature by key ${record.keyId} at it or after it`);
    return false;
  }
  if (parent?.code !== undefined) {
    setAside(link, 'waiting', parent.code, `it builds on ${parent.record.hash}, which waits`);
    return false;
  }
  link.state = 'accepted';
  const { head } = chain;
  const before = parent ?? chain;
  const onBranch = parent?.state === 'accepted' ? !parent.fork : head === undefined || head.hash === record.op.prev;
  link.fork = before.extended || !onBranch;
  // What leaves the chain below its head does not take the place of what continues the head.
  if (onBranch) before.extended = true;
  return true;
}

function setAside(link: Link, state: 'refused' | 'waiting', code: RunCode, message: string): void {
  link.state = state;
  link.code = code;
  link.message = message;
}
