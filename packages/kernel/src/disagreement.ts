/** Devices that folded the same and signed different outcomes; see certificates.ts. */
import type { Scope as ScopeName } from '@tallystick/oplog';
import { disagreements } from './act-tables.ts';
import type { SqlDriver } from './driver.ts';

/** Two certificates of one prefix that cannot both be true. */
export interface Disagreement {
  readonly scope: ScopeName;
  readonly size: number;
  /** The first thing in which they differ: `root`, `marked`, `manifest` or `digest`. */
  readonly about: string;
  /** The ops that say so, and who signed them. */
  readonly op: string;
  readonly device: string;
  readonly against: string;
  readonly otherDevice: string;
}

export function readDisagreements(sql: SqlDriver): readonly Disagreement[] {
  const { name } = disagreements;
  const rows = sql
    .prepare(
      `SELECT scope, size, about, op, device, against, otherDevice FROM ${name} ORDER BY scope, size, op, against`,
    )
    .iterate([]);
  return [...rows].map(([scope, size, about, op, device, against, otherDevice]) => {
    return { scope, size, about, op, device, against, otherDevice } as Disagreement;
  });
}

export function countDisagreements(sql: SqlDriver): number {
  return Number(sql.prepare(`SELECT count(*) FROM ${disagreements.name}`).get([])?.[0]);
}
