// Device keys in files that only their owner can read: `<folder>/<name>.key`.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Hasher } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { decodeHex, encodeHex, type MaybePromise } from '@tallystick/oplog';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { SignError } from './errors.ts';
import { checkKeyName, type DeviceKey, firstDeviceKey, type KeyStore } from './key-store.ts';
import { nodeEd25519 } from './node-ed25519.ts';

const filePattern = /^tallystick\/key\/1\n([0-9a-f]{64})\n([0-9a-f]{64})\n$/;

/**
 * Keeps each key as a seed and its public key in a file of mode 0600, made whole and synced or not at all. Refuses to load
 * a file that others may read (`sign/key-file-mode`) or that is damaged (`sign/key-file`).
 */
export function createFileKeyStore(
  folder: string,
  ed25519: Ed25519 = nodeEd25519,
  hasher: Hasher = nodeHasher,
): KeyStore {
  return {
    load(name) {
      const path = pathOf(folder, name);
      const text = readPrivateFile(path);
      if (text === undefined) return undefined;
      const [, seed, publicKey] = filePattern.exec(text) ?? [];
      if (seed === undefined) throw new SignError('sign/key-file', `${path} is not a key file`);
      return afterPair(ed25519.fromSeed(decodeHex(seed)), (pair) => {
        if (encodeHex(pair.publicKey) === publicKey) return firstDeviceKey(pair, hasher);
        throw new SignError('sign/key-file', `the two halves of the key in ${path} do not belong together`);
      });
    },
    create(name) {
      const path = pathOf(folder, name);
      const seed = randomBytes(32);
      return afterPair(ed25519.fromSeed(seed), (pair) => {
        writeNewFile(folder, path, `tallystick/key/1\n${encodeHex(seed)}\n${encodeHex(pair.publicKey)}\n`);
        return firstDeviceKey(pair, hasher);
      });
    },
  };
}

function pathOf(folder: string, name: string): string {
  return join(folder, `${checkKeyName(name)}.key`);
}

function afterPair(pair: MaybePromise<KeyPair>, use: (pair: KeyPair) => DeviceKey): MaybePromise<DeviceKey> {
  return pair instanceof Promise ? pair.then(use) : use(pair);
}

function readPrivateFile(path: string): string | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    // The mode of the open file, not of the path: nobody can exchange it in between. Windows has no such modes.
    const mode = fstatSync(file).mode & 0o777;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new SignError(
        'sign/key-file-mode',
        `${path} has mode ${mode.toString(8)}; only its owner may read it (600)`,
      );
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw new SignError('sign/key-storage', `cannot open ${path}`, { cause });
  }
}

/** Writes beside the path and links into place: a reader sees the whole file or none, and an older key is never replaced. */
function writeNewFile(folder: string, path: string, text: string): void {
  const temporary = `${path}.${encodeHex(randomBytes(8))}.new`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeDurably(temporary, text);
    try {
      linkSync(temporary, path);
    } finally {
      unlinkSync(temporary);
    }
    syncFolder(folder);
  } catch (cause) {
    // A file in the place of the folder is EEXIST as well, but not of this path.
    const exists = isErrno(cause, 'EEXIST') && 'dest' in cause && cause.dest === path;
    if (exists) throw new SignError('sign/key-exists', `there is a key ${path} already`, { cause });
    throw new SignError('sign/key-storage', `cannot write ${path}`, { cause });
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function isErrno(error: unknown, code: string): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && error.code === code;
}
