/** What people do about devices that were lost or stolen: the office revokes them, and enrols what they go on as. */
import type { Commit } from '@tallystick/kernel';
import { members, type World } from './world.ts';

/** Of the device that the member is now. */
export function revoke({ fleet }: World, member: number): Promise<Commit> {
  return fleet.book(0).commit('device.revoke', { device: fleet.book(member).device, reason: 'lost' });
}

/** The office has the new key by telephone, so no network is needed; the relay hears of it when the office syncs. */
export async function renew({ fleet, told }: World, member: number): Promise<void> {
  const { name, role } = members[member] as (typeof members)[number];
  const { device, key, replaces, generation } = await fleet.book(member).renew();
  const args = { device, key, replaces, name: `${name} (${generation})`, role };
  // Refused where it is enrolled already, which a machine that was replaced does not know.
  const enrolled = await fleet.book(0).commit('device.enroll', args);
  if (enrolled.ok) told[0]?.add(enrolled.hash);
}
