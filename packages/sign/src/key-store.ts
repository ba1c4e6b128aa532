// Device keys and where they are kept. A device is named by its first public key (DESIGN.md section 3).
import type { Hasher } from '@tallystick/chain';
import type { DeviceId, KeyId, MaybePromise } from '@tallystick/oplog';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { SignError } from './errors.ts';

/** A key pair that knows its names. */
export interface DeviceKey extends KeyPair {
  readonly device: DeviceId;
  readonly keyId: KeyId;
}

/** Names are lowercase words such as `root` and `device`. */
export interface KeyStore {
  load(name: string): MaybePromise<DeviceKey | undefined>;
  /** Makes and keeps a new key. Throws `sign/key-exists` rather than replace one: a lost key is a lost device. */
  create(name: string): MaybePromise<DeviceKey>;
}

/** A store that also takes a key made elsewhere: one that comes back from a backup, or whose backup is made before it. */
export interface ImportingKeyStore extends KeyStore {
  /** Keeps the key of this 32 byte RFC 8032 secret as `create` would. The caller wipes the seed. */
  import(name: string, seed: Uint8Array): MaybePromise<DeviceKey>;
}

const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

/** SHA-256 of the raw public key, lowercase hex. */
export function keyIdOf(publicKey: Uint8Array, hasher: Hasher): KeyId {
  return hasher.sha256Hex(publicKey) as KeyId;
}

/** The device whose first key this is. */
export function firstDeviceKey(pair: KeyPair, hasher: Hasher): DeviceKey {
  const keyId = keyIdOf(pair.publicKey, hasher);
  const device: string = keyId;
  return { device: device as DeviceId, keyId, publicKey: pair.publicKey, sign: (message) => pair.sign(message) };
}

export function checkKeyName(name: string): string {
  if (!namePattern.test(name)) throw new SignError('sign/key-name', `not a key name: ${JSON.stringify(name)}`);
  return name;
}

/** Keys that end with the process. */
export function createMemoryKeyStore(ed25519: Ed25519, hasher: Hasher): ImportingKeyStore {
  const keysByName = new Map<string, DeviceKey>();
  const keep = (name: string, made: () => MaybePromise<KeyPair>): MaybePromise<DeviceKey> => {
    checkKeyName(name);
    const add = (pair: KeyPair): DeviceKey => {
      if (keysByName.has(name)) throw new SignError('sign/key-exists', `there is a key ${name} already`);
      const key = firstDeviceKey(pair, hasher);
      keysByName.set(name, key);
      return key;
    };
    const pair = made();
    return pair instanceof Promise ? pair.then(add) : add(pair);
  };
  return {
    load: (name) => keysByName.get(checkKeyName(name)),
    create: (name) => keep(name, () => ed25519.generate()),
    import: (name, seed) => keep(name, () => ed25519.fromSeed(seed)),
  };
}
