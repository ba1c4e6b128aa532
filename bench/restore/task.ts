/** What goes into the worker and what comes back. */
export interface Task {
  /** `idle` only loads the SQL engine. */
  readonly kind: 'restore' | 'idle';
  /** Of the store in this origin, new for each run. */
  readonly name: string;
  /** Where the file is served, and what opens it. */
  readonly file: string;
  readonly identity: string;
  /** Of the till's key, hex. */
  readonly seed: string;
  /** Of rows before it sells; 0 for all. */
  readonly hotBytes: number;
  readonly sale: { readonly verb: string; readonly args: unknown };
}

export interface Answer {
  readonly ms: number;
  /** From the first sale to the last row; 0 where all were here before it. */
  readonly restMs: number;
  /** How long the sales took that were made while the rest came. */
  readonly besideMs: readonly number[];
  readonly sales: number;
}
