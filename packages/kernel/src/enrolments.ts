/**
 * Whose signatures can be checked: the ops that bring a device into the book under its own key, whether or not their authors might. Two people may
 * enrol one device at once; its chain may then link to either op, and the fold says which of them counts.
 */
import type { Hasher } from '@tallystick/chain';
import { type BookId, decodeHex, type DeviceId, type OpHash, type OpRecord } from '@tallystick/oplog';
import { keyIdOf } from '@tallystick/sign';
import { bookOpen, deviceEnroll } from './builtin.ts';

/** One op that enrols one device. */
export interface Enrolment {
  readonly device: DeviceId;
  /** Public key, 32 bytes as hex; its hash is the device's id, so all enrolments of a device have the same. */
  readonly key: string;
  readonly hash: OpHash;
}

export class Enrolments {
  readonly #byDevice = new Map<DeviceId, { readonly key: Uint8Array; readonly hashes: Set<OpHash> }>();

  constructor(known: Iterable<Enrolment> = []) {
    for (const enrolment of known) this.add(enrolment);
  }

  keyOf(device: DeviceId): Uint8Array | undefined {
    return this.#byDevice.get(device)?.key;
  }

  /** The op a chain's first op may link to: the one it names if that enrols its device, else the smallest hash that does. */
  enrolmentOf(device: DeviceId, link?: OpHash): OpHash | undefined {
    const hashes = this.#byDevice.get(device)?.hashes;
    if (link !== undefined && hashes?.has(link)) return link;
    return hashes === undefined ? undefined : [...hashes].sort()[0];
  }

  /** False when it was known. */
  add({ device, key, hash }: Enrolment): boolean {
    const known = this.#byDevice.get(device);
    if (known === undefined) this.#byDevice.set(device, { key: decodeHex(key), hashes: new Set([hash]) });
    else if (known.hashes.has(hash)) return false;
    else known.hashes.add(hash);
    return true;
  }

  remove({ device, hash }: Enrolment): void {
    const known = this.#byDevice.get(device);
    known?.hashes.delete(hash);
    if (known?.hashes.size === 0) this.#byDevice.delete(device);
  }
}

/** The device that an op brings into the book, whether or not its author may: the fold decides that. */
export function enrolledBy({ op, hash }: OpRecord, book: BookId, hasher: Hasher): Enrolment | undefined {
  const isGenesis = op.verb === bookOpen.ref && op.prev === undefined && (hash as string) === book;
  if (!isGenesis && op.verb !== deviceEnroll.ref) return undefined;
  const { key } = op.args;
  const device = isGenesis ? op.device : op.args['device'];
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  // Whoever names another's device beside a key of his own enrols nobody.
  return (keyIdOf(decodeHex(key), hasher) as string) === device ? { device: device as DeviceId, key, hash } : undefined;
}
