// Which of the keys in this browser a till wrote under, after it was given another or went on as a new till, stands in its log alone: here it is read out of the log that was put
// aside last. Under its first key the relay would refuse the till for good.
import { salvageLogFile } from '@tallystick/oplog/file';
import type { KeysAside } from '../engine/port.ts';

/** Undefined where no log was put aside. Never rejects: who has no more than the first key goes on under that. */
export async function keysAside(): Promise<KeysAside | undefined> {
  const file = await newestAside().catch(() => undefined);
  const bytes = await file?.arrayBuffer().catch(() => undefined);
  if (bytes === undefined) return undefined;
  const { book, meta } = salvageLogFile(new Uint8Array(bytes));
  return { book, notes: [...meta].filter(([name]) => name === 'identity' || name.startsWith('till/key/')) };
}

async function newestAside(): Promise<File | undefined> {
  const folder = await navigator.storage.getDirectory();
  const names: string[] = [];
  for await (const name of folder.keys()) if (name.startsWith('tallystick.damaged-')) names.push(name);
  const newest = names.sort().at(-1);
  return newest === undefined ? undefined : (await folder.getFileHandle(newest)).getFile();
}
