// Every suite in miniature: it has the right shape, its outcome is checked, and what it counts is exact. The bounds are what this release needs, so that a
// change that does more work per op fails here, on any machine.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../scripts/test-environment.ts';
import { countAllocations, inexactCounts } from '../allocations.ts';
import { countedCrypto, countPages, countStatements, WorkCounter } from '../counts.ts';
import { anySales, openTill } from '../sales.ts';
import { measure, mustBe, type Result, spread, type Suite } from '../suite.ts';
import { suites } from '../suites.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
let folder = '';
beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function tiny(suite: Suite): Promise<readonly Result[]> {
  return measure(suite, { size: { ops: 200, commits: 64 }, runs: 1, folder: mkdtempSync(join(folder, 'run-')) });
}

/** The most work per op that this release may do, by result. */
const bounds: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'append-memory': { hashes: 1, signatures: 1, bytes: 550, allocations: 230, allocatedBytes: 12_500 },
  'append-sqlite-one': { hashes: 1, signatures: 1, verifications: 0, statements: 1.5, fsyncs: 1, pages: 2, bytes: 550 },
  'append-sqlite-100': { hashes: 1, signatures: 1, statements: 2.1, fsyncs: 0.01, pages: 0.2, bytes: 550 },
  'parse-canonical': { allocations: 25, allocatedBytes: 1_500 },
  'parse-op': { allocations: 25, allocatedBytes: 1_500 },
  'parse-record': { allocations: 30, allocatedBytes: 2_500 },
  'chain-runs-100': { hashes: 1, verifications: 0.01, allocations: 60, allocatedBytes: 5_000 },
  'chain-stored-100': { hashes: 1, verifications: 0.01, allocations: 60, allocatedBytes: 5_000 },
  'chain-stored-whole': { hashes: 1, verifications: 0.005, allocations: 60, allocatedBytes: 5_000 },
  'commit-durable-one': {
    hashes: 1,
    signatures: 1,
    verifications: 0,
    fsyncs: 1,
    statements: 13,
    pages: 3,
    bytes: 830,
  },
  'commit-durable-one-read': { hashes: 1, signatures: 1, fsyncs: 1, statements: 34, pages: 17 },
  'commit-durable-32': {
    hashes: 1,
    signatures: 1,
    verifications: 0,
    fsyncs: 1 / 32,
    statements: 9,
    pages: 1.5,
    bytes: 830,
  },
  'replay-better-sqlite3': { signatures: 0, statements: 6.2, fsyncs: 0 },
  'replay-sqljs': { signatures: 0, statements: 4, fsyncs: 0 },
  'verify-runs': { hashes: 3.1, signatures: 0, verifications: 0.01, statements: 0.1, fsyncs: 0 },
  'verify-every': { hashes: 3.1, signatures: 0, verifications: 1, statements: 0.1, fsyncs: 0 },
  'merge-0.2k-0.2k': { hashes: 700, verifications: 1, statements: 3_650, fsyncs: 1 },
  'reopen-0.2k': { verifications: 5, fsyncs: 0, statements: 180 },
  'reopen-0.2k-once': { verifications: 5, fsyncs: 0, statements: 178 },
  // The same bound at both sizes: a commit is O(change).
  'scale-commit-20': { statements: 22, fsyncs: 1, pages: 6 },
  'scale-commit-200': { statements: 22, fsyncs: 1, pages: 6 },
  'browser-commit-durable-one': { statements: 24, flushes: 1 },
  'browser-replay': { statements: 4, flushes: 0 },
  'snapshot-browser-2k': { scanned: 0 },
  'snapshot-node-2k': { scanned: 0, imageBytes: 2_950_000, indexBytes: 145_000 },
};

/** The most bytes, by suite and result. */
const bytesBounds: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  bytes: {
    'record-sale': 830,
    'wire-sale-gzip': 260,
    'stored-sale-pending': 2_200,
    // The database is what it was; what it had before the sales has six pages less, for the shop's first ops wait there too.
    'stored-sale-settled': 1_790,
    'stored-payload-177': 420,
  },
  bundle: {
    'bundle-protocol': 21_750,
    'bundle-protocol-every-entry': 37_700,
    'bundle-oplog': 3_850,
    'bundle-chain': 8_450,
    'bundle-sign': 15_300,
    'bundle-kernel': 48_400,
    'bundle-kernel-later': 57_620,
    'bundle-kernel-alone': 39_440,
    'bundle-kernel-with-relay': 59_860,
  },
};

/** The counts that must be the same every time. */
function exactCounts(results: readonly Result[]): unknown {
  const exact = ([what]: [string, number]): boolean => !inexactCounts.has(what);
  return results.map(({ name, counts }) => ({ name, counts: Object.entries(counts).filter(exact) }));
}

const inBrowser = new Set(['browser', 'snapshot', 'restore']);
const runnable = suites.filter(({ name }) => !inBrowser.has(name) || !isMissing('Chromium', chromiumPath()));

