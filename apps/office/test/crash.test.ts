// A trade killed with SIGKILL in the middle of selling, and one killed while the office's database is away to be rebuilt: the same
// command again completes the books, and nothing is in them twice.
import { existsSync, statSync, watch } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvText, naiveTotals, sampleRows } from './retail-format.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';
import { jsonOf, runTally, startTally } from './tally-process.ts';

const rows = sampleRows(900);
const file = temporaryFile('shop.csv', csvText(rows));

/** Resolves when `isReached` first answers true; asks at every change under `folder` and a few hundred times a second. */
function reached(folder: string, isReached: () => boolean): Promise<void> {
  mkdirSync(folder, { recursive: true });
  return new Promise((resolve) => {
    const ask = (): void => {
      if (!isReached()) return;
      watcher.close();
      clearInterval(timer);
      resolve();
    };
    const watcher = watch(folder, { recursive: true }, ask);
    const timer = setInterval(ask, 3);
  });
}

async function killWhen(data: string, isReached: () => boolean): Promise<void> {
  const running = startTally('trade', file, '--tills', '3', '--data', data, '--json');
  await Promise.race([reached(data, isReached), running.ended]);
  running.child.kill('SIGKILL');
  const { signal, stderr } = await running.ended;
  expect({ signal, stderr }).toMatchObject({ signal: 'SIGKILL' });
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

describe('a killed trade', () => {
  it('goes on where it was, however often it is killed', async () => {
    const data = join(temporaryFolder(), 'books');
    const log = join(data, 'tills', 'till-02', 'till.db-wal');
    await killWhen(data, () => existsSync(join(data, 'office', 'office.db-wal')));
    await killWhen(data, () => sizeOf(log) > 300_000);
    const before = sizeOf(join(data, 'tills', 'till-02', 'till.db')) + sizeOf(log);
    expect(before).toBeGreaterThan(300_000);
    await killWhen(data, () => existsSync(join(data, 'office', 'office.db.aside')));
    expect(existsSync(join(data, 'office', 'office.db.aside'))).toBe(true);
    const result = jsonOf(await runTally('trade', file, '--tills', '3', '--data', data, '--json'));
    expect(result).toMatchObject({ ...naiveTotals(rows), trialBalanceMinor: 0, ok: true });
    expect(existsSync(join(data, 'office', 'office.db.aside'))).toBe(false);
    expect(jsonOf(await runTally('prove', '--data', data, '--json'))).toMatchObject({ ok: true });
  });

  it('leaves its directory free', async () => {
    const data = join(temporaryFolder(), 'books');
    await killWhen(data, () => existsSync(join(data, 'office', 'office.db')));
    const books = await runTally('books', '--data', data);
    expect(books.stderr).not.toContain('another tally');
  });
});

describe('two trades at once', () => {
  it('do not work in one directory: the second says so', async () => {
    const data = join(temporaryFolder(), 'books');
    const running = startTally('trade', file, '--tills', '3', '--data', data, '--json');
    await Promise.race([reached(data, () => existsSync(join(data, 'office', 'office.db'))), running.ended]);
    // It holds its directory, and does not come to its end before the second has looked.
    running.child.kill('SIGSTOP');
    const second = await runTally('trade', file, '--tills', '3', '--data', data, '--json');
    running.child.kill('SIGKILL');
    await running.ended;
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toContain('another tally is at work in this directory');
  });
});
