// Under each abuse the program keeps its memory within bounds, other devices are served, and it answers as it should.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createRelayClient } from '@tallystick/relay-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFleet, hq, type Writer } from '../../../packages/relay-protocol/test/fleet.ts';
import { abuses, readerFor, type Target } from './abuses.ts';

/** The bodies that a relay holds at a time (128 MiB), and as much again for what the garbage collector of either of its two threads has not come to. */
const boundMiB = 384;
/** Of a machine that does much else meanwhile; whoever is not served waits for as long as an abuse goes on, or for ever. */
const servedWithinMs = 20_000;
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'relay-abuse-'));
const children: ChildProcess[] = [];
let relay: Target & { readonly pid: number; readonly honest: Writer };
let calmMiB: number;

/** The most memory it had since `forgetPeak`. */
const peakMiB = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

function start(args: readonly string[], isReady: (line: string) => string | undefined): Promise<[number, string]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      const ready = isReady(line);
      if (ready !== undefined) resolve([child.pid as number, ready]);
    });
  });
}

beforeAll(async () => {
  const [pid, line] = await start([main, '--data', folder, '--port', '0'], (text) =>
    text.includes('"listening"') ? text : undefined,
  );
  const { url, vkey } = JSON.parse(line) as { url: string; vkey: string };
  const fleet = createFleet('abused');
  const [thief, honest] = [fleet.enrol('thief'), fleet.enrol('honest')];
  const { book, genesis } = fleet;
  await createRelayClient({ url }).push(book, hq, [genesis, thief.enrolment, honest.enrolment]);
  const readerOf = readerFor(vkey);
  relay = { url, fleet, pid, thief: thief.writer, honest: honest.writer, owner: fleet.root, readerOf };
  await serve(relay, relay.honest, Promise.resolve());
  calmMiB = peakMiB(pid);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Pushes and reads until `work` is over, at least twice; the longest that a round took, in ms. */
async function serve(
  { url, fleet, readerOf }: Target,
  writer: Writer,
  work: Promise<unknown>,
  timeoutMs = servedWithinMs,
): Promise<number> {
  const client = createRelayClient({ url, retry: { attempts: 1, timeoutMs } });
  const state = { isOver: false };
  const over = work.finally(() => (state.isOver = true));
  let longestMs = 0;
  for (let rounds = 0; rounds < 2 || !state.isOver; rounds++) {
    const startedMs = performance.now();
    const { results } = await client.push(fleet.book, hq, [writer.write()]);
    const { frames } = await client.pull(fleet.book, hq, results[0]?.position ?? 0, readerOf(writer));
    if (frames.length === 0) throw new Error('what was stored is not served');
    longestMs = Math.max(longestMs, performance.now() - startedMs);
  }
  await over;
  return longestMs;
}

describe('a relay under', () => {
  it.each(Object.keys(abuses))(
    '%s serves others, within its memory',
    async (name) => {
      forgetPeak(relay.pid);
      const abuse = (abuses[name] as (typeof abuses)[string])(relay);
      const longestMs = await serve(relay, relay.honest, abuse);
      expect(await abuse).toEqual([]);
      expect(longestMs).toBeLessThan(servedWithinMs);
      expect(peakMiB(relay.pid) - calmMiB).toBeLessThan(boundMiB);
    },
    60_000,
  );
});

describe('the checks', () => {
  it('find a program that hoards, and one that serves nobody', async () => {
    const hoard = `const kept = Buffer.alloc(${boundMiB + 64} << 20, 1); console.error(kept.length); setInterval(() => 0, 9e6)`;
    const [pid] = await start(['-e', hoard], (line) => line);
    expect(peakMiB(pid)).toBeGreaterThan(boundMiB);
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const mute = { ...relay, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const impatient = createRelayClient({ url: mute.url, retry: { attempts: 1, timeoutMs: 50 } });
    await expect(impatient.push(relay.fleet.book, hq, [])).rejects.toMatchObject({ code: 'relay/unreachable' });
    server.closeAllConnections();
    server.close();
    await expect(serve(mute, relay.honest, Promise.resolve(), 500)).rejects.toMatchObject({
      code: 'relay/unreachable',
    });
    expect(await (abuses['gzip bombs'] as (typeof abuses)[string])(mute)).toEqual(['closed']);
  });
});
