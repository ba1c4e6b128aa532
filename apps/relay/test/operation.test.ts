// What an operator sees of a relay and does with it: health, metrics, the log, draining, and connections that nobody can use up.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createMemoryRelayStore, createRelayClient } from '@tallystick/relay-protocol';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createHealth } from '../src/health.ts';
import type { LogLine } from '../src/log.ts';
import { createRefusalLog } from '../src/refusals.ts';
import { askedOf } from '../src/request-kind.ts';
import { type RunningRelay, startRelay, type StartRelayOptions } from '../src/start-relay.ts';
import { hq, openBook } from './book.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-operation-'));
const page = readFileSync(fileURLToPath(new URL('../../../docs/operating.md', import.meta.url)), 'utf8');
const running: RunningRelay[] = [];
let folders = 0;

afterEach(() => Promise.all(running.splice(0).map((relay) => relay.close())));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: Partial<StartRelayOptions> = {}): Promise<RunningRelay & { lines: LogLine[] }> {
  const lines: LogLine[] = [];
  const log = (line: LogLine): void => void lines.push(line);
  const relay = await startRelay({ dataDir: join(folder, String(folders++)), port: 0, log, ...options });
  running.push(relay);
  return { ...relay, lines };
}

const statusOf = async (url: string): Promise<unknown[]> => {
  const response = await fetch(url);
  return [response.status, ((await response.json()) as { status: unknown }).status];
};

describe('health', () => {
  it('tells a relay that lives from one that is ready', async () => {
    const { url } = await start();
    for (const path of ['/healthz', '/healthz/ready', '/healthz/live'])
      expect(await statusOf(url + path)).toEqual([200, 'ok']);
    expect(await statusOf(`${url}/healthz/else`)).toEqual([404, 'unknown']);
  });

  it('is not ready where the logs cannot be read, or there is no room, and lives', async () => {
    const store = createMemoryRelayStore();
    const broken = { ...store, log: () => Promise.reject(new Error('gone')) };
    expect(await createHealth(broken, folder).condition()).toBe('store');
    const full = createHealth(store, folder, () => 1_000);
    expect([(await full.answer('/healthz')).status, await full.condition()]).toEqual([503, 'disk']);
    expect((await full.answer('/healthz/live')).status).toBe(200);
    expect(await createHealth(store, folder, () => 1 << 30).condition()).toBe('ok');
  });
});

describe('a relay that is told to stop', () => {
  it('says so first, takes pushes meanwhile, ends what listens, and is gone in time', async () => {
    const relay = await start({ drainMs: 3_000, reads: 'public' });
    const book = openBook();
    const client = createRelayClient({ url: relay.url, retry: { attempts: 1 } });
    await client.push(book.id, hq, [book.genesis]);
    const tail = await fetch(`${relay.url}/v1/books/${book.id}/tail`);
    const closed = relay.close();
    expect(await statusOf(`${relay.url}/healthz`)).toEqual([503, 'draining']);
    expect(await statusOf(`${relay.url}/healthz/live`)).toEqual([200, 'ok']);
    expect((await client.push(book.id, hq, [book.write()])).results[0]?.verdict).toBe('stored');
    // The stream comes to its end, rather than breaking off.
    expect(await tail.text()).toContain('"size":2');
    await closed;
    await expect(fetch(relay.url)).rejects.toThrow(TypeError);
    expect(relay.lines.at(-1)).toMatchObject({ event: 'stopped' });
  });
});

