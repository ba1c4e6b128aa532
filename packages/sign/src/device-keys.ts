// Every key that a roster has come to know, by the device it belongs to, and which of them begins each chain of the device.
import type { Hasher } from '@tallystick/chain';
import { type DeviceId, decodeHex, type KeyId, type OpHash } from '@tallystick/oplog';
import { keyIdOf } from './key-store.ts';

export class DeviceKeys {
  readonly hasher: Hasher;
  readonly #keysByDevice = new Map<DeviceId, Map<KeyId, Uint8Array>>();
  readonly #firstKeyByLink = new Map<string, KeyId>();

  constructor(hasher: Hasher) {
    this.hasher = hasher;
  }

  /** Of a key in hex that a parser has accepted. */
  idOf(key: string): KeyId {
    return keyIdOf(decodeHex(key), this.hasher);
  }

  learn(device: DeviceId, key: string): KeyId {
    const keyId = this.idOf(key);
    const keys = this.#keysByDevice.get(device) ?? new Map<KeyId, Uint8Array>();
    this.#keysByDevice.set(device, keys.set(keyId, decodeHex(key)));
    return keyId;
  }

  /** With it begins a chain that links to this op, which lets the device write. */
  learnFirst(device: DeviceId, enrolment: OpHash, key: string): KeyId {
    const keyId = this.learn(device, key);
    this.#firstKeyByLink.set(`${device} ${enrolment}`, keyId);
    return keyId;
  }

  /** The raw key. */
  get(device: DeviceId, keyId: KeyId): Uint8Array | undefined {
    return this.#keysByDevice.get(device)?.get(keyId);
  }

  firstOf(device: DeviceId, enrolment: OpHash): KeyId | undefined {
    return this.#firstKeyByLink.get(`${device} ${enrolment}`);
  }

  /** Whether the device ever had another key than its first, by which it is named. */
  hasLater(device: DeviceId): boolean {
    for (const keyId of this.#keysByDevice.get(device)?.keys() ?? []) if (String(keyId) !== device) return true;
    return false;
  }
}
