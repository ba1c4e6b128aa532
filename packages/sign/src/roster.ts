// @tallystick/sign/roster: the devices of a book and their keys: a fold over the verbs of docs/spec/sign.md, "Devices", in the order they are applied.
import { type Hasher, portableHasher } from '@tallystick/chain/hashing';
import type { BookId, DeviceId, KeyId, OpHash, OpRecord, Result, Scope } from '@tallystick/oplog';
import { admitVerb } from './admission.ts';
import type { Appointment } from './appointment.ts';
import { type Act, done, judges, refuse, unknownIn } from './device-acts.ts';
import { DeviceKeys } from './device-keys.ts';
import { enrol, openBook, rotate } from './enrolment.ts';
import { keyRotatedTo, rotateVerb } from './chain-key.ts';
import { type Device, headquarters, RosterState, type Standing } from './roster-state.ts';

export type { Appointment, LogExtent } from './appointment.ts';
export { type Device, headquarters, type Standing } from './roster-state.ts';

export interface Roster {
  readonly book: BookId | undefined;
  /**
   * Takes notice of a verified record; any verb but those of devices is fine and changes nothing, and so does an op applied before. Of a record
   * `isFork`, on a branch that does not count, only the key that a rotation brings is noticed. `position` is that of a rotation in `hq`, for `mark`.
   * Refusals: `sign/args`, `sign/key`, `sign/device` (not the hash of the key), `sign/proof`, `sign/book` (a second genesis, or an
   * enrolment before any), `sign/unknown-device` (author or subject not enrolled here), `sign/revoked` (author or subject), `sign/role`,
   * `sign/enrolled`, `sign/scope` (belongs in `hq`, or anywhere else), `sign/act` (nothing that can be overruled now), `sign/epoch`.
   */
  apply(record: OpRecord, isFork?: boolean, position?: number): Result<void>;
  /** Takes notice of a mark with effect. True where it supersedes a key in its scope; any other need not be noticed again. */
  mark(record: OpRecord): boolean;
  /** Whether `hq` had given its author another key, as of the last mark of its scope, so that the op has no effect. */
  isSuperseded(record: OpRecord): boolean;
  /** As what the device may write in `scope`: as enrolled or admitted there, else in `hq`. Without a scope: where it was first. */
  get(device: DeviceId, scope?: Scope): Device | undefined;
  /** Undefined for a device that may not write there. */
  standing(device: DeviceId, scope: Scope): Standing | undefined;
  /** Whether this op lets the device write in `scope`: the one that counts, or another by someone who may. A chain may link to either. */
  isEnrolment(device: DeviceId, hash: OpHash, scope: Scope): boolean;
  /** The key that begins a chain of the device which links to `enrolment`; undefined where that op does not let it write. */
  firstKeyOf(device: DeviceId, enrolment: OpHash): KeyId | undefined;
  /** The raw key, if it is or was this device's in any of its chains; which one is in force at a place is decided there. */
  publicKeyOf(keyId: KeyId, device: DeviceId): Uint8Array | undefined;
  /** Whether the device ever had another key than its first. */
  hasRotated(device: DeviceId): boolean;
  /** The raw keys that the device has now, where it is active: in each scope that enrolled or admitted it, the newest of its chain there. */
  keysInForce(device: DeviceId): readonly Uint8Array[];
  /** As `keysInForce`, be it active there or not: who asks, and not what it may do. */
  newestKeys(device: DeviceId): readonly Uint8Array[];
  /** Where it was enrolled and admitted, one entry for each scope; none for a device that nobody let in. */
  memberships(device: DeviceId): readonly Device[];
  /** In the order of enrolment; one entry for each scope that enrolled or admitted a device. */
  devices(): readonly Device[];
  /** The appointments of relays that had effect, in order; the last is in force. */
  readonly appointments: readonly Appointment[];
}

/** The verb by which a scope takes notice of `hq`. */
export const markVerb = 'hq.mark@1';
const openVerb = 'book.open@1';
const enrolVerb = 'device.enroll@1';

/** The verbs that a roster is folded from. */
export const rosterVerbs: ReadonlySet<string> = new Set([
  openVerb,
  enrolVerb,
  admitVerb,
  rotateVerb,
  ...Object.keys(judges),
]);

