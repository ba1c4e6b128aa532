// Why a log does not open, as far as it decides what may be done about it.

/** A newer version wrote the log: it is whole, and nothing here may put it away. */
export const newerLog = 'store/newer';

const damage: ReadonlySet<string> = new Set(['store/damaged', 'store/format']);

/** Whether the log may be put aside: it is damaged, and no version will open it. */
export function isDamage(code: string): boolean {
  return damage.has(code);
}
