// Which of the keys in this browser a till wrote under, after it was given another or went on as a new till, stands in its log alone: here it is read out of the log that was put
// aside last. Under its first key the relay would refuse the till for good.
import { salvageLogFile } from '@tallystick/oplog/file';
import { asideLogs } from '../engine/aside-files.ts';
import type { KeysAside } from '../engine/requests.ts';

/** Undefined where no log was put aside. Never rejects: who has no more than the first key goes on under that. */
export async function keysAside(): Promise<KeysAside | undefined> {
  const logs = await asideLogs().catch(() => []);
  const bytes = await logs
    .at(-1)
    ?.file.arrayBuffer()
    .catch(() => undefined);
  if (bytes === undefined) return undefined;
  const { book, meta } = salvageLogFile(new Uint8Array(bytes));
  return { book, notes: [...meta].filter(([name]) => name === 'identity' || name.startsWith('till/key/')) };
}