export function createRoster(hasher: Hasher = portableHasher): Roster {
  const keys = new DeviceKeys(hasher);
  const state = new RosterState(keys);
  const applied = new Set<OpHash>();
  return {
    get book() {
      return state.book;
    },
    apply(record, isFork = false, position = Number.POSITIVE_INFINITY) {
      const { op, hash } = record;
      if (!rosterVerbs.has(op.verb) || applied.has(hash)) return done;
      const result = op.verb === openVerb ? openBook(state, record) : judge(state, record, isFork, position);
      if (result.ok) applied.add(hash);
      return result;
    },
    mark: ({ op: { args, device, scope } }) =>
      scope !== headquarters &&
      !['auditor', 'customer'].includes(state.writerIn(scope, device)?.role ?? '') &&
      state.marked.mark(scope, args['size'] as number),
    isSuperseded: (record) => keys.hasLater(record.op.device) && isSuperseded(state, record),
    get: (device, scope) =>
      scope === undefined ? state.members.find(({ id }) => id === device) : state.writerIn(scope, device),
    standing: (device, scope) => state.standingOf(scope, device),
    isEnrolment: (device, hash, scope) =>
      [scope, headquarters].some((at) => state.memberOf(at, device)?.enrolments.has(hash) === true),
    firstKeyOf: (device, enrolment) => keys.firstOf(device, enrolment),
    publicKeyOf: (keyId, device) => keys.get(device, keyId),
    hasRotated: (device) => keys.hasLater(device),
    keysInForce: (device) =>
      state
        .membersOf(device)
        .filter(({ scope }) => state.standingOf(scope, device) === 'active')
        .flatMap(({ keyId }) => keys.get(device, keyId) ?? []),
    newestKeys: (device) => state.membersOf(device).flatMap(({ keyId }) => keys.get(device, keyId) ?? []),
    memberships: (device) => state.membersOf(device),
    devices: () => state.members,
    appointments: state.appointments,
  };
}

/** Any verb but the one that opens the book. */
function judge(state: RosterState, record: OpRecord, isFork: boolean, position: number): Result<void> {
  const { device, prev, scope, seq, verb } = record.op;
  const isEnrolling = verb === enrolVerb || verb === admitVerb;
  if (isEnrolling && state.book === undefined) return refuse('sign/book', 'no book is open yet');
  const author = state.writerIn(scope, device);
  if (author === undefined) return unknownIn(scope, device);
  const act: Act = { state, author, record };
  const isRooted = seq > 1 || prev === author.enrolment;
  const isInactive = !mayAct(act);
  if (verb === rotateVerb) return rotate(act, !isFork && isRooted && !isInactive, position);
  if (isFork) return done;
  if (!isRooted) return refuse('sign/unknown-device', `the chain of ${device} begins at ${author.enrolment}`);
  // Elsewhere replicas read hq as of a mark, which may be older: what a device of hq lets in there may write, as one that is revoked.
  const isElsewhere = author.scope === headquarters && scope !== headquarters;
  if (isEnrolling && (!isInactive || isElsewhere)) return enrol(act, isInactive);
  if (isInactive) return refuse('sign/revoked', `device ${device} is revoked, or its last day is over`);
  return judges[verb]?.(act) ?? done;
}

/** Whether ops of the device have effect; a revoked one may still take that very revocation back. */
function mayAct({ state, author, record: { op, keyId } }: Act): boolean {
  const overrules = op.verb === 'key.overrule@1' && state.acts.revokes(op.args['act'], op.device);
  const isSuperseded = author.scope === headquarters && op.scope !== headquarters && keyId !== author.keyId;
  return !isSuperseded && !state.isExpired(author, op.scope) && (overrules || !state.isRevoked(author));
}

/** A mark, and a rotation to the newer key, are how a chain follows `hq`. */
function isSuperseded(state: RosterState, { op, keyId }: OpRecord): boolean {
  if (state.writerIn(op.scope, op.device)?.scope !== headquarters || op.verb === markVerb) return false;
  const newer = state.marked.newerThan(keyId, op.device, op.scope);
  return newer !== undefined && keyRotatedTo(op, state.keys.hasher)?.keyId !== newer;
}
