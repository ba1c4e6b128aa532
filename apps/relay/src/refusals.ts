// Lines in the log about requests that were refused: so many a second and no more, for anybody can send what is refused.
import type { Log } from './log.ts';
import type { Served } from './served.ts';

const linesPerSecond = 20;

/** Tells the log what was refused. What was left out is counted in the next line. */
export function createRefusalLog(log: Log, nowMs: () => number = Date.now): (served: Served) => void {
  let [second, lines, unsaid] = [0, 0, 0];
  return ({ kind, book, status, code }) => {
    if (status < 400) return;
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) [second, lines] = [now, 0];
    if (lines >= linesPerSecond) {
      unsaid += 1;
      return;
    }
    lines += 1;
    const left = unsaid === 0 ? {} : { unsaid };
    unsaid = 0;
    log({ level: 'warn', event: 'refused', request: kind, book, status, code, ...left });
  };
}
