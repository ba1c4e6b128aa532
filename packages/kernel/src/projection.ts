/**
 * The rows of one scope: reads with tracking, effects applied, effects taken back. The engine writes SQLite, never a verb; sums are kept in
 * memory and flushed once per transaction, and every change can be undone from data, so verbs never write undo code.
 */
import type { DeviceId, KeyId, OpHash } from '@tallystick/oplog';
import { ChainHeads, type FoldedHead } from './chain-heads.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { Gravity } from './gravity.ts';
import { RegisterRows } from './register-rows.ts';
import { PutBuffers } from './row-cache.ts';
import { type CompiledTable, PENDING_PLACE, type Schema } from './schema.ts';
import { type SumRow, SumRows } from './sum-rows.ts';
import { tableShapes } from './builtin-tables.ts';
import { derivedBy, failedBy, refusedBy } from './table-code.ts';
import type { AnyTable, Effect, Row } from './table.ts';
import type { TouchRecorder } from './outline.ts';
import type { Undo } from './undo.ts';
import type { OpFacts, Refusal, View } from './verb.ts';
import { refuse } from './verb.ts';

/** What the effects of one op may do: see `in-force.ts`. */
export interface Rules {
  /** The tables of its verb; rows that it puts derive into these only. */
  readonly tables: ReadonlySet<AnyTable>;
  /** What the checks of tables read through. */
  readonly view: View;
  /** What is derived into other tables is left out: they are filled when they come into force. */
  readonly inForce: ReadonlySet<AnyTable>;
  /** Adds to derived tables that come into force by this op. */
  readonly fills: readonly Effect[];
}

/** The rows that one op puts into a table that checks them. */
interface PutRows {
  readonly table: AnyTable;
  readonly rows: Row[];
}

/** Beyond this a sum might leave its bound if the order changed, so nothing may pass the op that brought it there. */
const NEAR_BOUND = 2 ** 51;
/**
 * Nor may anything pass an op that changes sums by more than this: a sum under the bound above may have come there up and down, and leave its own
 * bound where all ups come first. As many lesser ops as may pass one another (see touch.ts) move a sum by 2^50 together.
 */
const MOST_MOVED = 2 ** 31;

export class Projection {
  readonly scope: string;
  readonly #schema: Schema;
  readonly #sums: SumRows;
  readonly #registers: RegisterRows;
  readonly #puts: PutBuffers;
  readonly #chains: ChainHeads;
  readonly #gravity: Gravity;
  #shapeChanges = 0;
  #hasWritten = false;

  constructor(schema: Schema, scope: string) {
    this.#schema = schema;
    this.scope = scope;
    this.#sums = new SumRows(scope);
    this.#registers = new RegisterRows(scope);
    this.#puts = new PutBuffers(scope, schema.driver);
    this.#chains = new ChainHeads(schema.driver, scope);
    this.#gravity = new Gravity(schema.driver, scope);
  }

  /** Forgets what is cached: after a rollback, or when another connection wrote. */
  discard(): void {
    this.#sums.discard();
    this.#registers.discard();
    this.#chains.discard();
    this.#gravity.discard();
    this.#shapeChanges += 1;
    this.#puts.discard();
    this.#hasWritten = false;
  }

  /** Goes up whenever a row of `tableShapes` may have changed. */
  get shapeChanges(): number {
    return this.#shapeChanges;
  }

  /**
   * Runs work whose set rows are inserted many at a time, and answers true. A row that was there already shows only then: the answer is false, the
   * caller rolls the database back and does the work again without this, so that the op whose row it was is refused.
   */
  withBufferedPuts(work: () => void): boolean {
    this.#puts.together();
    try {
      work();
      this.flush();
      return !this.#puts.metKnownRow;
    } finally {
      this.#puts.apart();
    }
  }

  /**
   * From now on set rows wait in memory, as sums do, unless one of the same key might be there. They may outlast the transaction: then either
   * everything that waits is written in it, or nothing, which is what `hasWritten` is for.
   */
  hold(): void {
    this.#puts.held();
  }

  /** Ends `hold`. What waits goes on waiting. */
  release(): void {
    this.#puts.apart();
  }

  get isHolding(): boolean {
    return this.#puts.isHeld;
  }

  /** Whether something was written since the scope was whole: then the rest must follow before the transaction ends. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Whether buffered puts have met a row that was there. */
  get metKnownRow(): boolean {
    return this.#puts.metKnownRow;
  }

  // Reads.

  get(table: CompiledTable, key: readonly SqlValue[], touch?: TouchRecorder): Row | undefined {
    touch?.note('r', table.name, key);
    return table.def.kind === 'register' ? this.#registers.get(table, key, this) : this.load(table, key);
  }

  sumsOf(table: CompiledTable, key: readonly SqlValue[], touch?: TouchRecorder): readonly number[] {
    touch?.note('r', table.name, key);
    return this.#sumRow(table, key).sums;
  }

