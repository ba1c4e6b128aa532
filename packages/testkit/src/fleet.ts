/** Several devices of one book in this process: each with its own key, clock and store, and with nothing in common but what is delivered. */
import {
  type Book,
  type BookStore,
  type CryptoProvider,
  type ImportReport,
  openBook,
  type SnapshotOptions,
  type SyncReport,
  type Verb,
} from '@tallystick/kernel';
import { encodeHex, parseScope, type Scope } from '@tallystick/oplog';
import { chart } from '@tallystick/retail';
import type { RelayStore } from '@tallystick/relay-protocol';
import type { DeviceKey, KeyStore, Role } from '@tallystick/sign';
import { type Clock, createClock, createDice, createEdge } from './dice.ts';
import { createSeededKeys } from './keys.ts';
import type { Losses } from './network.ts';
import { holdRealm, type OnImpure, pureVerbs } from './realm.ts';
import { createLocalRelay, type LocalRelay } from './relay.ts';
import type { Shop } from './shop.ts';
import { type Crossing, type ShopBook, shopVerbs, stockShelves, type Trader } from './trader.ts';

export interface MemberOptions {
  readonly name: string;
  /** Of the first member, who opens the book, it is `owner` whatever stands here. */
  readonly role: Role;
  /** How far the device's clock is wrong. */
  readonly skewMs?: number;
  /** Where the device writes; `hq` when left out. Other scopes need the relay, because a mark names a relay's checkpoint. */
  readonly scope?: string;
}

export interface FleetOptions<V extends readonly Verb[] = readonly []> {
  readonly seed: number;
  readonly members: readonly MemberOptions[];
  /** The store of a member, opened at the start and again by `reopen`. */
  store(member: number): BookStore;
  readonly crypto: CryptoProvider;
  /** Verbs beside those of a shop; a function says for each opening which the program of a member knows by then. */
  readonly verbs?: V | ((member: number) => V);
  readonly shop?: Shop;
  /** What a member's book begins from where its log does not begin at the first op; asked for at each opening. */
  snapshot?(member: number): SnapshotOptions | undefined;
  /** Where the relay keeps its logs; in memory when left out. */
  readonly relayStore?: RelayStore;
  /** Told when a verb reaches out of the realm that the fleet folds in; without it, that ends the program or the test run. */
  readonly onImpure?: OnImpure;
}

/** A book of a shop that has verbs of yours, too: their names and args are checked. */
export type FleetBook<V extends readonly Verb[]> = Book<readonly [...typeof shopVerbs, ...V]>;

export interface Member<V extends readonly Verb[] = readonly []> {
  readonly name: string;
  readonly scope: Scope;
  /** Another object after `reopen`. */
  readonly book: FleetBook<V>;
}

