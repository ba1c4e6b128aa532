// Where the keys of this till are, by the names that the book asks for them. A key is made by the page, because its backups are made before
// it is kept and a passkey asks the person; here it is taken up under the name that the book gives it. The log remembers which is which.
import { portableHasher } from '@tallystick/chain';
import type { DeviceId, LogStore } from '@tallystick/oplog';
import { createIndexedDbKeyStore, type KeyStore } from '@tallystick/sign';
import { laterKey } from '@tallystick/sign/rotation';

export interface KeyPlace extends KeyStore {
  /** The next key that the book makes is the one that the page has kept under this name. */
  take(slot: string | undefined): void;
}

const metaPrefix = 'till/key/';

/** `device` is who this till is where its key was put back: after a rotation its id is no longer that of its key. */
export function createKeyPlace(
  log: Pick<LogStore, 'meta' | 'setMeta'>,
  device: DeviceId | undefined,
  kept: KeyStore = createIndexedDbKeyStore({ hasher: portableHasher }),
): KeyPlace {
  let taken: string | undefined;
  return {
    take(slot) {
      taken = slot;
    },
    async load(name) {
      const key = await kept.load(log.meta(`${metaPrefix}${name}`) ?? name);
      return key !== undefined && name === 'device' && device !== undefined ? laterKey(device, key) : key;
    },
    async create(name) {
      const slot = taken;
      taken = undefined;
      const made = slot === undefined ? undefined : await kept.load(slot);
      if (slot === undefined || made === undefined) return kept.create(name);
      await log.setMeta(`${metaPrefix}${name}`, slot);
      return made;
    },
  };
}
