// Where a socket may be in the file system.

/** What every system takes for the path of a socket, in bytes: macOS has 104, Linux 108, both with a zero at the end. */
const maxPathBytes = 100;

export function isSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= maxPathBytes;
}
