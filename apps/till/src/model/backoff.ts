// When the till talks to its relay next: soon after a sale, every few seconds while all is well (seldom where the relay says by itself when there is news), and further and further
// apart (with jitter, so that a fleet does not come back all at once) while nobody answers.

export const soonMs = 40;
export const steadyMs = 4_000;
/** While the relay is heard. */
export const heardMs = 30_000;
const longestMs = 60_000;

/** `failures` in a row so far; `random` in [0, 1). */
export function nextDelayMs(failures: number, random: number, isHeard = false): number {
  if (failures <= 0) return isHeard ? heardMs : steadyMs;
  const ceiling = Math.min(longestMs, 1_000 * 2 ** Math.min(failures, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
