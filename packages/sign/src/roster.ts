// The devices of a book and their keys: a fold over the verbs of docs/spec/sign.md, "Devices", in the order they are applied.
import { type Hasher, nobleHasher } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  decodeHex,
  type Failure,
  type Json,
  type KeyId,
  type Op,
  type OpHash,
  type OpRecord,
  parseScope,
  type Result,
  type Scope,
} from '@tallystick/oplog';
import { keyIdOf } from './key-store.ts';
import { bookIdOf } from './op-signature.ts';
import { parseRotateArgs, rotateVerb } from './key-life.ts';
import {
  defaultRevokes,
  judgeEnrolment,
  parseBookOpenArgs,
  parseEnrolArgs,
  parseRevokeArgs,
  parseRevokePolicyArgs,
  type Role,
} from './roles.ts';

export interface Device {
  readonly id: DeviceId;
  /** Public key, hex. */
  readonly key: string;
  readonly role: Role;
  readonly name: string;
  /** The scope whose log enrolled it. */
  readonly scope: Scope;
  /** The op that enrolled it, which the first op of its every chain links to. */
  readonly enrolment: OpHash;
}

export interface Roster {
  readonly book: BookId | undefined;
  /**
   * Takes notice of a verified record; any verb but those of devices is fine and changes nothing, and so does an op applied before.
   * Refusals: `sign/args`, `sign/key`, `sign/device` (not the hash of the key), `sign/book` (a second genesis, or an
   * enrolment before any), `sign/unknown-device` (author or subject not enrolled here), `sign/role`, `sign/enrolled`.
   */
  apply(record: OpRecord): Result<void>;
  get(device: DeviceId): Device | undefined;
  /** Whether this op enrols the device: the one that counts, or another by someone who may. A chain may link to either. */
  isEnrolment(device: DeviceId, hash: OpHash): boolean;
  /** The raw key, if it is or was this device's in any of its chains; which one is in force at a place is decided there. */
  publicKeyOf(keyId: KeyId, device: DeviceId): Uint8Array | undefined;
  /** Whether the device ever had another key than its first. */
  hasRotated(device: DeviceId): boolean;
  isRevoked(device: DeviceId): boolean;
  /** In the order of enrolment. */
  devices(): readonly Device[];
}

interface Member extends Device {
  readonly keys: Map<KeyId, Uint8Array>;
  readonly enrolments: Set<OpHash>;
  isRevoked: boolean;
}

const done: Result<void> = { ok: true, value: undefined };

export function createRoster(hasher: Hasher = nobleHasher): Roster {
  const membersById = new Map<DeviceId, Member>();
  let book: BookId | undefined;

  function admit(device: Device): Result<void> {
    const publicKey = decodeHex(device.key);
    const keyId = keyIdOf(publicKey, hasher);
    if (String(keyId) !== device.id) return refuse('sign/device', `device ${device.id} is not the hash of its key`);
    const before = membersById.get(device.id);
    if (before?.enrolment === device.enrolment) return done;
    before?.enrolments.add(device.enrolment);
    if (before !== undefined) return refuse('sign/enrolled', `device ${device.id} is enrolled by ${before.enrolment}`);
    const keys = new Map([[keyId, publicKey]]);
    membersById.set(device.id, { ...device, keys, enrolments: new Set([device.enrolment]), isRevoked: false });
    return done;
  }

  function applyOpen({ op, hash }: OpRecord): Result<void> {
    const args = parseBookOpenArgs(op.args);
    if (!args.ok) return args;
    const { key, name } = args.value;
    const id = bookIdOf(hash);
    if (book !== undefined && book !== id) return refuse('sign/book', `${hash} would open book ${book} again`);
    const admitted = admit({ id: op.device, key, name, role: 'owner', scope: op.scope, enrolment: hash });
    if (admitted.ok) book = id;
    return admitted;
  }

  function applyEnrol({ op, hash }: OpRecord): Result<void> {
    const args = parseEnrolArgs(op.args);
    if (!args.ok) return args;
    if (book === undefined) return refuse('sign/book', `${hash} enrols a device before any book is open`);
    const author = memberIn(membersById, op.scope, op.device);
    if (author === undefined) return unknown(op.device, op.scope);
    const { device, key, name, role } = args.value;
    const refusal = judgeEnrolment(author.role, args.value);
    if (refusal !== undefined) return { ok: false, ...refusal };
    return admit({ id: device, key, name, role, scope: op.scope, enrolment: hash });
  }

  const appliers: Appliers = {
    'book.open@1': applyOpen,
    'device.enroll@1': applyEnrol,
    ...createMemberAppliers(membersById, hasher),
  };

  return {
    get book() {
      return book;
    },
    apply: (record) =>
      (Object.hasOwn(appliers, record.op.verb) ? appliers[record.op.verb]?.(record) : undefined) ?? done,
    get: (device) => membersById.get(device),
    isEnrolment: (device, hash) => membersById.get(device)?.enrolments.has(hash) === true,
    publicKeyOf: (keyId, device) => membersById.get(device)?.keys.get(keyId),
    hasRotated: (device) => (membersById.get(device)?.keys.size ?? 0) > 1,
    isRevoked: (device) => membersById.get(device)?.isRevoked === true,
    devices: () => [...membersById.values()],
  };
}

