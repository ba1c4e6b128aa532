// Roles, what each may do about the others while no policy says otherwise, and days (docs/spec/sign.md, "Devices", "Revocation").

const roles = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'] as const;

/** What a device may do. */
export type Role = (typeof roles)[number];
export function parseRole(value: unknown): Role | undefined {
  return roles.find((role) => role === value);
}

/** How far ahead a role opens days while no `policy.day@1` says otherwise; undefined without a limit. */
export function defaultAheadDays(role: Role): number | undefined {
  return role === 'till' ? 31 : undefined;
}

/** Whether a day is no more than so many days after another; none is where there is no other (''). */
export function isWithinDays(day: string, from: string, aheadDays: number): boolean {
  if (from === '') return false;
  return Date.parse(`${day}T00:00Z`) - Date.parse(`${from}T00:00Z`) <= aheadDays * 86_400_000;
}

/** Whom a role may revoke while no `policy.revoke@1` says otherwise. */
export function defaultRevokes(role: Role): readonly Role[] {
  if (role === 'owner') return roles;
  return role === 'manager' ? roles.filter((other) => other !== 'owner' && other !== 'manager') : [];
}

/** A day of the calendar as `YYYY-MM-DD`; such days compare as text. */
export function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}(-\d{2}){2}$/.test(value)) return false;
  const midnight = new Date(`${value}T00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(value);
}
