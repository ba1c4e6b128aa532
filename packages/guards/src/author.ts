/** What is known of the author and of the day at an op's place: roles, and the business day, which goes on by ops and never by a clock. */
import { businessDays, devices, refuse, type Refusal, type View } from '@tallystick/kernel';

export type Role = View['author']['role'];

/** Roles that may decide about what others own. */
export const deciders: readonly Role[] = ['owner', 'manager'];
/** Roles that act in a book; an auditor only reads. */
export const actors: readonly Role[] = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer'];

/** `guards/role` unless the author has one of these roles: for what a verb allows to some of its roles only. The verb's own `roles` the kernel holds. */
export function refuseUnlessRole(view: View, roles: readonly Role[]): Refusal | undefined {
  const { role } = view.author;
  return roles.includes(role) ? undefined : refuse('guards/role', { role });
}

/** The business day `YYYY-MM-DD` that is open here, or in `hq` as of the scope's last mark if that is later; '' before the first. */
export function businessDay(view: View): string {
  const here = view.get(businessDays, { of: 'book' })?.day ?? '';
  const above = view.hq.get(businessDays, { of: 'book' })?.day ?? '';
  return here > above ? here : above;
}

/** `guards/unknown-device` unless the device may write here. */
export function refuseUnlessDevice(view: View, device: string): Refusal | undefined {
  const row = view.get(devices, { device }) ?? view.hq.get(devices, { device });
  return row?.status === 'active' ? undefined : refuse('guards/unknown-device', { device });
}

/** `guards/only-hq` for what stands in `hq`, where every scope reads it. */
export function refuseUnlessHq(scope: string): Refusal | undefined {
  return scope === 'hq' ? undefined : refuse('guards/only-hq', { scope });
}
