// Device keys in files that only their owner can read, `<folder>/<name>.key`: plain, or under a seal.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Hasher } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { MaybePromise } from '@tallystick/oplog';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { SignError } from './errors.ts';
import { checkKeyName, type DeviceKey, firstDeviceKey, type ImportingKeyStore } from './key-store.ts';
import { encodeKeyText, type KeyMaterial, parseKeyText } from './key-text.ts';
import { nodeEd25519 } from './node-ed25519.ts';
import { readPrivateFile, replaceFile, writeNewFile } from './private-file.ts';

/** What keeps the text of a key file from whoever copies the disk. `@tallystick/custody` has one by passphrase. */
export interface KeySeal {
  seal(keyText: string): MaybePromise<string>;
  /** The key text again. Throws when it cannot: a wrong passphrase, a damaged file. */
  open(sealed: string): MaybePromise<string>;
}

export interface SealedKeyStoreOptions {
  readonly seal: KeySeal;
  readonly ed25519?: Ed25519;
  readonly hasher?: Hasher;
}

/**
 * Keeps each key in the clear, in a file of mode 0600, made whole and synced or not at all: whoever can read the disk has the
 * key. For servers that start unattended and for disks that are encrypted; elsewhere `createSealedKeyStore`. Refuses to load
 * a file that others may read (`sign/key-file-mode`) or that is damaged (`sign/key-file`).
 */
export function createFileKeyStore(
  folder: string,
  ed25519: Ed25519 = nodeEd25519,
  hasher: Hasher = nodeHasher,
): ImportingKeyStore {
  const keep = (name: string, seed: Uint8Array): MaybePromise<DeviceKey> => {
    const path = pathOf(folder, name);
    return after(ed25519.fromSeed(seed), (pair) => {
      writeNewFile(path, encodeKeyText(seed, pair.publicKey));
      return firstDeviceKey(pair, hasher);
    });
  };
  return {
    load(name) {
      const path = pathOf(folder, name);
      const text = readPrivateFile(path);
      if (text === undefined) return undefined;
      return after(parseKeyText(text, ed25519), (key) => firstDeviceKey(pairOf(key, path), hasher));
    },
    create: (name) => keep(name, randomBytes(32)),
    import: keep,
  };
}

/**
 * The same files under a seal. A file that is not sealed is refused like a damaged one: it was put there by somebody else. What
 * the seal throws is the `cause` of `sign/key-seal`.
 */
export function createSealedKeyStore(
  folder: string,
  { seal, ed25519 = nodeEd25519, hasher = nodeHasher }: SealedKeyStoreOptions,
): ImportingKeyStore {
  const keep = async (name: string, seed: Uint8Array): Promise<DeviceKey> => {
    const path = pathOf(folder, name);
    const pair = await ed25519.fromSeed(seed);
    writeNewFile(path, await runSeal(path, () => seal.seal(encodeKeyText(seed, pair.publicKey))));
    return firstDeviceKey(pair, hasher);
  };
  return {
    async load(name) {
      const path = pathOf(folder, name);
      const sealed = readPrivateFile(path);
      if (sealed === undefined) return undefined;
      const text = await runSeal(path, () => seal.open(sealed));
      return firstDeviceKey(pairOf(await parseKeyText(text, ed25519), path), hasher);
    },
    create: async (name) => keep(name, randomBytes(32)),
    import: keep,
  };
}

/**
 * Puts the key `name` under another seal: a plain file under its first one (`from` undefined), or a changed passphrase. The key
 * stays the same. What was there before may survive on the disk until its blocks are used again.
 */
export async function resealKeyFile(folder: string, name: string, to: KeySeal, from?: KeySeal): Promise<void> {
  const path = pathOf(folder, name);
  const stored = readPrivateFile(path);
  if (stored === undefined) throw new SignError('sign/key-file', `there is no key file ${path}`);
  const text = from === undefined ? stored : await runSeal(path, () => from.open(stored));
  pairOf(await parseKeyText(text, nodeEd25519), path);
  replaceFile(path, await runSeal(path, () => to.seal(text)));
}

function pathOf(folder: string, name: string): string {
  return join(folder, `${checkKeyName(name)}.key`);
}

function pairOf(key: KeyMaterial | undefined, path: string): KeyPair {
  if (key === undefined) throw new SignError('sign/key-file', `${path} is not a key file, or is sealed`);
  return key.pair;
}

async function runSeal(path: string, run: () => MaybePromise<string>): Promise<string> {
  try {
    return await run();
  } catch (cause) {
    throw new SignError('sign/key-seal', `the seal of ${path} does not open or close`, { cause });
  }
}

function after<T, R>(value: MaybePromise<T>, use: (value: T) => R): MaybePromise<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}
