// Days of the calendar, and how far ahead a role opens them (docs/spec/sign.md, "Devices").
import type { Role } from './roles.ts';

/** A day of the calendar as `YYYY-MM-DD`; such days compare as text. */
export function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}(-\d{2}){2}$/.test(value)) return false;
  const midnight = new Date(`${value}T00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(value);
}

/** How far ahead a role opens days while no `policy.day@1` says otherwise; undefined without a limit. */
export function defaultAheadDays(role: Role): number | undefined {
  return role === 'till' ? 31 : undefined;
}

/** Whether a day is no more than so many days after another; none is where there is no other (''). */
export function isWithinDays(day: string, from: string, aheadDays: number): boolean {
  if (from === '') return false;
  return Date.parse(`${day}T00:00Z`) - Date.parse(`${from}T00:00Z`) <= aheadDays * 86_400_000;
}
