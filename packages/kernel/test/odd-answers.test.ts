// What a plan, or the code of a table, answers may be anything that JavaScript has. Whatever it is, it refuses its own op, by one code on every device and
// driver, and the ops after it are folded. Every odd value stands at every place of every effect.
import {
  type Book,
  compensate,
  contest,
  defineVerb,
  type Effect,
  KernelError,
  openBook,
  type Outcome,
  type RegisterTable,
  refuse,
  registerTable,
  type SetTable,
  type SumTable,
  setTable,
  sumTable,
  type Verb,
} from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { recordsOf } from './records.ts';
import { memoryKeys, stores, testEdge } from './shop.ts';

const key = { id: 'text' } as const;
const sums: SumTable<typeof key, 'n'> = sumTable('sums', { key, sums: ['n'] });
const registers: RegisterTable<typeof key, { n: 'integer' }> = registerTable('registers', {
  key,
  columns: { n: 'integer' },
});
const rows: SetTable<typeof key, { n: 'integer' }> = setTable('rows', { key, columns: { n: 'integer' } });
const tables = [sums, registers, rows] as const;
/** What the code of `keen` answers next, by the id of the row. */
const derivedById = new Map<unknown, () => unknown>();
const checkedById = new Map<unknown, () => unknown>();
const derived = sumTable('derived', { key, sums: ['n'], derived: true });
const keen = setTable('keen', {
  key,
  columns: {},
  derive: ({ id }) => (derivedById.get(id)?.() ?? []) as readonly Effect[],
  check: ([row]) => checkedById.get(row?.['id'])?.() as undefined,
});

/** How a member is read: its value each time it is asked for. */
type Read = () => unknown;
const fail = (thrown: unknown) => (): never => {
  throw thrown;
};
const sqliteError = Object.assign(new Error('no such row'), { name: 'SqliteError' });

/** As the kernel throws it, but for its code. */
const kernelError = (code: PropertyDescriptor): KernelError =>
  Object.defineProperty(new KernelError('kernel/bad-row', 'by its own hand'), 'code', code);

const cyclic: unknown[] = [];
cyclic.push({ cyclic });
let deep: unknown[] = [];
for (let depth = 0; depth < 100_000; depth++) deep = [deep];
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const traps = new Proxy({}, { get: fail(new TypeError('trap')), ownKeys: fail(undefined), has: fail(0) });
class Money {
  readonly id = 'money';
  readonly n = 1;
}
const huge = 'x'.repeat(2 ** 21);

const values: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  true: true,
  zero: 0,
  'minus zero': -0,
  'a fraction': 0.5,
  NaN: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  '2^53-1': 2 ** 53 - 1,
  '2^53': 2 ** 53,
  'a bigint': 10n,
  'a symbol': Symbol('odd'),
  'a function': () => 1,
  text: 'text',
  'no text': '',
  ['__proto__']: '__proto__',
  'half a character': 'x\ud800',
  'text with a NUL': 'x\0y',
  'huge text': huge,
  'a date': new Date(0),
  'no date': new Date(Number.NaN),
  'an object without prototype': Object.create(null) as unknown,
  'an object without text': { toString: fail(new Error('toString')), valueOf: fail(new Error('valueOf')) },
  'an instance': new Money(),
  'a circle': cyclic,
  'what is nested deep': deep,
  'a revoked proxy': revoked.proxy,
  'a proxy with traps': traps,
};
const reads: readonly (readonly [string, Read])[] = [
  ...Object.entries(values).map(([name, value]) => [name, (): unknown => value] as const),
  ['a throwing getter', fail(new Error('getter'))],
  ['a getter that throws as a database does', fail(sqliteError)],
  ['a getter that throws nothing', fail(undefined)],
  ['a getter that throws as the kernel does', fail(new KernelError('kernel/not-loaded', 'by its own hand'))],
  ['a getter that throws what cannot be looked at', fail(revoked.proxy)],
  ...(
    [
      ['no text', undefined],
      ['half a character', 'x\ud800'],
      ['huge text', huge],
    ] as const
  ).map(
    ([what, code]) =>
      [`a getter that throws a kernel's error with ${what} as code`, fail(kernelError({ value: code }))] as const,
  ),
  ["a getter that throws a kernel's error without a readable code", fail(kernelError({ get: fail(0) }))],
];

