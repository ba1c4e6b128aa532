// What is left of a book after a blackout, and what is not: the logs of the survivors put side by side, every op that any of them names and none of
// them holds, and who had it last. Decision 045. Nothing here is written.
import {
  type DeviceId,
  type Json,
  type LogStore,
  type OpHash,
  type OpRecord,
  orderTail,
  type Scope,
} from '@tallystick/oplog';
import type { PartHead } from './part.ts';

/** One device's log, or what a file or a backup has of it. */
export interface Survivor {
  /** For people. */
  readonly name: string;
  readonly log: LogStore;
  /** Heads that it knew without holding their ops: of the last backup of a device that is gone. */
  readonly heads?: readonly PartHead[];
}

/** Who says that there was an op that nobody holds. */
export interface Trace {
  /** `previous`: the next op of its chain. `built-on`: an op that was written after it. `named`: an op whose args name it. `head`: a backup. */
  readonly kind: 'previous' | 'built-on' | 'named' | 'head';
  /** The device that had it then, or named it. */
  readonly device: string;
  readonly verb: string;
  readonly at: number;
  /** Of `named`: the args, which say what the other side knows of it. */
  readonly args?: Json;
}

export interface MissingOp {
  readonly scope: Scope;
  readonly hash: OpHash;
  /** Whose, and at which place of the chain, where that is known. */
  readonly device: DeviceId | undefined;
  readonly seq: number | undefined;
  /** The latest first. */
  readonly traces: readonly Trace[];
}

/** Positions of a scope's log that the relay gave out and nobody holds the ops of. */
export interface MissingPositions {
  readonly scope: Scope;
  readonly from: number;
  readonly until: number;
  /** The last device that had all of them, as it signed itself; '' where only a relay's receipt says so. */
  readonly lastDevice: string;
  readonly lastAt: number;
}

export interface ScopeSurvey {
  readonly scope: Scope;
  /** Ops that somebody holds. */
  readonly held: number;
  /** Of these, in the order that the relay gave, without a gap from the first on. */
  readonly settled: readonly OpRecord[];
  /** The others, each after those it builds on. */
  readonly rest: readonly OpRecord[];
  /** How many the relay had positioned as far as anybody knew. */
  readonly known: number;
}

export interface Survey {
  readonly scopes: readonly ScopeSurvey[];
  readonly missing: readonly MissingOp[];
  readonly positions: readonly MissingPositions[];
  /** Positions at which two survivors hold different ops: one of their relays lied, or one of them was edited. */
  readonly conflicts: readonly {
    readonly scope: Scope;
    readonly position: number;
    readonly survivors: readonly string[];
  }[];
  /** By chain, how far it is held without a gap. */
  readonly heads: readonly PartHead[];
}

const pageOps = 2_000;
const hashForm = /^[0-9a-f]{64}$/;

/** Reads every log once. Throws what they throw for bytes that cannot be read. */
export async function surveyLogs(survivors: readonly Survivor[]): Promise<Survey> {
  const names = [...new Set(survivors.flatMap(({ log }) => [...log.scopes()]))].sort();
  const scopes: ScopeSurvey[] = [];
  const positions: MissingPositions[] = [];
  const conflicts: Survey['conflicts'][number][] = [];
  const held = new Map<OpHash, OpRecord>();
  for (const scope of names) {
    const union = await unionOf(scope, survivors);
    conflicts.push(...union.conflicts);
    for (const [hash, record] of union.records) held.set(hash, record);
    const settled: OpRecord[] = [];
    for (let hash = union.order.get(0); hash !== undefined; hash = union.order.get(settled.length))
      settled.push(union.records.get(hash) as OpRecord);
    const inOrder = new Set(settled.map(({ hash }) => hash));
    const rest = orderTail([...union.records.values()].filter(({ hash }) => !inOrder.has(hash)));
    scopes.push({ scope, held: union.records.size, settled, rest, known: union.known });
    positions.push(...gapsOf(scope, union));
  }
  const missing = tracesOf(held, survivors);
  return { scopes, missing, positions, conflicts, heads: headsOf(held) };
}

interface Union {
  readonly records: Map<OpHash, OpRecord>;
  /** By position, where somebody holds the op. Positions and sizes are what survivors say: nothing here is as large as a number that one of them made up. */
  readonly order: Map<number, OpHash>;
  /** How many ops the relay had positioned, as far as anybody says. */
  known: number;
  /** By device, how far it says it had the log. */
  readonly seen: Map<string, { readonly size: number; readonly at: number }>;
  readonly conflicts: Survey['conflicts'][number][];
}

