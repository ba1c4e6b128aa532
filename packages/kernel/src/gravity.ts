/** How often settled ops changed each table of a scope: what a cold device wants first. */
import type { SqlDriver } from './driver.ts';
import type { Undo } from './undo.ts';

export class Gravity {
  readonly #driver: SqlDriver;
  readonly #scope: string;
  /** Changes since the last flush, by table. */
  readonly #touches = new Map<string, number>();

  constructor(driver: SqlDriver, scope: string) {
    this.#driver = driver;
    this.#scope = scope;
  }

  /** Counts the steps of an op from `start` on: when it is folded, or when it gets its position. */
  count(steps: readonly Undo[], start = 0): void {
    for (let index = start; index < steps.length; index++) {
      const [kind, table] = steps[index] as Undo;
      if (kind !== 'chain') this.#touches.set(table, (this.#touches.get(table) ?? 0) + 1);
    }
  }

  flush(): void {
    const add =
      'INSERT INTO gravity (scope, name, touches) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET touches = touches + excluded.touches';
    for (const [name, touches] of this.#touches) this.#driver.prepare(add).run([this.#scope, name, touches]);
    this.#touches.clear();
  }

  discard(): void {
    this.#touches.clear();
  }
}
