/** The quick way to take ops in, under a savepoint: all of it, or nothing, with everything as before. */
import type { SqlDriver } from './driver.ts';
import type { Projection } from './projection.ts';
import type { SettledPrefix } from './settled-prefix.ts';
import type { Tail } from './tail.ts';

/** From so many ops on it pays to insert the rows of sets together. */
export const MANY = 8;

/** Thrown by the work of an attempt that would not end in the fold from nothing. */
export class Conflict extends Error {}

/** What an attempt changes. */
export interface Attempted {
  readonly driver: SqlDriver;
  readonly projection: Projection;
  readonly prefix: SettledPrefix;
  readonly tail: Tail;
  /** Called when it was taken back. */
  forgetStop(): void;
}

/**
 * False when the work met a conflict. Of many ops the set rows are first inserted together, which tells too late which op found its row there; then the
 * ops are folded once more with each row on its own.
 */
export function attempt(parts: Attempted, ops: number, work: () => void): boolean {
  const { projection } = parts;
  if (ops >= MANY) {
    const answer = underSavepoint(parts, () => projection.withBufferedPuts(work));
    if (answer !== 'known row') return answer === 'done';
  }
  const apart = (): boolean => {
    work();
    projection.flush();
    return true;
  };
  return underSavepoint(parts, apart) === 'done';
}

function underSavepoint(parts: Attempted, work: () => boolean): 'done' | 'conflict' | 'known row' {
  const { driver, projection, prefix, tail } = parts;
  projection.release();
  projection.flush();
  tail.rows.flush();
  const before = { prefix: prefix.state(), tail: tail.state() };
  driver.prepare('SAVEPOINT attempt').run([]);
  let answer: 'done' | 'conflict' | 'known row';
  try {
    answer = work() ? 'done' : 'known row';
  } catch (error) {
    // Anything else ends the whole transaction, which SQLite may have done already.
    if (!(error instanceof Conflict)) throw error;
    answer = projection.metKnownRow ? 'known row' : 'conflict';
  }
  if (answer !== 'done') {
    driver.prepare('ROLLBACK TO attempt').run([]);
    projection.discard();
    prefix.restore(before.prefix);
    tail.restore(before.tail);
    parts.forgetStop();
  }
  driver.prepare('RELEASE attempt').run([]);
  return answer;
}
