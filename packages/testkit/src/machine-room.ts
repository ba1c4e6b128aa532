/** What happens to machines and to what they keep: logs that begin later, machines replaced by others, programs by newer ones. */
import type { Stage } from '@tallystick/kernel';
import type { OpHash } from '@tallystick/oplog';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** Rows that live in memory would be folded from a log that no longer begins at the first op, so a snapshot is made first. */
export async function archive(world: World, member: number): Promise<void> {
  const machine = world.machines[member] as Machine;
  const book = world.fleet.book(member);
  if (member % 2 === 1) {
    await book.saveSnapshot(machine.place);
    machine.snapshot = machine.place;
  }
  await leaveToOthers(world, member, ['settled']);
  await book.archive({ to: machine.place });
}

/** What was settled there waits at the relay; what had not left the old machine is gone with it. */
export async function replace(world: World, member: number, from: number): Promise<void> {
  if (member === from) return;
  const { fleet, isUpgraded, machines, mayFork, told } = world;
  const machine = machines[member] as Machine;
  // What it gave to others and not to the relay would come after what the new machine writes in its place.
  for (const other of fleet.members.keys()) if (other !== member) await fleet.sync(other);
  const files = new Map<string, readonly Uint8Array[]>();
  await fleet.book(from).saveSnapshot({ save: (name, parts) => void files.set(name, parts) });
  await leaveToOthers(world, member, ['settled', 'durable']);
  told[member]?.clear();
  mayFork.add(member);
  machine.wipe();
  for (const [name, parts] of files) await machine.place.save(name, parts);
  machine.snapshot = machine.place;
  // A new machine gets a release that knows what the snapshot holds.
  isUpgraded[member] ||= isUpgraded[from] === true;
  await fleet.reopen(member);
  await fleet.sync(member);
}

/** From now on it is not asked of the member's machine whether it has these ops. */
async function leaveToOthers({ fleet, told, safe }: World, member: number, stages: readonly Stage[]): Promise<void> {
  const own = told[member] as Set<OpHash>;
  for (const hash of own) {
    const stage = await fleet.book(member).stage(hash);
    if (stage === undefined || !stages.includes(stage)) continue;
    own.delete(hash);
    safe.add(hash);
  }
}
