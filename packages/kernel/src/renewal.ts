/**
 * Which of the devices that wrote here, one after another, this one is, and the work that waits for it to be adopted. The key store keeps the keys of all
 * generations; the replica's database says which one writes. How it goes on as the next one comes later: renew.ts.
 */
import { type DeviceId, type JsonObject, type LogStore, type OpHash, type OpId, type Scope } from '@tallystick/oplog';
import { quarantine, recoveries } from './builtin.ts';
import type { SqlDriver } from './driver.ts';

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

export interface Identity {
  /** 1 for the device that first opened this store. */
  readonly generation: number;
  /** The device that this one was before; undefined in the first generation. */
  readonly replaces: DeviceId | undefined;
}

/** In the log's meta: the generation, and the device before it. */
export const META_IDENTITY = 'identity';

export function readIdentity(log: LogStore): Identity {
  const [generation = '1', replaces] = (log.meta(META_IDENTITY) ?? '1').split(' ');
  return { generation: Number(generation), replaces: replaces as DeviceId | undefined };
}

/** The name of this device's first key in the key store. */
export function deviceKeyName(log: LogStore): string {
  return keyNameOf(readIdentity(log).generation);
}

/** The name in the key store of the first key of a generation. */
export function keyNameOf(generation: number): string {
  return generation === 1 ? 'device' : `renewed-${generation}`;
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
