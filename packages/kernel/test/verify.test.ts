// Verifying a stored log page by page: where a page ends inside a run, what comes after it counts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestRelay } from './fleet.ts';
import { memoryKeys, shopVerbs } from './shop.ts';

const OPS = 700;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tallystick-verify-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The report on a settled book of one run in which the ops between two sequences carry no valid signature of their own, and the one at a position is lost. */
async function verifyUnsigned(from: number, to: number, lost?: number) {
  const [path, keys] = [join(dir, 'book.db'), memoryKeys()];
  const fresh = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs });
  const moves = Array.from(
    { length: OPS },
    () => ({ verb: 'stock.move', args: { sku: 'apple', quantity: 1 } }) as const,
  );
  await fresh.commitAll(moves);
  await fresh.close();
  const db = new Database(path);
  db.prepare('UPDATE log_records SET signature = zeroblob(64) WHERE seq BETWEEN ? AND ?').run(from, to);
  db.close();
  let book = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs });
  await book.sync(await createTestRelay());
  if (lost !== undefined) {
    await book.close();
    const settled = new Database(path);
    expect(settled.prepare('DELETE FROM log_records WHERE position = ?').run(lost).changes).toBe(1);
    settled.close();
    book = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs });
  }
  const settled = book.status().scopes[0]?.settled;
  const report = await book.verify();
  await book.close();
  return { settled, report };
}

describe('verifying a stored log', () => {
  it('reads on where a page ends inside a run', async () => {
    const { settled, report } = await verifyUnsigned(100, 650);
    expect(settled).toBeGreaterThan(OPS);
    expect(report).toMatchObject({ ok: true, ops: settled, problems: [] });
  });

  it('names the op that is lost, and none of a run before it that is whole', async () => {
    const { report } = await verifyUnsigned(100, 650, 690);
    expect(report.ops).toBe(690);
    expect(report.problems.map(({ code, position }) => [code, position])).toEqual([['log/missing', 690]]);
  });

  it('names the op that is lost beside those of its run that wait for a signature after it', async () => {
    const { report } = await verifyUnsigned(100, 650, 400);
    expect(report.problems.map(({ code, position }) => [code, position]).at(-1)).toEqual(['log/missing', 400]);
    expect(report.problems.slice(0, -1).every(({ position }) => (position ?? 0) < 400)).toBe(true);
  });
});
