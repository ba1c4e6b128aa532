/**
 * What stands at a place of a scope: how much of `hq` is in force there, and by that who its authors are, which verbs and tables are adopted and which
 * day it is. In `hq` itself all of it is read from its own rows.
 */
import type { OpRecord } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import type { Author } from './authors.ts';
import {
  businessDays,
  devices,
  firstVerbs,
  hqMark,
  keyActs,
  keyOverrule,
  manifest,
  marks,
  revocations,
  tableShapes,
} from './builtin.ts';
import type { HqReader } from './hq-prefix.ts';
import { type InForce, judgeShapes, type LackingTable } from './in-force.ts';
import type { Projection } from './projection.ts';
import type { TouchRecorder } from './outline.ts';
import type { CompiledTable, Schema } from './schema.ts';
import type { AnyTable, Effect, Row } from './table.ts';

const NO_RELEASE: Row = { release: '' };

export class Standing {
  readonly #projection: Projection;
  readonly #schema: Schema;
  /** Undefined in scope `hq` itself. */
  readonly #hq: HqReader | undefined;
  /** By device: the row that says who it is, and what was made of it. */
  readonly #authors = new Map<string, { readonly row: Row; readonly revokedAbove: boolean; readonly author: Author }>();
  /** As of the mark, or of the last change in `hq`. */
  #inForce: { readonly at: number; readonly value: InForce } | undefined;

  constructor(projection: Projection, schema: Schema, hq: HqReader | undefined) {
    this.#projection = projection;
    this.#schema = schema;
    this.#hq = hq;
  }

  /** Whether this is `hq`. */
  get isHq(): boolean {
    return this.#hq === undefined;
  }

  /** A table in force here that this program lacks: what is folded stays as it is until a program comes that has it. */
  get lacking(): LackingTable | undefined {
    return this.tablesInForce(this.markInForce()).lacking;
  }

  /** Whether ops of this verb version count here as things stand. */
  isAdopted(ref: string): boolean {
    return this.adoption(ref, this.markInForce()) !== undefined;
  }

  /** The op by which a device counts as enrolled here as things stand. */
  enrolmentOf(device: string): string | undefined {
    return this.author(device, this.markInForce())?.enrolment;
  }

  /** The key that begins the chain of a device here, as things stand; undefined for one that may not write. */
  firstKeyOf(device: string): string | undefined {
    return this.author(device, this.markInForce())?.firstKeyId;
  }

  /** Of a device that `hq` enrolled and not this scope: the id of its key there, as of the mark. */
  keyInHq(device: string): string | undefined {
    return this.author(device, this.markInForce())?.keyId;
  }

  /** Whether more of `hq` is in force than is folded here. */
  needsHq(size: number): boolean {
    return this.#hq !== undefined && size > this.#hq.folded;
  }

  /** Whether `hq` had this root at that size; undefined where the log of `hq` begins later. */
  confirmsRoot(size: number, root: string): boolean | undefined {
    return this.#hq === undefined || this.#hq.confirmsRoot(size, root);
  }

  /** Whether a mark names what `hq` was at some time; undefined as above. */
  confirmsMark(size: number, root: string): boolean | undefined {
    const isRoot = this.confirmsRoot(size, root);
    return isRoot === false ? this.#hq?.sizeMarked(size, root, this.markInForce()) !== undefined : isRoot;
  }

