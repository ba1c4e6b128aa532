/**
 * How the rows of sql.js are kept from one opening to the next: page by page in files where the place has them, so that neither opening nor memory
 * grows with the book; else whole, under one hash.
 */
import { portableHasher } from '@tallystick/chain/hashing';
import { encodeHex } from '@tallystick/oplog';
import type { ImagePlace, SqlDriver, StoreImage } from './driver.ts';
import { PagedFile, type PageFiles } from './paged-file.ts';

/** A database that can be taken out whole, or go on over another one. */
export interface ReplaceableDatabase {
  dump(): Uint8Array;
  /** Goes on with the database in `bytes` if `accepts` says so of it, and as before if not. */
  replace(bytes: Uint8Array, accepts: (found: SqlDriver) => boolean): boolean;
}

/** The name of the rows in their place. */
const ROWS = 'rows';
const NEWLINE = 0x0a;

export function createRowsImage(database: ReplaceableDatabase, place: ImagePlace, release: string): StoreImage {
  let files: PageFiles | undefined;
  let paged: PagedFile | undefined;
  let whole: WholeImage | undefined;
  let isPrepared = false;

  async function prepare(): Promise<void> {
    if (!isPrepared) files = await place.openPair?.(ROWS);
    isPrepared = true;
  }

  /** Goes on over the files; false without them, and for an sql.js that takes a copy of every file. */
  function beginPaged(): boolean {
    if (files === undefined) return false;
    const fresh = PagedFile.from(database.dump(), files);
    const isBegun = usePages(fresh, () => true);
    paged = isBegun ? fresh : undefined;
    return isBegun;
  }

  function usePages(file: PagedFile, accepts: (found: SqlDriver) => boolean): boolean {
    return database.replace(file as unknown as Uint8Array, (found) => file.isInUse && accepts(found));
  }

  return {
    place,
    release,
    async load() {
      await prepare();
      paged = files === undefined ? undefined : PagedFile.open(files);
      if (paged !== undefined) return paged.header;
      const bytes = await place.load(ROWS);
      whole = bytes === undefined ? undefined : parseWhole(bytes);
      return bytes === undefined ? undefined : (whole?.header ?? '');
    },
    async use(accepts) {
      const isFit =
        paged === undefined
          ? whole?.sha256 === (whole && (await sha256Hex(whole.rows))) && database.replace(whole?.rows ?? none, accepts)
          : usePages(paged, accepts);
      whole = undefined;
      if (!isFit) beginPaged();
      return isFit;
    },
    async save(header) {
      await prepare();
      if (paged?.isInUse === true || beginPaged()) return paged?.save(header);
      const rows = database.dump();
      const lines = new TextEncoder().encode(`${await sha256Hex(rows)}\n${header}\n`);
      await place.save(ROWS, [lines, rows]);
    },
  };
}

const none = new Uint8Array(0);

interface WholeImage {
  /** Of the rows, in hex. */
  readonly sha256: string;
  readonly header: string;
  readonly rows: Uint8Array;
}

function parseWhole(bytes: Uint8Array): WholeImage | undefined {
  const first = bytes.indexOf(NEWLINE);
  const second = bytes.indexOf(NEWLINE, first + 1);
  if (first < 0 || second < 0) return undefined;
  const text = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  return { sha256: text(0, first), header: text(first + 1, second), rows: bytes.subarray(second + 1) };
}

/** By the platform where it can: it hashes beside this thread, and faster than JavaScript. */
async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  const hash =
    subtle === undefined
      ? portableHasher.sha256(bytes)
      : new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return encodeHex(hash);
}
