// Rows of a backup that are still to come: who asks, who waits, and what is said where they cannot be had.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { closedState } from '../src/engine/closed-state.ts';
import { createLaterRows } from '../src/engine/later-rows.ts';
import { noticesOf } from '../src/model/notices.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const absent = [{ table: 'documents', bytes: 9, last: ['hq', 'd7'] }];
const subscribe = (): (() => void) => () => undefined;
const titles = (comingFault: string | undefined): readonly string[] =>
  noticesOf({ ...closedState({ kind: 'starting' }), isComing: true, comingFault }).map(({ title }) => title);

it('says that they cannot be had, tries again, and says no more of it once they are here', async () => {
  const book = {
    subscribe,
    status: () => ({ snapshot: { absent } }) as never,
    loadRest: vi.fn(async () => {
      if (book.loadRest.mock.calls.length < 3) throw new Error('there is no shard');
    }),
  };
  const onChange = vi.fn();
  const later = createLaterRows(book, onChange);
  expect([later.isComing, later.fault, later.isNewer('d7'), later.isNewer('d8')]).toEqual([
    true,
    undefined,
    false,
    true,
  ]);
  expect(titles(later.fault)).toEqual(['What was sold before the backup is still coming.']);
  await expect(later.all()).rejects.toThrow('there is no shard');
  expect([later.isComing, later.fault, onChange.mock.calls.length]).toEqual([true, 'there is no shard', 1]);
  expect(titles(later.fault)).toEqual(['What was sold before the backup cannot be read on this device.']);
  await vi.advanceTimersByTimeAsync(20_100);
  expect([later.isComing, later.fault, onChange.mock.calls.length]).toEqual([false, undefined, 3]);
});

it('takes a sale for whole whose tables came because a clock had been ahead', () => {
  let here: readonly unknown[] = [
    { table: 'documents', last: ['hq', 'f9'] },
    { table: 'discounts', last: ['hq', 'd6'] },
  ];
  const status = (): never => ({ snapshot: { absent: here } }) as never;
  const book = { status, subscribe, loadRest: () => Promise.resolve() };
  const later = createLaterRows(book, () => undefined);
  expect(later.isNewer('d8')).toBe(false);
  here = here.slice(1);
  expect([later.isNewer('d8'), later.isNewer('d6'), later.isComing]).toEqual([true, false, true]);
  later.stop();
});

it('comes while nobody looks at the screen, and says how much is here', async () => {
  let here = [
    { table: 'documents', bytes: 25, last: ['hq', 'd7'] },
    { table: 'postings', bytes: 75, last: ['hq', 'd7'] },
  ];
  let tell: (change: never) => void = () => undefined;
  const book = {
    status: () => ({ snapshot: { absent: here } }) as never,
    subscribe: (listener: (change: never) => void) => {
      tell = listener;
      return () => (tell = () => undefined);
    },
    loadRest: async () => {
      while (here.length > 0) {
        await Promise.resolve();
        here = here.slice(1);
        tell({ kind: 'resident' } as never);
      }
    },
  };
  const seen: number[] = [];
  const later = createLaterRows(book, () => seen.push(later.percent));
  const details = (comingPercent: number): readonly string[] =>
    noticesOf({ ...closedState({ kind: 'starting' }), isComing: true, comingPercent }).map(({ detail }) => detail);
  expect(later.percent).toBe(0);
  expect(details(0)[0]).not.toContain('%');
  expect(details(25)[0]).toContain('25 %');
  later.rest();
  await vi.advanceTimersByTimeAsync(0);
  expect([seen, later.isComing]).toEqual([[25, 100, 100], false]);
});
