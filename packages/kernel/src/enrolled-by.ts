// What an op says of who is enrolled, whether or not its author may. It comes with the acts, which every such op is.
import type { Hasher } from '@tallystick/chain';
import { type BookId, decodeHex, type DeviceId, type Json, type OpRecord } from '@tallystick/oplog';
import { parseAdmitArgs } from '@tallystick/sign';
import { keyIdOf, keyRotatedTo } from '@tallystick/sign/device';
import type { Enrolment, Enrolments } from './enrolments.ts';

// By name: their declarations lead to what loads this file.
const OPEN = 'book.open@1';
const ENROLL = 'device.enroll@1';
const ADMIT = 'device.admit@1';

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
  const named = op.verb === ADMIT ? admitted(op.args) : enrolled({ op, hash }, book);
  if (named === undefined) return undefined;
  const publicKey = decodeHex(named.key);
  const keyId = keyIdOf(publicKey, hasher);
  // Whoever names another's device beside a key of his own enrols nobody.
  if (op.verb !== ADMIT && (keyId as string) !== named.device) return undefined;
  return { device: named.device as DeviceId, keyId, publicKey, hash, isRoot: true };
}

interface Named {
  readonly device: string;
  /** Public key, hex. */
  readonly key: string;
}

function enrolled({ op, hash }: Pick<OpRecord, 'op' | 'hash'>, book: BookId): Named | undefined {
  const isGenesis = op.verb === OPEN && op.prev === undefined && (hash as string) === book;
  if (!isGenesis && op.verb !== ENROLL) return undefined;
  const { key } = op.args;
  const device = isGenesis ? op.device : op.args['device'];
  if (typeof device !== 'string' || typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  return { device, key };
}

/** An admission says itself, by a signature of the device's first key, that its key is the device's. */
function admitted(args: Json): Named | undefined {
  const parsed = parseAdmitArgs(args);
  return parsed.ok ? parsed.value : undefined;
}
