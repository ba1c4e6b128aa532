// Proving a database file: the kernel folds its log afresh and compares every row, on a copy, because opening a database may
// already repair or extend it, and evidence must stay as it was found.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { openBook, type ProofReport } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { keysFolder, shopVerbs } from './book.ts';
import { OfficeError } from './errors.ts';
import type { Home } from './home.ts';
import { withScratch } from './proof.ts';

/** Proves the office database of a directory, or a device's own when it is no office. */
export async function proveDirectory(home: Home): Promise<ProofReport> {
  const file = [home.officeFile, home.deviceFile].find((path) => existsSync(path));
  if (file === undefined) throw new OfficeError('office/no-book', `${home.root}: there are no books here`);
  return withScratch(home, (folder) => proveCopy(file, folder));
}

async function proveCopy(file: string, folder: string): Promise<ProofReport> {
  const copy = join(folder, 'copy.db');
  for (const suffix of ['', '-wal'])
    if (existsSync(`${file}${suffix}`)) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  const book = await openBook({ store: nodeStore(copy, { keysDir: keysFolder(file) }), verbs: shopVerbs });
  const fresh = nodeStore(join(folder, 'fresh.db'));
  try {
    return await book.prove(fresh);
  } finally {
    await book.close();
    await fresh.close();
  }
}
