import type { ImagePlace } from '@tallystick/kernel';
import { createMemoryFile, type MemoryFile } from '../../oplog/test/memory-file.ts';

/** A place for images, snapshots and archives. */
export interface MemoryPlace extends ImagePlace {
  /** What was saved, by name. */
  readonly files: Map<string, Uint8Array>;
}

export function memoryPlace(): MemoryPlace {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    load: (name) => files.get(name),
    save: (name, parts) => void files.set(name, new Uint8Array(Buffer.concat(parts))),
  };
}

/** In memory, with files for rows. */
export function memoryFiles(): MemoryPlace {
  const pairs = new Map<string, readonly [MemoryFile, MemoryFile]>();
  const openPair = (name: string): readonly [MemoryFile, MemoryFile] => {
    const pair = pairs.get(name) ?? ([createMemoryFile(), createMemoryFile()] as const);
    pairs.set(name, pair);
    return pair;
  };
  return { ...memoryPlace(), openPair };
}
