/** What goes into the worker and what comes back. */
export interface Task {
  /** `take` takes in the log, `keep` saves the image, too; `open` starts from what is there; `idle` only loads the SQL engine. */
  readonly kind: 'take' | 'keep' | 'open' | 'idle';
  /** Of the store in this origin. */
  readonly name: string;
  readonly book: string;
  /** '' where no op has a position. */
  readonly relayKey: string;
  /** Where the book file is served. */
  readonly file: string;
}

export interface Answer {
  /** From the log's opening to the first row read. */
  readonly ms: number;
  readonly sales: number;
  readonly digest: string;
  /** Why the log was folded; '' where the image was used. */
  readonly misfit: string;
  /** Ops whose records were read. */
  readonly scanned: number;
}

export const newestSale = "SELECT totalMinor FROM documents WHERE scope = 'hq' ORDER BY id DESC LIMIT 1";
