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
const PAGE = 4096;
/** So many changed pages stay in memory: 16 MB. */
const MOST_IN_MEMORY = 4096;
/** Pages that did not change are copied so many at a time. */
const COPIED_AT_ONCE = 256;
const MAGIC = 0x54_4c_59_50;
/** Magic, number of the save, pages, length of the header, checksum of the checksums, the header and this. */
const FOOTER_BYTES = 20;

export type PageFiles = readonly [AppendFile, AppendFile];

/** A whole image. */
interface Image {
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

/**
 * Stands where sql.js's file system expects the bytes of a file: it reads by `subarray`, writes by `set`, and takes the whole over by `slice` when
 * the file is made.
 */
export class PagedFile {
  readonly #files: PageFiles;
  #image: Image | undefined;
  #pages: number;
  readonly #changed = new Map<number, Uint8Array>();
  /** Checksums of changed pages that stand in the other file. */
  readonly #spilled = new Map<number, number>();
  /** Nothing of an older image is in the other file any more. */
  #isCleared = false;
  #hasRoom = true;
  #isTaken = false;
  #isLeft = false;

  readonly #mostInMemory: number;

  private constructor(files: PageFiles, image: Image | undefined, mostInMemory: number) {
    this.#files = files;
    this.#image = image;
    this.#pages = image?.checksums.length ?? 0;
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
    return this.#image?.header;
  }

  /** False when sql.js has made a copy of the whole, at once or later: then this is not what it reads and writes. */
  get isInUse(): boolean {
    return this.#isTaken && !this.#isLeft;
  }

  // What a file system asks of bytes.

  /** Once taken, there is always room to write. */
  get length(): number {
    return this.#isTaken ? Number.MAX_SAFE_INTEGER : this.#pages * PAGE;
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
    if (this.#changed.size > this.#mostInMemory && this.#hasRoom) this.#spill();
  }

  // Keeping.

  /** Makes everything as it is now the newest image. Throws what the file throws; then the one before is still there. */
  save(header: string): void {
    const target = this.#cleared();
    const checksums = new Uint32Array(this.#pages);
    for (const [page, checksum] of this.#spilled) checksums[page] = checksum;
    for (const [page, bytes] of this.#changed) {
      target.write(page * PAGE, bytes);
      checksums[page] = crc32c(bytes);
    }
    this.#copyUnchanged(target, checksums);
    const turn = (this.#image?.turn ?? 0) + 1;
    target.write(this.#pages * PAGE, encodeEnd({ turn, checksums, header }));
    target.flush();
    this.#image = { file: target, turn, checksums, header };
    this.#changed.clear();
    this.#spilled.clear();
    this.#isCleared = false;
    this.#hasRoom = true;
  }

  #copyUnchanged(target: AppendFile, checksums: Uint32Array): void {
    if (this.#image === undefined) return;
    const { file, checksums: known } = this.#image;
    const end = Math.min(known.length, this.#pages);
    const isChanged = (page: number): boolean => this.#changed.has(page) || this.#spilled.has(page);
    for (let page = 0; page < end; ) {
      const from = page;
      while (page < end && page - from < COPIED_AT_ONCE && !isChanged(page)) page += 1;
      if (page > from) target.write(from * PAGE, file.read(from * PAGE, (page - from) * PAGE));
      else page += 1;
      for (let copied = from; copied < page; copied++)
        if (!isChanged(copied)) checksums[copied] = known[copied] as number;
    }
  }

  /** The file that does not hold the newest image, emptied. */
  #cleared(): AppendFile {
    const [first, second] = this.#files;
    const file = this.#image?.file === first ? second : first;
    if (!this.#isCleared) file.truncate(0);
    this.#isCleared = true;
    return file;
  }

  /** Where the disk is full, everything stays in memory. */
  #spill(): void {
    try {
      const file = this.#cleared();
      for (const [page, bytes] of this.#changed) {
        file.write(page * PAGE, bytes);
        this.#spilled.set(page, crc32c(bytes));
        this.#changed.delete(page);
      }
    } catch {
      this.#hasRoom = false;
    }
  }

  #write(page: number, part: Uint8Array, from: number): void {
    let bytes = this.#changed.get(page);
    if (bytes === undefined) {
      bytes = part.length === PAGE || page >= this.#pages ? new Uint8Array(PAGE) : this.#page(page).slice();
      this.#changed.set(page, bytes);
    }
    bytes.set(part, from);
    this.#pages = Math.max(this.#pages, page + 1);
  }

  #page(page: number): Uint8Array {
    const changed = this.#changed.get(page);
    if (changed !== undefined) return changed;
    const spilled = this.#spilled.get(page);
    if (spilled !== undefined) return readPage(this.#cleared(), page, spilled);
    const { file, checksums } = this.#image ?? {};
    const checksum = checksums?.[page];
    if (file === undefined || checksum === undefined) throw new DiskError(`there is no page ${page}`);
    return readPage(file, page, checksum);
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

function encodeEnd({ turn, checksums, header }: Omit<Image, 'file'>): Uint8Array {
  const text = new TextEncoder().encode(header);
  const sums = new Uint8Array(checksums.buffer, checksums.byteOffset, checksums.byteLength);
  const end = new Uint8Array(sums.length + text.length + FOOTER_BYTES);
  end.set(sums);
  end.set(text, sums.length);
  const footer = new DataView(end.buffer, sums.length + text.length);
  [MAGIC, turn, checksums.length, text.length].forEach((value, index) => footer.setUint32(index * 4, value));
  footer.setUint32(FOOTER_BYTES - 4, crc32c(end.subarray(0, -4)));
  return end;
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