interface Case {
  readonly name: string;
  readonly answer: () => unknown;
  /** Whether the op is to have effect. */
  readonly fits: boolean;
}

/** `target` with one member read so. */
function withMember<T extends object>(target: T, member: string, read: Read): T {
  return Object.defineProperty({ ...target }, member, { get: read, enumerable: true });
}
const isFitText = (value: unknown): boolean =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0') && value !== huge;
const fitsAs = (type: 'text' | 'integer', read: Read): boolean => {
  try {
    const value = read();
    return type === 'text' ? isFitText(value) : Number.isSafeInteger(value);
  } catch {
    return false;
  }
};
/** Absent deltas of a sum change nothing. */
const fitsDelta = (read: Read): boolean => fitsAs('integer', read) || read === reads[0]?.[1];

/** Which case is being planned: its rows have a key of their own. */
let current = 0;
const freshId = (): string => `row ${current}`;
const effects: readonly [string, () => Effect][] = [
  ['an add', () => sums.add({ id: freshId() }, { n: 1 })],
  ['a write', () => registers.write({ id: freshId(), n: 1 })],
  ['a put', () => rows.put({ id: freshId(), n: 1 })],
];

function* effectCases(): Iterable<Case> {
  for (const [what, make] of effects) {
    for (const { name, kind } of [sums, registers, rows])
      for (const other of ['add', 'put', 'write', 'remove'])
        yield {
          name: `${what} called ${other}, into ${name}`,
          answer: () => [
            { ...make(), kind: other, table: [sums, registers, rows].find((table) => table.name === name) },
          ],
          fits: { sum: 'add', register: 'write', set: 'put' }[kind] === other,
        };
    for (const [value, read] of reads) {
      yield { name: `${what} that is ${value}`, answer: () => withMember([make()], '0', read), fits: false };
      for (const member of ['kind', 'table', 'row'])
        yield {
          name: `${what} whose ${member} is ${value}`,
          answer: () => [withMember(make(), member, read)],
          fits: member === 'row' && value === 'an instance',
        };
      for (const [column, fits] of [
        ['id', fitsAs('text', read)],
        ['n', what === 'an add' ? fitsDelta(read) : fitsAs('integer', read)],
      ] as const)
        yield {
          name: `${what} with ${value} as ${column}`,
          answer: () => {
            const effect = make();
            return [{ ...effect, row: withMember(effect.row, column, read) }];
          },
          fits,
        };
    }
  }
}

/** What the code of a table answers to a row that is put into it. */
function* tableCases(): Iterable<Case> {
  const put = (byId: Map<unknown, () => unknown>, answer: () => unknown) => (): unknown => {
    byId.set(freshId(), answer);
    return [keen.put({ id: freshId() })];
  };
  const add = (): Effect => derived.add({ id: freshId() }, { n: 1 });
  yield { name: 'a derived add', answer: put(derivedById, () => [add()]), fits: true };
  yield { name: 'a check that refuses', answer: put(checkedById, () => refuse('odd/no', { n: 1 })), fits: false };
  for (const [value, read] of reads) {
    yield {
      name: `a derivation of ${value}`,
      answer: put(derivedById, () => withMember([add()], '0', read)),
      fits: false,
    };
    for (const member of ['kind', 'table', 'row'])
      yield {
        name: `a derived add whose ${member} is ${value}`,
        answer: put(derivedById, () => [withMember(add(), member, read)]),
        fits: member === 'row' && value === 'an instance',
      };
    yield {
      name: `a derived add with ${value} as n`,
      answer: put(derivedById, () => [{ ...add(), row: withMember(add().row, 'n', read) }]),
      fits: fitsDelta(read),
    };
    for (const member of ['kind', 'code', 'details'])
      yield {
        name: `a check whose refusal has ${value} as ${member}`,
        answer: put(checkedById, () => withMember(refuse('odd/no'), member, read)),
        fits: false,
      };
  }
}

