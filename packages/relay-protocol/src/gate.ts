// The gate: what happens to each op of a push, cheap checks first, signatures last (docs/spec/relay.md, "Gate"). It decides
// and changes nothing but the roster it is given; the caller stores what it accepted or forgets both.
import type { Hasher } from '@tallystick/chain';
import type { DeviceId, MaybePromise, OpHash, OpRecord } from '@tallystick/oplog';
import { keyIdAfter, rotateVerb } from '@tallystick/sign';
import { createRoster, markVerb, type Roster, rosterVerbs } from '@tallystick/sign/roster';
import { claimOf } from './claims.ts';
import {
  confirmsMark,
  type Frame,
  findMissingBasis,
  findMisplaced,
  findWarnings,
  type Ground,
  linkOf,
} from './ground.ts';
import type { ChainState, Holder, Placed, RosterEntry } from './store.ts';
import type { PushResult, Warning } from './verdict.ts';

export interface Judgeable {
  readonly frames: readonly Frame[];
  /** Claims are conditions: an op whose token is taken is not stored, nor is one that claims nothing because it has no effect. */
  readonly isClaim: boolean;
}

/** The gate of one log while pushes are judged that will be stored together: each sees what those before it put there. */
export interface Gate {
  /** Every run ends with its push. */
  judge(push: Judgeable): Promise<Ruling>;
  /** In the order of their positions, the first of which is `ground.size`. */
  readonly accepted: readonly OpRecord[];
  readonly chains: ReadonlyMap<DeviceId, ChainState>;
  /** The accepted ops that changed the roster. */
  readonly enrolments: readonly RosterEntry[];
  /** The accepted ops that are the first to claim a token, by that token. */
  readonly holders: ReadonlyMap<string, Holder>;
}

export interface Ruling {
  /** One for each frame, in order. */
  readonly results: readonly PushResult[];
  readonly signaturesChecked: number;
}

interface Candidate {
  readonly frame: number;
  readonly record: OpRecord;
  readonly warnings: readonly Warning[];
  /** Its author is revoked, or its last day is over. */
  readonly isLate: boolean;
  /** It has no effect by itself: it is late, or under a key that `hq` had superseded by the mark of its log. */
  readonly isIdle: boolean;
}

/** Consecutive ops of one chain, waiting for the signature that closes them. */
interface Run {
  readonly candidates: Candidate[];
  readonly fork: boolean;
}

/** What the pushes so far have put on the ground, and the one in the making. */
interface Session {
  readonly ground: Ground;
  readonly hasher: Hasher;
  readonly accepted: OpRecord[];
  readonly placed: Map<OpHash, Placed>;
  readonly chains: Map<DeviceId, ChainState>;
  readonly enrolments: RosterEntry[];
  readonly holders: Map<string, Holder>;
  isClaim: boolean;
  results: PushResult[];
  /** Ops of this push that never get a place here, whatever else comes. */
  readonly hopeless: Set<OpHash>;
  /** Marks that name the root which `hq` has here. */
  readonly marks: Set<OpHash>;
  signaturesChecked: number;
  run: Run | undefined;
}

const quarantined: readonly Warning[] = ['quarantined'];

export function openGate(ground: Ground, hasher: Hasher): Gate {
  const session: Session = {
    ground,
    hasher,
    accepted: [],
    placed: new Map(),
    chains: new Map(),
    enrolments: [],
    holders: new Map(),
    isClaim: false,
    results: [],
    hopeless: new Set(),
    marks: new Set(),
    signaturesChecked: 0,
    run: undefined,
  };
  const { accepted, chains, enrolments, holders } = session;
  return { judge: (push) => judgePush(session, push), accepted, chains, enrolments, holders };
}

async function judgePush(session: Session, { frames, isClaim }: Judgeable): Promise<Ruling> {
  session.isClaim = isClaim;
  session.results = [];
  session.signaturesChecked = 0;
  session.hopeless.clear();
  for (const [index, frame] of frames.entries()) {
    if (frame.kind === 'refused') {
      session.results[index] = frame.result;
      continue;
    }
    const { record } = frame;
    // A claim that is held takes nothing with it: what stands before it ends in a signature of its own.
    const isConditional = isClaim && claimOf(record.op) !== undefined;
    if (session.run !== undefined && (isConditional || !continuesRun(session.run, record))) {
      const closing = closeRun(session, session.run);
      if (closing !== undefined) await closing;
    }
    const judged = judgeOp(session, record, index);
    const refusal = judged instanceof Promise ? await judged : judged;
    if (refusal !== undefined) session.results[index] = refusal;
    else if (record.op.verb === markVerb && (await confirmsMark(record.op, session.ground)))
      session.marks.add(record.hash);
    if (isConditional && session.run !== undefined) await closeRun(session, session.run);
  }
  const closing = session.run === undefined ? undefined : closeRun(session, session.run);
  if (closing !== undefined) await closing;
  const { results, signaturesChecked } = session;
  return { results, signaturesChecked };
}

