// Wrapped keys of relays that share an engine (docs/decisions/066-one-shelf-for-wrapped-keys.md). An engine keeps what was deleted in files of its own, so it has no key at all: one of
// the relays has them, in a file that zeroes what is deleted, and the engine has no more than that relay's name.
import { randomUUID } from 'node:crypto';
import { RelayError } from './errors.ts';
import { createKeyFile, type KeyFile } from './sqlite-keys.ts';
import type { WrappedKeyStore } from './wrapped-keys.ts';

export interface Keeper {
  /** Of the file that has the keys: dice, thrown anew each time that it is opened, so that a copy of it is noticed. */
  readonly id: string;
  /** Those before it, the latest first. */
  readonly before: readonly string[];
}

/** One entry of an engine, which all relays on it see. */
export interface KeeperRegistry {
  read(): Promise<{ readonly keeper: Keeper; readonly version: number } | undefined>;
  /** In the place of what stood there at `version`, 0 where nothing did; false where it was exchanged meanwhile. Durable when it answers. */
  write(keeper: Keeper, version: number): Promise<boolean>;
}

export interface KeptKeysOptions {
  /** Made when missing. Undefined for a relay that has no keys, as its own or in another's place. */
  readonly path: string | undefined;
  readonly registry: KeeperRegistry;
  /** Of a relay that is lost. Whatever its file still holds is destroyed when it is opened again. */
  readonly takeOver?: boolean;
}

export interface KeptKeys extends WrappedKeyStore {
  /** Rejects with `relay/store` where another relay has the keys. */
  ready(): Promise<void>;
  close(): void;
}

const maxBefore = 1_000;

export function createKeptKeys({ path, registry, takeOver = false }: KeptKeysOptions): KeptKeys {
  if (path === undefined) return keysElsewhere();
  const file = createKeyFile(path);
  let claiming: Promise<string> | undefined;

  /** Whoever was another's in between is told at the next question, so each asks. */
  async function own(): Promise<KeyFile> {
    const id = await (claiming ??= claim(file, registry, takeOver).catch((error: unknown) => {
      claiming = undefined;
      throw error;
    }));
    const entry = await registry.read();
    if (entry?.keeper.id === id) return file;
    throw dismissed(file, entry?.keeper);
  }

  return {
    ready: async () => void (await own()),
    get: async (book, name) => (await own()).get(book, name),
    put: async (book, name, key, signedAt) => (await own()).put(book, name, key, signedAt),
    delete: async (book, name, atSeconds) => (await own()).delete(book, name, atSeconds),
    list: async (book) => (await own()).list(book),
    close: () => file.close(),
  };
}

/** Answers the new name of the file. */
async function claim(file: KeyFile, registry: KeeperRegistry, takeOver: boolean): Promise<string> {
  const entry = await registry.read();
  const ids = file.ids();
  const isOurs = entry === undefined || ids.includes(entry.keeper.id);
  // A file that was in force once stays out: what was deleted since is still in it.
  const wasOurs = entry?.keeper.before.some((id) => ids.includes(id)) === true;
  if (!isOurs && (!takeOver || wasOurs)) throw dismissed(file, entry.keeper);
  const id = randomUUID();
  // Both names, for nobody knows which holds if the process ends here.
  file.setIds(entry === undefined ? [id] : [entry.keeper.id, id]);
  const before = entry === undefined ? [] : [entry.keeper.id, ...entry.keeper.before].slice(0, maxBefore);
  if (!(await registry.write({ id, before }, entry?.version ?? 0))) {
    file.setIds(ids);
    throw new RelayError('relay/store', 'another relay took the wrapped keys at the same time');
  }
  file.setIds([id]);
  return id;
}

/** Destroys what the file holds where the keys are known to have gone over to another one. */
function dismissed(file: KeyFile, keeper: Keeper | undefined): RelayError {
  const ids = file.ids();
  if (keeper?.before.some((id) => ids.includes(id)) === true) file.wipe();
  return new RelayError('relay/store', 'another relay on this engine has the wrapped keys (--keys)');
}

function keysElsewhere(): KeptKeys {
  const refuse = async (): Promise<never> => {
    throw new RelayError('relay/store', 'this relay has no wrapped keys');
  };
  return { ready: refuse, get: refuse, put: refuse, delete: refuse, list: refuse, close: () => undefined };
}
