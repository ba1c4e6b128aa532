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

  it('hands on every op in its order while it is at hand, and none after the first that is bad', async () => {
    const [path, keys] = [join(dir, 'book.db'), memoryKeys()];
    let book = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs });
    const moves = Array.from(
      { length: OPS },
      () => ({ verb: 'stock.move', args: { sku: 'apple', quantity: 1 } }) as const,
    );
    await book.commitAll(moves);
    await book.sync(await createTestRelay());
    await book.commit('stock.move', { sku: 'apple', quantity: 2 });
    const readWith = async () => {
      const hashes: string[] = [];
      const report = await book.verify({ read: ({ records }) => void hashes.push(...records.map(({ hash }) => hash)) });
      return { hashes, report };
    };
    const whole = await readWith();
    const [scope] = book.log.scopes();
    if (scope === undefined) throw new Error('a book without a scope');
    const stored = [...(await book.log.settled(scope, 0, OPS + 2)), ...(await book.log.pending(scope))];
    expect(whole.report).toMatchObject({ ok: true, ops: stored.length });
    expect(whole.hashes).toEqual(stored.map(({ hash }) => hash));
    await book.close();
    const db = new Database(path);
    db.prepare("UPDATE log_records SET body = '{}', seen = 'no JSON' WHERE position = 600").run();
    db.close();
    book = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs });
    const broken = await readWith();
    expect(broken.report.problems[0]).toMatchObject({ position: 600, code: 'canonical/syntax' });
    expect(broken.hashes.slice(0, 600)).toEqual(whole.hashes.slice(0, 600));
    expect(broken.hashes).not.toContain(whole.hashes[600]);
    await book.close();
  });
});
