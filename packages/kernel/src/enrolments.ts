/**
 * Whose signatures can be checked: the ops that bring a device into the book under its own key, whether or not their authors might, and those by
 * which it went on under a later one. Two people may enrol one device at once; its chain may then link to either op, and the fold says which counts.
 */
import type { Hasher } from '@tallystick/chain';
import { type BookId, decodeHex, type DeviceId, type KeyId, type OpHash, type OpRecord } from '@tallystick/oplog';
import { keyIdOf, keyRotatedTo } from '@tallystick/sign';
import { bookOpen, deviceEnroll } from './builtin.ts';

/** One op that brings one key of one device. */
export interface Enrolment {
  readonly device: DeviceId;
  readonly keyId: KeyId;
  readonly publicKey: Uint8Array;
  readonly hash: OpHash;
}

export class Enrolments {
  readonly #byDevice = new Map<DeviceId, Map<OpHash, Enrolment>>();

  constructor(known: Iterable<Enrolment> = []) {
    for (const enrolment of known) this.add(enrolment);
  }

  keyOf(device: DeviceId, keyId: KeyId): Uint8Array | undefined {
    for (const enrolment of this.#byDevice.get(device)?.values() ?? [])
      if (enrolment.keyId === keyId) return enrolment.publicKey;
    return undefined;
  }

  /** Whether the device ever had another key than its first. */
  hasRotated(device: DeviceId): boolean {
    return [...(this.#byDevice.get(device)?.values() ?? [])].some((enrolment) => !isRoot(enrolment));
  }

  /** The op a chain's first op may link to: the one it names if that enrols its device, else the smallest hash that does. */
  enrolmentOf(device: DeviceId, link?: OpHash): OpHash | undefined {
    const roots = [...(this.#byDevice.get(device)?.values() ?? [])].filter(isRoot).map(({ hash }) => hash);
    return link !== undefined && roots.includes(link) ? link : roots.sort()[0];
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

/** A device is named by its first key, so every op that enrols it brings that one. */
function isRoot({ device, keyId }: Enrolment): boolean {
  return (keyId as string) === device;
}

/** The device and key that an op brings into the book, whether or not its author may: the fold decides that. */
export function enrolledBy({ op, hash }: OpRecord, book: BookId, hasher: Hasher): Enrolment | undefined {
  const rotated = keyRotatedTo(op, hasher);
  if (rotated !== undefined) return { device: op.device, ...rotated, hash };
  const isGenesis = op.verb === bookOpen.ref && op.prev === undefined && (hash as string) === book;
  if (!isGenesis && op.verb !== deviceEnroll.ref) return undefined;
  const { key } = op.args;
  const device = isGenesis ? op.device : op.args['device'];
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  const publicKey = decodeHex(key);
  const keyId = keyIdOf(publicKey, hasher);
  // Whoever names another's device beside a key of his own enrols nobody.
  return (keyId as string) === device ? { device: device as DeviceId, keyId, publicKey, hash } : undefined;
}
