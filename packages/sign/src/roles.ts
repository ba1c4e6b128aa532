// Roles, and what each may do about the others while no policy says otherwise (docs/spec/sign.md, "Devices", "Revocation").

const roles = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'] as const;

/** What a device may do. */
export type Role = (typeof roles)[number];
export function parseRole(value: unknown): Role | undefined {
  return roles.find((role) => role === value);
}

/** Whom a role may revoke while no `policy.revoke@1` says otherwise. */
export function defaultRevokes(role: Role): readonly Role[] {
  if (role === 'owner') return roles;
  return role === 'manager' ? roles.filter((other) => other !== 'owner' && other !== 'manager') : [];
}
