// A log that is damaged in the middle, once its bytes were handed out: they stay on the device under another name, and the till may begin anew. It comes when it is first asked for.

import { asideName } from './aside-files.ts';

const logName = 'tallystick.log';

/**
 * Copies the log, sees that all of it is there, and only then takes it away; the rows and the index first, which say nothing without it. Where that fails everything is as it
 * was, and this throws; also where the log is in no file.
 */
export async function putLogAside(at: number): Promise<void> {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle(logName).catch(() => undefined);
  if (file === undefined)
    throw new Error('This browser keeps the log in no file of its own, so it cannot be put aside. It stays as it is.');
  const aside = asideName(at);
  try {
    await copyTo(await folder.getFileHandle(aside, { create: true }), await file.getFile());
  } catch (error) {
    // Half a copy is none, and takes the room that the next attempt needs.
    await folder.removeEntry(aside).catch(() => undefined);
    throw error;
  }
  for (const name of ['tallystick.log-index', 'tallystick.rows-0', 'tallystick.rows-1'])
    await folder.removeEntry(name).catch(() => undefined);
  await folder.removeEntry(logName);
}

async function copyTo(copy: FileSystemFileHandle, damaged: File): Promise<void> {
  await damaged.stream().pipeTo(await copy.createWritable());
  if ((await copy.getFile()).size !== damaged.size) throw new Error('the damaged log was not copied whole');
}
