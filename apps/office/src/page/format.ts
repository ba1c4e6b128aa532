// Numbers and times as people read them, in the reader's own locale.

/** Amount in minor units as money. */
export function money(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** decimals);
}

/** Money without pence, for axes. */
export function roundMoney(amountMinor: number, currency: string): string {
  const decimals =
    new Intl.NumberFormat(undefined, { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  return new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency,
    notation: 'compact',
    maximumFractionDigits: 1,
    minimumFractionDigits: 0,
  }).format(amountMinor / 10 ** decimals);
}

export function whole(value: number): string {
  return new Intl.NumberFormat().format(value);
}

/** A quantity counted in units of 10^-unitScale. */
export function quantity(value: number, unitScale: number): string {
  return new Intl.NumberFormat(undefined, {
    minimumFractionDigits: unitScale,
    maximumFractionDigits: unitScale,
  }).format(value / 10 ** unitScale);
}

export function hour(atMs: number): string {
  return new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).format(atMs);
}

export function dayAndClock(atMs: number): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(atMs);
}

/** A business day, which has no time zone. */
export function day(text: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    Date.parse(`${text}T00:00:00Z`),
  );
}

export function shortDay(text: string): string {
  return new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    Date.parse(`${text}T00:00:00Z`),
  );
}

/** How long ago, in words short enough for a chip. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

/** `1 line`, `2 lines`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${whole(count)} ${count === 1 ? noun : plural}`;
}
