// The conformance command against this relay over HTTP, as a vendor would run it against theirs.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningRelay, startRelay } from '../src/start-relay.ts';

const program = fileURLToPath(new URL('../../../packages/relay-protocol/bin/relay-protocol.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
let relay: RunningRelay;

beforeAll(async () => {
  relay = await startRelay({ dataDir: folder, port: 0 });
});
afterAll(async () => {
  await relay.close();
  rmSync(folder, { recursive: true });
});

const run = (
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

it('passes every clause, and says that what needs a restart was not run where nothing restarts it', async () => {
  const told = await run('conformance', relay.url, '--vkey', relay.vkey);
  expect([told.status, told.stdout.match(/^FAIL.*/gm), told.stdout.match(/^NOT-RUN +\w+/gm)]).toEqual([
    1,
    null,
    ['NOT-RUN durable'],
  ]);
  // A command that does nothing and talks: the relay goes on, and so does what it stored.
  const durable = await run('conformance', relay.url, '--restart', 'echo again', '--only', 'durable', '--json');
  expect([durable.status, JSON.parse(durable.stdout)]).toMatchObject([
    0,
    { ok: true, clauses: [{ name: 'durable', outcome: 'pass' }] },
  ]);
}, 60_000);

it('is called wrongly with status 2, and says so where no relay answers', async () => {
  for (const args of [
    ['conformance'],
    ['audit', relay.url],
    ['conformance', 'nowhere'],
    ['conformance', relay.url, '--loud'],
    ['conformance', relay.url, '--only', 'luck'],
  ])
    expect((await run(...args)).status).toBe(2);
}, 60_000);
