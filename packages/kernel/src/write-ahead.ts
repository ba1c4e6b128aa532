/**
 * Room in SQLite's write-ahead log. A commit that makes a file longer waits for the file system to note the new length too, which takes about as long as the
 * frames themselves. SQLite writes over a log that is long already, but removes it when the last program closes the database, so every start begins with none.
 */
import type Database from 'better-sqlite3';
import { statSync } from 'node:fs';

/** Beyond this the frames go into the database, and the log begins anew. */
export const CHECKPOINT_PAGES = 4000;
const COMMITS_BETWEEN = 8;
/** A disk that was full may have room again; one that stays full is not asked again and again. */
const COMMITS_AFTER_FAILURE = 512;
/** Commits of more pages each wait little for the length of the file. */
const SMALL_COMMIT_PAGES = 4;
/** No more pages at once: the next commit waits for them all. */
const MOST_PAGES = 512;
/** SQLite that tells how many frames there are without moving any. */
const [MAJOR, MINOR] = [3, 51];
/** Of these SQLite holds no fewer, so that others go to the log before a transaction ends. */
const CACHED_PAGES = 8;
const FRAME_HEADER_BYTES = 24;

/**
 * Answers what to call after each commit of this connection, outside of a transaction. It makes the write-ahead log longer before it has to be, by no more than
 * is in use already, and only while commits are small. It changes nothing that anybody reads, waits for no other program, and is seldom tried again where it fails.
 */
export function keepLogRoom(db: Database.Database): () => void {
  if (db.memory || !tellsFrames(db)) return () => undefined;
  const frames = db.prepare<[], [busy: number, log: number, moved: number]>('PRAGMA wal_checkpoint(NOOP)').raw();
  const frameBytes = Number(db.pragma('page_size', { simple: true })) + FRAME_HEADER_BYTES;
  let commits = 0;
  let before = 0;
  let due = COMMITS_BETWEEN;
  return () => {
    commits += 1;
    if (commits < due) return;
    due = commits + COMMITS_BETWEEN;
    try {
      const [, log, moved] = frames.get() ?? [0, 0, 0];
      const written = log - before;
      before = log;
      // Where all are moved, the next frame goes to the beginning.
      if (log === moved || written <= 0 || written > SMALL_COMMIT_PAGES * COMMITS_BETWEEN) return;
      const wanted = Math.min(log, MOST_PAGES, CHECKPOINT_PAGES - log);
      const room = Math.floor(statSync(`${db.name}-wal`).size / frameBytes) - log;
      if (room < wanted / 2) lengthen(db, wanted);
    } catch (cause) {
      // Another program is writing: that is over soon.
      const isBusy = cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE_BUSY');
      if (!isBusy) due = commits + COMMITS_AFTER_FAILURE;
    }
  };
}

/** Pages of a transaction that outgrows its memory go to the log; those of one that is taken back are written over by the next. */
function lengthen(db: Database.Database, pages: number): void {
  const cached = Number(db.pragma('cache_size', { simple: true }));
  const waitMs = Number(db.pragma('busy_timeout', { simple: true }));
  try {
    // The commit before this has yet to be answered.
    db.pragma('busy_timeout = 0');
    db.exec('BEGIN IMMEDIATE');
    db.pragma(`cache_size = ${CACHED_PAGES}`);
    const bytes = pages * Number(db.pragma('page_size', { simple: true }));
    db.prepare(
      "INSERT INTO tail (scope, ordinal, hash, outline, touched) VALUES ('', 0, '', '', CAST(zeroblob(?) AS TEXT))",
    ).run(bytes);
  } finally {
    if (db.inTransaction) db.prepare('ROLLBACK').run();
    db.pragma(`cache_size = ${cached}`);
    db.pragma(`busy_timeout = ${waitMs}`);
  }
}

function tellsFrames(db: Database.Database): boolean {
  const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MAJOR || (major === MAJOR && minor >= MINOR);
}