const headquarters = parseScope('hq');

type Appliers = Readonly<Record<string, (record: OpRecord) => Result<void>>>;

function memberIn(members: ReadonlyMap<DeviceId, Member>, scope: Scope, device: DeviceId): Member | undefined {
  const member = members.get(device);
  return member?.scope === scope || member?.scope === headquarters ? member : undefined;
}

/** What members may say about keys and devices, beside enrolling them. */
function createMemberAppliers(membersById: ReadonlyMap<DeviceId, Member>, hasher: Hasher): Appliers {
  const revokesByRole = new Map<string, readonly Role[]>();

  /** An op by a member, with args in their shape. */
  function byMember<Args>(
    parse: (args: Json) => Result<Args>,
    change: (author: Member, args: Args, op: Op) => Result<void>,
  ): (record: OpRecord) => Result<void> {
    return ({ op }) => {
      const args = parse(op.args);
      if (!args.ok) return args;
      const author = memberIn(membersById, op.scope, op.device);
      return author === undefined ? unknown(op.device, op.scope) : change(author, args.value, op);
    };
  }

  /** At any place of any chain, even off its branch: what builds on it is signed by that key. */
  const applyRotation = byMember(parseRotateArgs, ({ keys }, { key }) => {
    const publicKey = decodeHex(key);
    keys.set(keyIdOf(publicKey, hasher), publicKey);
    return done;
  });

  const applyPolicy = byMember(parseRevokePolicyArgs, (author, { role, revokes }, { scope }) => {
    if (author.role !== 'owner' || author.isRevoked) return refuse('sign/role', 'only an owner may');
    revokesByRole.set(`${scope} ${role}`, revokes);
    return done;
  });

  const applyRevocation = byMember(parseRevokeArgs, (author, { device }, { scope }) => {
    const subject = membersById.get(device);
    if (subject?.scope !== scope) return unknown(device, scope);
    const stated = [scope, headquarters].map((at) => revokesByRole.get(`${at} ${author.role}`)).find(Boolean);
    if (!mayRevoke(author, subject, stated) || isLastOwner(subject, membersById))
      return refuse('sign/role', `a ${author.role} may not revoke this ${subject.role}`);
    subject.isRevoked = true;
    return done;
  });

  return { [rotateVerb]: applyRotation, 'policy.revoke@1': applyPolicy, 'device.revoke@1': applyRevocation };
}

function mayRevoke(author: Member, subject: Member, stated: readonly Role[] | undefined): boolean {
  const revokes = stated ?? defaultRevokes(author.role);
  return author === subject || (!author.isRevoked && revokes.includes(subject.role));
}

function isLastOwner(subject: Member, members: ReadonlyMap<DeviceId, Member>): boolean {
  const owners = [...members.values()].filter(
    ({ role, scope, isRevoked }) => role === 'owner' && scope === headquarters && !isRevoked,
  );
  return owners.length === 1 && owners[0] === subject;
}

/** The verbs that a roster is folded from. */
export const rosterVerbs: ReadonlySet<string> = new Set(
  ['book.open@1', 'device.enroll@1', 'device.revoke@1', 'policy.revoke@1'].concat(rotateVerb),
);

function unknown(device: DeviceId, scope: Scope): { readonly ok: false } & Failure {
  return refuse('sign/unknown-device', `device ${device} is not enrolled in ${scope}`);
}

function refuse(code: string, message: string): { readonly ok: false } & Failure {
  return { ok: false, code, message };
}
