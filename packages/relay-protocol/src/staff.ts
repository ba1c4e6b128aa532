// What being enrolled in `hq` gives beside `hq` (docs/spec/relay.md, "Reading" and "Push"): a shop's own people work in every branch,
// and those who only deal with it do not.
import type { VerifyRecord } from '@tallystick/chain';
import type { DeviceId, Scope } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import type { Roster } from '@tallystick/sign/roster';
import type { Frame } from './ground.ts';

/** In `hq` in one of these roles, a device reads the whole book. */
export const wideRoles: ReadonlySet<Role> = new Set(['owner', 'manager', 'auditor']);
/** In `hq` in one of these roles, which no branch can admit from there, a device follows what became of what it wrote in a branch. */
export const followingRoles: ReadonlySet<Role> = new Set(['till', 'van', 'warehouse']);
const openingRoles: ReadonlySet<Role> = new Set(['owner', 'manager', ...followingRoles]);

/**
 * Whether `frames` may begin the log of a scope: scopes are counted, so a device that may open none could leave none for others. Ops of
 * devices that nobody let in are no matter here: the gate refuses each of them.
 */
export async function mayOpen(
  frames: readonly Frame[],
  scope: Scope,
  roster: Roster,
  verify: VerifyRecord,
): Promise<boolean> {
  const records = frames.flatMap((frame) => (frame.kind === 'record' ? [frame.record] : []));
  if (records.every(({ op }) => roster.get(op.device, scope) === undefined || isOpener(roster, op.device, scope)))
    return true;
  // One check of a signature for a push, and of one that ends a run: the name of an opener alone opens nothing.
  const last = records.findLast(({ op }) => op.scope === scope && isOpener(roster, op.device, scope));
  return last !== undefined && (await verify(last));
}

function isOpener(roster: Roster, device: DeviceId, scope: Scope): boolean {
  const role = roster.get(device, scope)?.role;
  return role !== undefined && openingRoles.has(role) && roster.standing(device, scope) === 'active';
}