describe('metrics', () => {
  it('count what happened, under names that are documented, with nothing of whose it was', async () => {
    const relay = await start({ metrics: { port: 0 } });
    const book = openBook();
    const client = createRelayClient({ url: relay.url, retry: { attempts: 1 } });
    await client.push(book.id, hq, [book.genesis, book.write()]);
    book.write();
    await client.push(book.id, hq, [book.write()]);
    await fetch(`${relay.url}/v1/books/${book.id}/scopes/hq/ops?from=0`);
    await fetch(`${relay.url}/v1/books/${book.id}/scopes/hq/ops?from=0`);
    const text = await (await fetch(`${relay.metricsUrl}/metrics`)).text();
    const sample = (name: string): number =>
      Number(new RegExp(`^tallystick_relay_${name.replaceAll(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(sample('ops_total{verdict="stored"}')).toBe(2);
    expect(sample('ops_total{verdict="gap"}')).toBe(1);
    expect(sample('refusals_total{code="relay/unsigned"}')).toBe(2);
    expect(sample('request_seconds_count{request="pull",status="4xx"}')).toBe(2);
    expect(sample('request_seconds_count{request="push",status="2xx"}')).toBe(2);
    for (const name of ['commit_seconds_count', 'committed_pushes_total', 'books', 'ready', 'books_opened_total'])
      expect([name, sample(name)]).toEqual([name, 1]);
    expect(sample('store_bytes')).toBeGreaterThan(0);
    expect(sample('disk_free_bytes')).toBeGreaterThan(0);
    expect(sample('alarms_total{kind="behind"}')).toBe(0);
    expect(text).not.toContain(book.id.slice(0, 8));
    // Each is in the table of the page, and the table has no other.
    const served = new Set([...text.matchAll(/^# TYPE (tallystick_relay_\w+)/gm)].map(([, name]) => name));
    const documented = new Set(page.match(/\btallystick_relay_\w+(?=`)/g)?.map((name) => name.replace(/_count$/, '')));
    expect([...served].sort()).toEqual([...documented].sort());
    // They are for the operator, and not for whoever reaches the relay.
    expect((await fetch(`${relay.url}/metrics`)).status).toBe(404);
    expect(await statusOf(`${relay.metricsUrl}/healthz`)).toEqual([200, 'ok']);
  });
});

describe('what a request asks for', () => {
  it('is one of a few words, whatever stands in its path', () => {
    const book = `/v1/books/${'a'.repeat(64)}`;
    const asked = [
      ['POST', `${book}/scopes/b%2F1/ops?checkpoint`],
      ['GET', `${book}/scopes/hq/ops?from=0`],
      ['GET', `${book}/scopes/hq/tile/entries/000`],
      ['GET', `${book}/scopes?known=1:hq`],
      ['GET', `${book}/keys/Ann`],
      ['GET', `${book}/scopes/hq/Ann`],
      ['GET', '/v1/books/Ann/tail'],
      ['GET', '/healthz/live'],
    ] as const;
    const kinds = asked.map(([method, target]) => askedOf(method, target).kind);
    expect(kinds).toEqual(['push', 'pull', 'tile', 'scopes', 'keys', 'other', 'other', 'health']);
  });
});

describe('the log', () => {
  it('has so many refusals a second and counts the rest', () => {
    let nowMs = 5_000;
    const lines: LogLine[] = [];
    const refuse = createRefusalLog(
      (line) => void lines.push(line),
      () => nowMs,
    );
    const served = {
      kind: 'other',
      book: undefined,
      status: 404,
      code: 'relay/not-found',
      durationMs: 0,
    } as const;
    for (let count = 0; count < 60; count++) refuse(served);
    expect(lines).toHaveLength(20);
    nowMs += 1_000;
    for (let count = 0; count < 2; count++) refuse(served);
    expect(lines.map(({ unsaid }) => unsaid).slice(19)).toEqual([undefined, 40, undefined]);
    refuse({ ...served, status: 200, code: undefined });
    expect(lines).toHaveLength(22);
  });

  it('says nothing of what was asked', async () => {
    const { url, lines } = await start();
    await (await fetch(`${url}/Ann-Smith`)).text();
    await expect.poll(() => lines.find(({ event }) => event === 'refused')).toBeDefined();
    const refused = lines.find(({ event }) => event === 'refused');
    expect(refused).toMatchObject({ request: 'other', status: 404, code: 'relay/not-found' });
    expect(JSON.stringify(lines)).not.toContain('Ann');
  });
});

describe('connections', () => {
  it('that are silent make room for others, and one with a push under way stays', async () => {
    const relay = await start({ maxConnections: 20 });
    const book = openBook();
    const port = Number(new URL(relay.url).port);
    const dial = async (): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket.on('error', () => undefined);
    };
    const body = encodeBundle([book.genesis]);
    const slow = await dial();
    const head = `POST /v1/books/${book.id}/scopes/hq/ops HTTP/1.1\r\nHost: relay\r\nContent-Length: ${body.length}\r\n`;
    slow.write(`${head}Expect: 100-continue\r\n\r\n`);
    await once(slow, 'data');
    const silent: Socket[] = [];
    for (let count = 0; count < 60; count++) silent.push(await dial());
    await expect.poll(() => silent.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(20);
    expect(await statusOf(`${relay.url}/healthz`)).toEqual([200, 'ok']);
    slow.write(body);
    const [answer] = (await once(slow, 'data')) as [Buffer];
    expect(answer.toString()).toContain('HTTP/1.1 200 OK');
    for (const socket of [...silent, slow]) socket.destroy();
  });
});
