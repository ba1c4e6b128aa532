// Documents by their number, or by a part of it. It comes when it is first asked for. A whole number and the count at its end are looked up; anything else is looked for from the
// newest document backwards, a stretch at a time, so that no sale waits for it however long the log is.
import type { DocumentReader } from './documents.ts';
import type { DocumentRow } from './port.ts';

export interface DocumentSearch extends Pick<DocumentReader, 'book' | 'scope'> {
  /** What a number ends with, as SQL that there is an index of. */
  readonly countOfNumber: string;
  /** The documents `d` of the scope of which this is true, and in this order. */
  read(where: string, params: readonly string[]): readonly DocumentRow[];
}

const mostFound = 50;
/** Read in one go: some ten milliseconds of work. */
const stretch = 2_000;
/** Counts the searches, so that each knows when it is the last one no more. */
let searches = 0;

/** Documents of the whole shop whose number contains the text, newest first; of a count, those whose number ends with it, where there are any. */
export async function findByNumber(documents: DocumentSearch, text: string): Promise<readonly DocumentRow[]> {
  searches += 1;
  const exact = readNumbered(documents, text);
  if (exact.length > 0) return exact;
  const counted = /^\d+$/.test(text) ? readCounted(documents, text) : [];
  return counted.length > 0 ? counted : searchBackwards(documents, text, searches);
}

/** A whole number, as it stands on paper, names the day and the device: found among those at once. */
function readNumbered(documents: DocumentSearch, text: string): readonly DocumentRow[] {
  const [, name, day] = /^[^/]+\/(.+)\/(\d{4}-\d{2}-\d{2})\/\d+$/.exec(text) ?? [];
  if (name === undefined || day === undefined) return [];
  const { book } = documents;
  const devices = book.query<{ readonly device: string }>('SELECT DISTINCT device FROM devices WHERE name = ?', [name]);
  return devices.flatMap(({ device }) =>
    documents.read('d.device = ? AND d.day = ? AND d.number = ?', [device, day, text]),
  );
}

function readCounted(documents: DocumentSearch, count: string): readonly DocumentRow[] {
  return documents.read(`${documents.countOfNumber} = ? ORDER BY d.id DESC LIMIT ${mostFound}`, [count]);
}

/** Ends without what a later question asks for anyway. */
async function searchBackwards(
  documents: DocumentSearch,
  text: string,
  search: number,
): Promise<readonly DocumentRow[]> {
  const pattern = `%${text.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
  const { book, scope } = documents;
  const found: DocumentRow[] = [];
  // After every id there is.
  let before = '~';
  const isAsked = (): boolean => search === searches;
  while (before !== '' && found.length < mostFound && isAsked()) {
    const [end] = book.query<{ readonly id: string }>(
      `SELECT id FROM documents WHERE scope = ? AND id < ? ORDER BY id DESC LIMIT 1 OFFSET ${stretch - 1}`,
      [scope, before],
    );
    const from = end?.id ?? '';
    const where = "d.id < ? AND d.id >= ? AND d.number LIKE ? ESCAPE '\\' ORDER BY d.id DESC";
    found.push(...documents.read(`${where} LIMIT ${mostFound - found.length}`, [before, from, pattern]));
    before = from;
    await new Promise((resolve) => setTimeout(resolve));
  }
  return found;
}
