// What stands in for vitest in a browser goes red where vitest does, and a verdict that differs is found.
import { expect, test } from 'vitest';
import { beforeEach, describe, expect as expectInPage, isEqual, it, runSuite } from '../browsers/suite.ts';
import { tallyFixtures, tallyVerdicts } from '../browsers/tally.ts';

test('a suite reports each test by its name, and what failed by why', async () => {
  describe('outer', () => {
    it('passes', () => expectInPage(1).toBe(1));
    it('fails', () => expectInPage(1, 'one').toBe(2));
    it('fails later', async () => expectInPage(await Promise.resolve([1])).toEqual([1, 2]));
    it.each([{ name: 'row' }])('case: $name', ({ name }: { name: string }) => expectInPage(name).toBe('row'));
    it.each([['first', 3]])('%s', (_name: string, count: number) => expectInPage(count).toBeLessThan(3));
    it.each([['second', 3]])('%s', (_name: string, count: number) => expectInPage(count).toBeGreaterThanOrEqual(4));
  });
  expect(await runSuite()).toEqual([
    { name: 'outer > passes', failure: undefined },
    { name: 'outer > fails', failure: 'Error: one 1 is not 2' },
    { name: 'outer > fails later', failure: 'Error: [1] does not equal [1,2]' },
    { name: 'outer > case: row', failure: undefined },
    { name: 'outer > first', failure: 'Error: 3 is not below 3' },
    { name: 'outer > second', failure: 'Error: 3 is not at least 4' },
  ]);
  expect(await runSuite()).toEqual([]);
});

test('what stands before each test runs before it, and once a group', async () => {
  let count = 0;
  describe('counted', () => {
    beforeEach(() => (count += 1));
    it('first', () => expectInPage(count).toBe(1));
    it('second', () => expectInPage(count).toBe(3));
    it('third', () => expectInPage(undefined).toBeUndefined());
    it('fourth', () => expectInPage(null).toBeUndefined());
    expect(() => beforeEach(() => undefined)).toThrow('once');
  });
  expect((await runSuite()).map(({ failure }) => failure)).toEqual([
    undefined,
    'Error: 2 is not 3',
    undefined,
    'Error: null is not undefined',
  ]);
});

test('a table without rows is an error and not an empty suite', () => {
  expect(() => it.each([])('$name', () => undefined)).toThrow('no rows');
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: undefined, b: 1 }, { a: 1 }],
  [[], {}],
  [[1], [1, undefined]],
  [Uint8Array.of(1), [1]],
  [Uint8Array.of(1), Uint8Array.of(2)],
  [null, {}],
  ['1', 1],
  [0, -0],
])('%j does not equal %j', (a, b) => {
  expect(isEqual(a, b)).toBe(false);
  expect(isEqual(b, a)).toBe(false);
});

test('equal values are equal, members of undefined aside', () => {
  const value = { list: [1, { deep: 'x' }], bytes: Uint8Array.of(1, 2), none: undefined };
  expect(isEqual(value, { list: [1, { deep: 'x' }], bytes: Uint8Array.of(1, 2) })).toBe(true);
});

const wanted = ['noble', 'webcrypto'].map((backEnd) => {
  return { file: 'cases.json', backEnd, verdicts: [['1', true] as const, ['2', false] as const] };
});

test('another verdict, a missing case and a missing back end are wrong cases', () => {
  const [noble] = wanted.map((list) => ({ ...list, verdicts: [['1', false] as const] }));
  const verdicts = noble === undefined ? [] : [noble];
  const tallies = tallyVerdicts('Browser', { verdicts, hasEd25519: true }, wanted);
  expect(tallies.map(({ backEnd, cases, wrong }) => [backEnd, cases, wrong])).toEqual([
    ['noble, Browser', 1, ['1', '2']],
    ['webcrypto, Browser', 0, ['1', '2']],
  ]);
  expect(
    tallyVerdicts('Browser', { verdicts: wanted, hasEd25519: true }, wanted).flatMap(({ wrong }) => wrong),
  ).toEqual([]);
});

test('a browser without Ed25519 is not asked for it', () => {
  const tallies = tallyVerdicts('Browser', { verdicts: wanted, hasEd25519: false }, wanted);
  expect(tallies.map(({ backEnd }) => backEnd)).toEqual(['noble, Browser']);
});

test('a vector of ours that fails or did not run is a wrong case', () => {
  const inNode = ['op > one', 'op > two', 'sign > one'].map((name) => ({ name, failure: undefined }));
  const fixtures = [{ name: 'op > one', failure: 'Error' }, ...inNode.slice(1, 2)];
  expect(tallyFixtures('Browser', { fixtures }, inNode)).toEqual([
    { file: 'fixtures/op', backEnd: 'Browser', cases: 2, wrong: ['op > one'] },
    { file: 'fixtures/sign', backEnd: 'Browser', cases: 0, wrong: ['sign > one'] },
  ]);
});
