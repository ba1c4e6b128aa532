// The devices of a simulated firm: real books with real signatures on better-sqlite3 in temporary files, one relay, one clock. A device can
// be cut off, die and come back over what it had stored, and be copied.
import { devNull } from 'node:os';
import type { NoteSigner } from '@tallystick/chain';
import { type BookStore, type Commit, openBook } from '@tallystick/kernel';
import { betterSqliteDriver, nodeCrypto } from '@tallystick/kernel/node';
import { type BookId, encodeHex, type Scope } from '@tallystick/oplog';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { nodeHasher } from '@tallystick/chain/node';
import { chart } from '@tallystick/retail';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type KeyStore, type Role } from '@tallystick/sign';
import { createFileKeyStore, nodeEd25519 } from '@tallystick/sign/node';
import Database from 'better-sqlite3';
import { type EnrolRole, shopCrypto, type ShopBook, shopVerbs } from '../book.ts';
import { OfficeError } from '../errors.ts';
import { createDice, type Dice } from './dice.ts';

/** The first day of a simulated year, 06:00 UTC. */
const openingMs = Date.UTC(2026, 0, 1, 6);
const dayMs = 86_400_000;
/** One request in so many is lost on the way there, one answer in so many on the way back: then it is sent again. */
const lossOneIn = 40;
/** What a device keeps of its database in memory. */
const cacheKib = 1_024;

export interface Device {
  readonly name: string;
  readonly scope: Scope;
  /** Another object after `restart` and `renew`. */
  book: ShopBook;
  /** Days for which it reaches nobody. */
  cutOff: number;
  /** It was copied and goes on as a new device. */
  renewed: boolean;
  /** What everybody in the firm has committed, by verb. */
  readonly acts: Map<string, number>;
}

export interface Firm {
  /** Committed by anybody, by verb. */
  readonly acts: ReadonlyMap<string, number>;
  readonly office: Device;
  readonly dice: Dice;
  /** Business days since the beginning. */
  today(): string;
  nextDay(): void;
  enlist(name: string, role: EnrolRole, scope: Scope): Promise<Device>;
  /** One exchange with the relay, over a network that loses requests and answers; without `pull` it only hands in. */
  sync(device: Device, options?: { readonly pull: boolean }): Promise<void>;
  /** The process dies and another one starts over what was stored. */
  restart(device: Device): Promise<void>;
  /** A second device with the first key of this one and its log, as a cloned tab is. */
  copy(device: Device): Promise<Device>;
  /** Goes on as a new device in its own place, as a person has to decide. */
  renew(device: Device): Promise<void>;
  /** Requests and answers that were lost, and so came twice. */
  lost(): number;
  close(): Promise<void>;
}

interface Seat extends Device {
  readonly keys: KeyStore;
  readonly store: BookStore;
}

