/** What goes into the worker and what comes back. */
export interface Request {
  readonly verb: string;
  readonly args: unknown;
}

interface TaskBase {
  /** Of the log's file in the origin private file system. */
  readonly name: string;
  readonly isCounted: boolean;
}

export type Task = TaskBase &
  (
    | { readonly kind: 'commit'; readonly opening: readonly Request[]; readonly sales: readonly Request[] }
    | {
        readonly kind: 'replay';
        readonly book: string;
        readonly relayKey: string /** Where it is served. */;
        readonly file: string;
      }
  );

export interface Answer {
  readonly ms: number;
  /** Sales in the book after a commit; ops of the log that was replayed. */
  readonly ops: number;
  /** Of a replay. */
  readonly digest: string;
  readonly counts: { readonly statements: number; readonly flushes: number };
}
