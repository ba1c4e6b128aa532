// What the realm says of planted verbs, in Node and in a page alike.
import { type BookStore, type CryptoProvider, openBook, type Verb } from '@tallystick/kernel';
import {
  createClock,
  createEdge,
  createSeededKeys,
  pureVerbs,
  shopVerbs,
  type TestkitError,
} from '@tallystick/testkit';
import { expect, it } from 'vitest';
import { planted, type Way, ways } from './planted-verbs.ts';

/**
 * The ways out that only the lint rules and the gate see: a float stays in the verb, a function held since before knows no trap, and a stack asked
 * twice at one place is as deep. Of keys out of order only the lint rules know, because the kernel hands on args in one order.
 */
const unseen: readonly Way[] = ['floats', 'text', 'captured', 'stack', 'catch', 'unordered'];
const reached: Partial<Record<Way, string>> = {
  clock: 'Date.now',
  date: 'reached for Date',
  stopwatch: 'performance.now',
  temporal: 'Temporal',
  dice: 'Math.random',
  ids: 'crypto.randomUUID',
  bytes: 'crypto.getRandomValues',
  curve: 'Math.sin',
  decimals: 'Number.toFixed',
  shared: 'Atomics.add',
  network: 'fetch',
  timer: 'setTimeout',
  locale: 'Number.toLocaleString',
  formatter: 'Intl.NumberFormat.format',
  match: 'RegExp.lastMatch',
  language: 'Intl.DateTimeFormat',
  memory: 'answered the same question in two ways',
  alias: 'answered the same question in two ways',
  schema: 'Date.now',
  table: 'Math.random',
};

export function realmCases(open: () => BookStore, crypto: CryptoProvider): void {
  /** What a verb reached for in forty ops, which is enough to be asked twice. */
  async function deedsOf(verb: Verb): Promise<readonly string[]> {
    const errors: TestkitError[] = [];
    const verbs: readonly Verb[] = pureVerbs([verb], (error) => errors.push(error));
    const keys = createSeededKeys('realm', crypto);
    const edge = createEdge(createClock(), { seed: 1 });
    const book = await openBook({ store: open(), verbs, crypto, keys, edge });
    for (let op = 0; op < 40 && errors.length === 0; op++)
      await book.commit(verb.name, {}).catch((error: unknown) => expect(error).toBe(errors[0]));
    await book.close();
    expect(errors.every(({ code }) => code === 'testkit/impure')).toBe(true);
    return errors.map(({ message }) => message);
  }

  it.each(ways.filter((way) => !unseen.includes(way)))('meets %s', async (way) => {
    const verb: Verb = planted[way];
    const deeds = await deedsOf(verb);
    expect(deeds[0]).toContain(verb.ref);
    expect(deeds[0]).toContain(reached[way]);
  });

  it('meets whatever RegExp tells of the last match', async () => {
    const own = ['length', 'name', 'prototype', 'escape'];
    const told = Object.getOwnPropertyNames(RegExp).filter((name) => !own.includes(name));
    expect(told).toContain('$9');
    const seen: string[] = [];
    for (const name of told) {
      const plan = (): [] => (String(Reflect.get(RegExp, name)), []);
      seen.push(...(await deedsOf({ ...planted.match, plan })));
    }
    for (const name of told) expect(seen).toContainEqual(expect.stringContaining(`reached for RegExp.${name}:`));
  });

  it('meets whatever Math, Atomics and arrays of floats approximate, order or share', async () => {
    const exact = 'abs ceil clz32 floor imul max min round sign trunc'.split(' ');
    const inexact = Object.getOwnPropertyNames(Math).filter(
      (name) => typeof Reflect.get(Math, name) === 'function' && !exact.includes(name),
    );
    const ways: readonly (readonly [string, () => unknown])[] = [
      ...inexact.map((name) => [`Math.${name}`, () => (Reflect.get(Math, name) as (n: number) => number)(1)] as const),
      ...Object.getOwnPropertyNames(Atomics).map(
        (name) => [`Atomics.${name}`, () => (Reflect.get(Atomics, name) as (n: number) => number)(1)] as const,
      ),
      ['parseFloat', () => parseFloat('1')],
      ['Number.parseFloat', () => Number.parseFloat('1')],
      ['Number.toFixed', () => (1).toFixed(2)],
      ['Number.toPrecision', () => (1).toPrecision(2)],
      ['Number.toExponential', () => (1).toExponential(2)],
      ['Float64Array', () => new Float64Array(1)],
      ['Float32Array', () => Float32Array.of(1)],
      ['SharedArrayBuffer', () => new SharedArrayBuffer(4)],
    ];
    expect(inexact).toContain('pow');
    for (const [name, way] of ways) {
      if (name === 'SharedArrayBuffer' && typeof SharedArrayBuffer === 'undefined') continue;
      const deeds = await deedsOf({ ...planted.curve, plan: () => (way(), []) });
      expect(deeds, name).toContainEqual(expect.stringContaining(name));
    }
  });

  it('leaves everything as it was', async () => {
    const before = [
      Date,
      Date.now,
      Math.random,
      fetch,
      setTimeout,
      Intl.NumberFormat,
      globalThis.crypto.randomUUID,
      'Temporal' in globalThis,
    ];
    await deedsOf(planted.clock);
    const after = [
      Date,
      Date.now,
      Math.random,
      fetch,
      setTimeout,
      Intl.NumberFormat,
      globalThis.crypto.randomUUID,
      'Temporal' in globalThis,
    ];
    expect(after.every((one, index) => one === before[index])).toBe(true);
  });

  it('lets a verb write to the console, of which nothing comes back', async () => {
    const told: unknown[] = [];
    const { log } = console;
    console.log = (...words: unknown[]) => void told.push(...words, Date.now());
    try {
      expect(await deedsOf({ ...planted.clock, plan: () => (console.log('seen'), []) })).toEqual([]);
    } finally {
      console.log = log;
    }
    expect(told).toContain('seen');
  });

  it('wraps a list of verbs into the same list, and a table into the same table', () => {
    const [once, twice] = [pureVerbs(shopVerbs), pureVerbs(shopVerbs)];
    expect(once.map(({ ref }) => ref)).toEqual(shopVerbs.map(({ ref }) => ref));
    expect(once.flatMap(({ tables }) => [...tables]).map(({ name }) => name)).toContain('postings');
    for (const [index, { tables }] of once.entries()) expect(tables).toEqual(twice[index]?.tables);
  });
}
