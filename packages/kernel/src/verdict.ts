/** What the fold says of an op at its place, and why it can go no further. */
import type { LackingTable } from './in-force.ts';
import type { Correction, Refusal } from './verb.ts';

/** Why folding cannot go past an op until something arrives. State before it stays readable. */
export type Stop =
  | {
      readonly code: 'kernel/unsupported-verb';
      readonly verb: string;
      /** The release that brought it, or ''. */
      readonly release: string;
      readonly hash: string;
    }
  | LackingTable
  | { readonly code: 'kernel/needs-hq'; readonly size: number; readonly hash: string }
  /** A table of a snapshot whose rows cannot be loaded now. */
  | { readonly code: 'kernel/not-resident'; readonly scope: string; readonly table: string; readonly hash: string };

export type Verdict =
  /** `isContested`: a device that commits the op now leaves it undone. */
  | { readonly kind: 'applied'; readonly correction?: Correction; readonly isContested?: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'stopped'; readonly stop: Stop };
