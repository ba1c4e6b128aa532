// Verbs that each leave determinism by one way out. Lint, realm and gate are tried on them; nothing else may use them.
import { defineVerb, type OpFacts, setTable, type Verb } from '@tallystick/kernel';
import { z } from 'zod';

/** A set table of texts is enough for a verb to tell what it saw. */
const kept = setTable('kept', { key: { op: 'text' }, columns: { text: 'text', count: 'integer' } });
const keep = (op: OpFacts, text: unknown, count = 0) => [kept.put({ op: op.id, text: String(text), count })];
const shape = { version: 1, roles: ['owner'] as const, tables: [kept], args: z.strictObject({}) };
const law = setTable('law', { key: { op: 'text' }, columns: {}, check: () => void Math.random() });

let count = 0;
const counter = new Int32Array(1);
const { random: roll } = Math;
function depth(below: number): number {
  try {
    return depth(below + 1);
  } catch {
    return below;
  }
}
const now = Date.now;
const loadedMs = Date.now();
const money = new Intl.NumberFormat();

/** By the way out each takes. */
export const planted = {
  clock: defineVerb({ ...shape, name: 'planted.clock', plan: (_view, op) => keep(op, Date.now()) }),
  date: defineVerb({ ...shape, name: 'planted.date', plan: (_view, op) => keep(op, new Date().toISOString()) }),
  stopwatch: defineVerb({ ...shape, name: 'planted.stopwatch', plan: (_view, op) => keep(op, performance.now()) }),
  temporal: defineVerb({
    ...shape,
    name: 'planted.temporal',
    plan: (_view, op) =>
      keep(op, (globalThis as { Temporal?: { Now: { instant(): unknown } } }).Temporal?.Now.instant()),
  }),
  /** Holds the clock itself, so no trap sees it look. */
  captured: defineVerb({ ...shape, name: 'planted.captured', plan: (_view, op) => keep(op, now()) }),
  dice: defineVerb({ ...shape, name: 'planted.dice', plan: (_view, op) => keep(op, Math.random()) }),
  ids: defineVerb({ ...shape, name: 'planted.ids', plan: (_view, op) => keep(op, crypto.randomUUID()) }),
  bytes: defineVerb({
    ...shape,
    name: 'planted.bytes',
    plan: (_view, op) => keep(op, crypto.getRandomValues(new Uint8Array(8)).join()),
  }),
  network: defineVerb({
    ...shape,
    name: 'planted.network',
    plan: (_view, op) => {
      fetch('http://127.0.0.1:1/').catch(() => undefined);
      return keep(op, '');
    },
  }),
  timer: defineVerb({
    ...shape,
    name: 'planted.timer',
    plan: (_view, op) => {
      setTimeout(() => undefined, 0);
      queueMicrotask(() => undefined);
      return keep(op, '');
    },
  }),
  locale: defineVerb({ ...shape, name: 'planted.locale', plan: (_view, op) => keep(op, (1234.5).toLocaleString()) }),
  formatter: defineVerb({ ...shape, name: 'planted.formatter', plan: (_view, op) => keep(op, money.format(1234.5)) }),
  language: defineVerb({
    ...shape,
    name: 'planted.language',
    plan: (_view, op) => keep(op, new Intl.DateTimeFormat().resolvedOptions().locale),
  }),
  memory: defineVerb({
    ...shape,
    name: 'planted.memory',
    plan: (_view, op) => {
      count += 1;
      return keep(op, '', count);
    },
  }),
  floats: defineVerb({ ...shape, name: 'planted.floats', plan: (_view, op) => keep(op, '', op.at / 7) }),
  /** What each engine approximates in its own way. */
  curve: defineVerb({ ...shape, name: 'planted.curve', plan: (_view, op) => keep(op, Math.sin(op.at)) }),
  decimals: defineVerb({ ...shape, name: 'planted.decimals', plan: (_view, op) => keep(op, (op.seq / 7).toFixed(2)) }),
  /** What another thread writes meanwhile. */
  shared: defineVerb({
    ...shape,
    name: 'planted.shared',
    plan: (_view, op) => keep(op, '', Atomics.add(counter, 0, 1)),
  }),
  /** A number in decimals, read from a text. */
  text: defineVerb({ ...shape, name: 'planted.text', plan: (_view, op) => keep(op, '', Number(`0.${op.seq}`)) }),
  /** Dice under another name. */
  alias: defineVerb({ ...shape, name: 'planted.alias', plan: (_view, op) => keep(op, roll()) }),
  /** The order in which the caller wrote the args, which the log does not keep. */
  unordered: defineVerb({
    ...shape,
    name: 'planted.unordered',
    args: z.record(z.string().regex(/^[!-?A-~]*$/), z.number()),
    plan: (_view, op, args) => keep(op, Object.keys(args).join()),
  }),
  /** What somebody else was looking for. */
  match: defineVerb({
    ...shape,
    name: 'planted.match',
    plan: (_view, op) => keep(op, (RegExp as { readonly lastMatch?: string }).lastMatch),
  }),
  /** Where it was called from. */
  stack: defineVerb({ ...shape, name: 'planted.stack', plan: (_view, op) => keep(op, new Error('').stack) }),
  /** How deep a stack is before it is full. */
  catch: defineVerb({ ...shape, name: 'planted.catch', plan: (_view, op) => keep(op, '', depth(0)) }),
  schema: defineVerb({
    ...shape,
    name: 'planted.schema',
    args: z.strictObject({}).refine(() => Date.now() - loadedMs < 86_400_000),
    plan: (_view, op) => keep(op, ''),
  }),
  table: defineVerb({ ...shape, name: 'planted.table', tables: [law], plan: (_view, op) => [law.put({ op: op.id })] }),
} satisfies Record<string, Verb>;

export type Way = keyof typeof planted;
export const ways = Object.keys(planted) as readonly Way[];
