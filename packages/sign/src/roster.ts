// @tallystick/sign/roster: the devices of a book and their keys: a fold over the verbs of docs/spec/sign.md, "Devices", in the order they are applied.
import { type Hasher, nobleHasher } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  decodeHex,
  type KeyId,
  type OpHash,
  type OpRecord,
  type Result,
  type Scope,
} from '@tallystick/oplog';
import { admitVerb, parseAdmitArgs } from './admission.ts';
import { judges, noteAct, refuse, unknownIn } from './device-acts.ts';
import { parseRotateArgs, rotateVerb } from './key-life.ts';
import { keyIdOf } from './key-store.ts';
import { bookIdOf } from './op-signature.ts';
import { type EnrolArgs, judgeEnrolment, parseBookOpenArgs, parseEnrolArgs } from './roles.ts';
import { type Device, headquarters, type Member, RosterState, type Standing } from './roster-state.ts';

export type { Device, Standing } from './roster-state.ts';

export interface Roster {
  readonly book: BookId | undefined;
  /**
   * Takes notice of a verified record; any verb but those of devices is fine and changes nothing, and so does an op applied before. Of a record
   * `isFork`, on a branch that does not count, only the key that a rotation brings is noticed.
   * Refusals: `sign/args`, `sign/key`, `sign/device` (not the hash of the key), `sign/proof`, `sign/book` (a second genesis, or an
   * enrolment before any), `sign/unknown-device` (author or subject not enrolled here), `sign/revoked` (author or subject), `sign/role`,
   * `sign/enrolled`, `sign/scope` (belongs in `hq`, or anywhere else), `sign/act` (nothing that can be overruled now).
   */
  apply(record: OpRecord, isFork?: boolean): Result<void>;
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
  /** In the order of enrolment; one entry for each scope that enrolled or admitted a device. */
  devices(): readonly Device[];
}

const done: Result<void> = { ok: true, value: undefined };