  /** The `hq` size in force for this op; a mark is judged by the prefix it names. */
  markSize(record: OpRecord, touch: TouchRecorder | undefined): number {
    if (this.#hq === undefined) return 0;
    if (record.op.verb === hqMark.ref) {
      const { size, root } = record.op.args;
      if (typeof size !== 'number') return 0;
      return (typeof root === 'string' ? this.#hq.sizeMarked(size, root, this.markInForce(touch)) : undefined) ?? size;
    }
    return this.markInForce(touch);
  }

  /** The size of `hq` that the last mark named. */
  markInForce(touch?: TouchRecorder): number {
    const row = this.#hq === undefined ? undefined : this.#projection.get(this.#compiled(marks), ['hq'], touch);
    return row === undefined ? 0 : (row['size'] as number);
  }

  /** Who a device is here; undefined for one that may not write. */
  author(device: string, size: number, touch?: TouchRecorder): Author | undefined {
    const own = this.#projection.get(this.#compiled(devices), [device], touch);
    const row = own ?? (this.#hq === undefined ? undefined : this.#hq.getAsOf(devices, { device }, size));
    if (row === undefined) return undefined;
    const keyId = row['keyId'] as string;
    const revokedAbove =
      own !== undefined && this.#hq?.getAsOf(revocations, { device }, size)?.['status'] === 'revoked';
    const known = this.#authors.get(device);
    if (known?.row === row && known.revokedAbove === revokedAbove) return known.author;
    const author: Author = Object.freeze({
      device,
      role: row['role'] as Role,
      name: row['name'] as string,
      enrolment: row['enrolment'] as string,
      isRevoked: row['status'] === 'revoked' || revokedAbove,
      untilDay: row['untilDay'] as string,
      keyId: own === undefined ? keyId : undefined,
      // Nobody rotates here before the chain begins.
      firstKeyId: own === undefined ? device : keyId,
    });
    this.#authors.set(device, { row, revokedAbove, author });
    return author;
  }

  /** A revoked device may still take that very revocation back; its rank decides in the verb. */
  overrulesItsRevocation({ verb, args, device }: OpRecord['op'], touch: TouchRecorder | undefined): boolean {
    const { act } = args;
    if (verb !== keyOverrule.ref || typeof act !== 'string') return false;
    const row = this.#projection.get(this.#compiled(keyActs), [act], touch);
    return row?.['kind'] === 'revoke' && row['subject'] === device;
  }

  /** The business day here, or that of `hq` as of the mark if it is later; '' before the first. */
  day(size: number, touch: TouchRecorder | undefined): string {
    const here = this.#projection.get(this.#compiled(businessDays), ['book'], touch)?.['day'] ?? '';
    const above = this.#hq?.getAsOf(businessDays, { of: 'book' }, size)?.['day'] ?? '';
    return String(here > above ? here : above);
  }

  /** What adopted a verb version, by its `release`; undefined for one that does not count. */
  adoption(ref: string, size: number, touch?: TouchRecorder): Row | undefined {
    return firstVerbs.has(ref) ? NO_RELEASE : this.hqRow(manifest, { verb: ref }, size, touch);
  }

  /** Which tables are in force as of a size of `hq`; in `hq` itself, now. */
  tablesInForce(size: number): InForce {
    const at = this.#hq === undefined ? this.#projection.shapeChanges : size;
    if (this.#inForce?.at !== at) {
      const table = this.#compiled(tableShapes);
      const rows = this.#hq === undefined ? this.#projection.list(table, []) : this.#hq.listAsOf(tableShapes, size);
      this.#inForce = { at, value: judgeShapes(rows, this.#schema.declared) };
    }
    return this.#inForce.value;
  }

  /** In `hq`: what is in force after an op with these effects. */
  shapesWith(effects: readonly Effect[]): InForce {
    const written = effects.flatMap(({ table, row }) => (table === tableShapes ? [row] : []));
    const rows = this.#projection.list(this.#compiled(tableShapes), []);
    return judgeShapes([...rows, ...written], this.#schema.declared);
  }

  /** A row of `hq` as of the mark. */
  hqRow(table: AnyTable, key: Row, size: number, touch?: TouchRecorder): Row | undefined {
    if (this.#hq !== undefined) return this.#hq.getAsOf(table, key, size);
    const compiled = this.#compiled(table);
    return this.#projection.get(compiled, compiled.keyValuesOf(key), touch);
  }

  #compiled(table: AnyTable): CompiledTable {
    return this.#schema.table(table);
  }
}