/** The answer at once, or nothing while the op waits in the run for the signature that closes it. A turn of waiting costs as much as all checks but the signature: most ops need none. */
function judgeOp(session: Session, record: OpRecord, frame: number): MaybePromise<PushResult | undefined> {
  const { ground, run } = session;
  const { op, hash } = record;
  const placeOf = (mentioned: OpHash): Placed | undefined =>
    session.placed.get(mentioned) ?? ground.placed.get(mentioned);
  const misplaced = findMisplaced(record, ground);
  if (misplaced !== undefined) return { hash, verdict: 'misplaced', message: misplaced };
  const place = placeOf(hash);
  if (place !== undefined) return { hash, verdict: 'exists', position: place.position, ...holderOf(session, record) };
  const roster = rosterFor(session, record);
  const author = roster.get(op.device, op.scope);
  if (author === undefined) {
    const message = `device ${op.device} is not enrolled in ${op.scope}`;
    return noteHopeless(session, record).then(() => ({ hash, verdict: 'unknown-device', message }));
  }
  const chain = chainOf(session, op.device);
  const isRooted = op.prev === undefined || roster.isEnrolment(op.device, op.prev, op.scope);
  const before = ground.chains.get(op.device);
  const linkTo = (prev: OpHash): Pick<Placed, 'device' | 'seq'> | undefined =>
    before?.hash === prev ? { device: op.device, seq: before.seq } : placeOf(prev);
  const link = run === undefined ? linkOf(op, isRooted, chain, linkTo) : run.fork ? 'fork' : 'main';
  if (link === 'gap') {
    const head = { seq: chain?.seq ?? 0, hash: chain?.hash ?? author.enrolment };
    const message = `${op.prev}, the op before seq ${op.seq}, is not here`;
    return noteHopeless(session, record).then(() => ({ hash, verdict: 'gap', head, message }));
  }
  const waiting = run?.candidates.length ?? 0;
  const isFork = link === 'fork';
  const isLate = roster.standing(op.device, op.scope) !== 'active';
  const isIdle = isLate || roster.isSuperseded(record);
  if (session.isClaim && (isFork || isIdle)) {
    const message = `${op.device} may not claim: its ${isFork ? 'chain forks' : 'ops have no effect'} here`;
    return { hash, verdict: isFork ? 'fork' : 'quarantined', message };
  }
  const excess = findExcess(ground, { isFork, isLate, chain, waiting });
  if (excess !== undefined) {
    session.hopeless.add(hash);
    return { hash, verdict: excess, message: `too many ops of ${op.device} without effect` };
  }
  const inRun = (mentioned: OpHash): boolean => run?.candidates.some((one) => one.record.hash === mentioned) === true;
  // What an author built on and nobody can place holds up nothing: else one stranger's op would keep its chain from here for ever.
  const isHere = (mentioned: OpHash): boolean =>
    placeOf(mentioned) !== undefined || inRun(mentioned) || session.hopeless.has(mentioned);
  const end = ground.size + session.accepted.length + waiting;
  const settle = ([missing, key, found]: Asked): PushResult | undefined => {
    if (missing !== undefined) return { hash, verdict: 'basis', message: missing };
    if (record.keyId !== key) {
      const message = `key ${record.keyId} is not the one in force for ${op.device} here`;
      return { hash, verdict: 'bad-signature', message };
    }
    const warnings = isIdle ? [...found, ...quarantined] : found;
    const candidate = { frame, record, warnings, isLate, isIdle };
    if (run === undefined) session.run = { candidates: [candidate], fork: isFork };
    else run.candidates.push(candidate);
    return undefined;
  };
  const asked = askGround(session, roster, record, () => findMissingBasis(op, ground, end, isHere));
  return asked instanceof Promise ? asked.then(settle) : settle(asked);
}

