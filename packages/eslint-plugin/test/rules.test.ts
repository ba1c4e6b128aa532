// Each rule against verb code that is in order and verb code that is not, in the syntax of JavaScript and of TypeScript, on both supported
// majors of ESLint.
import typescript from '@typescript-eslint/parser';
import { RuleTester } from 'eslint';
import { RuleTester as RuleTester9 } from 'eslint-9';
import { describe, it } from 'vitest';
import plugin from '../src/index.ts';

/** A verb whose plan is this body, in the module it would stand in. */
const verb = (body: string, module = ''): string =>
  `import { defineVerb, refuse } from '@tallystick/kernel';\n${module}\nexport const v = defineVerb({ name: 'a.b', version: 1, roles: [], tables: [], args: schema, plan: (view, op, args) => { ${body} } });\nconst schema = undefined;`;

/** A file of schemas with this one for a member of a verb's args. */
const schema = (member: string): string =>
  `import * as z from 'zod';\nimport { personal, publicText } from '@tallystick/erasure/marking';\nexport const args /* ArgsSchema */ = z.strictObject({ name: ${member} });`;

interface Cases {
  readonly valid: readonly string[];
  /** Code, and the message it is refused with. */
  readonly invalid: readonly (readonly [code: string, messageId: string])[];
}

const bodies = (...list: readonly string[]): readonly string[] => list.map((body) => verb(body));
const broken = (messageId: string, ...list: readonly string[]): readonly (readonly [string, string])[] =>
  list.map((body) => [verb(body), messageId] as const);

