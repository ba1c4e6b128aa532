/** A person can be forgotten and the books do not move: what the raw files hold afterwards, what everybody shows, and who has not said so. */
import { createMemoryBlobs, createReaderIdentity } from '@tallystick/erasure';
import { createFileKeyring } from '@tallystick/erasure/node';
import { certifyErasure, readErasure, SubjectDesk } from '@tallystick/kernel/subjects';
import { encodeHex } from '@tallystick/oplog';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Witness } from './claim.ts';
import { memoryKeys, must, type Play, playsOf } from './firm.ts';
import { inTheClear, legalHold, lyingCertificate } from './forgetting.ts';
import { day, meet, type Member, name, scene, shown } from './person.ts';

const sums = ({ book }: Member): string =>
  JSON.stringify(book.query('SELECT * FROM balances ORDER BY 1, 2, 3')) +
  JSON.stringify(book.query('SELECT * FROM stock'));

/** How many files below the folder hold one of these, in any spelling that a store could give them. */
function search(dir: string, needles: readonly Uint8Array[]): { files: number; found: number } {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((file) => join(dir, file))
    .filter((file) => statSync(file).isFile());
  const spellings = needles.flatMap((needle) => {
    const bytes = Buffer.from(needle);
    return [
      bytes,
      Buffer.from(encodeHex(needle)),
      Buffer.from(bytes.toString('base64').replace(/=+$/, '')),
      Buffer.from(bytes.toString('base64url')),
    ];
  });
  const holds = (file: string): boolean => {
    const bytes = readFileSync(file);
    return spellings.some((spelling) => bytes.includes(spelling));
  };
  return { files: files.length, found: files.filter(holds).length };
}

/** Every file of every device and of the relay, after the shred. The fault: somebody exported the name in the clear. */
const nothingIsLeft: Play = async (firm, broken) => {
  const { office, members, subject } = await scene(firm);
  const keys = await office.keyring.keys(subject);
  const needles = [new TextEncoder().encode(name), ...keys.map(({ key }) => key)];
  const before = search(firm.dir, needles).found;
  must(await office.book.commit('subject.shred', { subject, basis: 'request', day }));
  await meet(firm, members);
  if (broken) {
    mkdirSync(join(firm.dir, 'exports'));
    writeFileSync(join(firm.dir, 'exports', 'customers.csv'), `C-17,${name}\n`);
  }
  const { files, found } = search(firm.dir, needles);
  return { of: { files, before }, facts: { found }, holds: found === 0 };
};

/** Digest and sums of every device before and after, and the log verified. The fault: the shred is "helped" by deleting the row. */
const booksStand: Play = async (firm, broken) => {
  const { office, members, subject } = await scene(firm);
  const [rows, before] = [JSON.stringify(office.book.query('SELECT * FROM persons')), members.map(sums)];
  const { problems: none } = await office.book.verify();
  must(await office.book.commit('subject.shred', { subject, basis: 'request', day }));
  await meet(firm, members);
  const after = members.map(sums);
  const digests = new Set(members.map(({ book }) => book.digest().scopes['hq']?.digest));
  const { problems } = await office.book.verify();
  const isSame =
    JSON.stringify(office.book.query(broken ? 'SELECT * FROM persons WHERE 0' : 'SELECT * FROM persons')) === rows;
  return {
    of: { devices: members.length, sums: before.join('').length },
    facts: { digests: digests.size, same: isSame },
    holds: digests.size === 1 && isSame && after.join() === before.join() && none.length + problems.length === 0,
  };
};

/** Another handle on the keyring, opened before, and a device that had never the key. The fault: the handle has kept a copy of the key. */
const handlesAreBlind: Play = async (firm, broken) => {
  const { office, members, till, subject } = await scene(firm);
  const handle = createFileKeyring(office.folder);
  const copy = await handle.keys(subject);
  must(await office.book.commit('subject.shred', { subject, basis: 'request', day }));
  await meet(firm, members);
  const left = broken ? copy : await handle.keys(subject);
  const says = await Promise.all(members.map(shown));
  return {
    of: { had: copy.length },
    facts: { left: left.length, says: [...new Set(says)].join(','), till: await shown(till) },
    holds: left.length === 0 && says.every((word) => word === 'erased'),
  };
};

/** A device that is away is named as one that has not acknowledged, and learns it before it shows anything. The fault: the certificate leaves it out. */
const awayIsNamed: Play = async (firm, broken) => {
  const { office, members, away, subject } = await scene(firm);
  const here = members.filter((one) => one !== away);
  const before = await shown(away);
  must(await office.book.commit('subject.shred', { subject, basis: 'request', day }));
  await meet(firm, here);
  const standing = await readErasure(office.book, subject);
  const key = await memoryKeys().create('device');
  const text = (await certifyErasure({ book: office.book, subject, day, key })) ?? '';
  const certificate = broken ? text.replaceAll(away.book.device, '') : text;
  let during = '';
  const contact = away.desk.during(() => firm.meet(away.book));
  during = await shown(away);
  await contact;
  const named = certificate.includes(`\n  device ${away.book.device} (manager)`);
  return {
    of: { acknowledged: standing?.acknowledged.length ?? 0, outstanding: standing?.outstanding.length ?? 0 },
    facts: { before: before === name ? 'shown' : before, during, named },
    holds: before === name && during === 'erased' && named,
  };
};

/** A copy of a manager's keys from before is put back on the disk, after everybody has acknowledged. The fault: it is asked for nothing, for its device has answered. */
const copyComesBack: Play = async (firm, broken) => {
  const { office, members, manager, subject } = await scene(firm);
  const copy = join(firm.dir, 'copy');
  cpSync(manager.folder, copy, { recursive: true });
  must(await office.book.commit('subject.shred', { subject, basis: 'request', day }));
  await meet(firm, members);
  const said = (await readErasure(office.book, subject))?.acknowledged.length ?? 0;
  rmSync(manager.folder, { recursive: true });
  cpSync(copy, manager.folder, { recursive: true });
  rmSync(copy, { recursive: true });
  const [keyring, shared] = [createFileKeyring(manager.folder), createMemoryBlobs()];
  const keys = await keyring.keys(subject);
  const needles = keys.map(({ key }) => key.slice());
  const back = search(firm.dir, needles).found;
  const reader = await createReaderIdentity();
  const desk = new SubjectDesk({ book: manager.book, keyring, reader, blobs: [shared], day: () => day });
  if (broken) await firm.meet(manager.book);
  else await desk.during(() => firm.meet(manager.book));
  const { files, found } = search(firm.dir, needles);
  const placed = (await shared.names()).length;
  return { of: { files, back, said }, facts: { found, placed }, holds: found === 0 && placed === 0 };
};

export const erasure: Witness = playsOf('erasure', {
  'nothing-is-left': nothingIsLeft,
  'books-stand': booksStand,
  'handles-are-blind': handlesAreBlind,
  'away-is-named': awayIsNamed,
  'lying-certificate': lyingCertificate,
  'legal-hold': legalHold,
  'in-the-clear': inTheClear,
  'copy-comes-back': copyComesBack,
});
