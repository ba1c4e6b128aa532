// When the blackout drill of a data directory is due, and how the last one went: kept beside its backups, for `tally status`, the page and a scheduler.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
const resultSchema = z.strictObject({
  last: lastSchema.exactOptional(),
  /** Why the last attempt came to nothing; gone with the next that comes to its end. */
  fault: z.strictObject({ at: z.int().min(0), message: z.string() }).exactOptional(),
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
});
/** What people asked for. */
export type PlannedDrill = z.infer<typeof planSchema>;
/** How it went. */
export type DrillResult = z.infer<typeof resultSchema>;
export type DrillPlan = PlannedDrill & DrillResult;
export type LastDrill = z.infer<typeof lastSchema>;

const dayMs = 24 * 3_600_000;
/** A scheduler that looks once a day, and a machine that was off over a weekend, are no reason to call anybody. */
const graceMs = 3 * dayMs;

export const drillFolder = (home: Home): string => join(home.root, 'drills');
/** What is asked for and how it went are two files: a drill takes minutes, and people change their minds meanwhile. */
const planFile = (home: Home): string => join(drillFolder(home), 'plan.json');
const resultFile = (home: Home): string => join(drillFolder(home), 'result.json');

/** Undefined where no drill is planned. Throws `office/backup` for a file that is none of ours. */
export function readDrillPlan(home: Home): DrillPlan | undefined {
  const plan = parsed(planFile(home), planSchema);
  return plan && { ...plan, ...parsed(resultFile(home), resultSchema) };
}

/** Replaces what is asked for; how the last one went stays. */
export function writeDrillPlan(home: Home, { version, everyDays, survivors, lost, since }: PlannedDrill): void {
  replace(home, planFile(home), { version, everyDays, survivors, lost, since });
}

/** How the drill `of` went; nothing where another one is asked for by now. */
export function noteDrill(home: Home, of: PlannedDrill, result: DrillResult): void {
  const plan = parsed(planFile(home), planSchema);
  const ask = ({ survivors, lost }: PlannedDrill): string => JSON.stringify([survivors, lost]);
  if (plan !== undefined && ask(plan) === ask(of)) replace(home, resultFile(home), result);
}

export const lastOf = ({ last }: DrillResult): Pick<DrillResult, 'last'> => (last === undefined ? {} : { last });

/** Of a year of weekly drills; what a person wants to keep longer lies elsewhere. */
const keptReports = 52;
const reportName = /^\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z\.txt$/;

/** Answers where it is, once the oldest beyond those that are kept are gone. */
export function writeReport(
  home: Home,
  { at, lines }: { readonly at: number; readonly lines: readonly string[] },
): string {
  const folder = drillFolder(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${new Date(at).toISOString().replaceAll(':', '')}.txt`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  // The clock may have been set back since those of before: the one that was just made is no old one, whatever its name says.
  const others = readdirSync(folder).filter((name) => reportName.test(name) && join(folder, name) !== file);
  for (const name of others.sort().slice(0, 1 - keptReports)) rmSync(join(folder, name), { force: true });
  return file;
}

function parsed<T>(path: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new OfficeError('office/backup', `${path} cannot be understood`, { cause });
  }
}

function replace(home: Home, path: string, value: object): void {
  mkdirSync(drillFolder(home), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  writeFileSync(beside, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(beside, path);
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