async function unionOf(scope: Scope, survivors: readonly Survivor[]): Promise<Union> {
  const union: Union = { records: new Map(), order: new Map(), known: 0, seen: new Map(), conflicts: [] };
  const holders = new Map<number, string>();
  const place = (position: number, hash: OpHash, name: string): void => {
    const known = union.order.get(position);
    if (known !== undefined && known !== hash)
      union.conflicts.push({ scope, position, survivors: [holders.get(position) ?? '', name] });
    if (known !== undefined) return;
    union.order.set(position, hash);
    holders.set(position, name);
    union.known = Math.max(union.known, position + 1);
  };
  const receipted: [number, OpHash, string][] = [];
  let readWhole = '';
  for (const { name, log } of survivors) {
    if (!log.scopes().includes(scope)) continue;
    const { size, frontier } = log.tip(scope);
    const base = log.base(scope).size;
    // All tills of a firm have the same `hq`: one of them is enough, for who puts it together verifies the tree.
    const whole = `${base} ${size} ${frontier.join()}`;
    for (let at = whole === readWhole ? size : base; at < size; at += pageOps)
      for (const [index, record] of (await log.settled(scope, at, Math.min(pageOps, size - at))).entries()) {
        take(union, record);
        place(at + index, record.hash, name);
      }
    readWhole = whole;
    for (const record of await log.pending(scope)) take(union, record);
    for (const { lines } of await log.receipts(scope))
      for (const { position, hash } of lines) receipted.push([position, hash, name]);
  }
  for (const [position, hash, name] of receipted) {
    if (union.records.has(hash)) place(position, hash, name);
    union.known = Math.max(union.known, position + 1);
  }
  for (const { size } of union.seen.values()) union.known = Math.max(union.known, size);
  return union;
}

function take(union: Union, record: OpRecord): void {
  if (union.records.has(record.hash)) return;
  union.records.set(record.hash, record);
  const { device, at, seen } = record.op;
  const size = seen?.size ?? 0;
  if (size > (union.seen.get(device)?.size ?? 0)) union.seen.set(device, { size, at });
}

function gapsOf(scope: Scope, { order, known, seen }: Union): MissingPositions[] {
  const gaps: MissingPositions[] = [];
  let from = 0;
  for (const until of [...[...order.keys()].sort((a, b) => a - b), known]) {
    if (from < until) {
      const having = [...seen].filter(([, { size }]) => size >= until).sort((a, b) => b[1].at - a[1].at);
      const [lastDevice = '', last] = having[0] ?? [];
      gaps.push({ scope, from, until, lastDevice, lastAt: last?.at ?? 0 });
    }
    from = until + 1;
  }
  return gaps;
}

/** Every op that a held one links to, builds on or names, and every head of a backup, that nobody holds. */
function tracesOf(held: ReadonlyMap<OpHash, OpRecord>, survivors: readonly Survivor[]): MissingOp[] {
  const missing = new Map<OpHash, { scope: Scope; device?: DeviceId; seq?: number; traces: Trace[] }>();
  const note = (hash: string, scope: Scope, trace: Trace, whose: { device?: DeviceId; seq?: number } = {}): void => {
    if (held.has(hash as OpHash)) return;
    const known = missing.get(hash as OpHash) ?? { scope, traces: [] };
    known.traces.push(trace);
    missing.set(hash as OpHash, { ...known, ...whose });
  };
  for (const { op } of held.values()) {
    const { device, verb, at, scope } = op;
    const by = { device, verb, at };
    if (op.seq > 1 && op.prev !== undefined)
      note(op.prev, scope, { kind: 'previous', ...by }, { device, seq: op.seq - 1 });
    for (const hash of op.seen?.heads ?? []) note(hash, scope, { kind: 'built-on', ...by });
  }
  for (const { name, heads = [] } of survivors)
    for (const [scope, device, seq, hash] of heads)
      note(hash, scope as Scope, { kind: 'head', device: name, verb: '', at: 0 }, { device: device as DeviceId, seq });
  // What another side wrote of it stands in its own args: any hash there that is known to be missing.
  if (missing.size > 0)
    for (const { op } of held.values())
      for (const hash of hashesIn(op.args))
        if (missing.has(hash as OpHash))
          note(hash, op.scope, { kind: 'named', device: op.device, verb: op.verb, at: op.at, args: op.args });
  return [...missing].map(([hash, { scope, device, seq, traces }]) => ({
    scope,
    hash,
    device,
    seq,
    traces: traces.sort((a, b) => b.at - a.at),
  }));
}

function* hashesIn(value: Json): Generator<string> {
  if (typeof value === 'string') {
    if (hashForm.test(value)) yield value;
  } else if (typeof value === 'object') for (const item of Object.values(value)) yield* hashesIn(item);
}

function headsOf(held: ReadonlyMap<OpHash, OpRecord>): PartHead[] {
  const heads = new Map<string, PartHead>();
  for (const { op, hash } of held.values()) {
    const chain = `${op.scope} ${op.device}`;
    if (op.seq > (heads.get(chain)?.[2] ?? 0)) heads.set(chain, [op.scope, op.device, op.seq, hash]);
  }
  return [...heads.values()];
}
