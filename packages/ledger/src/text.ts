/** The short texts that name things in the books: days, currencies, names. Days are recorded at the edge, never computed here. */

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** True for a day of the proleptic Gregorian calendar written as ISO 8601 `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const year = numberAt(text, 0, 4);
  const month = numberAt(text, 5, 7);
  const day = numberAt(text, 8, 10);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
  return day >= 1 && day <= last;
}

/** What digits say; every op is asked for its day, so no texts are made of them. */
function numberAt(text: string, from: number, to: number): number {
  let number = 0;
  for (let index = from; index < to; index++) number = 10 * number + text.charCodeAt(index) - 0x30;
  return number;
}

/** The day after a day of the calendar; undefined after 9999-12-31. */
export function dayAfter(day: string): string | undefined {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  for (const [nextYear, nextMonth, nextDate] of [
    [year, month, date + 1],
    [year, month + 1, 1],
    [year + 1, 1, 1],
  ] as const) {
    const next = `${digits(nextYear, 4)}-${digits(nextMonth, 2)}-${digits(nextDate, 2)}`;
    if (isDay(next)) return next;
  }
  return undefined;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

/** True for the shape of an ISO 4217 code: three capital letters. Which codes exist changes, so it is not judged here. */
export function isCurrency(text: string): boolean {
  return text.length === 3 && isCapital(text, 0) && isCapital(text, 1) && isCapital(text, 2);
}

function isCapital(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0x41 && unit <= 0x5a;
}

/**
 * True for a text of at most `maxLength` UTF-16 units without control characters. They would let two different names look
 * alike on a screen, and SQLite's C interface ends a text at NUL.
 */
export function isPlainText(text: string, maxLength: number): boolean {
  if (text.length > maxLength) return false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  return true;
}
