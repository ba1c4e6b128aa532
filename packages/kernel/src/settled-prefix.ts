/** How many settled ops of a scope are folded and the greatest id among them: in memory, and as the row of the scope in `scopes` says. */
import type { OpRecord } from '@tallystick/oplog';
import type { SqlDriver, SqlValue } from './driver.ts';

/** What a rollback leads back to. */
export interface PrefixState {
  readonly folded: number;
  readonly lastId: string;
}

export class SettledPrefix {
  readonly #driver: SqlDriver;
  readonly #scope: string;
  #folded = 0;
  #lastId = '';
  /** Undefined before the database says anything. */
  #saved: PrefixState | undefined;

  constructor(driver: SqlDriver, scope: string) {
    this.#driver = driver;
    this.#scope = scope;
  }

  get folded(): number {
    return this.#folded;
  }

  /** The greatest id, or ''. */
  get lastId(): string {
    return this.#lastId;
  }

  /** Whether more is folded than the database says. */
  get hasGrown(): boolean {
    return this.#folded !== (this.#saved?.folded ?? 0);
  }

  add({ op }: OpRecord): void {
    this.#folded += 1;
    if (op.id > this.#lastId) this.#lastId = op.id;
  }

  state(): PrefixState {
    return { folded: this.#folded, lastId: this.#lastId };
  }

  restore({ folded, lastId }: PrefixState): void {
    this.#folded = folded;
    this.#lastId = lastId;
  }

  load(): void {
    const row = this.#row();
    this.restore({ folded: (row?.[0] as number | undefined) ?? 0, lastId: (row?.[1] as string | undefined) ?? '' });
    this.#saved = row === undefined ? undefined : this.state();
  }

  /** Whether the row says what was read or written here last. */
  isAsWritten(): boolean {
    const [folded, lastId] = this.#row() ?? [];
    return folded === this.#saved?.folded && lastId === this.#saved?.lastId;
  }

  write(): void {
    if (this.#saved?.folded === this.#folded && this.#saved.lastId === this.#lastId) return;
    this.#saved = this.state();
    this.#driver
      .prepare(
        'INSERT INTO scopes (scope, folded, lastId) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET folded = excluded.folded, lastId = excluded.lastId',
      )
      .run([this.#scope, this.#folded, this.#lastId]);
  }

  #row(): readonly SqlValue[] | undefined {
    return this.#driver.prepare('SELECT folded, lastId FROM scopes WHERE scope = ?').get([this.#scope]);
  }
}
