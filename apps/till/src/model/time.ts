// Clock readings, days and rates in the reader's own style.
import { decimalText } from './money.ts';

export function timeText(at: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(at);
}

export function dateTimeText(at: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** A business day (`2026-11-21`) with its weekday. The day is a label, so it is read without a time zone. */
export function dayText(day: string, locale?: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at)) return day;
  const options = { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(locale, options).format(at);
}

/** 2000 basis points as `20%`, 550 as `5.5%`. */
export function percentText(basisPoints: number, locale?: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
  return format.format(decimalText(basisPoints, 4));
}
