// The relay over real HTTP: pushes, pages, bounds, health, key file, graceful stop and kill.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { OpHash, OpRecord } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createRelayClient, RelayError } from '@tallystick/relay-protocol';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { LogLine } from '../src/log.ts';
import { type RunningRelay, startRelay } from '../src/start-relay.ts';
import { follow, hq, openBook } from './book.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-app-'));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const running: RunningRelay[] = [];
const children: ChildProcess[] = [];
let folders = 0;

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map((relay) => relay.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newFolder = (): string => join(folder, String(folders++));

async function start(dataDir: string, log?: (line: LogLine) => void): Promise<RunningRelay> {
  const relay = await startRelay({ dataDir, port: 0, ...(log === undefined ? {} : { log }) });
  running.push(relay);
  return relay;
}

/** The program itself, in a process of its own. */
async function spawnRelay(
  dataDir: string,
  port = 0,
): Promise<{ child: ChildProcess; url: string; vkey: string; lines: LogLine[] }> {
  const child = spawn(process.execPath, [main, '--data', dataDir, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  const lines: LogLine[] = [];
  const listening = new Promise<LogLine>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as LogLine;
      lines.push(line);
      if (line.event === 'listening') resolve(line);
    });
  });
  const { url, vkey } = await listening;
  return { child, url: String(url), vkey: String(vkey), lines };
}

