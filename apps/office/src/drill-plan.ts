// When the blackout drill of a data directory is due, and how the last one went: kept beside its backups, for `tally status`, the page and a scheduler.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OfficeError } from './errors.ts';
import type { Home } from './home.ts';

const lastSchema = z.strictObject({
  /** In ms, by this machine's clock. */
  at: z.int().min(0),
  /** Ops that somebody names and nobody who is left holds; ranges of positions count once. */
  missing: z.int().min(0),
  /** Ops that only those who were left out hold, and how many of them nobody who is left knew of. */
  lostOps: z.int().min(0),
  unnamed: z.int().min(0),
  /** Whether logs contradict each other, or ops could not be folded. */
  isContradicted: z.boolean(),
  report: z.string(),
});
const planSchema = z.strictObject({
  version: z.literal(1),
  everyDays: z.int().min(1).max(366),
  /** What the drill reads: data directories, or files of databases. */
  survivors: z.array(z.string()).min(1).readonly(),
  /** Those of them who are gone in it. */
  lost: z.array(z.string()).readonly(),
  /** Since when it is to be made. */
  since: z.int().min(0),
  last: lastSchema.exactOptional(),
  /** Why the last attempt came to nothing; gone with the next that comes to its end. */
  fault: z.strictObject({ at: z.int().min(0), message: z.string() }).exactOptional(),
});
export type DrillPlan = z.infer<typeof planSchema>;
export type LastDrill = z.infer<typeof lastSchema>;

const dayMs = 24 * 3_600_000;
/** A scheduler that looks once a day, and a machine that was off over a weekend, are no reason to call anybody. */
const graceMs = 3 * dayMs;

export const drillFolder = (home: Home): string => join(home.root, 'drills');
const planFile = (home: Home): string => join(drillFolder(home), 'plan.json');

/** Undefined where no drill is planned. Throws `office/backup` for a file that is none of ours. */
export function readDrillPlan(home: Home): DrillPlan | undefined {
  const path = planFile(home);
  if (!existsSync(path)) return undefined;
  try {
    return planSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new OfficeError('office/backup', `${path} cannot be understood`, { cause });
  }
}

export function writeDrillPlan(home: Home, plan: DrillPlan): void {
  const path = planFile(home);
  mkdirSync(drillFolder(home), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${JSON.stringify(plan, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

export interface DrillStanding {
  /** When the last one came to its end, in ms; undefined for none yet. */
  readonly at: number | undefined;
  readonly isDue: boolean;
  /** Three days beyond its time, or it could not be made: people must see it. */
  readonly isOverdue: boolean;
  /** The last one found ops missing, or logs that contradict each other. */
  readonly isMissing: boolean;
}

export function drillStanding({ everyDays, since, last, fault }: DrillPlan, nowMs: number): DrillStanding {
  const from = last?.at ?? since;
  // Of a time that is ahead of now nobody knows how long ago it was.
  const elapsedMs = from - nowMs > dayMs ? Number.POSITIVE_INFINITY : nowMs - from;
  return {
    at: last?.at,
    isDue: last === undefined || fault !== undefined || elapsedMs >= everyDays * dayMs,
    isOverdue: fault !== undefined || elapsedMs >= everyDays * dayMs + graceMs,
    isMissing: last !== undefined && (last.missing > 0 || last.isContradicted),
  };
}

/** For people and `tally status`; nothing where no drill is planned. */
export function drillLines(plan: DrillPlan | undefined, nowMs: number): string[] {
  if (plan === undefined) return [];
  const { last, fault, everyDays } = plan;
  const { isOverdue, isMissing } = drillStanding(plan, nowMs);
  const failed = fault === undefined ? [] : [`DRILL FAILED ${isoDay(fault.at)}: ${fault.message}`];
  if (last === undefined) return [...failed, `${isOverdue ? 'DRILL OVERDUE' : 'blackout drill'}: none made yet`];
  const found = isMissing
    ? `${last.missing} MISSING${last.isContradicted ? ', and logs contradict each other' : ''}`
    : 'nothing is known to be missing';
  const unheard = last.lostOps === 0 ? '' : `, of ${last.unnamed} lost ops nobody who is left had heard`;
  const word = isOverdue && fault === undefined ? 'DRILL OVERDUE' : 'blackout drill';
  return [...failed, `${word}: ${isoDay(last.at)}, every ${everyDays} days: ${found}${unheard} (${last.report})`];
}

export const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
