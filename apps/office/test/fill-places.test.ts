// How often places of backups are asked while one is held against the others, and what one of them can do to another.
import { createOrganisationIdentity } from '@tallystick/custody';
import { type BackupPlace, carryParts, memoryPlace } from '@tallystick/recovery';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openKeeper, writeBackupSettings } from '../src/backup-settings.ts';
import { openOrCreateOffice } from '../src/book.ts';
import { fillPlaces, listedOnce } from '../src/fill-places.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';

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

it('takes nothing from a stick for wholes that somebody made up in a bucket', async () => {
  const folder = temporaryFolder();
  const [bucket, stick] = [join(folder, 'bucket'), join(folder, 'stick')];
  const home = homeAt(join(folder, 'office'));
  const { recipient } = await createOrganisationIdentity();
  const places = [bucket, stick].map((path) => ({ kind: 'folder', path }) as const);
  writeBackupSettings(home, { version: 1, recipients: [recipient], places });
  const book = await openOrCreateOffice(home, 'Corner');
  try {
    const keeper = openKeeper(home, book);
    await keeper.backUp();
    await book.commit('day.open', { day: '2026-11-21' });
    // The stick is away for one of them.
    renameSync(stick, `${stick}-drawer`);
    writeFileSync(stick, '');
    expect(await keeper.backUp()).toMatchObject({ places: [{ dropped: 0 }, { error: expect.any(String) as string }] });
    renameSync(stick, `${stick}-gone`);
    renameSync(`${stick}-drawer`, stick);
    const ofTill = nameOf(1, undefined, 'whole').replace('0123456789ab', book.id.slice(0, 12));
    writeFileSync(join(stick, ofTill), 'of a till');
    const before = readdirSync(stick);
    mkdirSync(bucket, { recursive: true });
    for (const name of before.filter((one) => one.endsWith('whole.age')))
      for (const number of ['899999998', '899999999'])
        writeFileSync(join(bucket, name.replace(/\d{9}(?=-whole)/, number)), 'made up');
    await fillPlaces(home, book);
    expect(readdirSync(stick)).toEqual(expect.arrayContaining(before));
  } finally {
    await book.close();
  }
});