export function createRoster(hasher: Hasher = nobleHasher): Roster {
  const state = new RosterState();
  const keysByDevice = new Map<DeviceId, Map<KeyId, Uint8Array>>();
  const firstKeyByLink = new Map<string, KeyId>();
  const applied = new Set<OpHash>();

  function learnKey(device: DeviceId, key: string): KeyId {
    const publicKey = decodeHex(key);
    const keyId = keyIdOf(publicKey, hasher);
    const keys = keysByDevice.get(device) ?? new Map<KeyId, Uint8Array>();
    keysByDevice.set(device, keys.set(keyId, publicKey));
    return keyId;
  }

  /** An op lets a device write in its scope, as one that is revoked where its author is. */
  function enter({ op, hash }: OpRecord, args: Omit<EnrolArgs, 'replaces'>, isProvisional: boolean): Result<void> {
    const { device, key, name, role, untilDay = '' } = args;
    const { scope } = op;
    const before = state.writerIn(scope, device);
    before?.enrolments.add(hash);
    const keyId = learnKey(device, key);
    firstKeyByLink.set(`${device} ${hash}`, keyId);
    if (before !== undefined && (isProvisional || !before.isProvisional))
      return refuse('sign/enrolled', `device ${device} is enrolled by ${before.enrolment}`);
    const enrolments = before?.enrolments ?? new Set([hash]);
    const standing = { isProvisional, isRevoked: isProvisional };
    state.add({ id: device, key, keyId, name, role, scope, enrolment: hash, untilDay, enrolments, ...standing });
    return done;
  }

  function open(record: OpRecord): Result<void> {
    const { op, hash } = record;
    const args = parseBookOpenArgs(op.args);
    if (!args.ok) return args;
    const { key, name } = args.value;
    const id = bookIdOf(hash);
    if (state.book !== undefined) return refuse('sign/book', `${hash} would open book ${state.book} again`);
    if (String(keyIdOf(decodeHex(key), hasher)) !== op.device) return notItsKey(op.device);
    state.book = id;
    return enter(record, { device: op.device, key, name, role: 'owner' }, false);
  }

  function enrol(record: OpRecord, author: Member, isInactive: boolean): Result<void> {
    const { op } = record;
    const isAdmission = op.verb === admitVerb;
    const args = isAdmission ? parseAdmitArgs(op.args) : parseEnrolArgs(op.args);
    if (!args.ok) return args;
    const { device, key } = args.value;
    const refusal = judgeEnrolment(author.role, args.value);
    if (refusal !== undefined) return { ok: false, ...refusal };
    if (!isAdmission && String(keyIdOf(decodeHex(key), hasher)) !== device) return notItsKey(device);
    if (op.scope === headquarters) {
      if (isAdmission) return refuse('sign/scope', 'a device is enrolled in hq, never admitted');
      if (state.barred.has(device)) return refuse('sign/revoked', `device ${device} is revoked`);
    }
    const entered = enter(record, args.value, isInactive);
    return entered.ok ? noteAct({ state, author, record }, { kind: 'enroll', device }) : entered;
  }

  function rotate(record: OpRecord, author: Member, counts: boolean): Result<void> {
    const args = parseRotateArgs(record.op.args);
    if (!args.ok) return args;
    // At any place of any chain, even off its branch: what builds on it is signed by that key.
    const keyId = learnKey(record.op.device, args.value.key);
    if (!counts || author.scope !== record.op.scope) return done;
    author.keyId = keyId;
    return noteAct({ state, author, record }, { kind: 'rotate', device: author.id });
  }

  function applyByMember(record: OpRecord, isFork: boolean): Result<void> {
    const { op } = record;
    const { device, scope, verb } = op;
    const isEnrolling = verb === enrolVerb || verb === admitVerb;
    if (isEnrolling && state.book === undefined) return refuse('sign/book', 'no book is open yet');
    const author = state.writerIn(scope, device);
    if (author === undefined) return unknownIn(scope, device);
    const isRooted = op.seq > 1 || op.prev === author.enrolment;
    const isInactive = !mayAct(state, author, record);
    if (verb === rotateVerb) return rotate(record, author, !isFork && isRooted && !isInactive);
    if (isFork) return done;
    if (!isRooted) return refuse('sign/unknown-device', `the chain of ${device} begins at ${author.enrolment}`);
    // Elsewhere replicas read hq as of a mark, which may be older: what a device of hq lets in there may write, as one that is revoked.
    const isElsewhere = author.scope === headquarters && scope !== headquarters;
    if (isEnrolling && (!isInactive || isElsewhere)) return enrol(record, author, isInactive);
    if (isInactive) return refuse('sign/revoked', `device ${device} is revoked, or its last day is over`);
    return judges[verb]?.({ state, author, record }) ?? done;
  }

  return {
    get book() {
      return state.book;
    },
    apply(record, isFork = false) {
      const { op, hash } = record;
      if (!rosterVerbs.has(op.verb) || applied.has(hash)) return done;
      const result = op.verb === openVerb ? open(record) : applyByMember(record, isFork);
      if (result.ok) applied.add(hash);
      return result;
    },
    get: (device, scope) =>
      scope === undefined ? state.members.find(({ id }) => id === device) : state.writerIn(scope, device),
    standing: (device, scope) => state.standingOf(scope, device),
    isEnrolment: (device, hash, scope) =>
      [scope, headquarters].some((at) => state.memberOf(at, device)?.enrolments.has(hash) === true),
    firstKeyOf: (device, enrolment) => firstKeyByLink.get(`${device} ${enrolment}`),
    publicKeyOf: (keyId, device) => keysByDevice.get(device)?.get(keyId),
    hasRotated: (device) => [...(keysByDevice.get(device)?.keys() ?? [])].some((keyId) => String(keyId) !== device),
    keysInForce: (device) =>
      state.members
        .filter(({ id, scope }) => id === device && state.standingOf(scope, device) === 'active')
        .flatMap(({ keyId }) => keysByDevice.get(device)?.get(keyId) ?? []),
    devices: () => state.members,
  };
}

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

/** Whether ops of the device have effect; a revoked one may still take that very revocation back. */
function mayAct(state: RosterState, author: Member, { op, keyId }: OpRecord): boolean {
  const overrules = op.verb === 'key.overrule@1' && state.acts.revokes(op.args['act'], op.device);
  const isSuperseded = author.scope === headquarters && op.scope !== headquarters && keyId !== author.keyId;
  return !isSuperseded && !state.isExpired(author, op.scope) && (overrules || !state.isRevoked(author));
}

function notItsKey(device: DeviceId): Result<void> {
  return refuse('sign/device', `device ${device} is not the hash of its key`);
}
