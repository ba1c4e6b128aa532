// Requests about wrapped keys on their way to the relay that has them, over real HTTP: what goes along, what comes back, and what is held of either meanwhile.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { createKeyForwarding } from '../src/forward-keys.ts';

const path = `/v1/books/${'b'.repeat(64)}/keys/${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** The relay that has the keys. */
async function startKeeper(listener: RequestListener): Promise<(request: Request) => Promise<Response> | undefined> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return createKeyForwarding(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function put(body: ReadableStream<Uint8Array> | string, headers: Record<string, string> = {}): Request {
  return new Request(`http://front.example${path}`, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit);
}

it('hand on what was signed, for the host that was asked, and bring the answer back', async () => {
  const forward = await startKeeper((request, response) => {
    void text(request).then((body) => {
      const { host, signature, 'content-digest': digest } = request.headers;
      response.writeHead(409, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
      response.end(JSON.stringify({ method: request.method, url: request.url, host, signature, digest, body }));
    });
  });
  const answer = await forward(put('wrapped', { signature: 'by a device', 'content-digest': 'of it', cookie: 'a' }));
  expect([answer?.status, answer?.headers.get('access-control-allow-origin')]).toEqual([409, '*']);
  expect(await answer?.json()).toEqual({
    method: 'PUT',
    url: path,
    host: 'front.example',
    signature: 'by a device',
    digest: 'of it',
    body: 'wrapped',
  });
  expect(forward(new Request('http://front.example/v1/info'))).toBeUndefined();
});

it('bring a refusal back before the body has come, so that nobody has a relay wait for it or keep it', async () => {
  const forward = await startKeeper((_, response) => {
    response.writeHead(401).end('{"code":"relay/unsigned"}');
  });
  let isCancelled = (): void => undefined;
  const cancelled = new Promise<void>((resolve) => (isCancelled = resolve));
  const endless = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => isCancelled(),
  });
  const answer = await forward(put(endless));
  expect([answer?.status, await answer?.json()]).toEqual([401, { code: 'relay/unsigned' }]);
  await cancelled;
});

it('are refused by name where nobody answers, where the body breaks off and where they were handed on before', async () => {
  const forward = await startKeeper((request) => void request.resume());
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('the device went away')),
  });
  const away = createKeyForwarding('http://127.0.0.1:1');
  for (const answer of [
    await forward(put(broken)),
    await away(put('wrapped')),
    await forward(put('wrapped', { 'tallystick-keys-forwarded': '1' })),
  ]) {
    expect(answer?.status).toBe(500);
    expect(await answer?.json()).toMatchObject({ code: 'relay/failed' });
  }
});
