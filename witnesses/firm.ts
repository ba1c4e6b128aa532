/** A firm on real files: an office, a relay, and as many devices as a scenario asks for, each with a key, a clock and a database of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { chart } from '@tallystick/retail';
import { createSqliteRelayStore } from '@tallystick/relay-protocol/node';
import { createMemoryKeyStore, type KeyStore, type Role } from '@tallystick/sign';
import { createLocalRelay, type LocalRelay } from '@tallystick/testkit';
import { Absent, type Trial, type Witness } from './claim.ts';
import { type ShopBook, verbs } from './shop.ts';

/** Some Saturday before Christmas, 08:00 UTC. */
export const openingMs: number = Date.UTC(2026, 10, 21, 8);

export interface Place {
  readonly path: string;
  readonly keys: KeyStore;
  /** How far the device's clock is wrong. */
  readonly skewMs?: number;
  readonly scope?: Scope;
  /** Verbs beside those of a shop. */
  readonly more?: readonly Verb[];
  /** The verbs of another program than a shop's, in their place. */
  readonly instead?: readonly Verb[];
  readonly replicate?: 'all';
}

export interface Device extends Place {
  readonly book: ShopBook;
}

export interface Firm {
  readonly dir: string;
  readonly office: ShopBook;
  readonly relay: LocalRelay;
  /** Enrols a device at the office and gives it the book as it stands. */
  enlist(name: string, role: Role, place?: Partial<Place>): Promise<Device>;
  /** Opens the book of the firm once more, over what is at that place. */
  open(place: Place): Promise<ShopBook>;
  /** Everybody exchanges with the relay, in this order, twice. */
  meet(...books: readonly ShopBook[]): Promise<void>;
  /** The true time. */
  nowMs(): number;
}

export interface Shown {
  /** How much was looked at; none of it may be nought. */
  readonly of: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly holds: boolean;
}

/** What happens, and what came of it; `broken` breaks the thing that it is about. */
export type Play = (firm: Firm, broken: boolean) => Promise<Shown>;

/** A witness of one claim for each play, each in a firm of its own. */
export function playsOf(name: string, plays: Readonly<Record<string, Play>>): Witness {
  return {
    name,
    claims: Object.keys(plays),
    async run({ broken, claim, absent }: Trial) {
      for (const [played, play] of Object.entries(plays))
        try {
          const { of, facts, holds } = await withFirm((firm) => play(firm, broken));
          claim(of, { claim: played, ...facts }, holds);
        } catch (error) {
          if (!(error instanceof Absent)) throw error;
          absent(played, error);
        }
    },
  };
}

async function withFirm<T>(work: (firm: Firm) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-witness-'));
  const books: ShopBook[] = [];
  const store = createSqliteRelayStore(join(dir, 'relay.db'));
  let nowMs = openingMs;
  const relay = await createLocalRelay({ crypto: nodeCrypto, store, nowMs: () => nowMs });
  const openAt = async (place: Place, rest: object): Promise<ShopBook> => {
    const { path, keys, skewMs = 0, scope, more = [], instead = verbs, replicate } = place;
    const book = await openBook({
      store: nodeStore(path),
      keys,
      verbs: [...instead, ...more],
      edge: { now: () => (nowMs += 10) + skewMs, random: (count) => Uint8Array.from(randomBytes(count)) },
      relayKey: relay.vkey,
      ...(scope === undefined ? {} : { scope }),
      ...(replicate === undefined ? {} : { replicate }),
      ...rest,
    });
    // What a scenario adds to the verbs of a shop it commits by name.
    books.push(book as unknown as ShopBook);
    return book as unknown as ShopBook;
  };
  try {
    const office = await openAt(
      { path: join(dir, 'office.db'), keys: memoryKeys(), replicate: 'all' },
      { name: 'Firm' },
    );
    for (const args of chart) must(await office.commit('account.open', args));
    return await work({
      dir,
      office,
      relay,
      async enlist(name, role, given = {}) {
        const place = { path: join(dir, `${name}.db`), keys: memoryKeys(), ...given };
        const key = await place.keys.create('device');
        must(await office.commit('device.enroll', { device: key.device, key: encodeHex(key.publicKey), name, role }));
        const book = await openAt(place, { book: office.id });
        await book.import(await office.export());
        await book.anchor();
        return { ...place, book };
      },
      open: (place) => openAt(place, { book: office.id }),
      async meet(...present) {
        for (let round = 0; round < 2; round++) for (const book of present) await book.sync(relay.client());
      },
      nowMs: () => nowMs,
    });
  } finally {
    for (const book of books) await book.close();
    await relay.close();
    await store.close();
    rmSync(dir, { recursive: true });
  }
}

export function memoryKeys(): KeyStore {
  return createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
}

/** The commit, which had to be made. */
export function must<C extends { readonly ok: boolean }>(commit: C): Extract<C, { ok: true }> {
  if (!commit.ok) throw new Error(`a witness could not commit: ${JSON.stringify(commit)}`);
  return commit as Extract<C, { ok: true }>;
}

/** One number out of a book. */
export function count(book: ShopBook, sql: string, ...params: readonly string[]): number {
  return book.query<{ n: number }>(sql, params)[0]?.n ?? 0;
}

/** Sales that count. */
export function sales(book: ShopBook): number {
  return count(book, "SELECT count(*) AS n FROM documents WHERE kind = 'sale'");
}