type Asked = readonly [missing: string | undefined, key: string | undefined, found: readonly Warning[]];

/** What it builds on and is not here, the key in force where it stands if its own is known, and what to warn of: at once where nothing has to be read for it. */
function askGround(
  session: Session,
  roster: Roster,
  record: OpRecord,
  findMissing: () => MaybePromise<string | undefined>,
): MaybePromise<Asked> {
  const missing = findMissing();
  const isKnown = roster.publicKeyOf(record.keyId, record.op.device) !== undefined;
  const key = isKnown ? keyInForce(session, roster, record) : undefined;
  const found = findWarnings(record.op, session.ground);
  if (missing instanceof Promise || key instanceof Promise || found instanceof Promise)
    return Promise.all([Promise.resolve(missing), Promise.resolve(key), Promise.resolve(found)]);
  return [missing, key, found];
}

/** Notes an op that is not rooted here and never will be: its chain begins at an op that is here and enrols nobody, or at one that is as hopeless. */
async function noteHopeless({ ground, hopeless, placed }: Session, { op, hash }: OpRecord): Promise<void> {
  const { prev, seq } = op;
  if (prev === undefined) return;
  const isUnrooted = seq === 1 && !ground.roster.isEnrolment(op.device, prev, op.scope);
  if (hopeless.has(prev) || (isUnrooted && (placed.has(prev) || (await ground.isPlaced(prev))))) hopeless.add(hash);
}

/** Of what cannot have effect by itself, a relay takes so much of a device and scope and no more. */
function findExcess(
  { maxForks, maxQuarantined }: Ground,
  op: {
    readonly isFork: boolean;
    readonly isLate: boolean;
    readonly chain: ChainState | undefined;
    /** Ops of the run before it. */
    readonly waiting: number;
  },
): 'fork' | 'quarantined' | undefined {
  const { forks, late } = op.chain ?? { forks: 0, late: 0 };
  if (op.isFork && forks + op.waiting >= maxForks) return 'fork';
  return op.isLate && late + op.waiting >= maxQuarantined ? 'quarantined' : undefined;
}

/** The genesis op brings its own author, who counts for nothing else until that op is accepted. */
function rosterFor({ ground, hasher }: Session, record: OpRecord): Roster {
  if (record.op.prev !== undefined) return ground.roster;
  const roster = createRoster(hasher);
  roster.apply(record);
  return roster;
}

/** The op before it decides: a rotation brings the key, any other op was signed by it, and a chain begins with the key its enrolment names. */
function keyInForce(
  { ground, accepted, run }: Session,
  roster: Roster,
  { op }: OpRecord,
): MaybePromise<string | undefined> {
  if (op.prev === undefined || !roster.hasRotated(op.device)) return op.device;
  if (op.seq === 1) return roster.firstKeyOf(op.device, op.prev);
  const inRun = run?.candidates.at(-1)?.record;
  if (inRun?.hash === op.prev) return keyIdAfter(inRun);
  const inPush = accepted.find(({ hash }) => hash === op.prev);
  if (inPush !== undefined) return keyIdAfter(inPush);
  return ground.recordAt(op.prev).then((before) => before && keyIdAfter(before));
}

function chainOf({ chains, ground }: Session, device: DeviceId): ChainState | undefined {
  return chains.get(device) ?? ground.chains.get(device);
}

function continuesRun({ candidates }: Run, { op, keyId }: OpRecord): boolean {
  const last = (candidates.at(-1) as Candidate).record;
  // The genesis op and a rotation end their run: until they are accepted the roster lacks their key.
  if (last.op.prev === undefined || last.op.verb === rotateVerb || last.keyId !== keyId) return false;
  return (
    op.prev === last.hash && op.device === last.op.device && op.scope === last.op.scope && op.seq === last.op.seq + 1
  );
}

/** Checks the run's last signature, walks back where it fails, and accepts what a valid one covers. Nothing to wait for where the signature has been checked by now. */
function closeRun(session: Session, run: Run): Promise<void> | undefined {
  session.run = undefined;
  const { candidates } = run;
  const isValid = session.ground.verify((candidates.at(-1) as Candidate).record);
  if (isValid === true) return settleRun(session, run, candidates.length);
  return coveredBy(session, run, isValid).then((covered) => settleRun(session, run, covered));
}

