/**
 * When the rows of a replica are written: in SQL transactions that take everything back when one fails, and later than the log where nobody has to see
 * them yet (docs/decisions/023-floors.md).
 */
import type { MaybePromise, OpRecord } from '@tallystick/oplog';
import { rollBack, type SqlDriver, storageError } from './driver.ts';
import { KernelError } from './errors.ts';
import type { Scope } from './scope.ts';
import { finish, type Steps } from './steps.ts';

/** So many ops, of all scopes, may wait for their rows to be written: all are folded again after a crash. */
const MOST_HELD = 256;

/** How what is in memory follows what is stored. */
export interface Following {
  /** Forgets what was read of the database and the log, but for what a scope holds. */
  refresh(): Steps<void>;
  /** Reads everything anew, and folds what the log holds beyond the rows. */
  followLog(): Steps<void>;
}

/** A pending tail that is out of the rows for a while. */
export interface HiddenTail {
  hide(): void;
  show(): void;
}

export class Transactions {
  readonly driver: SqlDriver;
  /** While the transaction under way works without it: whoever reads has it. */
  hidden: HiddenTail | undefined;
  readonly #following: Following;
  /** Those that hold what is not in the database yet: between transactions, what ops of this device came to. */
  readonly #dirty = new Set<Scope>();
  #isOpen = false;
  #holds = false;
  /** What was held when the transaction began goes with it. */
  #mayLose = false;
  /** By scope that the transaction changes for others: the ops without a position that it had. */
  readonly #before = new Map<Scope, readonly OpRecord[]>();
  /** What the log has could not be written, nor folded again. */
  #hasLost = false;
  /** A transaction failed: memory, and a log outside the database, may be ahead of the rows. */
  #isBehind = false;
  /** The last transaction could neither be committed nor taken back. */
  #isStuck = false;
  /** What a read took back of the transaction under way is not all there again. */
  #isTorn = false;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(driver: SqlDriver, following: Following) {
    this.driver = driver;
    this.#following = following;
  }

  /** Whether rows are held that are not written yet. */
  get holdsRows(): boolean {
    return this.#dirty.size > 0;
  }

  /** Whether memory may be ahead of the rows. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether the last transaction could neither be committed nor taken back. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Runs work alone. Calls queue up; one that fails does not stop the next. Throws `kernel/storage` where the disk fails. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#busy.then(work, work).catch((error: unknown) => Promise.reject(storageError(error)));
    this.#busy = run.catch(() => undefined);
    return run;
  }

  /**
   * Runs work in one SQL transaction; on failure the database is as before. The log may then hold ops that the rows do not: the next transaction folds
   * them first. With `holdsRows` the rows of what is committed may wait in memory for a read, a later transaction or the next opening. Call inside
   * `exclusive`.
   */
  transaction<T>(work: () => MaybePromise<T>, holdsRows = false): Promise<T> {
    return this.#within(holdsRows, async () => {
      const result = await work();
      this.#end(holdsRows);
      return result;
    });
  }

  /**
   * As `transaction`, of what folds the ops of others, of which nobody may see a half: it ends at once with the last step, and wherever it has to wait, what it
   * did before that is committed. Fails only as far as it was not.
   */
  inSteps<T>(work: () => Steps<T>): Promise<T> {
    return this.#within(false, () => this.#walk(work()));
  }

  async #within<T>(holdsRows: boolean, work: () => Promise<T>): Promise<T> {
    const mayTryAgain = holdsRows || !this.#isBehind || this.holdsRows;
    this.#mayLose = this.holdsRows;
    this.#begin();
    this.#isOpen = true;
    try {
      // Once more where another program wrote before this one had the file again.
      while (this.driver.changedOutside() || this.#isBehind) {
        // The log has what is held, and it is folded from there.
        this.#dirty.clear();
        await this.#walk(this.#following.followLog());
        this.#isBehind = false;
        this.#hasLost = false;
        this.#begin();
        this.#isOpen = true;
      }
      if (!holdsRows) this.flush();
      this.#holds = holdsRows;
      return await work();
    } catch (error) {
      if (this.#isOpen) await this.#fail();
      // What the log has kept, and what was held, is folded again, so that reads see it: where that fails, they say so.
      if (mayTryAgain && !this.#isStuck) await this.transaction(() => undefined).catch(() => (this.#hasLost = true));
      throw storageError(error);
    }
  }

  async #walk<T>(steps: Steps<T>): Promise<T> {
    let wait: Promise<unknown> | undefined;
    try {
      let step = steps.next();
      while (step.done !== true) {
        let { value } = step;
        if (value instanceof Promise) {
          wait = value.catch(() => undefined);
          if (this.#hasWhole) {
            this.#end(false);
            this.#goOn();
          }
          value = await value;
        }
        step = steps.next(value);
      }
      this.#end(false);
      return step.value;
    } catch (error) {
      // What a log was asked to write, it may yet write.
      await Promise.all([this.#fail(), wait]);
      throw error;
    }
  }

  /** Whether something was folded, and no fold waits in its middle for the table of a snapshot. */
  get #hasWhole(): boolean {
    return this.#dirty.size > 0 && [...this.#dirty].every(({ stop }) => stop?.code !== 'kernel/not-resident');
  }

  /** Commits, and shows what was done: nothing else runs meanwhile. */
  #end(holdsRows: boolean): void {
    this.#holds = false;
    if (this.#isTorn) throw new KernelError('kernel/storage', 'a read could not put back what it had to take back');
    const isWritten = this.writeDue(holdsRows);
    this.driver.prepare('COMMIT').run([]);
    this.#isOpen = false;
    this.#mayLose = false;
    this.#before.clear();
    for (const scope of this.#dirty) scope.keep();
    if (isWritten) this.#dirty.clear();
  }

  #goOn(): void {
    this.#begin();
    this.#isOpen = true;
    if (this.driver.changedOutside()) throw new KernelError('kernel/storage', 'another program wrote: ask again');
  }

  /** Takes back what is not committed, in memory too, before anybody can ask. */
  async #fail(): Promise<void> {
    const changed = [...this.#dirty];
    this.#dirty.clear();
    this.#isOpen = false;
    this.#holds = false;
    this.#isTorn = false;
    this.#isBehind = true;
    this.#isStuck = !rollBack(this.driver);
    this.#hasLost ||= this.#mayLose || this.#isStuck;
    if (this.#isStuck) return;
    try {
      for (const scope of changed) scope.restore(this.#before.get(scope));
      await finish(this.#following.refresh());
    } catch {
      // Memory may say what the rows do not.
      this.#hasLost = true;
    }
    this.#before.clear();
  }

  /** Writes what is folded in memory to the database. Call inside a transaction. */
  flush(): void {
    for (const scope of this.#dirty) scope.flush();
  }

  /** Writes it unless it `mayWait` and nothing of it has to be written now. Answers whether it did. Call inside a transaction. */
  writeDue(mayWait: boolean): boolean {
    const isDue = !mayWait || this.#holdsMuch || [...this.#dirty].some((scope) => scope.mustWrite);
    if (isDue) this.flush();
    return isDue;
  }

  get #holdsMuch(): boolean {
    let held = 0;
    for (const scope of this.#dirty) held += scope.held;
    return held >= MOST_HELD;
  }

  /** Writes what is held, within a transaction under way, or in one of its own: the log has on the disk what this makes readable. */
  writeHeld(): void {
    if (this.#isOpen) {
      this.flush();
      return;
    }
    if (this.#hasLost) {
      this.exclusive(() => this.transaction(() => undefined)).catch(() => undefined);
      throw new KernelError('kernel/storage', 'the rows of stored ops could not be written; it is being tried again');
    }
    if (this.#dirty.size === 0) return;
    let hasBegun = false;
    const write = (): void => {
      this.#begin();
      hasBegun = true;
      const isChanged = this.driver.changedOutside();
      this.#isBehind ||= isChanged;
      if (isChanged && ![...this.#dirty].every((scope) => scope.isAsWritten())) {
        // Somebody else has folded meanwhile, and with theirs the ops whose rows are held: the next transaction reads them.
        this.driver.prepare('ROLLBACK').run([]);
        return;
      }
      this.flush();
      this.driver.prepare('COMMIT').run([]);
    };
    try {
      if (this.driver.withoutSync === undefined) write();
      else this.driver.withoutSync(write);
    } catch (error) {
      // Another program was writing: what is held goes on waiting.
      if (!hasBegun) throw storageError(error);
      this.#isBehind = true;
      this.#hasLost = true;
      this.#isStuck = !rollBack(this.driver);
      throw storageError(error);
    } finally {
      if (hasBegun) this.#dirty.clear();
    }
  }

  /** Reads rows, what is held with them. Of a commit under way nothing may be seen: it is taken back for this, and folded again. */
  read<T>(work: () => T): T {
    if (!this.#isOpen) {
      this.writeHeld();
      return work();
    }
    this.#isTorn = true;
    this.hidden?.show();
    for (const scope of this.#dirty) scope.withdraw();
    this.flush();
    try {
      return work();
    } finally {
      for (const scope of this.#dirty) scope.putBack();
      this.hidden?.hide();
      this.#isTorn = false;
    }
  }

  /**
   * Takes note that a scope is about to change. What `hq` holds in memory is written first: a fold of another scope reads `hq`, which writes its rows,
   * and a fold that is rolled back must not take those with it. Call inside a transaction.
   */
  change(scope: Scope, hq: Scope): void {
    if (scope !== hq && this.#dirty.has(hq)) hq.flush();
    if (!this.#holds && !this.#before.has(scope)) this.#before.set(scope, scope.pending);
    this.#dirty.add(scope);
    // A batch may be longer than what may wait.
    if (this.#holds && this.#holdsMuch) this.flush();
    if (this.#holds) scope.hold();
  }

  #begin(): void {
    try {
      this.driver.prepare('BEGIN IMMEDIATE').run([]);
    } catch (cause) {
      throw storageError(cause);
    }
  }
}
