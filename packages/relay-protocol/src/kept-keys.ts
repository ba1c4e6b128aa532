// Wrapped keys of relays that share an engine (docs/decisions/066-one-shelf-for-wrapped-keys.md). An engine keeps what was deleted in files of its own, so it has no key at all: one of
// the relays has them, in a file that zeroes what is deleted, and the engine has no more than that relay's name.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { RelayError } from './errors.ts';
import { createKeyFile, type KeyFile } from './sqlite-keys.ts';
import { maxSkewSeconds } from './request-signature.ts';
import type { WrappedKeyStore } from './wrapped-keys.ts';

export interface Keeper {
  /** Of the file that has the keys: dice, thrown anew each time that it is opened, so that a copy of it is noticed. */
  readonly id: string;
  /** Those before it, the latest first, and no more than so many. */
  readonly before: readonly string[];
  /** Of files that others took over from: never forgotten, however often the one in force is opened. */
  readonly lost: readonly string[];
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
  /** Of a relay that hands on to another one: it takes no keys, and empties the file that it had where the keys went over. */
  readonly isElsewhere?: boolean;
  /** How many openings of the file are known by name, so that an older copy of it is emptied. Default 1,000. */
  readonly maxBefore?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface KeptKeys extends WrappedKeyStore {
  /** Rejects with `relay/store` where another relay has the keys, and where this one has them and was told that another one has. */
  ready(): Promise<void>;
  close(): void;
}

export function createKeptKeys(options: KeptKeysOptions): KeptKeys {
  const { path, registry, isElsewhere = false } = options;
  if (path === undefined) return keysElsewhere();
  if (isElsewhere) return { ...keysElsewhere(), ready: () => emptyLost(path, registry) };
  const file = createKeyFile(path);
  let claiming: Promise<string> | undefined;

  /** Whoever was another's in between is told at the next question, so each asks. */
  async function own(): Promise<KeyFile> {
    const id = await (claiming ??= claim(file, options).catch((error: unknown) => {
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
async function claim(
  file: KeyFile,
  { registry, takeOver = false, maxBefore = 1_000, now = Date.now }: KeptKeysOptions,
): Promise<string> {
  const entry = await registry.read();
  const ids = file.ids();
  const isOurs = entry === undefined || ids.includes(entry.keeper.id);
  // A file that was in force once stays out: what was deleted since is still in it.
  if (!isOurs && (!takeOver || wasInForce(entry.keeper, ids))) throw dismissed(file, entry.keeper);
  const id = randomUUID();
  // Both names where it has the keys already, for nobody knows which holds if the process ends here; never that of the file that is lost.
  file.setIds(isOurs && entry !== undefined ? [entry.keeper.id, id] : [...ids, id]);
  // Which keys were deleted in the file that is lost nobody knows: a request that put one there, copied on the way, must put none here.
  if (!isOurs) file.setFloor(Math.floor(now() / 1000) + maxSkewSeconds);
  const next = keeperAfter(entry?.keeper, id, isOurs, maxBefore);
  if (!(await registry.write(next, entry?.version ?? 0))) {
    file.setIds(ids);
    throw new RelayError('relay/store', 'another relay took the wrapped keys at the same time');
  }
  file.setIds([id]);
  return id;
}

function keeperAfter(keeper: Keeper | undefined, id: string, isSameFile: boolean, maxBefore: number): Keeper {
  if (keeper === undefined) return { id, before: [], lost: [] };
  const before = [keeper.id, ...keeper.before].slice(0, maxBefore);
  return { id, before, lost: isSameFile ? keeper.lost : [keeper.id, ...keeper.lost] };
}

function wasInForce({ before, lost }: Keeper, ids: readonly string[]): boolean {
  return ids.some((id) => before.includes(id) || lost.includes(id));
}

/** Destroys what the file holds where the keys are known to have gone over to another one, and says why it is not asked. */
function dismissed(file: KeyFile, keeper: Keeper | undefined): RelayError {
  if (keeper !== undefined && wasInForce(keeper, file.ids())) file.wipe();
  return new RelayError('relay/store', 'another relay on this engine has the wrapped keys (--keys)');
}

/** Of a file that may be left from when this relay had the keys. One that is in force still is left as it is: nobody else has its keys. */
async function emptyLost(path: string, registry: KeeperRegistry): Promise<void> {
  if (!existsSync(path)) return;
  const file = createKeyFile(path);
  try {
    const entry = await registry.read();
    if (entry !== undefined && file.ids().includes(entry.keeper.id))
      throw new RelayError('relay/store', `${path} has the wrapped keys, and this relay was told that another one has`);
    dismissed(file, entry?.keeper);
  } finally {
    file.close();
  }
}

function keysElsewhere(): KeptKeys {
  const refuse = async (): Promise<never> => {
    throw new RelayError('relay/store', 'this relay has no wrapped keys');
  };
  return { ready: refuse, get: refuse, put: refuse, delete: refuse, list: refuse, close: () => undefined };
}
