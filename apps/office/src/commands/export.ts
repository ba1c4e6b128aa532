// `tally export`: the whole book as one file that any replica can import.
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { encodeText } from '@tallystick/oplog/transport';
import { type Command, dataOption } from '../command.ts';
import { homeAt } from '../home.ts';
import { grouped } from '../progress.ts';
import { noteWritten } from '../written.ts';
import { requireData } from './init.ts';
import { withBook } from './reading.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: 'Write the book to one file: every op with its signature, and the relay’s notes.',
  operands: 'FILE',
  minOperands: 1,
  maxOperands: 1,
  options: {
    data: dataOption,
    text: { type: 'boolean', help: 'as text that can be pasted or mailed, at most 15 MB of book' },
  },
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'export', context.path));
    const target = context.path(context.positionals[0] ?? '');
    return withBook(home, async (book) => {
      const exported = await book.export();
      const bytes = context.flag('text') ? Buffer.from(encodeText(exported)) : exported;
      writeWhole(target, bytes);
      noteWritten(home, 'export', target);
      const result = { book: book.id, file: target, bytes: bytes.length };
      context.print(context.json ? JSON.stringify(result) : `${grouped(bytes.length)} bytes in ${target}`);
      return 0;
    });
  },
};

/** The file appears under its name only when all of it is on the disk. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.part`;
  const file = openSync(temporary, 'w');
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