const cases: Readonly<Record<string, Cases>> = {
  'no-clock': {
    valid: [
      ...bodies('return op.at;', 'const Date = args.date; return Date;', 'return args.Date;'),
      // A clock beside the verb is the edge's.
      verb('return [];', 'export const now = () => Date.now();'),
    ],
    invalid: [
      ...broken('found', 'return Date.now();', 'return new Date(op.at).getDay();', 'return performance.now();'),
      ...broken('found', 'return Temporal.Now.instant();', 'return [1].map(() => Date.now());'),
      [verb('return now();', 'const now = Date.now;'), 'found'],
      [verb('return started;', 'const started = Date.now();'), 'found'],
      [verb('return today();', 'function today() { return day(); }\nconst day = () => new Date();'), 'found'],
      [verb('return dayjs();', "import dayjs from 'dayjs';"), 'found'],
      [
        "import { setTable as table } from 'k';\ntable('t', { key: {}, columns: {}, check: () => Date.now() });",
        'found',
      ],
      ["import * as k from 'k';\nk.setTable('t', { derive(row) { return Date.now(); } });", 'found'],
      ['const verb = { plan };\nfunction plan() { return Date.now(); }\ndefineVerb(verb);', 'found'],
      ['defineVerb({ plan: () => [], args: z.string().refine((day) => day < new Date()) });', 'found'],
    ],
  },
  'no-dice': {
    valid: [
      ...bodies('return op.id;', 'return Math.max(1, 2);', 'const { random } = args; return random();'),
      verb('return floor(args.a);', 'const { random, floor } = Math;\nexport const roll = () => random();'),
    ],
    invalid: [
      ...broken('found', 'return Math.random();', 'return crypto.randomUUID();', "return Math['random']();"),
      [verb('return randomUUID();', "import { randomUUID } from 'node:crypto';"), 'found'],
      [verb('return v4();', "import { v4 } from 'uuid';"), 'found'],
      ...broken('found', 'const m = Math; return m.random();', 'const { random } = Math; return random();'),
      [verb('return m.random();', 'const n = Math;\nconst m = n;'), 'found'],
      [verb('return roll();', 'const { random: roll = () => 0, floor } = Math;'), 'found'],
      [verb('return roll();', 'const roll = Math.random;'), 'found'],
    ],
  },
  'no-io': {
    valid: [
      ...bodies('console.log(op.id); return [];', 'return new Map([[1, BigInt(2)]]);', 'return [refuse("a/b")];'),
      verb('return sum();', "import { sum } from './sum.ts';"),
      ...bodies('return args.stack;', 'throw new Error("no");', 'return args.a.constructor === Object;'),
      ...bodies(
        'const { stack } = args; return stack;',
        'const { message } = new Error("x"); return message;',
        'const { constructor } = args; return constructor === Object;',
      ),
      verb('return [];', "import { readFileSync } from 'node:fs';\nexport const read = () => readFileSync('x');"),
    ],
    invalid: [
      ...broken('found', 'return fetch("http://x");', 'return process.env.TAX;', 'return localStorage.getItem("x");'),
      ...broken('found', 'return globalThis["Da" + "te"].now();', 'return import("./x.js");', 'return eval("1");'),
      ...broken('found', 'return new Function("1");', 'return new WeakRef(args);', 'return import.meta.url;'),
      ...broken('found', 'return new Error("x").stack.length;', 'const e = TypeError("x"); return e.stack;'),
      ...broken('found', 'return Error.stackTraceLimit;', 'return (() => {}).constructor("return 1")();'),
      ...broken('found', 'const F = () => 1; return new F.constructor("return 1");'),
      ...broken(
        'found',
        'const { stack } = new Error("x"); return stack.length;',
        'let s; ({ stack: s } = RangeError("x")); return s;',
      ),
      ...broken('found', 'const e = new Error("x"); const { message, stack: s = "" } = e; return s;'),
      ...broken(
        'found',
        'const { constructor: F } = () => 1; return F("return 1")();',
        'const [{ constructor: F }] = [() => 1]; return F("1");',
      ),
      ...broken(
        'found',
        'const F = (() => 1).constructor; return F("return 1")();',
        'const F = args.f.constructor; return new F("1");',
      ),
      ...broken(
        'found',
        'return Reflect.construct((() => 1).constructor, ["return 1"])();',
        'return Atomics.load(args.shared, 0);',
      ),
      [verb('return readFileSync("x");', "import { readFileSync } from 'node:fs';"), 'found'],
      [verb('return readFileSync("x");', "import { readFileSync } from 'fs';"), 'found'],
    ],
  },
  'no-floats': {
    valid: [
      ...bodies('return 3 * args.quantity % 7;', 'return Math.trunc(args.total / 3);', 'return BigInt(args.a) / 3n;'),
      ...bodies('const rest = args.a % args.b; return rest;', 'return Number(1n << 3n);', 'return 1e3;'),
      verb('const a = op.at; const b = 7; const rest = a % b; return (a - rest) / b;'),
      verb('const whole = [1].reduce((sum, x) => sum + BigInt(x), 0n); return 10n * BigInt(args.a) / whole;'),
      ...bodies(
        'return Number("12");',
        'return Number(view.get(t, {}).amountMinor);',
        'return parseInt(args.text, 10);',
      ),
      verb('return floor(args.a / 2);', 'const { floor } = Math;'),
      verb('return half(4n);', 'const half = (x) => { const two = 2n; return x / two; };'),
    ],
    invalid: [
      ...broken('literal', 'return 0.1;', 'return 1e21;', 'return args.total * 1.2;'),
      ...broken('division', 'return args.total / 3;', 'let a = 3; a /= 2; return a;', 'return Math.max(1 / 3, 0);'),
      ...broken('power', 'return 10 ** args.scale;'),
      ...broken('found', 'return Math.sqrt(4);', 'return Math.pow(2, 3);', 'return parseFloat("1.5");'),
      ...broken('found', 'return Number.parseFloat("1.5");', 'return new Float64Array(2);', 'return Math.PI;'),
      ...broken('member', 'return args.total.toFixed(2);'),
      [verb('return args.total * rate;', 'const rate = 0.2;'), 'literal'],
      ...broken('text', 'return Number("0.1");', 'return Number(args.text);', 'return +args.text;'),
      ...broken(
        'text',
        'return Number(`0.${op.seq}`);',
        'return Number(op.id.slice(0, 3));',
        'return Number(String(1));',
      ),
      ['defineVerb({ plan: (_view, _op, { text }) => [Number(text)] });', 'text'],
      ...broken('text', 'const N = Number; return N(args.text);'),
      ...broken('found', 'const m = Math; return m.sqrt(4);', 'const { parseFloat: p } = Number; return p("1.5");'),
      [verb('return root(4);', 'const { sqrt: root } = Math;'), 'found'],
    ],
  },
  'no-locale': {
    valid: bodies('return [3, 1].sort();', 'return args.name < "b";', 'return /^[a-z]+$/i.test(args.name);'),
    invalid: [
      ...broken('found', 'return new Intl.NumberFormat().format(1);'),
      ...broken('member', 'return args.name.localeCompare("b");', 'return args.total.toLocaleString();'),
      ...broken('unicode', 'return args.name.toLowerCase();', 'return args.name.normalize();'),
      [verb('return /^\\p{L}+$/u.test(args.name);'), 'unicode'],
    ],
  },
  'no-async': {
    valid: bodies('return [1].map((x) => x);'),
    invalid: [
      ...broken('found', 'setTimeout(() => {}, 1);', 'queueMicrotask(() => {});', 'return Promise.resolve([]);'),
      ['defineVerb({ async plan() { return []; } });', 'found'],
      ['defineVerb({ plan: async () => [] });', 'found'],
    ],
  },
  'personal-text': {
    valid: [
      "import * as z from 'zod'; const other = z.string();",
      schema('z.string().regex(/^[A-Z]{3}$/)'),
      schema('z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/).exactOptional()'),
      schema("publicText(z.string().max(40), 'goods')"),
      schema('personal(z.string()).exactOptional()'),
      schema('z.uuid()'),
      "import { string } from './mine'; defineVerb({ args: string() });",
    ],
    invalid: [
      [schema('z.string()'), 'found'],
      [schema('z.string().max(200).exactOptional()'), 'found'],
      [schema('z.array(z.string().refine((text) => text.length < 200))'), 'found'],
      [schema('z.string().regex(/^[^\\0]{1,200}$/)'), 'found'],
      [schema('z.string().regex(/^.{1,200}$/)'), 'found'],
      [schema('z.string().regex(/^[A-Za-z ]+$/)'), 'found'],
      [schema('z.string().regex(/[0-9]+/)'), 'found'],
      ["import { z } from 'zod'; defineVerb({ args: z.strictObject({ name: z.string() }) });", 'found'],
      ["import { string } from 'zod'; defineVerb({ args: string() });", 'found'],
    ],
  },
  'no-unordered': {
    valid: bodies(
      'return Object.keys(args).sort();',
      'return Object.entries(args).toSorted((a, b) => (a[0] < b[0] ? -1 : 1));',
      'const sums = new Map(); for (const l of args.lines) sums.set(l.sku, 1); return [...sums];',
      'return Object.fromEntries([]);',
    ),
    invalid: [
      ...broken('forIn', 'for (const key in args) view.get(key);'),
      ...broken('keys', 'return Object.keys(args);', 'for (const x of Object.values(args)) view.get(x);'),
      ...broken('keys', 'return Object.entries(args).map(([k]) => k).sort();', 'return Reflect.ownKeys(args);'),
      ...broken('json', 'return JSON.stringify(args);', 'const { stringify } = JSON; return stringify(args);'),
      ...broken('keys', 'const o = Object; return o.keys(args);'),
      [verb('return list(args);', 'const { entries: list } = Object;'), 'keys'],
    ],
  },
  'no-shared-state': {
    valid: [
      verb('const seen = new Set(); seen.add(op.id); let n = 0; n += 1; return [...seen];'),
      verb('return table.add({}, {});', "import { table } from './tables.ts';"),
      verb('return balances.add({ a: 1 });', 'const balances = sumTable("balances");'),
      verb('return RATES.get("a");', 'const RATES = new Map();\nRATES.set("a", 1);'),
      verb('return help([]);', 'function help(effects) { effects.push(1); return effects; }'),
      verb('return args.text.replace(DIGITS, "");', 'const DIGITS = /[0-9]/g;'),
      ...bodies('return new RegExp(RegExp.escape(args.text));'),
    ],
    invalid: [
      [verb('count += 1; return [];', 'let count = 0;'), 'changed'],
      [verb('return count;', 'let count = 0;\nexport const bump = () => { count++; };'), 'changed'],
      [verb('seen.add(op.id); return [];', 'const seen = new Set();'), 'changed'],
      [verb('cache.last = op.id; return [];', 'const cache = {};'), 'changed'],
      [verb('cache.ids.push(op.id); return [];', 'const cache = { ids: [] };'), 'changed'],
      [verb('Object.assign(cache, args); return [];', 'const cache = {};'), 'changed'],
      [verb('return WORD.test(args.text);', 'const WORD = /a/g;'), 'sticky'],
      [
        'export const make = () => { let n = 0; return defineVerb({ plan: () => { n += 1; return []; } }); };',
        'changed',
      ],
      ['defineVerb({ plan() { return this.count; } });', 'this'],
      ...broken('matched', 'return RegExp.lastMatch;', 'const { $1 } = RegExp; return $1;', 'return RegExp["$&"];'),
    ],
  },
  'no-catch': {
    valid: bodies('throw new Error("no");', 'try { return 1; } finally { view.get(1); }'),
    invalid: broken('found', 'try { return view.get(1); } catch { return []; }'),
  },
};

