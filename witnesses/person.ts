/** A firm with a person in it whose name is sealed, and the devices that may read it, for the witnesses of erasure. */
import { createMemoryBlobs, createReaderIdentity, type Keyring } from '@tallystick/erasure';
import { createFileKeyring, createFolderBlobs } from '@tallystick/erasure/node';
import type { OpPlace } from '@tallystick/kernel';
import { SubjectDesk } from '@tallystick/kernel/subjects';
import { join } from 'node:path';
import { type Firm, must } from './firm.ts';
import { sellMany, type ShopBook } from './shop.ts';

export const day = '2026-11-21';
export const name = 'Anna Nowak of Vine Street';

export interface Member {
  readonly book: ShopBook;
  readonly desk: SubjectDesk;
  readonly keyring: Keyring;
  readonly folder: string;
}

/** A device with keyring and backup in folders of its own beside its database. */
async function member(
  firm: Firm,
  book: ShopBook,
  called: string,
  shared: ReturnType<typeof createMemoryBlobs>,
): Promise<Member> {
  const folder = join(firm.dir, `${called}-keyring`);
  const keyring = createFileKeyring(folder);
  const blobs = [shared, createFolderBlobs(`${folder}-backup`)];
  const desk = new SubjectDesk({ book, keyring, reader: await createReaderIdentity(), blobs, day: () => day });
  await desk.offer();
  return { book, desk, keyring, folder };
}

export async function meet(firm: Firm, members: readonly Member[]): Promise<void> {
  for (let round = 0; round < 3; round++)
    for (const { book, desk } of members) await desk.during(() => firm.meet(book));
}

/** An office and two managers that read, a till that never had the key, sales, and Anna. */
export async function scene(firm: Firm) {
  const shared = createMemoryBlobs();
  const [one, two, till] = [
    await firm.enlist('one', 'manager'),
    await firm.enlist('two', 'manager'),
    await firm.enlist('till', 'till'),
  ];
  const office = await member(firm, firm.office, 'office', shared);
  const members = [office];
  for (const [called, { book }] of Object.entries({ one, two, till }))
    members.push(await member(firm, book, called, shared));
  await sellMany(till.book, 3);
  await meet(firm, members);
  const sealer = await office.desk.open('customer');
  if (!('seal' in sealer)) throw new Error(sealer.code);
  const args = (place: OpPlace) => ({
    customer: 'C-17',
    subject: sealer.subject,
    name: sealer.seal(place, 'name', name),
  });
  must(await firm.office.commit('person.describe', args));
  await meet(firm, members);
  const [, first, second, third] = members as [Member, Member, Member, Member];
  return {
    office,
    members,
    manager: first,
    managerKeys: one.keys,
    away: second,
    till: third,
    tillKeys: till.keys,
    subject: sealer.subject,
  };
}

export async function shown({ book, desk }: Member): Promise<string> {
  const [row] = book.query<Record<'scope' | 'device' | 'op' | 'name', string>>('SELECT * FROM persons');
  if (row === undefined) return 'none';
  const read = await desk.read(row.name, { scope: row.scope, device: row.device, id: row.op, field: 'name' });
  return read.state === 'shown' ? read.text : read.state;
}
