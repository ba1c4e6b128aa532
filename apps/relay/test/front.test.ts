// The thread that speaks HTTP, and the border between it and the relay's: what goes over is what came, nobody's request rides on another's, and a front that is lost is missed.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { encodeBundle } from '@tallystick/oplog/transport';
import { defaultLimits, type PushReply, type PushRequest } from '@tallystick/relay-protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Front, startFront } from '../src/front.ts';
import { createForwarding } from '../src/front-forwarding.ts';
import type { Served } from '../src/served.ts';
import { type RunningRelay, startRelay } from '../src/start-relay.ts';
import { hq, openBook } from './book.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-front-'));
const path = `/v1/books/${'ab'.repeat(32)}/scopes/hq/ops`;
const fronts: Front[] = [];
let relay: RunningRelay;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0, reads: 'public', metrics: { port: 0 } });
});
afterEach(() => Promise.all(fronts.splice(0).map((front) => front.close())));
afterAll(async () => {
  await relay.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A front before whatever answers pushes in `handIn`; what was lost and served is in the lists. */
async function open(handIn: (push: PushRequest) => Promise<PushReply>): Promise<{
  readonly front: Front;
  readonly lost: Error[];
  readonly served: Served[];
}> {
  const [lost, served]: [Error[], Served[]] = [[], []];
  const limits = { ...defaultLimits, maxBatchBytes: 1_000 };
  const options = { port: 0, host: '127.0.0.1', inner: 1, maxConnections: 1_000, limits };
  const front = await startFront().listen(options, {
    relay: { handIn },
    tracing: undefined,
    onServed: (one) => served.push(one),
    onLost: (error) => lost.push(error),
  });
  return { front, lost, served };
}

const read = (push: PushRequest): Promise<Uint8Array> =>
  push.read(
    1_000,
    () => undefined,
    () => undefined,
  );

/** What a connection answers to bytes as they are, until the relay ends it. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1');
  let said = '';
  socket.on('data', (text: string) => (said += text));
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return said;
}

/** A server that answers at once, and one before it that passes everything on but the headers that Node left out. */
async function pair(leftOut: readonly string[] = []): Promise<{
  readonly url: string;
  /** Paths, as the inner one was asked. */
  readonly asked: (string | undefined)[];
  /** Open ones of the inner server. */
  connections(): number;
  most(): number;
  end(): void;
}> {
  const listen = (server: Server): Promise<number> =>
    new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const asked: (string | undefined)[] = [];
  let [open, most] = [0, 0];
  const inner = createServer((request, response) => {
    asked.push(request.url);
    response.end('{}');
  }).on('connection', (socket) => {
    most = Math.max(most, ++open);
    socket.once('close', () => (open -= 1));
  });
  // As in the program: no time of its own ends a connection.
  [inner.keepAliveTimeout, inner.requestTimeout] = [0, 0];
  const forwarding = createForwarding(await listen(inner));
  const outer = createServer((request, response) => {
    const { rawHeaders } = request;
    for (let at = rawHeaders.length - 2; at >= 0; at -= 2)
      if (leftOut.includes(rawHeaders[at]?.toLowerCase() ?? '')) rawHeaders.splice(at, 2);
    forwarding.pass(request, response);
  });
  const port = await listen(outer);
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    connections: () => open,
    most: () => most,
    end: () => {
      forwarding.close();
      for (const server of [inner, outer]) server.close().closeAllConnections();
    },
  };
}

describe('the thread that speaks HTTP', () => {
  it('hands each push over as it came, many at a time, and each gets its own answer', async () => {
    const { front, served } = await open(async (push) => {
      const body = Buffer.from(await read(push)).toString();
      return { status: 200, headers: { 'x-encoding': String(push.encoding) }, body: `${push.path} ${body} ✓` };
    });
    const answers = Array.from({ length: 200 }, async (_, at) => {
      const headers = at % 2 === 0 ? {} : { 'content-encoding': 'gzip' };
      const answer = await fetch(front.url + path, { method: 'POST', headers, body: `body ${at}` });
      return [await answer.text(), answer.headers.get('x-encoding')];
    });
    for (const [at, answer] of (await Promise.all(answers)).entries())
      expect(answer).toEqual([`${path} body ${at} ✓`, at % 2 === 0 ? 'undefined' : 'gzip']);
    expect(served.map(({ kind, status }) => [kind, status])).toEqual(Array.from({ length: 200 }, () => ['push', 200]));
  });

  it('has the relay answer for a body that it could not receive, and counts who left', async () => {
    let answer: () => void = () => undefined;
    const { front, served } = await open(async (push) => {
      try {
        await read(push);
        await new Promise<void>((resolve) => (answer = resolve));
        return { status: 200, headers: {}, body: '{}' };
      } catch (error) {
        return { status: 413, headers: {}, body: JSON.stringify({ code: (error as { code: string }).code }) };
      }
    });
    const long = await fetch(front.url + path, { method: 'POST', body: 'x'.repeat(1_001) });
    expect([long.status, await long.json()]).toEqual([413, { code: 'relay/too-large' }]);
    const leaving = new AbortController();
    const left = fetch(front.url + path, { method: 'POST', body: 'x', signal: leaving.signal });
    await expect.poll(() => front.state().bytes).toBe(1);
    leaving.abort();
    await expect(left).rejects.toThrow('abort');
    await expect.poll(() => front.state().connections).toBe(0);
    answer();
    await expect
      .poll(() => served.map(({ status, code }) => [status, code]))
      .toEqual([
        [413, 'relay/too-large'],
        [499, undefined],
      ]);
    await expect.poll(() => front.state().bytes).toBe(0);
  });

  it('counts everybody who left a connection on which more than one waited', async () => {
    const answers: (() => void)[] = [];
    const { front, served } = await open(async () => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return { status: 200, headers: {}, body: '{}' };
    });
    const socket = connect(Number(new URL(front.url).port), '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: relay\r\nContent-Length: 0\r\n\r\n`.repeat(3));
    await expect.poll(() => answers.length).toBe(3);
    await expect.poll(() => front.state().connections).toBe(1);
    socket.destroy();
    await expect.poll(() => front.state().connections).toBe(0);
    for (const answer of answers) answer();
    await expect.poll(() => served.map(({ status }) => status)).toEqual([499, 499, 499]);
    await front.close();
  });

  it('ends a connection that asks on and on and waits for no answer', async () => {
    let handedIn = 0;
    const { front } = await open(() => {
      handedIn += 1;
      return new Promise(() => undefined);
    });
    const push = `POST ${path} HTTP/1.1\r\nHost: relay\r\nContent-Length: 0\r\n\r\n`;
    const socket = connect(Number(new URL(front.url).port), '127.0.0.1').on('error', () => undefined);
    socket.write(push.repeat(1_000));
    await expect.poll(() => socket.closed).toBe(true);
    await expect.poll(() => front.state().connections).toBe(0);
    expect(handedIn).toBeLessThan(70);
  });

  it('has few young objects, so that it does not keep what bodies were', async () => {
    const started = once(process, 'worker') as Promise<Worker[]>;
    const thread = startFront();
    expect((await started)[0]?.resourceLimits?.maxYoungGenerationSizeMb).toBe(24);
    await thread.end();
  });

  it('is missed when it is lost', async () => {
    const broken = await open(async () => ({ status: 1e9, headers: {}, body: '' }));
    const answer = fetch(broken.front.url + path, { method: 'POST', body: 'x' });
    await expect(answer).rejects.toThrow(TypeError);
    await expect.poll(() => broken.lost.map(({ name }) => name)).toEqual(['RangeError']);
    await broken.front.close();
    const whole = await open(async () => ({ status: 200, headers: {}, body: '' }));
    fronts.push(whole.front);
    await (await fetch(whole.front.url + path, { method: 'POST', body: 'x' })).text();
    expect(whole.lost).toEqual([]);
  });
});

describe('what is passed on', () => {
  it('answers requests of one connection one after another, pushes and others', async () => {
    const book = openBook();
    const body = Buffer.from(encodeBundle([book.genesis])).toString('latin1');
    const push = `POST /v1/books/${book.id}/scopes/hq/ops HTTP/1.1\r\nHost: relay\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const ask = (rest: string, more = ''): string => `GET ${rest} HTTP/1.1\r\nHost: relay\r\n${more}\r\n`;
    const said = await exchange(relay.url, push + ask('/healthz') + ask('/v1/info', 'Connection: close\r\n'));
    const statuses = [...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '200', '200']);
    expect(said.indexOf('"stored"')).toBeLessThan(said.indexOf('"status":"ok"'));
    expect(said.indexOf('"status":"ok"')).toBeLessThan(said.indexOf('"vkey"'));
    const page = ask(`/v1/books/${book.id}/scopes/hq/ops?from=0`, 'Connection: close\r\n');
    expect(await exchange(relay.url, page)).toContain(body);
  });

  it('takes nothing of a body for a request, and none without a bound', async () => {
    const hidden = 'GET /v1/info HTTP/1.1\r\nHost: relay\r\n\r\n';
    const chunked = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const close = 'Host: relay\r\nConnection: close\r\n';
    const bodies = [
      `GET /healthz HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\n${chunked}`,
      `GET /healthz HTTP/1.1\r\n${close}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `GET /healthz HTTP/1.1\r\nHost: relay\r\nConnection: close, content-length\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    ];
    for (const bytes of bodies) {
      const said = await exchange(relay.url, bytes);
      expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
      expect(said).not.toContain('vkey');
    }
    // Over the connections inside, too, which others share.
    for (let round = 0; round < 10; round++) {
      const said = await exchange(relay.url, `GET /healthz HTTP/1.1\r\n${close}\r\n`);
      expect(said).toContain('"status":"ok"');
    }
    const old = await exchange(relay.url, 'GET /v1/info HTTP/1.0\r\n\r\n');
    expect(old).not.toMatch(/transfer-encoding/i);
    expect(old).toContain('"vkey"');
    const head = await exchange(relay.url, `HEAD /healthz HTTP/1.1\r\n${close}\r\n`);
    expect(head.endsWith('\r\n\r\n')).toBe(true);
  });

  it('keeps no connection inside for a body that was answered before it was here', async () => {
    const { url, asked, connections, end } = await pair();
    for (let round = 0; round < 20; round++)
      expect(await exchange(url, 'POST / HTTP/1.1\r\nHost: relay\r\nContent-Length: 9\r\n\r\nx')).toContain('200 OK');
    expect(asked).toHaveLength(20);
    await expect.poll(connections).toBeLessThan(2);
    end();
  });

  it('takes one connection inside for each outside, however much is asked at once', async () => {
    const { url, asked, most, end } = await pair();
    const last = 'GET /last HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n';
    const said = await exchange(url, 'GET / HTTP/1.1\r\nHost: relay\r\n\r\n'.repeat(100) + last);
    expect(said.match(/200 OK/g)).toHaveLength(101);
    expect([asked.at(-1), most()]).toEqual(['/last', 1]);
    end();
  });

  it('sends no body of which the head tells no length', async () => {
    const { url, asked, end } = await pair(['content-length']);
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: relay\r\n\r\n';
    const head = `Host: relay\r\nConnection: close\r\nContent-Length: ${hidden.length}\r\n\r\n`;
    expect(await exchange(url, `GET /first HTTP/1.1\r\n${head}${hidden}`)).toContain('200 OK');
    expect(await exchange(url, 'GET /next HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n')).toContain('200 OK');
    expect(asked).toEqual(['/first', '/next']);
    end();
  });

  it('lets go of a tail that nobody hears any more', async () => {
    const book = openBook();
    const url = `${relay.url}/v1/books/${book.id}`;
    await fetch(`${url}/scopes/${hq}/ops`, { method: 'POST', body: Buffer.from(encodeBundle([book.genesis])) });
    const tails = async (): Promise<string | undefined> =>
      /^tallystick_relay_tails (\d+)$/m.exec(await (await fetch(`${relay.metricsUrl}/metrics`)).text())?.[1];
    const ending = new AbortController();
    const tail = await fetch(`${url}/tail`, { signal: ending.signal });
    expect([tail.status, await tails()]).toEqual([200, '1']);
    ending.abort();
    await expect.poll(tails).toBe('0');
  });
});
