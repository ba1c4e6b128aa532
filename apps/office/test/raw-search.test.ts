// What the search of raw files looks at, and what it says that it did not.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needlesOf, searchRaw } from '../src/raw-search.ts';
import { temporaryFolder } from './temporary.ts';

it('searches what a link leads to where the link is what was asked for, and names each link below it', async () => {
  const folder = temporaryFolder();
  const disk = join(folder, 'disk');
  const other = join(folder, 'other');
  for (const made of [disk, other]) {
    mkdirSync(made);
    writeFileSync(join(made, 'notes.txt'), 'Anna Nowak');
  }
  symlinkSync(other, join(disk, 'elsewhere'));
  const data = join(folder, 'data');
  symlinkSync(disk, data);
  expect(await searchRaw(data, needlesOf(['Anna Nowak']))).toEqual({
    files: 1,
    found: [join(data, 'notes.txt')],
    unread: [join(data, 'elsewhere')],
  });
});
