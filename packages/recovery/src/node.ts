// @tallystick/recovery/node: a folder as a place of backups.
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RecoveryError } from './errors.ts';
import type { BackupPlace } from './place.ts';

/** A folder of this machine, of a stick, of a share. A file appears under its name only when it is whole and on the disk. */
export function folderPlace(root: string): BackupPlace {
  const pathOf = (name: string): string => {
    if (basename(name) !== name || name.startsWith('.'))
      throw new RecoveryError('recovery/place', `${name} is no name`);
    return join(root, name);
  };
  return {
    name: `folder ${root}`,
    list: async () => (existsSync(root) ? (await readdir(root)).filter((name) => !name.endsWith('.part')) : []),
    load: async (name) => (existsSync(pathOf(name)) ? new Uint8Array(await readFile(pathOf(name))) : undefined),
    drop: (name) => rm(pathOf(name), { force: true }),
    async save(name, bytes) {
      const path = pathOf(name);
      try {
        await mkdir(root, { recursive: true });
        const file = await open(`${path}.part`, 'w');
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(`${path}.part`, path);
        // Windows lets nobody open a folder; it makes a rename durable by itself.
        if (process.platform === 'win32') return;
        const folder = await open(root, 'r');
        try {
          await folder.sync();
        } finally {
          await folder.close();
        }
      } catch (cause) {
        throw new RecoveryError('recovery/place', `folder ${root} takes no file`, { cause });
      }
    },
  };
}