/** Verb code that only a parser of TypeScript reads. */
const typed: Readonly<Record<string, Cases>> = {
  'no-clock': {
    valid: [
      'const day = (at: Date): number => at.getTime();\nexport const x = defineVerb({ plan: (_v, op) => [op as unknown as Date] });',
    ],
    invalid: [
      ['export function help(view: View): number { return Date.now(); }', 'found'],
      [verb('return (now as () => number)();', 'const now = Date.now as () => number;'), 'found'],
    ],
  },
  'no-floats': {
    valid: ['export const help = (_view: View, a: bigint, b: bigint): bigint => a / b;'],
    invalid: [['export const help = (_view: View, a: number, b: number): number => a / b;', 'division']],
  },
  'no-shared-state': {
    valid: [],
    invalid: [
      [verb('(seen as Set<string>).add(op.id); return [];', 'const seen = new Set() as Set<string>;'), 'changed'],
    ],
  },
};

const everywhere: Readonly<Record<string, Cases>> = {
  'no-clock': {
    valid: ['export const opened = Date.now();'],
    invalid: [['export function price(line) { return Date.now(); }', 'found']],
  },
};

for (const Tester of [RuleTester, RuleTester9]) Object.assign(Tester, { describe, it, itOnly: it.only });

function run(tester: RuleTester, all: Readonly<Record<string, Cases>>, options: readonly object[] = []): void {
  for (const [name, { valid, invalid }] of Object.entries(all))
    tester.run(name, plugin.rules[name] as never, {
      valid: valid.map((code) => ({ code, options: [...options] })),
      invalid: invalid.map(([code, messageId]) => ({ code, options: [...options], errors: [{ messageId }] })),
    });
}

describe.each([
  ['10', RuleTester],
  ['9', RuleTester9 as unknown as typeof RuleTester],
])('ESLint %s', (_major, Tester) => {
  run(new Tester(), cases);
  run(new Tester(), everywhere, [{ everywhere: true }]);
  run(new Tester({ languageOptions: { parser: typescript } }), typed);
});

describe('every rule', () => {
  it('is tried both ways', ({ expect }) => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(plugin.rules).sort());
  });
});
