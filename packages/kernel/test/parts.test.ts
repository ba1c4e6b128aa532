// What loads when (docs/decisions/026-what-loads-when.md), in a process of its own whose imports can be refused, or come late.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('opens a book that was begun before, sells and reads without any part, and says which act has to wait for one', () => {
  const program = fileURLToPath(new URL('./reopened.ts', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'reopened-'));
  const run = (...args: string[]): unknown =>
    JSON.parse(execFileSync(process.execPath, [program, join(folder, 'book.db'), ...args], { encoding: 'utf8' }));
  try {
    // Whatever has to be loaded for one of them, commits come in the order in which they were asked for.
    const turns = ['day.open@1', 'sale.ring@1', 'day.open@1'];
    const begun = { ok: true, isNamed: true, unopened: 'done', after: true, opened: 'done', turns, asked: [] };
    expect(run('begin')).toEqual({
      ...begun,
      rows: [{ cents: 250 }],
      quiet: ['part-acts'],
      days: [{ day: '2026-11-20' }],
    });
    expect(run('reopen')).toEqual({
      ...begun,
      rows: [{ cents: 250 }, { cents: 50 }, { cents: 70 }, { cents: 250 }],
      quiet: [],
      unopened: 'kernel/not-loaded',
      days: [{ day: '2026-11-22' }],
      asked: ['part-acts', 'part-acts'],
    });
    // What was asked for before the book is closed is done.
    expect(run('close')).toEqual(['done', 'done']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('loads a part when it is first asked for, says by its code that it cannot be had, and sells on', () => {
  const program = fileURLToPath(new URL('./seldom-asked.ts', import.meta.url));
  const found: unknown = JSON.parse(execFileSync(process.execPath, [program], { encoding: 'utf8' }));
  const done = Array.from({ length: 11 }, () => 'done');
  const [acts, seldom] = ['part-acts', 'part-seldom'];
  expect(found).toEqual({
    unbegun: 'kernel/not-loaded',
    // A new book enrols its first device.
    alone: [acts],
    atOnce: [seldom],
    missed: Array.from({ length: 6 }, () => 'kernel/not-loaded'),
    isSame: true,
    sold: 'done',
    opened: 'done',
    // What could not be had is asked for again. It names the acts, which it comes with.
    inTurn: [seldom, acts, ...done.slice(1).map(() => seldom)],
    // Nor is a sale held up while the file of a part is on its way, whatever it was asked for.
    beside: done,
    came: [...done.slice(0, 3), 'kernel/relay-key', ...done.slice(0, 5), 'snapshot/format', 'archive/range'],
    // Nor is the end of the day; a commit that nobody waited for is in what is asked for next.
    closed: 'done',
    afterClose: 'kernel/closed',
    seen: true,
    pushed: 16,
    verified: 16,
  });
});

it('sells before the pending sale of a till whose clock is ahead, where no part can be had', () => {
  const program = fileURLToPath(new URL('./clock-ahead.ts', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'clock-ahead-'));
  const run = (step: string): unknown =>
    JSON.parse(execFileSync(process.execPath, [program, join(folder, 'book.db'), step], { encoding: 'utf8' }));
  try {
    const whole = { sold: [true, true], problems: [] };
    expect(run('begin')).toEqual({ ...whole, rows: [1, 2, 900], pending: 3, asked: [] });
    // It is asked for, since with it less is folded again, and is not needed.
    const asked = ['part-acts', 'part-acts'];
    expect(run('offline')).toEqual({ ...whole, rows: [1, 1, 2, 2, 900], pending: 5, asked });
    // A day that was opened here, and is pending, needs its code to be folded again: an opening that can have it does not wait until then.
    expect(run('day')).toMatchObject({ ...whole, pending: 8 });
    expect(run('cut off')).toMatchObject({ ...whole, pending: 10, asked: [] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