/** Verdicts that are no verdicts, and reasons that are none. */
function* verdictCases(): Iterable<Case> {
  const accepted = (): Effect[] => [sums.add({ id: freshId() }, { n: 1 })];
  for (const [value, read] of reads) {
    yield { name: `a plan of ${value}`, answer: read, fits: false };
    for (const [what, make] of [
      ['a refusal', () => refuse('odd/no', { n: 1 })],
      ['a compensation', () => compensate('odd/late', { n: 1 }, accepted())],
      ['a contest', () => contest('odd/late', { n: 1 }, accepted())],
    ] as const)
      for (const member of what === 'a refusal' ? ['kind', 'code', 'details'] : ['kind', 'correction', 'effects'])
        yield {
          name: `${what} whose ${member} is ${value}`,
          answer: () => withMember(make(), member, read),
          fits: false,
        };
    for (const member of ['code', 'details'])
      yield {
        name: `a correction whose ${member} is ${value}`,
        answer: () => {
          const compensated = compensate('odd/late', { n: 1 }, accepted());
          return { ...compensated, correction: withMember(compensated.correction, member, read) };
        },
        fits: member === 'code' ? fitsAs('text', read) : value === 'an object without prototype',
      };
    yield {
      name: `a refusal with ${value} in its details`,
      answer: () => ({ ...refuse('odd/no'), details: withMember({}, 'n', read) }),
      fits: false,
    };
  }
}

const cases = [...effectCases(), ...tableCases(), ...verdictCases()];

/** As whoever wrote the ops had it, and as another release has it, in which it goes wrong. */
function oddVerb(answer: (index: number) => unknown): Verb<'shop.odd', { readonly index: number }> {
  return defineVerb({
    name: 'shop.odd',
    version: 1,
    roles: ['owner'],
    tables: [...tables, derived, keen],
    args: z.strictObject({ index: z.int() }),
    plan: (_view, _op, { index }) => answer(index) as Outcome,
  });
}

describe('an odd answer', () => {
  it('refuses its own op alone, alike on both drivers, wherever it stands', async () => {
    const verbs = [oddVerb(() => [])] as const;
    const writer = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs, edge: testEdge() });
    await writer.commitAll(cases.map((_case, index) => ({ verb: 'shop.odd', args: { index } }) as const));
    const file = await writer.export();
    const idByIndex = new Map((await recordsOf(writer)).map(({ op }) => [op.args['index'], op.id as string]));
    const seen = new Map<string, unknown>();
    for (const [driver, createStore] of Object.entries(stores)) {
      const odd = oddVerb((index) => {
        current = index;
        return cases[index]?.answer();
      });
      const reader: Book = await openBook<readonly Verb[]>({
        store: createStore(),
        keys: memoryKeys(),
        verbs: [odd],
        edge: testEdge(2),
        book: writer.id,
      });
      await reader.import(file);
      expect(reader.status().scopes.map(({ stop }) => stop)).toEqual([undefined]);
      const codeById = new Map(
        reader.query('SELECT id, code, details FROM refusals').map(({ id, code }) => [id, code]),
      );
      const wrong = cases.filter(({ fits }, index) => fits === codeById.has(idByIndex.get(index) as string));
      expect(wrong.map(({ name }) => name)).toEqual([]);
      expect(new Set(codeById.values())).toEqual(new Set(['kernel/verb-failed', 'odd/no', 'text', '', '__proto__']));
      seen.set(driver, { refused: reader.query('SELECT * FROM refusals'), digest: reader.digest() });
      await reader.close();
    }
    await writer.close();
    expect(seen.get('sql.js')).toEqual(seen.get('better-sqlite3'));
  });
});
