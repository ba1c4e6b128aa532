/**
 * One simulated fleet: four members on two kinds of machine, under one seeded clock, network, disk and schedule, and at the end the invariants of
 * DESIGN: converged digests that are the fold from nothing, balanced books, no acknowledged op lost, receipts that hold, the same refusals everywhere.
 */
import { type BookStore, type Commit, type CryptoProvider, defineVerb, sumTable, type Verb } from '@tallystick/kernel';
import type { OpHash } from '@tallystick/oplog';
import { createMemoryRelayStore, RelayError, type RelayStore } from '@tallystick/relay-protocol';
import { auditShop } from './audit.ts';
import { createDice } from './dice.ts';
import { drawShop } from './draw.ts';
import { createFleet, type Fleet, type MemberOptions } from './fleet.ts';
import { createLink, type Link } from './link.ts';
import { createDatabaseMachine, createFileMachine, type Machine } from './machine.ts';
import { play, type Play } from './schedule.ts';
import type { Trace, WorldEvent } from './trace.ts';
import { perform } from './trader.ts';

/** Bugs to plant, to see that the simulation sees them. */
export const plants = ['relay-drops', 'verb-remembers', 'disk-forgets'] as const;
export type Plant = (typeof plants)[number];

export interface Surroundings {
  readonly crypto: CryptoProvider;
  /** A new, empty store in memory. */
  openStore(): BookStore;
  readonly plant?: Plant | undefined;
}

export interface Simulated {
  /** What did not hold, in words; empty when all did. */
  readonly failures: readonly string[];
  readonly digest: string;
  /** Ops that members were told are safe. */
  readonly acknowledged: number;
}

const members: readonly MemberOptions[] = [
  { name: 'office', role: 'owner' },
  { name: 'till-1', role: 'manager' },
  { name: 'till-2', role: 'manager', scope: 'b/1' },
  { name: 'till-3', role: 'till', scope: 'b/1' },
];

const notes = sumTable('notes', { key: { shelf: 'integer' }, sums: ['count'] });
/** A verb of which the newer release has another version. */
function noteVerbs(plant: Plant | undefined): readonly [Verb, Verb] {
  let remembered = 0;
  const args: Verb['args'] = { '~standard': { version: 1, vendor: 'testkit', validate: (value) => ({ value }) } };
  const shape = { name: 'shelf.note', roles: ['owner', 'manager', 'till'], tables: [notes], args } as const;
  const one = defineVerb({
    ...shape,
    version: 1,
    plan: (_view, _op, asked) => {
      if (plant === 'verb-remembers') remembered += 1;
      return [notes.add(asked as { shelf: number }, { count: 1 + remembered })];
    },
  });
  const two = defineVerb({
    ...shape,
    version: 2,
    plan: (_view, _op, asked) => [notes.add(asked as { shelf: number }, { count: 100 })],
  });
  return [one, two];
}

interface World {
  readonly fleet: Fleet;
  readonly machines: readonly Machine[];
  readonly links: readonly Link[];
  readonly stage: Play;
  readonly isUpgraded: boolean[];
  /** What each member was told is safe. */
  readonly told: readonly Set<OpHash>[];
  readonly failures: string[];
}

