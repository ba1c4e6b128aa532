/** Runs a trace in a world of its own, event by event, and has the invariants held against what came of it. */
import { type Commit, KernelError, type KernelErrorCode } from '@tallystick/kernel';
import { RelayError } from '@tallystick/relay-protocol';
import type { Fleet } from './fleet.ts';
import { judge } from './judge.ts';
import type { Link } from './link.ts';
import { archive, replace } from './machine-room.ts';
import { renew, revoke } from './people.ts';
import { lastShelf, type Note } from './plants.ts';
import type { Trace, WorldEvent } from './trace.ts';
import { perform } from './trader.ts';
import { createWorld, members, type Surroundings, type World } from './world.ts';

export interface Simulated {
  /** What did not hold, in words; empty when all did. */
  readonly failures: readonly string[];
  readonly digest: string;
  /** Ops that members were told are safe. */
  readonly acknowledged: number;
}

/** Runs a trace to its end and judges what came of it. Never throws: what was thrown is a failure. */
export async function simulate(trace: Trace, surroundings: Surroundings): Promise<Simulated> {
  const failures: string[] = [];
  let world: World | undefined;
  let digest = '';
  let acknowledged = 0;
  try {
    world = await createWorld(trace.seed, surroundings, failures);
    for (const [index, event] of trace.events.entries()) {
      await happen(world, event, index);
      if (failures.length > 0) break;
    }
    if (failures.length === 0) ({ digest, acknowledged } = await judge(world, surroundings));
  } catch (error) {
    failures.push(describe(error));
  }
  await world?.fleet.close().catch((error: unknown) => failures.push(describe(error)));
  return { failures, digest, acknowledged };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What an event may be answered with: there is nothing to do it to, or what is asked for lies in an archive. */
const refusals: Partial<Record<WorldEvent['kind'], readonly KernelErrorCode[]>> = {
  archive: ['archive/range', 'archive/marked', 'snapshot/log', 'kernel/not-enrolled'],
  replace: ['snapshot/log', 'kernel/not-enrolled'],
  file: ['archive/missing'],
  part: ['archive/missing'],
  again: ['archive/missing'],
  damaged: ['archive/missing'],
};

/** One event. What it throws is a failure, unless a machine died of it, the network was cut, or it may be refused. */
async function happen(world: World, event: WorldEvent, index: number): Promise<void> {
  const { failures, links, machines } = world;
  try {
    await act(world, event);
  } catch (error) {
    const isUnreachable = error instanceof RelayError && error.code === 'relay/unreachable';
    const isRefused = error instanceof KernelError && refusals[event.kind]?.includes(error.code) === true;
    const mayBe = isUnreachable ? links.some(({ isImpaired }) => isImpaired) : machines.some(({ isDead }) => isDead);
    if (!mayBe && !isRefused) failures.push(`event ${index} (${event.kind}): ${describe(error)}`);
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
      return note(world, event.member, await commitNote(fleet, event.member, event.shelf));
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
      return note(world, 0, [await fleet.book(0).adopt()]);
    case 'rotate':
      return note(world, event.member, await fleet.book(event.member).rotate());
    case 'attest':
      return note(world, event.member, [await fleet.book(event.member).attest()]);
    case 'revoke':
      return note(world, 0, [await revoke(world, event.member)]);
    case 'renew':
      await renew(world, event.member);
      return note(world, event.member, await fleet.book(event.member).recoverAll());
    case 'image':
      await fleet.book(event.member).saveImage();
      return;
    case 'archive':
      return archive(world, event.member);
    case 'replace':
      return replace(world, event.member, event.from);
    case 'clone':
      if (world.plant !== 'key-copied') world.mayFork.add(event.member);
      await stage.next(event);
      return;
    default:
      await stage.next(event);
  }
}

/** One note; on the last shelf so many at once that their rows are inserted together, of which some are refused. */
function commitNote(fleet: Fleet, member: number, shelf: number): Promise<Commit[]> {
  const several: Note[] = Array.from({ length: 9 }, (_, index) => ({ shelf: index % (lastShelf + 2) }));
  const notes = shelf < lastShelf ? [{ shelf }] : [...several, { shelf, label: `label of ${member % 2}` }, { shelf }];
  return fleet.book(member).commitAll(notes.map((args) => ({ verb: 'shelf.note', args }) as never));
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
