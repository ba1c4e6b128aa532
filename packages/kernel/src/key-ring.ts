/**
 * The keys of this device: its first, and those it went on under. The chain says which one is in force, so nothing has to be remembered beside it
 * and a crash between making a key and writing the rotation leaves the old one in force.
 */
import type { DeviceId, KeyId } from '@tallystick/oplog';
import type { DeviceKey, KeyStore } from '@tallystick/sign';
import { laterKey } from '@tallystick/sign/device';

export class KeyRing {
  readonly device: DeviceId;
  readonly #store: KeyStore;
  readonly #name: string;
  readonly #keys: DeviceKey[];

  private constructor(store: KeyStore, name: string, keys: DeviceKey[]) {
    this.#store = store;
    this.#name = name;
    this.#keys = keys;
    this.device = (keys[0] as DeviceKey).device;
  }

  /** Loads the device's keys, named `name`, `name-2`, `name-3` and so on; makes the first if there is none. */
  static async open(store: KeyStore, name: string): Promise<KeyRing> {
    const first = (await store.load(name)) ?? (await store.create(name));
    const keys = [first];
    for (;;) {
      const later = await store.load(`${name}-${keys.length + 1}`);
      if (later === undefined) return new KeyRing(store, name, keys);
      keys.push(laterKey(first.device, later));
    }
  }

  get first(): DeviceKey {
    return this.#keys[0] as DeviceKey;
  }

  /** The newest first. */
  get all(): readonly DeviceKey[] {
    return [...this.#keys].reverse();
  }

  keyOf(keyId: string): DeviceKey | undefined {
    return this.#keys.find((key) => key.keyId === keyId);
  }

  /** A key that no op has named yet; the one that an interrupted rotation left is taken before a new one is made. */
  async spare(isUsed: (keyId: KeyId) => boolean): Promise<DeviceKey> {
    const left = this.#keys.at(-1);
    if (left !== undefined && !isUsed(left.keyId)) return left;
    const made = await this.#store.create(`${this.#name}-${this.#keys.length + 1}`);
    const key = laterKey(this.device, made);
    this.#keys.push(key);
    return key;
  }
}
