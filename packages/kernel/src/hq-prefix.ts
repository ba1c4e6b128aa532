/** What other scopes know of `hq`: its settled prefix as of a size, its rows there, and the roots that marks name (DESIGN section 4). */
import type { Hasher } from '@tallystick/chain/hashing';
import type { LogStore, OpRecord } from '@tallystick/oplog';
import { hqMark, relayAppointments } from './builtin.ts';
import { HQ } from './genesis.ts';
import { rootOfTip, rootSteps } from './roots.ts';
import type { Schema } from './schema.ts';
import type { Scope } from './scope.ts';
import type { Steps } from './steps.ts';
import type { AnyTable, Row } from './table.ts';

/** What a scope may know of `hq`: how far it is folded here, its registers as of a size, and whether a mark names its true root. */
export interface HqReader {
  readonly folded: number;
  getAsOf(table: AnyTable, key: Row, size: number): Row | undefined;
  listAsOf(table: AnyTable, size: number): readonly Row[];
  /** Undefined where the log begins after that size. */
  confirmsRoot(size: number, root: string): boolean | undefined;
  /**
   * How much of `hq` a mark takes notice of. One that a relay before this one confirmed beyond what the appointment of the next lists may name a root that
   * `hq` never got: it counts as taking notice of everything up to that appointment, where that is beyond the mark in force. Of several it is the last before
   * that size, else the first after it. Undefined for any other root that is not that of `hq`.
   */
  sizeMarked(size: number, root: string, inForce: number): number | undefined;
}

/** So many rows are remembered. */
const MOST_ROWS = 100_000;

/** Roots and rows of a settled prefix never change, so they are kept until `discard`. */
export class HqPrefix implements HqReader {
  readonly #hq: Scope;
  readonly #log: LogStore;
  readonly #schema: Schema;
  readonly #hasher: Hasher;
  readonly #roots = new Map<number, string>();
  /** As of one size: marks seldom go back. */
  readonly #rows = new Map<string, Row | undefined>();
  #rowsSize = 0;

  constructor(hq: Scope, log: LogStore, schema: Schema, hasher: Hasher) {
    this.#hq = hq;
    this.#log = log;
    this.#schema = schema;
    this.#hasher = hasher;
  }

  get folded(): number {
    return this.#hq.folded;
  }

  getAsOf(table: AnyTable, key: Row, size: number): Row | undefined {
    if (size !== this.#rowsSize || this.#rows.size > MOST_ROWS) {
      this.#rows.clear();
      this.#rowsSize = size;
    }
    const compiled = this.#schema.table(table);
    const values = compiled.keyValuesOf(key);
    const text = compiled.keyText(values);
    if (this.#rows.has(text)) return this.#rows.get(text);
    const row = this.#hq.projection.getAsOf(compiled, values, size);
    this.#rows.set(text, row);
    return row;
  }

  listAsOf(table: AnyTable, size: number): readonly Row[] {
    return this.#hq.projection.listAsOf(this.#schema.table(table), size);
  }

  confirmsRoot(size: number, root: string): boolean | undefined {
    return !this.#roots.has(size) && size < this.#log.base(HQ).size ? undefined : this.#roots.get(size) === root;
  }

  sizeMarked(size: number, root: string, inForce: number): number | undefined {
    if (size > this.folded || this.confirmsRoot(size, root) !== false) return size;
    const place = this.#schema.driver
      .prepare(
        `SELECT place FROM "${relayAppointments.name}_history" WHERE scope = ? AND hqSize < ? AND place < ? AND place >= ?
         ORDER BY CASE WHEN place < ? THEN -place ELSE place END LIMIT 1`,
      )
      .get([HQ, size, this.folded, inForce, size])?.[0];
    return typeof place === 'number' ? place + 1 : undefined;
  }

  /** Root of the first `size` records, or undefined when fewer are settled here. */
  *root(size: number): Steps<string | undefined> {
    const known = this.#roots.get(size);
    if (known !== undefined) return known;
    const tip = this.#log.tip(HQ);
    if (size > tip.size || size < this.#log.base(HQ).size) return undefined;
    // A branch asks for the tip at every change of `hq`, whose ops were hashed when they came. The log of an earlier place has no frontier.
    const isKnown = size === tip.size && tip.frontier.length > 0;
    const root = isKnown ? rootOfTip(tip, this.#hasher) : yield* rootSteps(this.#log, HQ, size, this.#hasher);
    this.#roots.set(size, root);
    return root;
  }

  /** The fold is synchronous, so the roots that marks among these records name are looked up before it. */
  *lookUpMarks(records: readonly OpRecord[]): Steps<void> {
    for (const { op } of records) {
      const size = op.verb === hqMark.ref ? op.args['size'] : undefined;
      if (typeof size === 'number') yield* this.root(size);
    }
  }

  /** Forgets what the log or the rows may say otherwise now. */
  discard(): void {
    this.#rows.clear();
    this.#roots.clear();
  }
}
