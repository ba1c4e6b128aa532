/**
 * The stored side of a pending tail: one row an op, with what it touched and how to take it back. Rows of own ops may wait in memory with what else they
 * came to; whoever asks for a row has them written first.
 */
import type { OpHash } from '@tallystick/oplog';
import type { SqlDriver } from './driver.ts';
import type { Outline } from './outline.ts';
import type { TailRow } from './tail-row.ts';

type HeldRow = readonly [ordinal: number, hash: OpHash, ...row: TailRow];

export class TailRows {
  readonly #driver: SqlDriver;
  readonly #scope: string;
  readonly #held: HeldRow[] = [];
  #hasWritten = false;

  constructor(driver: SqlDriver, scope: string) {
    this.#driver = driver;
    this.#scope = scope;
  }

  /** How many wait. */
  get held(): number {
    return this.#held.length;
  }

  /** Whether any row was written or removed since `markWhole`. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Call when everything else of the scope is written too. */
  markWhole(): void {
    this.#hasWritten = false;
  }

  /** Rows in the order of their ordinals. */
  add(ordinal: number, hash: OpHash, row: TailRow, mayWait: boolean): void {
    this.#held.push([ordinal, hash, ...row]);
    if (!mayWait) this.flush();
  }

  flush(): void {
    if (this.#held.length === 0) return;
    for (const row of this.#held)
      this.#driver
        .prepare('INSERT INTO tail (scope, ordinal, hash, outline, touch, undo) VALUES (?, ?, ?, ?, ?, ?)')
        .run([this.#scope, ...row]);
    this.#held.length = 0;
    this.#hasWritten = true;
  }

  get(ordinal: number): TailRow {
    this.flush();
    return this.#driver
      .prepare('SELECT outline, touch, undo FROM tail WHERE scope = ? AND ordinal = ?')
      .get([this.#scope, ordinal]) as unknown as TailRow;
  }

  /** Every row, the last first. */
  all(): (readonly [ordinal: number, hash: OpHash, undo: string])[] {
    this.flush();
    const rows = this.#driver
      .prepare('SELECT ordinal, hash, undo FROM tail WHERE scope = ? ORDER BY ordinal DESC')
      .iterate([this.#scope]);
    return [...rows] as unknown as (readonly [number, OpHash, string])[];
  }

  /** What stands in the database, the first first; no other statement may run until the last is read. */
  stored(): IterableIterator<readonly [ordinal: number, hash: string, outline: Outline]> {
    return this.#driver
      .prepare('SELECT ordinal, hash, outline FROM tail WHERE scope = ? ORDER BY ordinal')
      .iterate([this.#scope]) as IterableIterator<readonly [number, string, Outline]>;
  }

  /** Removes a row that settles, and answers how its op would have been taken back. */
  take(ordinal: number): string {
    this.flush();
    this.#hasWritten = true;
    const row = this.#driver
      .prepare('DELETE FROM tail WHERE scope = ? AND ordinal = ? RETURNING undo')
      .get([this.#scope, ordinal]) as readonly [string];
    return row[0];
  }

  /** Removes the row that was added last. */
  dropLast(ordinal: number): void {
    if (this.#held.at(-1)?.[0] === ordinal) {
      this.#held.pop();
      return;
    }
    this.#hasWritten = true;
    this.#driver.prepare('DELETE FROM tail WHERE scope = ? AND ordinal = ?').run([this.#scope, ordinal]);
  }

  clear(): void {
    this.#held.length = 0;
    this.#hasWritten = true;
    this.#driver.prepare('DELETE FROM tail WHERE scope = ?').run([this.#scope]);
  }

  /** Forgets what waits: after a rollback, or when another connection wrote. */
  discard(): void {
    this.#held.length = 0;
    this.#hasWritten = false;
  }
}
