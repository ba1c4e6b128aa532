// The damaged logs of this till that were put aside, as files beside its log: for the page, which hands them out, and for the engine.

const prefix = 'tallystick.damaged-';

/** A log that was put aside. `at` is when, in ms. */
export interface AsideLog {
  readonly name: string;
  readonly at: number;
  readonly file: File;
}

export function asideName(at: number): string {
  return `${prefix}${at}`;
}

/** All of them, the newest last; empty where this browser gives no files. */
export async function asideLogs(): Promise<readonly AsideLog[]> {
  const folder = await navigator.storage.getDirectory().catch(() => undefined);
  if (folder === undefined) return [];
  const logs: AsideLog[] = [];
  for await (const name of folder.keys()) {
    if (!name.startsWith(prefix)) continue;
    const file = await (await folder.getFileHandle(name)).getFile();
    logs.push({ name, at: Number(name.slice(prefix.length)), file });
  }
  return logs.sort((a, b) => a.at - b.at);
}

/** What stood in it is in no place of this device any more. */
export async function letGoOfAside({ name }: AsideLog): Promise<void> {
  await (await navigator.storage.getDirectory()).removeEntry(name);
}