export interface Fleet<V extends readonly Verb[] = readonly []> {
  readonly clock: Clock;
  readonly relay: LocalRelay;
  readonly members: readonly Member<V>[];
  readonly verbs: readonly Verb[];
  readonly crypto: CryptoProvider;
  book(member: number): FleetBook<V>;
  trader(member: number, crossing: Crossing): Trader;
  /** The first key of the device that a member is now, for whoever stole it. */
  keyOf(member: number): Promise<DeviceKey>;
  /** A file of what one member has, given to another. */
  deliver(from: number, to: number): Promise<ImportReport>;
  sync(member: number, options?: { readonly pull?: boolean; readonly losses?: Losses }): Promise<SyncReport>;
  /** Closes a member's book and opens it again over `store(member)`; `isDead` leaves the book of a program that died as it is. */
  reopen(member: number, options?: { readonly isDead?: boolean }): Promise<void>;
  /** How far a member's clock is wrong from now on. */
  setSkew(member: number, skewMs: number): void;
  /** Everybody gives everybody what they have, by file, until nothing is new. */
  exchange(): Promise<void>;
  /** Everybody syncs until nobody has anything pending that the relay would take. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

interface Seat extends Member {
  book: ShopBook;
  readonly keys: KeyStore;
  skewMs: number;
  opened: number;
}

/** Opens the book on the first member, with a chart of accounts and the shop's catalogue, and enrols the others. */
export async function createFleet<const V extends readonly Verb[] = readonly []>(
  options: FleetOptions<V>,
): Promise<Fleet<V>> {
  const { seed, crypto, shop } = options;
  const clock = createClock();
  const verbsOf = (member: number): readonly Verb[] => {
    const more = typeof options.verbs === 'function' ? options.verbs(member) : (options.verbs ?? []);
    return pureVerbs([...shopVerbs, ...more], options.onImpure);
  };
  const release = holdRealm();
  const relay = await createLocalRelay({
    crypto,
    nowMs: () => clock.nowMs(),
    ...(options.relayStore === undefined ? {} : { store: options.relayStore }),
  });
  const losses = createDice(seed ^ 0x10_55);
  const seats: Seat[] = [];

  const open = async (index: number, join: { book?: Book['id'] }): Promise<ShopBook> => {
    const seat = seats[index] as Seat;
    const { name, scope, keys, opened } = seat;
    const skewed: Clock = { ...clock, nowMs: () => clock.nowMs() + seat.skewMs };
    const edge = createEdge(skewed, { seed: (seed * 31 + index) * 31 + opened });
    const snapshot = options.snapshot?.(index);
    const book = await openBook({
      store: options.store(index),
      verbs: verbsOf(index),
      crypto,
      keys,
      edge,
      scope,
      relayKey: relay.vkey,
      deviceName: name,
      replicate: 'all',
      ...join,
      ...(snapshot === undefined ? {} : { snapshot }),
    });
    return book as unknown as ShopBook;
  };

  for (const member of options.members) {
    const seat = newSeat(member, seed, crypto);
    const index = seats.push(seat) - 1;
    const office = seats[0]?.book;
    if (office === undefined) {
      seat.book = await open(index, {});
      await openShop(seat.book, shop);
      continue;
    }
    clock.advance(1_000);
    await enrol(office, seat, member.role);
    seat.book = await open(index, { book: office.id });
  }

  const bookOf = (member: number): ShopBook => (seats[member] as Seat).book;
  const fleet: Fleet = {
    clock,
    relay,
    members: seats,
    verbs: verbsOf(0),
    crypto,
    book: bookOf,
    async keyOf(member) {
      const { keys, book } = seats[member] as Seat;
      for (let generation = 1; ; generation++) {
        const key = await keys.load(generation === 1 ? 'device' : `renewed-${generation}`);
        if (key === undefined) throw new Error(`member ${member} has no key`);
        if (key.device === book.device) return key;
      }
    },
    trader: (member, crossing) => ({
      book: bookOf(member),
      shop: shop ?? { currency: 'GBP', taxIncluded: true, products: [] },
      device: member,
      devices: seats.length,
      crossing,
      nowMs: () => clock.nowMs(),
    }),
    deliver: async (from, to) => bookOf(to).import(await bookOf(from).export()),
    sync: (member, { losses: lost, ...sync } = {}) =>
      bookOf(member).sync(relay.client(lost === undefined ? undefined : { dice: losses, losses: lost }), sync),
    setSkew(member, skewMs) {
      (seats[member] as Seat).skewMs = skewMs;
    },
    async reopen(member, { isDead = false } = {}) {
      const seat = seats[member] as Seat;
      const { id } = seat.book;
      if (!isDead) await seat.book.close();
      seat.opened += 1;
      seat.book = await open(member, { book: id });
    },
    exchange: () => exchange(seats),
    settle: () => settle(fleet),
    async close() {
      for (const { book } of seats) await book.close();
      await relay.close();
      release();
    },
  };
  await join(fleet);
  // The books have been opened with the verbs that their type names; within this file they are those of a shop.
  return fleet as unknown as Fleet<V>;
}

/** The same fleet as one of a shop alone, for those who know no other verbs. */
export function ofShop<V extends readonly Verb[]>(fleet: Fleet<V>): Fleet {
  return fleet as unknown as Fleet;
}

/** A place for a member whose book is still to be opened. */
function newSeat({ name, skewMs = 0, scope: place = 'hq' }: MemberOptions, seed: number, crypto: CryptoProvider): Seat {
  const scope = parseScope(place);
  if (scope === undefined) throw new RangeError(`not a scope: ${place}`);
  return { name, scope, keys: createSeededKeys(`${name} of fleet ${seed}`, crypto), skewMs, opened: 0 } as Seat;
}

async function enrol(office: ShopBook, { name, keys }: Seat, role: Role): Promise<void> {
  const { device, publicKey } = await keys.create('device');
  const enrolled = await office.commit('device.enroll', { device, key: encodeHex(publicKey), name, role });
  if (!enrolled.ok) throw new Error(`${name} was not enrolled: ${enrolled.code}`);
}

async function openShop(book: ShopBook, shop: Shop | undefined): Promise<void> {
  const opened = await book.commitAll(chart.map((args) => ({ verb: 'account.open' as const, args })));
  const stocked = shop === undefined ? [] : await stockShelves(book, shop);
  const refused = [...opened, ...stocked].find((commit) => !commit.ok);
  if (refused?.ok === false) throw new Error(`the shop could not be opened: ${refused.code}`);
}

/** Hands every new device the book as it stands, as an invitation does. */
async function join(fleet: Fleet): Promise<void> {
  const office = fleet.book(0);
  if (fleet.members.some(({ scope }) => scope !== 'hq')) await fleet.sync(0);
  const file = await office.export();
  for (let member = 1; member < fleet.members.length; member++) {
    await fleet.book(member).import(file);
    await fleet.book(member).anchor();
  }
}

async function exchange(seats: readonly Seat[]): Promise<void> {
  const first = (seats[0] as Seat).book;
  for (let isDone = false; !isDone; ) {
    const reports: ImportReport[] = [];
    // Two rounds carry everything to everybody: all to the first, the first to all.
    for (const { book } of seats.slice(1)) reports.push(await first.import(await book.export()));
    for (const { book } of seats.slice(1)) reports.push(await book.import(await first.export()));
    // But no file has what waits aside: where an op came that another one waited for, that one has to go round, too.
    isDone = reports.every(({ added }) => added === 0) || reports.every(({ aside }) => aside.length === 0);
  }
}

async function settle(fleet: Fleet): Promise<void> {
  for (let round = 0; round < 2; round++) for (const member of fleet.members.keys()) await fleet.sync(member);
}