/** Runs a trace to its end and judges what came of it. Never throws: what was thrown is a failure. */
export async function simulate(trace: Trace, surroundings: Surroundings): Promise<Simulated> {
  const failures: string[] = [];
  let world: World | undefined;
  try {
    world = await createWorld(trace, surroundings, failures);
    for (const [index, event] of trace.events.entries()) {
      await happen(world, event, index);
      if (failures.length > 0) break;
    }
    if (failures.length === 0) await judge(world, surroundings);
  } catch (error) {
    failures.push(describe(error));
  }
  const digest = failures.length === 0 ? (world?.fleet.book(0).digest().digest ?? '') : '';
  const acknowledged = world?.told.reduce((sum, { size }) => sum + size, 0) ?? 0;
  await world?.fleet.close().catch((error: unknown) => failures.push(describe(error)));
  return { failures, digest, acknowledged };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function createWorld(
  trace: Trace,
  { crypto, openStore, plant }: Surroundings,
  failures: string[],
): Promise<World> {
  const { seed } = trace;
  const [old, newer] = noteVerbs(plant);
  const isUpgraded = members.map((_, member) => member === 0);
  const machines = members.map((_, member) =>
    member % 2 === 1
      ? createFileMachine(createDice(seed ^ member), openStore, plant === 'disk-forgets')
      : createDatabaseMachine(openStore()),
  );
  const fleet = await createFleet({
    seed,
    crypto,
    members,
    shop: drawShop(createDice(seed)),
    verbs: (member) => (isUpgraded[member] === true ? [old, newer] : [old]),
    store: (member) => (machines[member] as Machine).open(),
    onImpure: ({ message }) => failures.push(message),
    relayStore: plant === 'relay-drops' ? forgetfulRelayStore() : createMemoryRelayStore(),
  });
  return {
    fleet,
    machines,
    links: members.map((_, member) => createLink(fleet.relay.fetch, createDice(seed ^ (member << 8)))),
    stage: play(fleet, 'shared'),
    isUpgraded,
    told: members.map(() => new Set<OpHash>()),
    failures,
  };
}

/** Says yes to the third batch and throws it away. */
function forgetfulRelayStore(): RelayStore {
  const store = createMemoryRelayStore();
  let batches = 0;
  return { ...store, append: (batch) => (++batches === 3 ? undefined : store.append(batch)) };
}

/** One event. What it throws is a failure, unless a machine died of it or the network was cut. */
async function happen(world: World, event: WorldEvent, index: number): Promise<void> {
  const { failures, links, machines } = world;
  try {
    await act(world, event);
  } catch (error) {
    const isUnreachable = error instanceof RelayError && error.code === 'relay/unreachable';
    const mayBe = isUnreachable ? links.some(({ isImpaired }) => isImpaired) : machines.some(({ isDead }) => isDead);
    if (!mayBe) failures.push(`event ${index} (${event.kind}): ${describe(error)}`);
  }
  for (const [member, machine] of machines.entries()) if (machine.isDead) await restart(world, member);
}

async function act(world: World, event: WorldEvent): Promise<void> {
  const { fleet, links, machines, isUpgraded, stage } = world;
  switch (event.kind) {
    case 'trade':
      fleet.clock.advance(event.afterMs);
      return note(world, event.device, [await perform(fleet.trader(event.device, 'shared'), event.action)]);
    case 'note':
      return note(world, event.member, await commitAny(fleet, event.member, 'shelf.note', { shelf: event.shelf }));
    case 'sync':
    case 'push':
      await fleet.book(event.member).sync((links[event.member] as Link).client, { pull: event.kind === 'sync' });
      return;
    case 'cut':
      return links[event.member]?.cut(event);
    case 'weather':
      return links[event.member]?.weather(event.oneIn);
    case 'late':
      return links[event.member]?.late();
    case 'crash':
      return machines[event.member]?.crashAfter(event.calls);
    case 'clock':
      return fleet.setSkew(event.member, event.skewMs);
    case 'upgrade':
      isUpgraded[event.member] = true;
      return fleet.reopen(event.member);
    case 'adopt':
      return note(world, 0, await commitAny(fleet, 0, 'manifest.adopt', { verbs: ['shelf.note@2'] }));
    case 'rotate':
      return note(world, event.member, await fleet.book(event.member).rotate());
    case 'attest':
      return note(world, event.member, [await fleet.book(event.member).attest()]);
    default:
      await stage.next(event);
  }
}

function commitAny(fleet: Fleet, member: number, verb: string, args: object): Promise<Commit[]> {
  return fleet.book(member).commitAll([{ verb, args } as never]);
}

/** Remembers what a member was told is safe. */
function note({ told }: World, member: number, commits: readonly (Commit | undefined)[]): void {
  for (const commit of commits) if (commit?.ok === true) told[member]?.add(commit.hash);
}

/** A machine that died starts again, and nothing that its person was told is gone. */
async function restart({ fleet, machines, told, failures }: World, member: number): Promise<void> {
  machines[member]?.restart();
  await fleet.reopen(member, { isDead: true });
  for (const hash of told[member] ?? [])
    if ((await fleet.book(member).stage(hash)) === undefined)
      failures.push(`${members[member]?.name} lost ${hash} in a crash`);
}

/** The network heals, everybody gets the newer release, everything comes to everybody; then the invariants are held against it. */
async function judge(world: World, { openStore }: Surroundings): Promise<void> {
  const { fleet, links, machines, isUpgraded, failures } = world;
  for (const machine of machines) machine.crashAfter(Infinity);
  for (const link of links) {
    link.cut({ requests: false, answers: false });
    link.weather(0);
  }
  for (const member of members.keys()) {
    if (isUpgraded[member] === true) continue;
    isUpgraded[member] = true;
    await fleet.reopen(member);
  }
  await fleet.settle();
  await fleet.exchange();
  await fleet.settle();
  await fleet.exchange();
  const digest = fleet.book(0).digest().digest;
  const refusals = JSON.stringify(fleet.book(0).query('SELECT scope, hash, code FROM refusals ORDER BY scope, hash'));
  for (const [member, { name, book }] of fleet.members.entries()) {
    if (book.digest().digest !== digest) failures.push(`${name} ends in another digest than the office`);
    const own = JSON.stringify(book.query('SELECT scope, hash, code FROM refusals ORDER BY scope, hash'));
    if (own !== refusals) failures.push(`${name} refuses other ops than the office`);
    for (const { rule } of auditShop(book)) failures.push(`${name}: not so that ${rule}`);
    for (const { about } of book.status().disagreements)
      failures.push(`${name} finds certificates that disagree about ${about}`);
    // One of each kind of machine, because folding everything again takes as long as everything before.
    if (member < 2) await judgeReplay(book, name, openStore(), failures);
  }
  await judgePromises(world);
}

async function judgeReplay(
  book: Fleet['members'][number]['book'],
  name: string,
  fresh: BookStore,
  failures: string[],
): Promise<void> {
  const { digest, problems } = await book.replay(fresh);
  const folded = digest.digest;
  await fresh.close();
  if (folded !== book.digest().digest) failures.push(`${name} shows other rows than the fold of its log from nothing`);
  for (const { code } of problems) failures.push(`the log of ${name} has a problem: ${code}`);
}

async function judgePromises({ fleet, told, failures }: World): Promise<void> {
  for (const { name, book } of fleet.members) {
    for (const hash of told.flatMap((set) => [...set])) {
      const stored = await book.log.get(hash);
      const promised = book.log.receiptPosition(hash);
      if (stored === undefined) failures.push(`${name} lacks ${hash}, which somebody was told is safe`);
      else if (stored.position === undefined) failures.push(`${hash} never got a place at ${name}`);
      else if (promised !== undefined && promised !== stored.position)
        failures.push(`a receipt at ${name} gives ${hash} the place ${promised}, and it has ${stored.position}`);
    }
  }
}