  list(table: CompiledTable, prefix: readonly SqlValue[], touch?: TouchRecorder): Row[] {
    this.#needRows(table, prefix);
    touch?.note('l', table.name, prefix);
    this.#flushPuts(table);
    return table.list(this.#schema.driver, this.scope, prefix);
  }

  /** A register row as it stood before the given position; only settled rows count. */
  getAsOf(table: CompiledTable, key: readonly SqlValue[], position: number): Row | undefined {
    this.#need(`${table.name}_history`);
    return this.#registers.asOf(table, key, position);
  }

  /** Every row of a table; no other statement may run until the last is read. */
  rows(table: CompiledTable): IterableIterator<Row> {
    this.#flushPuts(table);
    this.#need(table.name);
    return table.rows(this.#schema.driver, this.scope);
  }

  /** Register rows as they stood before the given position; only settled rows count. */
  listAsOf(table: CompiledTable, position: number): Row[] {
    this.#need(`${table.name}_history`);
    return table.listAsOf(this.#schema.driver, this.scope, position);
  }

  chainHead(device: string): FoldedHead | undefined {
    return this.#chains.get(device);
  }

  // Changes.

  /** Moves a device's folded chain head; see `fold.ts` for when. */
  advanceChain(device: DeviceId, head: FoldedHead, undo: Undo[] | undefined): void {
    const before = this.chainHead(device);
    undo?.push(['chain', device, before?.seq ?? 0, before?.hash ?? '', before?.keyId ?? '']);
    this.#chains.set(device, head);
  }

  /**
   * Applies all effects of one op, or none: the refusal says why. `place` is the op's position, or PENDING_PLACE + ordinal.
   * `undo` is filled when the op is pending. Rows that the kernel itself puts need no `rules`: nothing is derived from them.
   */
  apply(
    effects: readonly Effect[],
    op: OpFacts,
    place: number,
    undo: Undo[] | undefined,
    touch: TouchRecorder | undefined,
    rules?: Rules,
  ): Refusal | undefined {
    const done: Undo[] = undo ?? [];
    const start = done.length;
    let refusal: Refusal | undefined;
    try {
      refusal = this.#applyAll(effects, op, place, done, touch, rules);
    } catch (cause) {
      refusal = failedBy(cause);
    }
    if (refusal !== undefined) this.takeBack(done.splice(start), place);
    else if (place < PENDING_PLACE) this.#gravity.count(done, start);
    return refusal;
  }

  /** Takes back changes, last first. */
  takeBack(undo: readonly Undo[], place: number): void {
    for (let index = undo.length - 1; index >= 0; index--) {
      const step = undo[index] as Undo;
      if (step[0] === 'chain') {
        const [, device, seq, hash, keyId] = step;
        this.#chains.set(device, seq === 0 ? undefined : { seq, hash: hash as OpHash, keyId: keyId as KeyId });
        continue;
      }
      const table = this.#schema.tableNamed(step[1]);
      if (step[0] === 'add') this.#sums.change(this.#sumRow(table, step[2]), step[3], -1);
      else if (step[0] === 'put') {
        if (this.#puts.takeBack(table, step[2])) continue;
        this.#hasWritten = true;
        table.statements.remove.run([this.scope, ...step[2]]);
      } else {
        if (table.def === tableShapes) this.#shapeChanges += 1;
        this.#hasWritten = true;
        this.#registers.takeBack(table, step[2], step[3], place);
      }
    }
  }

  /** Gives the history rows of a pending op its position, and counts what it changed. */
  settle(undo: readonly Undo[], pendingPlace: number, position: number): void {
    this.#hasWritten = true;
    const tables = new Set(undo.flatMap(([kind, table]) => (kind === 'write' ? [table] : [])));
    for (const table of tables) this.#registers.settle(this.#schema.tableNamed(table), pendingPlace, position);
    this.#gravity.count(undo);
  }

  /** Writes what is held in memory. Called before anybody reads by SQL, so that it sees whole state. */
  flush(): void {
    this.#puts.flushAll();
    this.#sums.flush();
    this.#registers.trim();
    this.#chains.flush();
    this.#gravity.flush();
    this.#hasWritten = true;
  }

  /** Call when everything else of the scope is written too: what comes from now on may wait. */
  markWhole(): void {
    this.#hasWritten = false;
  }

  // Inside.

  /** Inserts what waits of a table before it is read. */
  #flushPuts(table: CompiledTable): void {
    if (this.#puts.flush(table)) this.#hasWritten = true;
  }

  readonly #mustBeHere = (name: string): void => this.#need(name);

  /** Throws `NotResident` for a table of a snapshot whose rows have not been loaded. */
  #need(name: string): void {
    const { residency } = this.#schema;
    if (residency.size > 0) residency.need(this.scope, name);
  }

  /** As `#need`, for rows whose keys begin so: new rows of a set are not in the shard of the old ones. */
  #needRows(table: CompiledTable, key: readonly SqlValue[]): void {
    const { residency } = this.#schema;
    if (residency.size === 0) return;
    if (table.def.kind === 'set' && key.length > 0)
      residency.needKey(this.scope, table.name, [this.scope, ...key], key.length);
    else residency.need(this.scope, table.name);
  }

  /** The row as it stands in the database. */
  load(table: CompiledTable, key: readonly SqlValue[]): Row | undefined {
    this.#flushPuts(table);
    this.#needRows(table, key);
    const values = table.statements.get.get([this.scope, ...key]);
    return values === undefined ? undefined : table.rowOf(values);
  }

  #applyAll(
    effects: readonly Effect[],
    op: OpFacts,
    place: number,
    undo: Undo[],
    touch: TouchRecorder | undefined,
    rules: Rules | undefined,
  ): Refusal | undefined {
    const derived: Effect[] = [];
    const checked: PutRows[] = [];
    const { length } = effects;
    for (let index = 0; index < length + derived.length; index++) {
      const isDerived = index >= length;
      const effect = (isDerived ? derived[index - length] : effects[index]) as Effect;
      const table = this.#schema.table(effect.table);
      if (table.def.derived === true && !isDerived) return refuse('kernel/derived-table', { table: table.name });
      if (isDerived && !isDerivedInForce(effect, rules)) continue;
      const refusal = this.#applyOne(table, effect, place, undo, touch);
      if (refusal !== undefined) return refusal;
      if (effect.kind !== 'put') continue;
      if (table.def.derive !== undefined) derived.push(...derivedBy(table.def, effect.row));
      if (table.def.check !== undefined) collect(checked, table.def, effect.row);
    }
    // Only the kernel puts rows without rules, and its own tables have no checks.
    if (rules === undefined) return undefined;
    for (const { table, rows } of checked) {
      const refusal = refusedBy(table, rows, op, rules.view);
      if (refusal !== undefined) return refusal;
    }
    for (const fill of rules.fills) {
      const refusal = this.#applyOne(this.#schema.table(fill.table), fill, place, undo, touch);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #applyOne(
    table: CompiledTable,
    effect: Effect,
    place: number,
    undo: Undo[],
    touch: TouchRecorder | undefined,
  ): Refusal | undefined {
    if (effect.kind === 'add') return this.#applyAdd(table, effect.row, undo, touch);
    const params = table.paramsOf(this.scope, effect.row);
    const key = params.slice(1, 1 + table.keyNames.length);
    this.#needRows(table, key);
    touch?.note('w', table.name, key);
    if (effect.kind === 'put') {
      if (!this.#puts.put(table, params)) {
        this.#hasWritten = true;
        if (table.statements.insert.run(params) === 0)
          return refuse('kernel/duplicate-id', { table: table.name, key: JSON.stringify(key) });
      }
      undo.push(['put', table.name, key]);
      return undefined;
    }
    if (table.def === tableShapes) this.#shapeChanges += 1;
    this.#need(`${table.name}_history`);
    this.#hasWritten = true;
    const before = this.get(table, key);
    undo.push(['write', table.name, key, before === undefined ? 0 : table.valuesOf(before).slice(key.length)]);
    this.#registers.write(table, key, params, place);
    return undefined;
  }

  #applyAdd(table: CompiledTable, effectRow: Row, undo: Undo[], touch: TouchRecorder | undefined): Refusal | undefined {
    const key = table.keyValuesOf(effectRow);
    const deltas = table.deltasOf(effectRow);
    touch?.note('a', table.name, key);
    const row = this.#sumRow(table, key);
    for (let index = 0; index < deltas.length; index++) {
      const before = row.sums[index] as number;
      const delta = deltas[index] as number;
      const after = before + delta;
      if (touch !== undefined) {
        touch.moved += Math.abs(delta);
        touch.all ||= touch.moved > MOST_MOVED || Math.abs(before) > NEAR_BOUND || Math.abs(after) > NEAR_BOUND;
      }
      if (!Number.isSafeInteger(after))
        return refuse('kernel/sum-overflow', { table: table.name, key: JSON.stringify(key) });
    }
    undo.push(['add', table.name, key, deltas]);
    this.#sums.change(row, deltas, 1);
    return undefined;
  }

  #sumRow(table: CompiledTable, key: readonly SqlValue[]): SumRow {
    return this.#sums.get(table, key, this.#mustBeHere);
  }
}

/** Throws for an effect that no row may derive: into a table that is not derived, or that the op's verb does not name. */
function isDerivedInForce({ table }: Effect, rules: Rules | undefined): boolean {
  if (table.derived !== true || rules?.tables.has(table) !== true)
    throw new KernelError('kernel/bad-effect', `"${table.name}" is no derived table of this verb`);
  return rules.inForce.has(table);
}

function collect(checked: PutRows[], table: AnyTable, row: Row): void {
  const known = checked.find((one) => one.table === table);
  if (known === undefined) checked.push({ table, rows: [row] });
  else known.rows.push(row);
}