/** Opens the firm's book with its chart of accounts. */
export async function openFirm(seed: number): Promise<Firm> {
  const dice = createDice(seed);
  const network = createDice(seed ^ 0x5eed);
  const seats = new Map<Device, Seat>();
  const acts = new Map<string, number>();
  let nowMs = openingMs;
  let lost = 0;
  let opened = 0;

  const relayKey = await seededKeys(`relay of ${seed}`).create('relay');
  const signer: NoteSigner = {
    name: 'relay.simulated',
    publicKey: relayKey.publicKey,
    sign: (message) => relayKey.sign(message),
  };
  const relayStore = createMemoryRelayStore();
  // Its tills are enrolled in hq and sell in a branch, and their copies look on after they were revoked.
  const relay = createRelay({ store: relayStore, signer, ...shopCrypto, now: () => nowMs, reads: 'public' });
  const client: RelayClient = createRelayClient({
    url: 'http://relay.simulated',
    retry: { attempts: 8, baseMs: 1, random: () => 0 },
    async fetch(request) {
      if (network.chance(lossOneIn)) {
        lost += 1;
        throw new TypeError('fetch failed: the request was lost');
      }
      const answer = await relay.fetch(request);
      if (!network.chance(lossOneIn)) return answer;
      lost += 1;
      throw new TypeError('fetch failed: the answer was lost');
    },
  });

  const open = async (keys: KeyStore, store: BookStore, scope: Scope, book?: BookId): Promise<ShopBook> => {
    const random = createDice(seed * 1_000_003 + (opened += 1));
    return openBook({
      store: { ...store, close: () => undefined },
      verbs: shopVerbs,
      crypto: shopCrypto,
      keys,
      scope,
      relayKey: relay.vkey,
      edge: { now: () => (nowMs += 1), random: (count) => random.bytes(count) },
      ...(book === undefined ? { name: 'Simulated', deviceName: 'Office', replicate: 'all' as const } : { book }),
    });
  };
  const seat = (name: string, keys: KeyStore, store: BookStore, book: ShopBook, scope: Scope): Seat => {
    const made: Seat = { name, scope, book, keys, store, cutOff: 0, renewed: false, acts };
    seats.set(made, made);
    return made;
  };
  const seatOf = (device: Device): Seat => seats.get(device) as Seat;

  const officeKeys = seededKeys(`office of ${seed}`);
  const officeStore = openStore();
  const hq = 'hq' as Scope;
  const office = seat('Office', officeKeys, officeStore, await open(officeKeys, officeStore, hq), hq);
  await commitAll(
    office,
    chart.map((args) => ({ verb: 'account.open', args })),
  );

  /** Where it works, so that the relay lets it read that; a branch reads of `hq` what has a position. */
  const enrol = async (
    { device, key, name, role }: Readonly<Record<'device' | 'key' | 'name', string>> & { readonly role: Role },
    scope: Scope,
    replaces?: string,
  ): Promise<void> => {
    await office.book.sync(client);
    const args = { device, key, name, role, ...(replaces === undefined ? {} : { replaces }) };
    mustBe(await office.book.commit('device.enroll', args, { scope }), `${name} was not enrolled`);
  };

  return {
    acts,
    office,
    dice,
    today: () => new Date(nowMs).toISOString().slice(0, 10),
    nextDay: () => void (nowMs = openingMs + (Math.floor((nowMs - openingMs) / dayMs) + 1) * dayMs),
    async enlist(name, role, scope) {
      const keys = seededKeys(`${name} of ${seed}`);
      const { device, publicKey } = await keys.create('device');
      await enrol({ device, key: encodeHex(publicKey), name, role }, scope);
      const store = openStore();
      return seat(name, keys, store, await open(keys, store, scope, office.book.id), scope);
    },
    sync: async ({ book }, options = { pull: true }) => void (await book.sync(client, options)),
    async restart(device) {
      const { keys, store, scope } = seatOf(device);
      device.book = await open(keys, store, scope, office.book.id);
    },
    async copy(device) {
      const { name, keys, scope, book } = seatOf(device);
      const store = openStore();
      const copied = await open(keys, store, scope, office.book.id);
      await copied.import(await book.export());
      await copied.anchor();
      return seat(`${name} (copy)`, keys, store, copied, scope);
    },
    async renew(device) {
      const { device: id, key, replaces } = await device.book.renew();
      device.renewed = true;
      await enrol({ device: id, key, name: `${device.name} again`, role: 'till' }, seatOf(device).scope, replaces);
    },
    lost: () => lost,
    async close() {
      for (const { store } of seats.values()) await store.close();
      await relay.close();
      await relayStore.close();
    },
  };
}

/** A verb and its args, as a device commits them. */
export interface Request {
  readonly verb: Parameters<ShopBook['commitAll']>[0][number]['verb'];
  readonly args: object;
  readonly scope?: Scope;
}

/** Commits all of it in one go; answers the ids. Whatever is refused ends the simulation: nobody here asks for what is not allowed. */
export async function commitAll(device: Device, requests: readonly Request[]): Promise<readonly string[]> {
  if (requests.length === 0) return [];
  const commits = await device.book.commitAll(requests as Parameters<ShopBook['commitAll']>[0]);
  return commits.map((commit, index) => {
    const { verb = '' } = requests[index] ?? {};
    device.acts.set(verb, (device.acts.get(verb) ?? 0) + 1);
    return mustBe(commit, `${device.name}: ${verb}`).id;
  });
}

/** Commits one; answers its hash, too, for others to name. */
export async function commitOne(
  device: Device,
  verb: Request['verb'],
  args: object,
  scope: Scope = device.scope,
): Promise<{ readonly id: string; readonly hash: string }> {
  const [commit] = await device.book.commitAll([{ verb, args, scope }] as Parameters<ShopBook['commitAll']>[0]);
  device.acts.set(verb, (device.acts.get(verb) ?? 0) + 1);
  return mustBe(commit as Commit, `${device.name}: ${verb}`);
}

function mustBe(commit: Commit, what: string): Extract<Commit, { ok: true }> {
  if (commit.ok) return commit;
  throw new OfficeError('office/refused', `${what}: ${commit.code} ${JSON.stringify(commit.details)}`);
}

/**
 * A database in a temporary file that no other process sees and that is gone with this one. SQLite keeps in memory what is used, up to the cache,
 * so that hundreds of devices fit into one process; nothing waits for the disk. The keys are elsewhere: where it were asked for one, it would throw.
 */
export function openStore(): BookStore {
  const db = new Database('');
  db.exec(`PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL; PRAGMA cache_size = -${cacheKib}`);
  const log = createSqliteLogStore(db);
  return {
    log,
    sql: betterSqliteDriver(db),
    crypto: nodeCrypto,
    keys: createFileKeyStore(devNull, nodeEd25519, nodeHasher),
    close: () => {
      log.close();
      if (db.open) db.close();
    },
  };
}

function seededKeys(name: string): KeyStore {
  const { hasher, ed25519 } = shopCrypto;
  let made = 0;
  const generate = () => ed25519.fromSeed(hasher.sha256(new TextEncoder().encode(`simulated ${(made += 1)} ${name}`)));
  return createMemoryKeyStore({ ...ed25519, generate }, hasher);
}
