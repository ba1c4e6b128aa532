// `tally salvage`: a damaged database put aside as it is, and what still reads of its log folded anew. What does not read is said, and comes back from the
// relay or the other devices.
import { nodeStore } from '@tallystick/kernel/node';
import { parseBookId } from '@tallystick/oplog';
import { rebuildBook } from '@tallystick/recovery';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { keysFolder, shopVerbs } from '../book.ts';
import { type Command, dataOption } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { homeAt, lockHome, readSettings, syncFolder } from '../home.ts';
import { grouped } from '../progress.ts';
import { salvageLog } from '../survivors.ts';
import { requireData } from './init.ts';

export const salvage: Command = {
  name: 'salvage',
  summary: 'Put a damaged database aside, and fold anew what still reads of it.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: { data: dataOption },
  notes: [
    'The damaged files stay, in DIR/damaged-1, -2 ...; nothing is deleted. Every op that still reads is verified again.',
    'Afterwards tally sync brings what did not read, and learns what this device did last: before that it writes nothing. Then tally prove.',
    'The exit status is 1 where something did not read.',
  ].join('\n'),
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'salvage', context.path));
    const lock = lockHome(home);
    const copies = mkdtempSync(join(tmpdir(), 'tally-salvage-'));
    try {
      const file = [home.officeFile, home.deviceFile].find((path) => existsSync(path));
      if (file === undefined) throw new OfficeError('office/no-book', `${home.root}: there are no books here`);
      const found = salvageLog(file, copies);
      const book = parseBookId(found.book ?? readSettings(home)?.book);
      if (book === undefined) throw new OfficeError('office/no-book', `${file}: nothing says which book it is`);
      const beside = join(home.root, 'salvaged.db');
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${beside}${suffix}`, { force: true });
      const rebuilt = await rebuildBook({
        store: nodeStore(beside, { keysDir: keysFolder(file) }),
        verbs: shopVerbs,
        book,
        survivors: [{ name: 'what reads', log: found.log }],
        replicate: 'all',
        ...(found.relay === undefined ? {} : { relayKey: found.relay }),
      });
      await rebuilt.book.close();
      const aside = putAside(file, home.root);
      renameSync(beside, file);
      syncFolder(dirname(file));
      const { missing } = rebuilt.survey;
      const { read, changed, unreadable, isEndUnknown } = found;
      const [lacking, waiting] = [missing.length, rebuilt.waiting.length];
      const json = { book, read, changed, unreadable, isEndUnknown, missing: lacking, waiting, aside };
      const least = isEndUnknown ? 'at least ' : '';
      const lines = [
        `the damaged files are in ${aside}`,
        `${grouped(read)} ops read and are verified; ${least}${grouped(unreadable)} rows do not read, ${grouped(changed)} are not what they were`,
        ...(waiting === 0 ? [] : [`${grouped(waiting)} ops wait for those that do not read`]),
        'tally sync brings the rest: before that this device writes nothing',
      ];
      for (const line of context.json ? [JSON.stringify(json)] : lines) context.print(line);
      return unreadable + changed === 0 && !isEndUnknown ? 0 : 1;
    } finally {
      rmSync(copies, { recursive: true, force: true });
      lock.release();
    }
  },
};

/** Whoever knows more about disks may get more out of them. */
function putAside(file: string, root: string): string {
  let number = 1;
  while (existsSync(join(root, `damaged-${number}`))) number += 1;
  const folder = join(root, `damaged-${number}`);
  mkdirSync(folder);
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, join(folder, `${basename(file)}${suffix}`));
  return folder;
}
