/**
 * Whose signatures can be checked: the ops that bring a device into a scope under a key of its own, whether or not their authors might, and those by
 * which it went on under a later one. Two people may enrol one device at once; its chain may then link to either op, and the fold says which counts.
 */
import type { DeviceId, KeyId, OpHash } from '@tallystick/oplog';
import type { ChainKey } from '@tallystick/sign/device';

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