describe.each(runnable.map((suite) => [suite.name, suite] as const))('suite %s', (name, suite) => {
  it('measures, and counts the same work every time', async () => {
    const first = await tiny(suite);
    expect(first.length).toBeGreaterThan(0);
    for (const result of first) {
      expect(Object.keys(result)).toEqual(['name', 'unit', 'median', 'min', 'max', 'runs', 'counts']);
      expect(result.median).toBeGreaterThan(0);
      expect(result).toMatchObject({ runs: 1, min: result.median, max: result.median });
      const most = bounds[result.name];
      for (const [what, bound] of Object.entries(most ?? {}))
        expect(result.counts[what], `${result.name}: ${what}`).toBeLessThanOrEqual(bound);
    }
    // A browser's suites take longest, and what they count is bounded above.
    if (inBrowser.has(name)) return;
    const second = await tiny(suite);
    expect(exactCounts(second)).toEqual(exactCounts(first));
    const most = bytesBounds[name];
    if (most === undefined) return;
    expect(second).toEqual(first);
    expect(first.map((result) => result.name)).toEqual(Object.keys(most));
    for (const result of first) expect(result.median, result.name).toBeLessThanOrEqual(most[result.name] ?? 0);
  });
});

describe('counters', () => {
  it('count the fsyncs that the write-ahead log shows', async () => {
    const path = join(mkdtempSync(join(folder, 'fsync-')), 'book.db');
    const { book, dice } = await openTill({ store: nodeStore(path) });
    const counter = new WorkCounter();
    const sales = anySales(dice, 5);
    const pages = await countPages(path, () =>
      countStatements(counter, async () => {
        for (const { verb, args } of sales) await book.commit(verb, args);
      }),
    );
    expect(counter.fsyncs).toBe(5);
    expect(pages).toBeGreaterThan(5);
    await book.close();
  });

  it('count no fsync for a commit that does not wait, and none for a read', async () => {
    const db = new Database(join(mkdtempSync(join(folder, 'normal-')), 'x.db'));
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.exec('CREATE TABLE t (n INTEGER)');
    const counter = new WorkCounter();
    await countStatements(counter, async () => db.prepare('INSERT INTO t VALUES (1)').run());
    expect(counter.counts()).toMatchObject({ fsyncs: 0, statements: 1 });
    db.pragma('synchronous = FULL');
    await countStatements(counter, async () => db.prepare('SELECT n FROM t').get());
    expect(counter.counts()).toMatchObject({ fsyncs: 0, statements: 2 });
    await countStatements(counter, async () => db.transaction(() => db.prepare('INSERT INTO t VALUES (2)').run())());
    expect(counter.counts()).toMatchObject({ fsyncs: 1, statements: 5 });
    db.prepare('INSERT INTO t VALUES (3)').run();
    expect(counter.counts()).toMatchObject({ fsyncs: 1, statements: 5 });
    db.close();
  });

  it('count what the provider really does', async () => {
    const counter = new WorkCounter();
    const { hasher, ed25519 } = countedCrypto(nodeCrypto, counter);
    const key = await ed25519.generate();
    const message = hasher.sha256(Uint8Array.of(1));
    expect(await ed25519.verify(key.publicKey, message, await key.sign(message))).toBe(true);
    expect(counter.counts()).toMatchObject({ hashes: 1, signatures: 1, verifications: 1 });
  });
});

describe('allocations', () => {
  let kept: unknown[] = [];
  const keep = (count: number): void => {
    kept = [];
    for (let index = 0; index < count; index++) kept.push({ index });
  };

  it('are counted one by one, with their bytes, kept or not', async () => {
    const { allocations = 0, allocatedBytes = 0 } = await countAllocations(1_000, () => keep(1_000));
    expect(kept).toHaveLength(1_000);
    // An object of a header and one member, and now and then a longer array.
    expect(allocations).toBeGreaterThan(0.9);
    expect(allocations).toBeLessThan(1.5);
    expect(allocatedBytes).toBeGreaterThan(24);
    expect(allocatedBytes).toBeLessThan(100);
  });

  it('are not counted where there are none', async () => {
    let sum = 0;
    const { allocations } = await countAllocations(1_000, () => {
      for (let index = 0; index < 1_000; index++) sum = (sum + index) % 7;
    });
    expect(sum).toBeLessThan(7);
    expect(allocations).toBeLessThan(0.2);
  });
});

describe('figures', () => {
  it('are a median between the least and the greatest', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(() => spread([])).toThrow('nothing was measured');
  });

  it('do not stand when the outcome is wrong', () => {
    expect(() => mustBe('sales', 9, 10)).toThrow('sales: got 9, expected 10');
  });
});

describe('the command', () => {
  const bench = (...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [program, ...args], (_error, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      );
    });

  it('prints one object on one line', async () => {
    const { status, stdout } = await bench('import', '--json', '--quick', '--runs', '1');
    expect(status).toBe(0);
    expect(stdout.endsWith('}\n')).toBe(true);
    expect(stdout.trimEnd().includes('\n')).toBe(false);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(report)).toEqual(['suite', 'machine', 'results']);
    expect(report).toMatchObject({ suite: 'import' });
    const names = (report['results'] as readonly Result[]).map(({ name }) => name);
    for (const name of ['oplog', 'chain', 'sign', 'kernel']) expect(names).toContain(`import-${name}`);
  });

  it.each([
    [['comit'], 'there is no suite "comit"'],
    [['--jsn'], "Unknown option '--jsn'"],
    [['--runs', '0'], '--runs is a whole number from 1 to 1000, not "0"'],
    [['--runs', '2.5'], 'not "2.5"'],
  ])('refuses %j', async (args, message) => {
    const { status, stdout, stderr } = await bench(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
