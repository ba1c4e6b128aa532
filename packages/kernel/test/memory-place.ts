import type { ImagePlace } from '@tallystick/kernel';

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
