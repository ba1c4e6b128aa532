/** Who is told of the changes of a book. A listener's fault is never that of the change. */
import { mustBe } from './asked.ts';
import { countDisagreements } from './disagreement.ts';
import { relayFindings } from './relay-findings.ts';
import type { Replica } from './replica.ts';
import type { Change } from './status.ts';

export class Changes {
  readonly #replica: Replica;
  readonly #listeners = new Set<(change: Change) => void>();
  #isClosed = false;
  /** How many were told, and how often the replica had read its rows anew by then. */
  #disagreements: number;
  #loads: number;

  constructor(replica: Replica) {
    this.#replica = replica;
    this.#disagreements = countDisagreements(replica.sql);
    this.#loads = replica.loads;
  }

  /** Returns how to stop. */
  subscribe(listener: (change: Change) => void): () => void {
    mustBe(typeof listener === 'function', 'a listener');
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells of a change, and of a disagreement that came with it; `isPlain` cannot have brought one. */
  emit(change: Change, isPlain = false): void {
    this.#tell(change);
    // Only acts of the kernel bring disagreements, or another program in the same database.
    if (isPlain && this.#replica.loads === this.#loads) return;
    const count = this.#isClosed ? 0 : this.#countDisagreements();
    if (count === undefined) return;
    this.#loads = this.#replica.loads;
    if (count > this.#disagreements) this.#tell({ kind: 'disagreement' });
    this.#disagreements = Math.max(count, this.#disagreements);
  }

  /** Runs an exchange and says it, however that ended, when it led to a proof against the relay. */
  async noting<T>(exchange: () => Promise<T>): Promise<T> {
    const { log } = this.#replica;
    const before = relayFindings(log).length;
    try {
      return await exchange();
    } finally {
      if (!this.#isClosed && relayFindings(log).length > before) this.#tell({ kind: 'relay-proof' });
    }
  }

  /** Asks nothing of the store any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Tells nobody any more. */
  forget(): void {
    this.#listeners.clear();
  }

  /** Undefined where the rows cannot be read now: what changed has changed all the same, and the next change counts them. */
  #countDisagreements(): number | undefined {
    try {
      return countDisagreements(this.#replica.sql);
    } catch {
      return undefined;
    }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // What happened has happened, and whoever asked for it must be told so; the listener's fault goes where uncaught errors go.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
