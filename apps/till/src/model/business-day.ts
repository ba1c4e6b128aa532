// Which business day a document belongs to. The clock may be wrong; the day never goes back behind the open session's day,
// and a shop that sells past midnight stays in the day it opened until four in the morning.

const lateHours = 4;

/** A local date as `2026-11-21`. */
export function localDay(at: Date): string {
  const year = at.getFullYear().toString().padStart(4, '0');
  return `${year}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
}

export function businessDay(at: Date, openedDay: string | undefined): string {
  const today = localDay(at);
  if (openedDay === undefined) return today;
  if (today <= openedDay) return openedDay;
  const yesterday = localDay(new Date(at.getFullYear(), at.getMonth(), at.getDate() - 1));
  return at.getHours() < lateHours && openedDay === yesterday ? openedDay : today;
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, '0');
}