/** How many of the run a valid signature covers; `last` is about the one that ends it. */
async function coveredBy({ ground }: Session, { candidates }: Run, last: MaybePromise<boolean>): Promise<number> {
  let covered = candidates.length;
  let isValid = await last;
  while (!isValid && --covered > 0) isValid = await ground.verify((candidates[covered - 1] as Candidate).record);
  return covered;
}

function settleRun(session: Session, { candidates, fork }: Run, covered: number): undefined {
  // Those that failed, and the one that did not.
  session.signaturesChecked += candidates.length - covered + (covered > 0 ? 1 : 0);
  let isTurned = false;
  for (const [index, judged] of candidates.entries()) {
    // Its author may have revoked itself, or ended its last day, since the run was judged.
    const candidate: Candidate = isTurned ? stoodAnew(session, judged) : judged;
    const { frame, record, warnings } = candidate;
    const { hash, keyId } = record;
    if (index >= covered) {
      const proof = record.op.verb === rotateVerb ? ', or no proof by the new one' : '';
      const message = `no valid signature by key ${keyId} at it or after it${proof}`;
      session.results[frame] = { hash, verdict: 'bad-signature', message };
      continue;
    }
    const before = holderOf(session, record);
    if (session.isClaim && before.holder !== undefined) {
      session.results[frame] = { hash, verdict: 'held', ...before, message: 'the token is claimed' };
      continue;
    }
    const position = acceptOp(session, candidate, fork);
    isTurned ||= rosterVerbs.has(record.op.verb) || record.op.verb === markVerb;
    const result: PushResult = { hash, verdict: fork ? 'fork' : 'stored', position, ...holderOf(session, record) };
    session.results[frame] = warnings.length > 0 ? { ...result, warnings } : result;
  }
  return undefined;
}

function stoodAnew({ ground }: Session, candidate: Candidate): Candidate {
  const { record } = candidate;
  const isLate = ground.roster.standing(record.op.device, record.op.scope) !== 'active';
  const isIdle = isLate || ground.roster.isSuperseded(record);
  if (isLate === candidate.isLate && isIdle === candidate.isIdle) return candidate;
  const others = candidate.warnings.filter((warning) => warning !== 'quarantined');
  return { ...candidate, isLate, isIdle, warnings: isIdle ? [...others, ...quarantined] : others };
}

function acceptOp(session: Session, { record, isLate, isIdle }: Candidate, fork: boolean): number {
  const { ground, accepted, placed, chains, enrolments, marks } = session;
  const { op, hash } = record;
  const position = ground.size + accepted.length;
  const { forks, late, ...head } = chainOf(session, op.device) ?? { seq: 0, hash, forks: 0, late: 0 };
  accepted.push(record);
  placed.set(hash, { position, device: op.device, seq: op.seq });
  chains.set(op.device, {
    ...(fork ? head : { seq: op.seq, hash }),
    forks: forks + Number(fork),
    late: late + Number(isIdle),
  });
  if (!fork && !isIdle) noteClaim(session, record, position);
  if (!fork && !isLate && marks.has(hash) && ground.roster.mark(record)) enrolments.push({ position, isFork: false });
  if (rosterVerbs.has(op.verb)) noteInRoster(session, record, position, fork);
  return position;
}

/** The first op that claims a token owns it, unless it is one without effect: off its chain, of a device that is revoked or over, or under a superseded key. */
function noteClaim({ ground, holders }: Session, { op, hash }: OpRecord, position: number): void {
  const token = claimOf(op);
  if (token === undefined || ground.holders.has(token) || holders.has(token)) return;
  holders.set(token, { hash, device: op.device, position });
}

/** Who has the token that the op claims, if it claims one and somebody has it. */
function holderOf({ ground, holders }: Session, { op }: OpRecord): Pick<PushResult, 'holder'> {
  const token = claimOf(op);
  const holder = token === undefined ? undefined : (holders.get(token) ?? ground.holders.get(token));
  return holder === undefined ? {} : { holder };
}

/** The losing branch of a fork has no effect, so it enrols nobody; yet what is on it may go on under a later key. */
function noteInRoster({ ground, enrolments }: Session, record: OpRecord, position: number, isFork: boolean): void {
  if (isFork && record.op.verb !== rotateVerb) return;
  const applied = ground.roster.apply(record, isFork, position);
  // One that comes after another of the same device changes nothing but where the device's chain may link to.
  if (applied.ok || applied.code === 'sign/enrolled') enrolments.push({ position, isFork });
}
