/**
 * The rows' database in two files that take turns, so that it need not be in memory: one holds the image that was kept last, page by page under a
 * checksum of its own; what SQLite writes since stays in memory, and beyond a bound in the other file, which becomes the next image.
 *
 * An image is its pages, their checksums, a header of the caller's and a footer. The footer is written last, so a save that dies leaves none, and
 * what was kept before is still in the other file.
 */
import type { AppendFile } from '@tallystick/oplog';
import { crc32c } from '@tallystick/oplog/open-file';

/** SQLite's own page size, by which it reads and writes. */
export const PAGE = 4096;
/** So many changed pages stay in memory: 16 MB. */
const MOST_IN_MEMORY = 4096;
export const MAGIC = 0x54_4c_59_50;
/** Magic, number of the save, pages, length of the header, checksum of the checksums, the header and this. */
export const FOOTER_BYTES = 20;

export type PageFiles = readonly [AppendFile, AppendFile];

/** A whole image. */
export interface Image {
  readonly file: AppendFile;
  /** Of two images the greater is the newer. */
  readonly turn: number;
  readonly checksums: Uint32Array;
  readonly header: string;
}

/** As Emscripten's file system knows an error of the disk: it becomes SQLite's. */
class DiskError extends Error {
  override readonly name = 'ErrnoError';
  readonly errno = 29;
}

/** What is where. */
export interface PagedState {
  readonly files: PageFiles;
  image: Image | undefined;
  /** How many there are by now. */
  pages: number;
  readonly changed: Map<number, Uint8Array>;
  /** Checksums of changed pages that stand in the other file. */
  readonly spilled: Map<number, number>;
  /** Nothing of an older image is in the other file any more. */
  isCleared: boolean;
  /** False where the disk was full: everything stays in memory then, until the next image is kept. */
  hasRoom: boolean;
}

/** The file that does not hold the newest image, emptied. */
export function clearedFile(state: PagedState): AppendFile {
  const [first, second] = state.files;
  const file = state.image?.file === first ? second : first;
  if (!state.isCleared) file.truncate(0);
  state.isCleared = true;
  return file;
}

/**
 * Stands where sql.js's file system expects the bytes of a file: it reads by `subarray`, writes by `set`, and takes the whole over by `slice` when
 * the file is made.
 */
export class PagedFile {
  /** For paged-file-save.ts. */
  readonly state: PagedState;
  readonly #mostInMemory: number;
  #isTaken = false;
  #isLeft = false;

  private constructor(files: PageFiles, image: Image | undefined, mostInMemory: number) {
    const pages = image?.checksums.length ?? 0;
    this.state = { files, image, pages, changed: new Map(), spilled: new Map(), isCleared: false, hasRoom: true };
    this.#mostInMemory = mostInMemory;
  }

  /** The newest whole image in the files; undefined where there is none. */
  static open(files: PageFiles, mostInMemory: number = MOST_IN_MEMORY): PagedFile | undefined {
    const images = files.map(readImage).filter((image) => image !== undefined);
    const [newest] = images.sort((a, b) => b.turn - a.turn);
    return newest === undefined ? undefined : new PagedFile(files, newest, mostInMemory);
  }

  /** A database that is not in the files yet. What they hold is gone. */
  static from(bytes: Uint8Array, files: PageFiles, mostInMemory: number = MOST_IN_MEMORY): PagedFile {
    for (const file of files) file.truncate(0);
    const file = new PagedFile(files, undefined, mostInMemory);
    file.set(bytes, 0);
    return file;
  }

  get header(): string | undefined {
    return this.state.image?.header;
  }

  /** False when sql.js has made a copy of the whole, at once or later: then this is not what it reads and writes. */
  get isInUse(): boolean {
    return this.#isTaken && !this.#isLeft;
  }

  // What a file system asks of bytes.

  /** Once taken, there is always room to write. */
  get length(): number {
    return this.#isTaken ? Number.MAX_SAFE_INTEGER : this.state.pages * PAGE;
  }

