/** Devices of one book, each with a key, a clock and a store of its own, and what may happen between them. */
import { type Book, openBook, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type OpHash, parseScope, type Scope } from '@tallystick/oplog';
import { createSeededKeys, createLocalRelay, holdRealm, type LocalRelay, pureVerbs } from '@tallystick/testkit';
import type { Role } from '@tallystick/sign';
import fc from 'fast-check';
import { expect } from 'vitest';

// Every verb of these tests folds in the realm, which stands as long as the tests run.
holdRealm();

export type AnyBook = Book<readonly Verb[]>;
/** What a commit came to: `ok`, or the code of its refusal. */
export type Answer = string;

export interface Scene {
  readonly books: readonly AnyBook[];
  readonly relay: LocalRelay;
  device(index: number): string;
  /** Commits, and answers `ok` or the code. */
  commit(index: number, verb: string, args: object, scope?: string): Promise<Answer>;
  /** Commits what must be accepted, and answers its hash. */
  must(index: number, verb: string, args: object, scope?: string): Promise<OpHash>;
  sync(index: number): Promise<void>;
  /** A file of what one has, given to another. */
  deliver(from: number, to: number): Promise<void>;
  /** Everybody syncs until all have all, in one order. */
  settle(): Promise<void>;
  /** After `settle`: what is refused in the end, by code. */
  refusedCodes(index?: number): readonly string[];
  close(): Promise<void>;
}

export const startMs = 1_795_000_000_000;

function edgeOf(seed: number): { now(): number; random(count: number): Uint8Array } {
  let nowMs = startMs + seed;
  let state = seed * 7919 + 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  return { now: () => (nowMs += 10), random: (count) => Uint8Array.from({ length: count }, next) };
}

/** Opens a book on the first device, an owner's, and enrols the others with these roles. */
export async function createScene(verbs: readonly Verb[], roles: readonly Role[]): Promise<Scene> {
  const crypto = nodeCrypto;
  let nowMs = startMs;
  const relay = await createLocalRelay({ crypto, nowMs: () => nowMs++ });
  const pure = pureVerbs(verbs);
  const books: AnyBook[] = [];
  const common = { verbs: pure, crypto, relayKey: relay.vkey, replicate: 'all' as const };
  const keysOf = (index: number) => createSeededKeys(`device ${index}`, crypto);
  const office = await openBook({ ...common, store: nodeStore(':memory:'), keys: keysOf(0), edge: edgeOf(1) });
  books.push(office);
  for (const [index, role] of roles.entries()) {
    const keys = keysOf(index + 1);
    const { device, publicKey } = await keys.create('device');
    const enrolled = await office.commit('device.enroll', {
      device,
      key: encodeHex(publicKey),
      name: `${role} ${index + 1}`,
      role,
    });
    expect(enrolled.ok).toBe(true);
    const edge = edgeOf(index + 2);
    books.push(await openBook({ ...common, store: nodeStore(':memory:'), keys, edge, book: office.id }));
  }
  await office.sync(relay.client());
  const file = await office.export();
  for (const book of books.slice(1)) {
    await book.import(file);
    await book.anchor();
  }
  const bookOf = (index: number): AnyBook => books[index] as AnyBook;
  const write = async (index: number, verb: string, args: object, scope = 'hq') => {
    const [commit] = await bookOf(index).commitAll([{ verb, args, scope: parseScope(scope) as Scope }]);
    if (commit === undefined) throw new Error('nothing was answered');
    return commit;
  };
  const scene: Scene = {
    books,
    relay,
    device: (index) => bookOf(index).device,
    commit: async (...what) => {
      const commit = await write(...what);
      return commit.ok ? 'ok' : commit.code;
    },
    must: async (...what) => {
      const commit = await write(...what);
      if (!commit.ok) throw new Error(`${what[1]} was refused: ${JSON.stringify(commit)}`);
      return commit.hash;
    },
    sync: async (index) => void (await bookOf(index).sync(relay.client())),
    deliver: async (from, to) => void (await bookOf(to).import(await bookOf(from).export())),
    settle: async () => {
      for (let round = 0; round < 2; round++) for (const book of books) await book.sync(relay.client());
    },
    refusedCodes: (index = 0) =>
      bookOf(index)
        .query<{ code: string }>('SELECT code FROM refusals ORDER BY code')
        .map(({ code }) => code),
    close: async () => {
      for (const book of books) await book.close();
      await relay.close();
    },
  };
  return scene;
}

/** What brings ops from device to device. */
export type Move =
  | { readonly kind: 'sync'; readonly device: number }
  | { readonly kind: 'deliver'; readonly from: number; readonly to: number };

/** Acts of some devices between which ops arrive at any time, by relay or by file, early, late or not before the end. */
export function anyHistory<A>(devices: number, act: fc.Arbitrary<A>): fc.Arbitrary<readonly (A | Move)[]> {
  const device = fc.nat(devices - 1);
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: act },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const), device }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('deliver' as const), from: device, to: device }) },
    ),
    { minLength: 4, maxLength: 24 },
  ) as fc.Arbitrary<readonly (A | Move)[]>;
}

/** Moves ops; false for an act, which the test does itself. */
export async function moved(scene: Scene, step: object): Promise<boolean> {
  const { kind } = step as Partial<Move>;
  if (kind === 'sync') await scene.sync((step as Extract<Move, { kind: 'sync' }>).device);
  else if (kind === 'deliver') {
    const { from, to } = step as Extract<Move, { kind: 'deliver' }>;
    if (from !== to) await scene.deliver(from, to);
  } else return false;
  return true;
}

/** That every device shows what the log folds to, and all the same. */
export async function expectOneState(scene: Scene): Promise<void> {
  const digests = new Set(scene.books.map((book) => book.digest().digest));
  expect(digests.size).toBe(1);
  const fresh = nodeStore(':memory:');
  const report = await (scene.books[0] as AnyBook).prove(fresh);
  await fresh.close();
  expect(report.problems).toEqual([]);
}