describe('a relay on a port', () => {
  it('takes pushes and serves them to followers, also after a restart', async () => {
    const dataDir = newFolder();
    const first = await start(dataDir);
    const book = openBook();
    const records = [book.genesis, ...Array.from({ length: 2_500 }, () => book.write())];
    const answer = await createRelayClient({ url: first.url }).push(book.id, hq, records);
    expect(answer.results.map(({ position }) => position)).toEqual(records.map((_, position) => position));
    await first.close();

    const second = await start(dataDir);
    expect(second.vkey).toBe(first.vkey);
    const follower = follow(second, book);
    const hashes: OpHash[] = [];
    for (let page = await follower.next(); page !== undefined; page = await follower.next()) {
      hashes.push(...page.records.map(({ hash }) => hash));
    }
    expect(hashes).toEqual(records.map(({ hash }) => hash));
  });

  it('keeps its key where only the owner can read it', async () => {
    const dataDir = newFolder();
    await (await start(dataDir)).close();
    const path = join(dataDir, 'relay.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'sign/key-file-mode' });
  });

  it('cannot be started twice on the same data, nor under another name', async () => {
    const dataDir = newFolder();
    await (await startRelay({ dataDir, port: 0, name: 'relay.one' })).close();
    await expect(startRelay({ dataDir, port: 0, name: 'relay.two' })).rejects.toMatchObject({ code: 'relay/identity' });
    const relay = await start(newFolder());
    const port = Number(new URL(relay.url).port);
    await expect(startRelay({ dataDir: newFolder(), port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('says that it is well', async () => {
    const { url } = await start(newFolder());
    const response = await fetch(`${url}/healthz`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('refuses a bomb, a body that is too long and nonsense over the wire, and goes on', async () => {
    const { url } = await start(newFolder());
    const book = openBook();
    const path = `${url}/v1/books/${book.id}/scopes/hq/ops`;
    const gzip = { 'content-encoding': 'gzip' };
    const bomb = await fetch(path, { method: 'POST', headers: gzip, body: gzipSync(new Uint8Array(64 << 20)) });
    expect(bomb.status).toBe(413);
    const long = await fetch(path, { method: 'POST', body: new Uint8Array(5 << 20) }).then(
      ({ status }) => status,
      // The answer is out before the body is in; a client that is still writing may see the connection close instead.
      (error: unknown) => (error instanceof TypeError ? 413 : 0),
    );
    expect(long).toBe(413);
    const nonsense = connect(Number(new URL(url).port), '127.0.0.1');
    nonsense.write('NONSENSE\r\n\r\n');
    await once(nonsense.resume(), 'close');
    const { results } = await createRelayClient({ url }).push(book.id, hq, [book.genesis]);
    expect(results[0]?.verdict).toBe('stored');
  });

  it('has room for a push beside those that announce much and send nothing', async () => {
    const { url } = await start(newFolder());
    const book = openBook();
    const head = `POST /v1/books/${book.id}/scopes/hq/ops HTTP/1.1\r\nHost: relay\r\nExpect: 100-continue\r\nContent-Length: ${4 << 20}\r\n\r\n`;
    const silent = Array.from({ length: 40 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
    for (const socket of silent) socket.write(head);
    await Promise.all(silent.map((socket) => once(socket, 'data')));
    const client = createRelayClient({ url, retry: { attempts: 1 } });
    expect((await client.push(book.id, hq, [book.genesis])).results[0]?.verdict).toBe('stored');
    for (const socket of silent) socket.destroy();
  });

  it('serves others beside more silent connections than it has places, under ids of books that anybody can invent', async () => {
    const { url } = await start(newFolder());
    const book = openBook();
    const { port } = new URL(url);
    const silent = Array.from({ length: 1_100 }, (_, index) => {
      const socket = connect(Number(port), '127.0.0.1');
      const invented = (index % 2 === 0 ? 'a' : 'b').repeat(64);
      const expect = 'Host: relay\r\nExpect: 100-continue\r\nContent-Length: 1000';
      socket.write(`POST /v1/books/${invented}/scopes/hq/ops HTTP/1.1\r\n${expect}\r\n\r\nx`);
      return socket;
    });
    await Promise.all(silent.map((socket) => once(socket, 'data')));
    const client = createRelayClient({ url, retry: { attempts: 1 } });
    for (const record of [book.genesis, ...Array.from({ length: 20 }, () => book.write())])
      expect((await client.push(book.id, hq, [record])).results[0]?.verdict).toBe('stored');
    // The places went round: most of the silent still wait, and none of them was ever in the way.
    expect(silent.filter((socket) => !socket.destroyed).length).toBeGreaterThan(900);
    for (const socket of silent) socket.destroy();
  });

  it('logs ids and counts, and nothing of what ops say', async () => {
    const lines: LogLine[] = [];
    const { url } = await start(newFolder(), (line) => void lines.push(line));
    const book = openBook();
    await createRelayClient({ url }).push(book.id, hq, [book.genesis, book.write()]);
    book.write();
    await createRelayClient({ url }).push(book.id, hq, [book.write()]);
    await fetch(`${url}/nothing?name=Ann`);
    expect(lines.map(({ event }) => event)).toEqual(['listening', 'committed', 'opened', 'pushed', 'refused']);
    expect(lines[1]).toMatchObject({ pushes: 1, ops: 2, signaturesChecked: 2 });
    // Only a push of which something was not taken has a line of its own.
    expect(lines[3]).toMatchObject({ book: book.id, scope: 'hq', size: 2, verdicts: { gap: 1 } });
    expect(JSON.stringify(lines)).not.toMatch(/corner shop|line of business|Ann|127\.0\.0\.1:\d+\/nothing/);
  });

  it('finishes what is under way before it stops, and takes nothing new', async () => {
    const dataDir = newFolder();
    const relay = await start(dataDir);
    const book = openBook();
    const path = `${relay.url}/v1/books/${book.id}/scopes/hq/ops`;
    const underWay = request(path, { method: 'POST', headers: { expect: '100-continue' } });
    underWay.flushHeaders();
    // The relay has the head of the request and waits for the body.
    await once(underWay, 'continue');
    const closed = relay.close();
    underWay.end(encodeBundle([book.genesis]));
    const [answer] = (await once(underWay, 'response')) as [IncomingMessage];
    const { results } = (await json(answer)) as { results: { verdict: string }[] };
    expect(results[0]?.verdict).toBe('stored');
    await closed;
    await expect(fetch(`${relay.url}/healthz`)).rejects.toThrow(TypeError);
    const again = await start(dataDir);
    expect((await follow(again, book).next())?.records).toHaveLength(1);
  });
});

describe('the program', () => {
  it('stops on SIGTERM and SIGINT with its data whole', async () => {
    const dataDir = newFolder();
    const book = openBook();
    let expected = 1;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, url, lines } = await spawnRelay(dataDir);
      const record = expected === 1 ? book.genesis : book.write();
      const { results } = await createRelayClient({ url }).push(book.id, hq, [record]);
      expect(results[0]?.position).toBe(expected - 1);
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code).toBe(0);
      // Its end may be heard before its last words.
      await expect.poll(() => lines.at(-1)?.event).toBe('stopped');
      expected += 1;
    }
  });

  it('loses nothing it acknowledged when it is killed', async () => {
    const dataDir = newFolder();
    const book = openBook();
    const unanswered: OpRecord[] = [];
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const { child, url, vkey } = await spawnRelay(dataDir);
      const exited = once(child, 'exit');
      const client = createRelayClient({ url, retry: { attempts: 1 } });
      if (round === 0) await client.push(book.id, hq, [book.genesis]);
      const hashes: OpHash[] = [];
      for (let pushes = 0; ; pushes++) {
        const records = Array.from({ length: 5 }, () => book.write());
        // Pending ops of an earlier round first, as a device would.
        if (pushes === 10 + round) child.kill('SIGKILL');
        try {
          const { results } = await client.push(book.id, hq, [...unanswered, ...records]);
          expect(results.every(({ position }) => position !== undefined)).toBe(true);
          unanswered.length = 0;
          acknowledged += results.length;
        } catch (error) {
          expect(error).toBeInstanceOf(RelayError);
          unanswered.push(...records);
          break;
        }
        hashes.push(...records.map(({ hash }) => hash));
      }
      await exited;
      const again = await spawnRelay(dataDir);
      expect(again.vkey).toBe(vkey);
      const follower = follow(again, book);
      const kept: OpHash[] = [];
      for (let page = await follower.next(); page !== undefined; page = await follower.next()) {
        kept.push(...page.records.map(({ hash }) => hash));
      }
      expect(new Set(kept).size).toBe(kept.length);
      expect(kept).toEqual(expect.arrayContaining(hashes));
      const stopped = once(again.child, 'exit');
      again.child.kill('SIGTERM');
      await stopped;
    }
    expect(acknowledged).toBeGreaterThan(0);
  });

  it('stops though the thread that speaks HTTP hangs', async () => {
    const program = fileURLToPath(new URL('./hanging-front.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, newFolder()], { timeout: 120_000 });
    const lines = stdout.trim().split('\n').slice(-3);
    expect(lines.map((line) => JSON.parse(line) as LogLine)).toMatchObject([
      { event: 'stopping' },
      { level: 'error', event: 'not-finished', part: 'front' },
      { event: 'stopped' },
    ]);
  });

  it('ends when it is told to before it has loaded', async () => {
    const child = spawn(
      process.execPath,
      ['--import', fileURLToPath(new URL('./early-signal.ts', import.meta.url)), main, '--data', newFolder()],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    children.push(child);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(JSON.parse(text)).toMatchObject({ level: 'info', event: 'stopped' });
  });

  it('ends when it is told to while it is still waiting for its engine', async () => {
    const asked: Socket[] = [];
    // It takes connections and says nothing, as a server does whose disk hangs.
    const silent = createServer((socket) => void asked.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const engine = ['--engine', 'postgres', '--server'];
    const server = `postgres://relay@127.0.0.1:${(silent.address() as AddressInfo).port}/relay`;
    const args = [main, '--data', newFolder(), '--port', '0', ...engine, server];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect(JSON.parse(text)).toMatchObject({ level: 'info', event: 'stopped' });
    for (const socket of asked) socket.destroy();
    silent.close();
  });

  it('says so in its log and ends when it cannot start', async () => {
    const { url } = await start(newFolder());
    const child = spawn(process.execPath, [main, '--data', newFolder(), '--port', new URL(url).port], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(JSON.parse(text)).toMatchObject({ level: 'error', event: 'not-started', code: 'EADDRINUSE' });
  });

  it('explains itself when called wrongly', async () => {
    for (const args of [
      [],
      ['--data', newFolder(), '--port', 'x'],
      ['--data', newFolder(), '--book', 'x'],
      ['--data', newFolder(), '--book-quota', 'much'],
      ['--nonsense'],
    ]) {
      const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      children.push(child);
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number];
      expect([code, text.startsWith('usage:')]).toEqual([2, true]);
    }
  });
});
