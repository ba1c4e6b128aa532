// The devices of a book: a fold over `book.open@1` and `device.enroll@1` in the order they are applied.
import { type Hasher, nobleHasher } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  decodeHex,
  type Failure,
  type KeyId,
  type OpHash,
  type OpRecord,
  parseScope,
  type Result,
  type Scope,
} from '@tallystick/oplog';
import { keyIdOf } from './key-store.ts';
import { bookIdOf } from './op-signature.ts';
import { judgeEnrolment, parseBookOpenArgs, parseEnrolArgs, type Role } from './roles.ts';

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
   * Takes notice of a verified record; any verb but the two is fine and changes nothing, and so does an op applied before.
   * Refusals: `sign/args`, `sign/key`, `sign/device` (not the hash of the key), `sign/book` (a second genesis, or an
   * enrolment before any), `sign/unknown-device` (author not enrolled here), `sign/role`, `sign/enrolled`.
   */
  apply(record: OpRecord): Result<void>;
  get(device: DeviceId): Device | undefined;
  /** Whether this op enrols the device: the one that counts, or another by someone who may. A chain may link to either. */
  isEnrolment(device: DeviceId, hash: OpHash): boolean;
  /** The raw key, if it is this device's. */
  publicKeyOf(keyId: KeyId, device: DeviceId): Uint8Array | undefined;
  /** In the order of enrolment. */
  devices(): readonly Device[];
}

interface Member extends Device {
  readonly keyId: KeyId;
  readonly publicKey: Uint8Array;
  readonly enrolments: Set<OpHash>;
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
    membersById.set(device.id, { ...device, keyId, publicKey, enrolments: new Set([device.enrolment]) });
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
    const author = membersById.get(op.device);
    if (author === undefined || (author.scope !== op.scope && author.scope !== headquarters)) {
      return refuse('sign/unknown-device', `device ${op.device} is not enrolled in ${op.scope}`);
    }
    const { device, key, name, role } = args.value;
    const refusal = judgeEnrolment(author.role, args.value);
    if (refusal !== undefined) return { ok: false, ...refusal };
    return admit({ id: device, key, name, role, scope: op.scope, enrolment: hash });
  }

  return {
    get book() {
      return book;
    },
    apply(record) {
      if (record.op.verb === 'book.open@1') return applyOpen(record);
      return record.op.verb === 'device.enroll@1' ? applyEnrol(record) : done;
    },
    get: (device) => membersById.get(device),
    isEnrolment: (device, hash) => membersById.get(device)?.enrolments.has(hash) === true,
    publicKeyOf(keyId, device) {
      const member = membersById.get(device);
      return member?.keyId === keyId ? member.publicKey : undefined;
    },
    devices: () => [...membersById.values()],
  };
}

const headquarters = parseScope('hq');

function refuse(code: string, message: string): { readonly ok: false } & Failure {
  return { ok: false, code, message };
}
