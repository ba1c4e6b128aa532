import type { ImagePlace } from '@tallystick/kernel';

/** A place for archives that is gone with the test. */
export function memoryArchive(files = new Map<string, Uint8Array>()): ImagePlace {
  return {
    load: (name) => files.get(name),
    save: (name, parts) => void files.set(name, new Uint8Array(Buffer.concat(parts))),
  };
}
