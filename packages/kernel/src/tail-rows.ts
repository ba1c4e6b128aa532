/**
 * The stored side of a pending tail: one row an op, with what it touched and how to take it back. Rows of own ops may wait in memory with what else they
 * came to; whoever asks for a row has them written first.
 */
import type { OpHash } from '@tallystick/oplog';
import type { SqlDriver } from './driver.ts';
import type { Outline } from './outline.ts';
import type { TailRow } from './tail-row.ts';

type HeldRow = readonly [ordinal: number, hash: OpHash, ...row: TailRow];

const ROWS_AT_ONCE = 16;
const INSERT = 'INSERT INTO tail (scope, ordinal, hash, outline, touched) VALUES (?, ?, ?, ?, ?)';
const INSERT_MANY = INSERT + ', (?, ?, ?, ?, ?)'.repeat(ROWS_AT_ONCE - 1);

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
    if (mayWait) return;
    this.#hasWritten = true;
    if (this.#held.length >= ROWS_AT_ONCE) this.flush();
  }

  flush(): void {
    if (this.#held.length === 0) return;
    for (let at = 0; at < this.#held.length; ) {
      const count = this.#held.length - at < ROWS_AT_ONCE ? 1 : ROWS_AT_ONCE;
      const rows = this.#held.slice(at, (at += count));
      this.#driver.prepare(count === 1 ? INSERT : INSERT_MANY).run(rows.flatMap((row) => [this.#scope, ...row]));
    }
    this.#held.length = 0;
    this.#hasWritten = true;
  }

  get(ordinal: number): TailRow {
    this.flush();
    return this.#driver
      .prepare('SELECT outline, touched FROM tail WHERE scope = ? AND ordinal = ?')
      .get([this.#scope, ordinal]) as unknown as TailRow;
  }

  /** Every row, the last first. */
  all(): HeldRow[] {
    this.flush();
    const rows = this.#driver
      .prepare('SELECT ordinal, hash, outline, touched FROM tail WHERE scope = ? ORDER BY ordinal DESC')
      .iterate([this.#scope]);
    return [...rows] as unknown as HeldRow[];
  }

  /** What stands in the database, the first first; no other statement may run until the last is read. */
  stored(): IterableIterator<readonly [ordinal: number, hash: string, outline: Outline]> {
    return this.#driver
      .prepare('SELECT ordinal, hash, outline FROM tail WHERE scope = ? ORDER BY ordinal')
      .iterate([this.#scope]) as IterableIterator<readonly [number, string, Outline]>;
  }

  /** Removes a row that settles, and answers how its op would have been taken back. */
  take(ordinal: number): TailRow {
    this.flush();
    this.#hasWritten = true;
    return this.#driver
      .prepare('DELETE FROM tail WHERE scope = ? AND ordinal = ? RETURNING outline, touched')
      .get([this.#scope, ordinal]) as unknown as TailRow;
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

  /** Forgets what waits: of a part that is rolled back. */
  forgetHeld(): void {
    this.#held.length = 0;
  }

  /** As `forgetHeld`, and what was written: after a rollback, or when another connection wrote. */
  discard(): void {
    this.#held.length = 0;
    this.#hasWritten = false;
  }
}
