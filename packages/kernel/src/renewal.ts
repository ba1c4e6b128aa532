/**
 * A device that goes on as another one, because its key was copied or it was revoked, and the work that waits for it to be adopted. The key store
 * keeps the keys of all generations; the replica's database says which one writes.
 */
import {
  type DeviceId,
  encodeHex,
  type JsonObject,
  type LogStore,
  type OpHash,
  type OpId,
  type Scope,
} from '@tallystick/oplog';
import type { KeyStore } from '@tallystick/sign';
import { quarantine, recoveries } from './builtin.ts';
import type { SqlDriver } from './driver.ts';
import { KeyRing } from './key-ring.ts';

/** What the office needs to enrol this device in the place of the one it was: with `name` and `role`, the args of `device.enroll`. */
export interface Renewal {
  readonly device: DeviceId;
  /** Public key, hex. */
  readonly key: string;
  readonly replaces: DeviceId;
  /** The same key as text to paste, as a new device shows it. */
  readonly text: string;
  /** How many devices have written here, this one included. */
  readonly generation: number;
  /** True when the root key that is kept here has enrolled it already. */
  readonly enrolled: boolean;
}

/** An op without effect because of who wrote it. A person may adopt it (`device.recover`) or dismiss it (`device.dismiss`). */
export interface QuarantinedOp {
  readonly scope: Scope;
  readonly hash: OpHash;
  readonly id: OpId;
  readonly device: DeviceId;
  readonly seq: number;
  readonly at: number;
  readonly verb: string;
  readonly args: JsonObject;
  /** `kernel/fork`, `kernel/revoked`, `kernel/expired` or `kernel/superseded`. */
  readonly code: string;
}

interface Identity {
  /** 1 for the device that first opened this store. */
  readonly generation: number;
  /** The device that this one was before; undefined in the first generation. */
  readonly replaces: DeviceId | undefined;
}

const META_IDENTITY = 'identity';

function readIdentity(log: LogStore): Identity {
  const [generation = '1', replaces] = (log.meta(META_IDENTITY) ?? '1').split(' ');
  return { generation: Number(generation), replaces: replaces as DeviceId | undefined };
}

/** The name of this device's first key in the key store. */
export function deviceKeyName(log: LogStore): string {
  return nameOf(readIdentity(log).generation);
}

function nameOf(generation: number): string {
  return generation === 1 ? 'device' : `renewed-${generation}`;
}

/** Makes and keeps the next generation's key. A generation that nobody has enrolled yet is answered again. */
export async function renewDevice(
  log: LogStore,
  keys: KeyStore,
  device: DeviceId,
  isEnrolled: boolean,
): Promise<Omit<Renewal, 'enrolled'> & { readonly ring: KeyRing }> {
  const { generation, replaces } = readIdentity(log);
  const isNext = isEnrolled || replaces === undefined;
  const before = isNext ? device : replaces;
  const next = isNext ? generation + 1 : generation;
  const ring = await KeyRing.open(keys, nameOf(next));
  await log.setMeta(META_IDENTITY, `${next} ${before}`);
  const key = encodeHex(ring.first.publicKey);
  const text = `tallystick-device-1:${key}`;
  return { ring, device: ring.device, key, replaces: before, text, generation: next };
}

/** What nobody has adopted or dismissed yet, in the order of each chain. */
export function readQuarantine(sql: SqlDriver): readonly QuarantinedOp[] {
  const rows = sql.query(
    `SELECT q.* FROM ${quarantine.name} q LEFT JOIN ${recoveries.name} r ON r.scope = q.scope AND r.op = q.hash
     WHERE r.op IS NULL ORDER BY q.scope, q.device, q.seq, q.id`,
    [],
  );
  return rows.map(
    ({ args, ...row }) => ({ ...row, args: JSON.parse(String(args)) as JsonObject }) as unknown as QuarantinedOp,
  );
}