  slice(): this {
    this.#isTaken = true;
    return this;
  }

  subarray(from: number, to: number): Uint8Array {
    // SQLite reads no more than a page at a time; all at once is taken by who goes on without this.
    if (to - from > PAGE) this.#isLeft = true;
    const first = Math.floor(from / PAGE);
    if (to <= (first + 1) * PAGE) return this.#page(first).subarray(from - first * PAGE, to - first * PAGE);
    const bytes = new Uint8Array(to - from);
    for (let page = first; page * PAGE < to; page++) {
      const part = this.#page(page).subarray(Math.max(0, from - page * PAGE), Math.min(PAGE, to - page * PAGE));
      bytes.set(part, Math.max(0, page * PAGE - from));
    }
    return bytes;
  }

  set(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      const page = Math.floor((at + done) / PAGE);
      const from = at + done - page * PAGE;
      const part = bytes.subarray(done, done + PAGE - from);
      this.#write(page, part, from);
      done += part.length;
    }
    if (this.state.changed.size > this.#mostInMemory && this.state.hasRoom) this.#spill();
  }

  #spill(): void {
    const { changed, spilled } = this.state;
    try {
      const file = clearedFile(this.state);
      for (const [page, bytes] of changed) {
        file.write(page * PAGE, bytes);
        spilled.set(page, crc32c(bytes));
        changed.delete(page);
      }
    } catch {
      this.state.hasRoom = false;
    }
  }

  #write(page: number, part: Uint8Array, from: number): void {
    const { state } = this;
    let bytes = state.changed.get(page);
    if (bytes === undefined) {
      bytes = part.length === PAGE || page >= state.pages ? new Uint8Array(PAGE) : this.#page(page).slice();
      state.changed.set(page, bytes);
    }
    bytes.set(part, from);
    state.pages = Math.max(state.pages, page + 1);
  }

  #page(page: number): Uint8Array {
    const { changed, spilled, image } = this.state;
    const inMemory = changed.get(page);
    if (inMemory !== undefined) return inMemory;
    const written = spilled.get(page);
    if (written !== undefined) return readPage(clearedFile(this.state), page, written);
    const checksum = image?.checksums[page];
    if (image === undefined || checksum === undefined) throw new DiskError(`there is no page ${page}`);
    return readPage(image.file, page, checksum);
  }
}

/** Damage makes the image useless, and nobody shall begin from it again. */
function readPage(file: AppendFile, page: number, checksum: number): Uint8Array {
  try {
    const bytes = file.read(page * PAGE, PAGE);
    if (crc32c(bytes) === checksum) return bytes;
    file.truncate(0);
  } catch (cause) {
    throw new DiskError(`page ${page} cannot be read`, { cause });
  }
  throw new DiskError(`page ${page} is not as it was written`);
}

/** Undefined for a file that is not a whole image. Its pages are checked when they are read. */
function readImage(file: AppendFile): Image | undefined {
  const size = file.size();
  if (size < FOOTER_BYTES) return undefined;
  const bytes = file.read(size - FOOTER_BYTES, FOOTER_BYTES);
  const footer = new DataView(bytes.buffer, bytes.byteOffset);
  const [magic, turn, pages, length] = [0, 4, 8, 12].map((at) => footer.getUint32(at)) as [
    number,
    number,
    number,
    number,
  ];
  const endBytes = pages * 4 + length + FOOTER_BYTES;
  if (magic !== MAGIC || size !== pages * PAGE + endBytes) return undefined;
  const end = file.read(size - endBytes, endBytes);
  if (crc32c(end.subarray(0, -4)) !== footer.getUint32(FOOTER_BYTES - 4)) return undefined;
  const checksums = new Uint32Array(Uint8Array.from(end.subarray(0, pages * 4)).buffer);
  const header = new TextDecoder().decode(end.subarray(pages * 4, pages * 4 + length));
  return { file, turn, checksums, header };
}
