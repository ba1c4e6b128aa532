// A process killed while it appends loses nothing that it had acknowledged, and leaves a log that opens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { OpRecord, Scope, SyncLogStore } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile, createSqliteLogStore } from '@tallystick/oplog/node';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeChain } from './arbitraries.ts';

const script = fileURLToPath(new URL('./append-forever.ts', import.meta.url));
const hq = 'hq' as Scope;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oplog-kill-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Kills the child after it acknowledged `count` ops and returns the last seq it acknowledged. */
async function killAfter(count: number, kind: string, path: string): Promise<number> {
  const child = spawn(process.execPath, [script, kind, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last === count) child.kill('SIGKILL');
  }
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return last;
}

/** What `append-forever.ts` appends first. */
function firstOps(count: number): OpRecord[] {
  const hundreds = Array.from({ length: Math.ceil(count / 100) }, (_, i) => makeChain(100, { from: 100 * i + 1 }));
  return hundreds.flat().slice(0, count);
}

const open: Record<string, (path: string) => SyncLogStore> = {
  file: (path) => createFileLogStore(createNodeAppendFile(path)),
  sqlite: (path) => createSqliteLogStore(new Database(path)),
};

it.each(Object.entries(open))('%s store', async (kind, reopen) => {
  // The last is past the ops that wait in a journal.
  for (const count of [1, 60, 280]) {
    const path = join(folder, `${kind}-${count}`);
    const acknowledged = await killAfter(count, kind, path);
    expect(acknowledged).toBeGreaterThanOrEqual(count);
    const stored = reopen(path).pending(hq);
    expect(stored.length).toBeGreaterThanOrEqual(acknowledged);
    expect(stored).toEqual(firstOps(stored.length));
  }
});
