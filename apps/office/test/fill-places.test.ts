// How often places of backups are asked while one is held against the others.
import { type BackupPlace, carryParts, memoryPlace } from '@tallystick/recovery';
import { expect, it } from 'vitest';
import { listedOnce } from '../src/fill-places.ts';

const nameOf = (number: number, device = 'ba9876543210', kind = 'log'): string =>
  `tallystick-0123456789ab-${device}-${String(number).padStart(9, '0')}-${kind}.age`;

it('lists each place once, whatever is carried to and from it', async () => {
  const lists: string[] = [];
  const counted = (name: string): BackupPlace => {
    const place = memoryPlace(name);
    return { ...place, list: () => (lists.push(name), place.list()) };
  };
  const bare = ['a', 'b', 'c', 'd'].map(counted);
  for (const [index, place] of bare.entries()) await place.save(nameOf(index + 1), new Uint8Array([index]));
  const places = bare.map(listedOnce);
  for (const to of places) for (const from of places) if (from !== to) await carryParts(from, to);
  expect(lists.sort()).toEqual(['a', 'b', 'c', 'd']);
  for (const place of bare) expect((await place.list()).length).toBe(4);
  await places[0]?.drop(nameOf(1));
  expect(await places[0]?.list()).not.toContain(nameOf(1));
});
