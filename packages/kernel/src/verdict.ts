/** What the fold says of an op at its place, and why it can go no further. */
import type { LackingTable } from './in-force.ts';
import { type Correction, type Refusal, refuse } from './verb.ts';

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

/** What a verdict says to the one who is about to do what the op says. */
export function atTheEdge(verdict: Verdict): Verdict {
  if (verdict.kind !== 'applied' || verdict.correction === undefined || verdict.isContested !== true) return verdict;
  return { kind: 'refused', refusal: refuse(verdict.correction.code, verdict.correction.details) };
}
