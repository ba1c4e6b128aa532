// The life of a backed-up key: made together with its backups, and put back into a store from one of them.
import type { DeviceKey, ImportingKeyStore } from '@tallystick/sign';
import { CustodyError } from './errors.ts';
import { keyOfSeed, type OpenedKey, type Providers, sealKey } from './key.ts';
import type { Recipient } from './recipients.ts';
import { type Share, type SharePlan, splitKey } from './share.ts';

export interface BackupPlan extends Providers {
  /** One sealed text for each. */
  readonly sealTo?: readonly Recipient[];
  readonly shares?: SharePlan;
}

export interface BackedUpKey {
  readonly key: DeviceKey;
  /** Armored age texts, in the order of `sealTo`. */
  readonly sealed: readonly string[];
  /** One for each holder; empty without a plan. */
  readonly shares: readonly Share[];
}

/**
 * Makes a key, its backups, and only then keeps the key under `name`: a platform key cannot be copied out later. The seed is
 * wiped. Hand the backups to people before the device is enrolled; until then a lost key costs nothing. Throws
 * `custody/no-backup` for an empty plan, what sealing and splitting throw, and what the store throws; nothing is kept then.
 */
export async function createBackedUpKey(
  store: ImportingKeyStore,
  name: string,
  plan: BackupPlan,
): Promise<BackedUpKey> {
  const { sealTo = [], shares: sharePlan, ...providers } = plan;
  if (sealTo.length === 0 && sharePlan === undefined) {
    throw new CustodyError('custody/no-backup', 'a backed-up key needs at least one backup');
  }
  const seed = crypto.getRandomValues(new Uint8Array(32));
  try {
    const opened = await keyOfSeed(seed, providers);
    const sealed: string[] = [];
    // One after the other: a passkey asks the person, and platforms show one question at a time.
    for (const recipient of sealTo) sealed.push(await sealKey(opened, recipient));
    const shares = sharePlan === undefined ? [] : await splitKey(opened, sharePlan);
    return { key: await store.import(name, seed), sealed, shares };
  } finally {
    seed.fill(0);
  }
}

/** Puts the key back under `name` and wipes the opened seed. Throws what the store throws, `sign/key-exists` above all. */
export async function restoreKey(store: ImportingKeyStore, name: string, opened: OpenedKey): Promise<DeviceKey> {
  try {
    return await store.import(name, opened.seed);
  } finally {
    opened.seed.fill(0);
  }
}
