/**
 * How the rows of sql.js are kept from one opening to the next: page by page in files where the place has them, so that neither opening nor memory
 * grows with the book; else whole, under one hash (whole-image.ts), for which the acts must be here.
 */
import { loadActs } from './acts.ts';
import type { ImagePlace, SqlDriver, StoreImage } from './driver.ts';
import { PagedFile, type PageFiles } from './paged-file.ts';
import type { WholeImage } from './whole-image.ts';

/** A database that can be taken out whole, or go on over another one. */
export interface ReplaceableDatabase {
  dump(): Uint8Array;
  /** Goes on with the database in `bytes` if `accepts` says so of it, and as before if not. */
  replace(bytes: Uint8Array, accepts: (found: SqlDriver) => boolean): boolean;
}

/** The name of the rows in their place. */
const ROWS = 'rows';

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
      const acts = bytes && (await Promise.resolve(loadActs()).catch(() => undefined));
      if (bytes === undefined || acts === undefined) return undefined;
      whole = await acts.readWhole(bytes);
      return whole?.header ?? '';
    },
    async use(accepts) {
      const isFit =
        paged === undefined ? whole !== undefined && database.replace(whole.rows, accepts) : usePages(paged, accepts);
      whole = undefined;
      if (!isFit) beginPaged();
      return isFit;
    },
    async save(header) {
      await prepare();
      const { encodeWhole, savePages } = await loadActs();
      if (paged?.isInUse === true || beginPaged()) savePages(paged as PagedFile, header);
      else await place.save(ROWS, await encodeWhole(database.dump(), header));
    },
  };
}
