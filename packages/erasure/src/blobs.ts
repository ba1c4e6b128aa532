// Where wrapped keys lie so that others find them: at the relay, and in the keyring's own backup. Opaque to whoever keeps them, and deletable.
import type { MaybePromise } from '@tallystick/oplog';
import { ErasureError } from './errors.ts';

/** A place for small named texts. Every adapter passes `test/blobs-contract.ts`. */
export interface Blobs {
  get(name: string): MaybePromise<string | undefined>;
  /** In the place of what is there; durable before it answers. */
  put(name: string, text: string): MaybePromise<void>;
  /** Gone before it answers; whether one was taken away. False too where the place leaves that one to another device. */
  delete(name: string): MaybePromise<boolean>;
  /** In order. */
  names(): MaybePromise<readonly string[]>;
}

const namePattern = /^[0-9a-z][0-9a-z.-]{0,79}$/;

/** Throws `erasure/store`: lowercase letters, digits, `.` and `-`, at most 80. */
export function checkBlobName(name: string): string {
  if (namePattern.test(name) && !name.includes('..')) return name;
  throw new ErasureError('erasure/store', `not the name of a blob: ${JSON.stringify(name)}`);
}

export function createMemoryBlobs(): Blobs {
  const textByName = new Map<string, string>();
  return {
    get: (name) => textByName.get(checkBlobName(name)),
    put: (name, text) => void textByName.set(checkBlobName(name), text),
    delete: (name) => textByName.delete(checkBlobName(name)),
    names: () => [...textByName.keys()].sort(),
  };
}
