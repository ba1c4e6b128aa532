// Where a mirror of a book lies: a folder, or any host that serves one.
import type { ImagePlace } from '@tallystick/kernel';
import type { MirrorPlace, MirrorSource } from '@tallystick/relay-protocol/mirror';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, OfficeError } from './errors.ts';

const maxFileBytes = 1 << 30;
const timeoutMs = 60_000;

/** A folder of this machine. A file appears under its name only when it is whole. */
export function folderPlace(root: string): MirrorPlace & ImagePlace {
  const save = (name: string, bytes: Uint8Array): void => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.part`, bytes, { flush: true });
    renameSync(`${path}.part`, path);
  };
  return {
    load: (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name)) : undefined),
    save: (name: string, bytes: Uint8Array | readonly Uint8Array[]) =>
      save(name, bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes)),
    drop: (name) => rmSync(join(root, name), { force: true }),
  };
}

/** Removes the files of a folder that are not wanted any more; none where there is no folder. */
export function keepOnly(root: string, names: ReadonlySet<string>): void {
  if (!existsSync(root)) return;
  for (const name of readdirSync(root)) if (!names.has(name)) rmSync(join(root, name));
}

/** A folder, or a server by its URL. Throws `office/mirror` where it does not answer. */
export function mirrorSource(where: string): MirrorSource {
  if (!/^https?:/.test(where)) return folderPlace(where);
  const url = where.replace(/\/*$/, '/');
  return {
    async load(name) {
      try {
        const response = await fetch(new URL(name, url), { signal: AbortSignal.timeout(timeoutMs) });
        if (response.status === 404) return undefined;
        if (!response.ok) throw new Error(`it answered ${response.status}`);
        if (Number(response.headers.get('content-length') ?? 0) > maxFileBytes)
          throw new Error('the file is too large');
        return new Uint8Array(await response.arrayBuffer());
      } catch (cause) {
        const why = messageOf(cause);
        throw new OfficeError('office/mirror', `${url}${name}: ${why}`, { cause });
      }
    },
  };
}
