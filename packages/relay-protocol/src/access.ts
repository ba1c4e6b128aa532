// Who may read what (docs/spec/relay.md, "Reading"): a fold of the book's roster, so that an enrolment and a revocation count from
// their place in the log on.
import { type DeviceId, type MaybePromise, parseScope, type Scope } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import type { Roster } from '@tallystick/sign/roster';
import { RelayError } from './errors.ts';

const hq = parseScope('hq') as Scope;
/** Enrolled in `hq` in one of these roles, a device reads the whole book. */
const wideRoles: ReadonlySet<Role> = new Set(['owner', 'manager', 'auditor']);

/** Throws `relay/not-enrolled`, or `relay/revoked` for a device that is active in no scope. */
export function requireActive(roster: Roster, device: DeviceId): void {
  if (roster.memberships(device).length === 0)
    throw new RelayError('relay/not-enrolled', `device ${device} is not enrolled here`);
  if (activeIn(roster, device).length === 0)
    throw new RelayError('relay/revoked', `device ${device} is revoked, or its last day is over`);
}

/** What an active device may read beside `hq`. */
export interface Reach {
  /** The whole book. */
  readonly isWide: boolean;
  /** The scopes that let it in. */
  readonly scopes: ReadonlySet<Scope>;
  /** It may write in every scope, and follows what became of that where it has. */
  readonly isAbove: boolean;
}

export function reachOf(roster: Roster, device: DeviceId): Reach {
  const active = activeIn(roster, device);
  const above = active.filter(({ scope }) => scope === hq);
  return {
    isWide: above.some(({ role }) => wideRoles.has(role)),
    scopes: new Set([hq, ...active.map(({ scope }) => scope)]),
    isAbove: above.length > 0,
  };
}

/** Whether `scope` is within the reach of a device that may have written there. */
export async function isReadable(
  reach: Reach,
  scope: Scope,
  hasWritten: () => MaybePromise<boolean>,
): Promise<boolean> {
  return reach.isWide || reach.scopes.has(scope) || (reach.isAbove && (await hasWritten()));
}

function activeIn(roster: Roster, device: DeviceId): { readonly scope: Scope; readonly role: Role }[] {
  return roster.memberships(device).filter(({ scope }) => roster.standing(device, scope) === 'active');
}
