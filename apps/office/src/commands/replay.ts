// `tally replay`: folds the log from nothing on both SQLite drivers and compares with the live tables.
import type { Command } from '../command.ts';
import { grouped } from '../progress.ts';
import { type Replay, replayIntoFile, replayIntoSqlJs } from '../proof.ts';
import { readingCommand } from './reading.ts';

export const replay: Command = readingCommand({
  name: 'replay',
  summary: 'Fold the log from nothing into better-sqlite3 and sql.js and compare the digests.',
  async answer(book, _context, home) {
    const live = book.digest().digest;
    const native = await timed(() => replayIntoFile(home, book));
    const portable = await timed(() => replayIntoSqlJs(home, book));
    const ok = native.digest === live && portable.digest === live;
    const line = (name: string, run: Replay & { seconds: number }): string =>
      `${name.padEnd(16)}${run.digest}  ${grouped(run.ops)} ops in ${run.seconds} s, ${grouped(Math.round(run.ops / Math.max(run.seconds, 0.001)))} ops/s`;
    return {
      status: ok ? 0 : 1,
      json: { ok, digest: live, betterSqlite3: native, sqljs: portable },
      lines: [
        `${'live'.padEnd(16)}${live}`,
        line('better-sqlite3', native),
        line('sql.js', portable),
        ok ? 'all three agree' : 'FAILED: the digests differ',
      ],
    };
  },
});

async function timed(work: () => Promise<Replay>): Promise<Replay & { seconds: number }> {
  const startedMs = performance.now();
  const result = await work();
  return { ...result, seconds: Math.round(performance.now() - startedMs) / 1000 };
}
