// Who may read what (docs/spec/relay.md, "Reading"): a fold of the book's roster, so that an enrolment and a revocation count from
// their place in the log on.
import { type BookId, type DeviceId, type MaybePromise, type Scope, trustedRecord } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { type Device, headquarters as hq, type Roster } from '@tallystick/sign/roster';
import { RelayError } from './errors.ts';
import type { RelayStore } from './store.ts';

/** Enrolled in `hq` in one of these roles, a device reads the whole book. */
const wideRoles: ReadonlySet<Role> = new Set(['owner', 'manager', 'auditor']);
/** In one of these, which no branch can admit from `hq`, it works in every branch; other roles only deal with the shop. */
const followingRoles: ReadonlySet<Role> = new Set(['till', 'van', 'warehouse']);

/** Throws `relay/not-enrolled`. */
export function requireEnrolled(roster: Roster, device: DeviceId): void {
  if (roster.memberships(device).length === 0)
    throw new RelayError('relay/not-enrolled', `device ${device} is not enrolled here`);
}

/** Throws `relay/not-enrolled`, or `relay/revoked` for a device that is active in no scope. */
export function requireActive(roster: Roster, device: DeviceId): void {
  requireEnrolled(roster, device);
  if (activeIn(roster, device).length === 0) throw revoked(device);
}

/** Throws `relay/scope` for a device that only deals with the shop, in whatever scope, and what `requireActive` throws. */
export function requireStaff(roster: Roster, device: DeviceId): void {
  requireActive(roster, device);
  if (activeIn(roster, device).some(({ role }) => wideRoles.has(role) || followingRoles.has(role))) return;
  throw new RelayError('relay/scope', `device ${device} does not work here`);
}

/** Whether the device runs the shop now: an owner or manager of `hq`. */
export function isChief(roster: Roster, device: DeviceId): boolean {
  return activeIn(roster, device).some(isOfChief);
}

/** Now or ever: a relay that is filled again learns of a revocation before it learns of what its device did. */
export function wasChief(roster: Roster, device: DeviceId): boolean {
  return roster.memberships(device).some(isOfChief);
}

function isOfChief({ scope, role }: Pick<Device, 'scope' | 'role'>): boolean {
  return scope === hq && (role === 'owner' || role === 'manager');
}

/** Why a device that may not read `scope` may not. */
export function denial(roster: Roster, device: DeviceId, scope: Scope): RelayError {
  const wasIn = roster.memberships(device).some((member) => member.scope === scope);
  if (wasIn || activeIn(roster, device).length === 0) return revoked(device);
  return new RelayError('relay/scope', `device ${device} is neither enrolled nor admitted in ${scope}`);
}

/**
 * The position of the op in `scope` that revoked the device last: up to there, and no further, it may read that log, for nobody else can prove to it
 * that it is revoked. Undefined where none is there.
 */
export async function findRevocation(
  store: Pick<RelayStore, 'enrolments' | 'find'>,
  book: BookId,
  scope: Scope,
  device: DeviceId,
): Promise<number | undefined> {
  for (const { bytes, hash } of [...(await store.enrolments(book))].reverse()) {
    const { op } = trustedRecord(bytes, hash);
    if (op.verb !== 'device.revoke@1' || op.scope !== scope || op.args['device'] !== device) continue;
    return (await store.find(book, scope, [hash])).get(hash)?.position;
  }
  return undefined;
}

function revoked(device: DeviceId): RelayError {
  return new RelayError('relay/revoked', `device ${device} is revoked, or its last day is over`);
}

/** What an active device may read beside `hq`. */
export interface Reach {
  /** The whole book. */
  readonly isWide: boolean;
  /** The scopes that let it in. */
  readonly scopes: ReadonlySet<Scope>;
  /** It works in every scope, and follows what became of that where it has written. */
  readonly isFollowing: boolean;
}

export function reachOf(roster: Roster, device: DeviceId): Reach {
  const active = activeIn(roster, device);
  const above = active.filter(({ scope }) => scope === hq);
  return {
    isWide: above.some(({ role }) => wideRoles.has(role)),
    scopes: new Set([hq, ...active.map(({ scope }) => scope)]),
    isFollowing: above.some(({ role }) => followingRoles.has(role)),
  };
}

/** Whether `scope` is within the reach of a device that may have written there. */
export async function isReadable(
  reach: Reach,
  scope: Scope,
  hasWritten: () => MaybePromise<boolean>,
): Promise<boolean> {
  return reach.isWide || reach.scopes.has(scope) || (reach.isFollowing && (await hasWritten()));
}

function activeIn(roster: Roster, device: DeviceId): { readonly scope: Scope; readonly role: Role }[] {
  return roster.memberships(device).filter(({ scope }) => roster.standing(device, scope) === 'active');
}
