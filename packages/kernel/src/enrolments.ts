/**
 * Whose signatures can be checked: the ops that bring a device into a scope under a key of its own, whether or not their authors might, and those by
 * which it went on under a later one. Two people may enrol one device at once; its chain may then link to either op, and the fold says which counts.
 */
import type { Hasher } from '@tallystick/chain';
import {
  type BookId,
  decodeHex,
  type DeviceId,
  type Json,
  type KeyId,
  type OpHash,
  type OpRecord,
} from '@tallystick/oplog';
import { type ChainKey, keyIdOf, keyRotatedTo } from '@tallystick/sign/device';
import { actsHere } from './acts.ts';
import { bookOpen, deviceAdmit, deviceEnroll } from './builtin.ts';

/** One op that brings one key of one device. */
export interface Enrolment {
  readonly device: DeviceId;
  readonly keyId: KeyId;
  readonly publicKey: Uint8Array;
  readonly hash: OpHash;
  /** Whether a chain of the device may begin at this op: it enrols or admits it, and is no rotation. */
  readonly isRoot: boolean;
}

export class Enrolments {
  readonly #byDevice = new Map<DeviceId, Map<OpHash, Enrolment>>();

  constructor(known: Iterable<Enrolment> = []) {
    for (const enrolment of known) this.add(enrolment);
  }

  *all(): Generator<Enrolment> {
    for (const byHash of this.#byDevice.values()) yield* byHash.values();
  }

  keyOf(device: DeviceId, keyId: KeyId): Uint8Array | undefined {
    for (const enrolment of this.#byDevice.get(device)?.values() ?? [])
      if (enrolment.keyId === keyId) return enrolment.publicKey;
    return undefined;
  }

  /** Whether the device ever had another key than its first. */
  hasRotated(device: DeviceId): boolean {
    return [...(this.#byDevice.get(device)?.values() ?? [])].some(({ keyId }) => (keyId as string) !== device);
  }

  /** The key with which a chain begins that links to this op. */
  firstKeyOf(device: DeviceId, link: OpHash): ChainKey | undefined {
    const root = this.#byDevice.get(device)?.get(link);
    return root?.isRoot === true ? root : undefined;
  }

  /**
   * The op that a chain's first op may link to: the one it names, if that lets its device write. Another may yet come, so there is none where it
   * names anything else. Without a name: the smallest hash.
   */
  enrolmentOf(device: DeviceId, link?: OpHash): OpHash | undefined {
    const roots = [...(this.#byDevice.get(device)?.values() ?? [])].filter(({ isRoot }) => isRoot);
    const hashes = roots.map(({ hash }) => hash);
    if (link !== undefined) return hashes.includes(link) ? link : undefined;
    return hashes.sort()[0];
  }

  /** False when it was known. */
  add(enrolment: Enrolment): boolean {
    const { device, hash } = enrolment;
    const known = this.#byDevice.get(device) ?? new Map<OpHash, Enrolment>();
    if (known.has(hash)) return false;
    this.#byDevice.set(device, known.set(hash, enrolment));
    return true;
  }

  remove({ device, hash }: Enrolment): void {
    const known = this.#byDevice.get(device);
    known?.delete(hash);
    if (known?.size === 0) this.#byDevice.delete(device);
  }
}

/** Adds what these records bring; answers what of it is news. */
export function learn(known: Enrolments, records: readonly OpRecord[], book: BookId, hasher: Hasher): Enrolment[] {
  return records
    .map((record) => enrolledBy(record, book, hasher))
    .filter((enrolment) => enrolment !== undefined && known.add(enrolment)) as Enrolment[];
}

/** The device and key that an op brings into the book, whether or not its author may: the fold decides that. */
export function enrolledBy({ op, hash }: OpRecord, book: BookId, hasher: Hasher): Enrolment | undefined {
  const rotated = keyRotatedTo(op, hasher);
  if (rotated !== undefined) return { device: op.device, ...rotated, hash, isRoot: false };
  const named = op.verb === deviceAdmit.ref ? admitted(op.args) : enrolled({ op, hash }, book);
  if (named === undefined) return undefined;
  const publicKey = decodeHex(named.key);
  const keyId = keyIdOf(publicKey, hasher);
  // Whoever names another's device beside a key of his own enrols nobody.
  if (op.verb !== deviceAdmit.ref && (keyId as string) !== named.device) return undefined;
  return { device: named.device as DeviceId, keyId, publicKey, hash, isRoot: true };
}

interface Named {
  readonly device: string;
  /** Public key, hex. */
  readonly key: string;
}

function enrolled({ op, hash }: Pick<OpRecord, 'op' | 'hash'>, book: BookId): Named | undefined {
  const isGenesis = op.verb === bookOpen.ref && op.prev === undefined && (hash as string) === book;
  if (!isGenesis && op.verb !== deviceEnroll.ref) return undefined;
  const { key } = op.args;
  const device = isGenesis ? op.device : op.args['device'];
  if (typeof device !== 'string' || typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  return { device, key };
}

/** An admission says itself, by a signature of the device's first key, that its key is the device's. */
function admitted(args: Json): Named | undefined {
  const parsed = actsHere().parseAdmitArgs(args);
  return parsed.ok ? parsed.value : undefined;
}
