/** What every part of an open book works on, until it is closed. */
import type { MaybePromise, Scope } from '@tallystick/oplog';
import { Changes } from './changes.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import type { OpenBookOptions } from './open-book.ts';
import type { OwnDevice } from './own-device.ts';
import type { Replica } from './replica.ts';
import type { AbsentTable } from './residency.ts';
import { fetchTables } from './snapshot-use.ts';
import { loadSeldom, type SeldomPart } from './parts.ts';
import { META_UNANCHORED } from './status.ts';
import type { Verb } from './verb.ts';
import type { OlderOps } from './whole-log.ts';

export class OpenedBook {
  readonly replica: Replica;
  readonly options: OpenBookOptions<readonly Verb[]>;
  readonly own: OwnDevice;
  readonly changes: Changes;
  #isClosed = false;

  constructor(replica: Replica, options: OpenBookOptions<readonly Verb[]>, own: OwnDevice) {
    this.replica = replica;
    this.options = options;
    this.own = own;
    this.changes = new Changes(replica);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  mustBeOpen(): void {
    if (this.#isClosed) throw closed();
  }

  /** Runs what lets others in between. What it meets in a store that was closed meanwhile says no more than that. */
  async whileOpen<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#isClosed ? closed(error) : error;
    }
  }

  /**
   * Runs a part's work alone. The part is there before that: however long its file is on its way, nobody who writes waits for it, nor does `close`. What was
   * asked of the book before is done before.
   */
  async afterLoading<P extends object, T>(load: () => MaybePromise<P>, work: (part: P) => Promise<T>): Promise<T> {
    this.mustBeOpen();
    const loaded = load();
    if (!(loaded instanceof Promise)) return this.replica.exclusive(() => work(loaded));
    const part = await loaded;
    this.mustBeOpen();
    return this.replica.exclusive(() => work(part));
  }

  /** Whether this device must first learn its own last op. */
  get isUnanchored(): boolean {
    return this.replica.log.meta(META_UNANCHORED) === '1' || this.options.lacksOwn?.() === true;
  }

  async anchor(): Promise<void> {
    this.mustBeOpen();
    const { replica } = this;
    if (this.isUnanchored) await replica.exclusive(async () => replica.log.setMeta(META_UNANCHORED, ''));
  }

  close(): void {
    this.#isClosed = true;
    this.changes.close();
  }

  /** Of the tables that a query reads, those that are not here. */
  absentOf(sql: string, params: readonly SqlValue[]): readonly AbsentTable[] {
    const { residency, driver } = this.replica.schema;
    return residency.absentOf(driver, sql, params);
  }

  /** Loads tables of the snapshot that this book began from. */
  async fetch(tables: readonly AbsentTable[]): Promise<void> {
    if (tables.length === 0) return;
    await this.replica.exclusive(() => this.replica.inSteps(() => fetchTables(this.replica, tables)));
    this.changes.emit({ kind: 'resident' });
  }

  /** Older ops are asked for as this device unless somebody else is named. */
  older(older: OlderOps): OlderOps {
    return { device: this.own.readers()[0], ...older };
  }

  /**
   * Runs an audit alone. Older ops that a relay has to bring, of the scopes that are `needed`, are here before that: nobody who writes waits for a
   * network.
   */
  async audit<T>(
    older: OlderOps,
    work: (part: SeldomPart, older: OlderOps) => Promise<T>,
    needed: (part: SeldomPart) => readonly Scope[] | undefined = () => undefined,
  ): Promise<T> {
    // Who asks a relay stands in the store, which is closed with the book.
    this.mustBeOpen();
    let held = this.older(older);
    if (older.relay !== undefined)
      held = await this.whileOpen(async () => {
        const part = await loadSeldom();
        return part.fetchOlder(this.replica, held, needed(part));
      });
    return this.afterLoading(loadSeldom, (part) => work(part, held));
  }
}

function closed(cause?: unknown): KernelError {
  return new KernelError('kernel/closed', 'this book is closed', cause);
}
