/** The world of one simulated fleet: four members on two kinds of machine and two engines, a relay, and a network to it for each. */
import type { BookStore, CryptoProvider, ImagePlace } from '@tallystick/kernel';
import type { LogStore, OpHash } from '@tallystick/oplog';
import type { RelayStore } from '@tallystick/relay-protocol';
import { createDice } from './dice.ts';
import { drawShop } from './draw.ts';
import { createFleet, type Fleet, type MemberOptions, ofShop } from './fleet.ts';
import { createLink, type Link } from './link.ts';
import { createDatabaseMachine, createFileMachine, type Machine } from './machine.ts';
import { noteVerbs, type Plant, plantedRelayStore } from './plants.ts';
import { play, type Play } from './schedule.ts';

export interface Surroundings {
  readonly crypto: CryptoProvider;
  /** A new, empty store in memory. */
  openStore(): BookStore;
  /** New, empty projections in memory over a log; in some seeds of another engine than `openStore`. */
  openProjections(seed: number, log: LogStore, images: ImagePlace): BookStore;
  readonly plant?: Plant | undefined;
}

export const members: readonly MemberOptions[] = [
  { name: 'office', role: 'owner' },
  { name: 'till-1', role: 'manager' },
  { name: 'till-2', role: 'manager', scope: 'b/1' },
  { name: 'till-3', role: 'till', scope: 'b/1' },
];

export interface World {
  readonly seed: number;
  readonly fleet: Fleet;
  readonly machines: readonly Machine[];
  readonly links: readonly Link[];
  readonly relayStore: RelayStore;
  readonly stage: Play;
  readonly isUpgraded: boolean[];
  /** What each member was told is safe, and has or can fetch. */
  readonly told: readonly Set<OpHash>[];
  /** What was told and is durable at the relay or in an archive, whatever becomes of the member's machine. */
  readonly safe: Set<OpHash>;
  /** Members whose key may have written two ops at one place: it was copied, or its machine replaced. */
  readonly mayFork: Set<number>;
  readonly failures: string[];
  readonly plant: Plant | undefined;
}

export async function createWorld(seed: number, surroundings: Surroundings, failures: string[]): Promise<World> {
  const { crypto, plant } = surroundings;
  const [old, newer] = noteVerbs(plant);
  const isUpgraded = members.map((_, member) => member === 0);
  const machines = members.map((_, member) => createMachine(seed, member, surroundings));
  const relayStore = plantedRelayStore(plant);
  let edited: BookStore | undefined;
  const opened = await createFleet({
    seed,
    crypto,
    members,
    shop: drawShop(createDice(seed)),
    verbs: (member) => (isUpgraded[member] === true ? [old, newer] : [old]),
    store(member) {
      const store = (machines[member] as Machine).open();
      if (plant === 'rows-edited' && member === 2) edited = store;
      return store;
    },
    snapshot: (member) => {
      const from = machines[member]?.snapshot;
      return from === undefined ? undefined : { from };
    },
    onImpure: ({ message }) => failures.push(message),
    relayStore,
  });
  const fleet = ofShop(opened);
  edited?.sql.exec("UPDATE accounts SET name = 'edited' WHERE account = (SELECT min(account) FROM accounts)");
  return {
    seed,
    fleet,
    machines,
    links: members.map((_, member) => createLink(fleet.relay.fetch, createDice(seed ^ (member << 8)))),
    relayStore,
    stage: play(fleet, 'shared'),
    isUpgraded,
    told: members.map(() => new Set<OpHash>()),
    safe: new Set(),
    mayFork: new Set(),
    failures,
    plant,
  };
}

/** Every other member has a log file, as in a browser; the others one database, as in Node. */
function createMachine(seed: number, member: number, surroundings: Surroundings): Machine {
  const { openStore, openProjections, plant } = surroundings;
  if (member % 2 === 0) return createDatabaseMachine(openStore, plant);
  const options = { dice: createDice(seed ^ member), forgetsFlush: plant === 'disk-forgets' };
  return createFileMachine({ ...options, open: (log, images) => openProjections(seed, log, images) }, plant);
}
