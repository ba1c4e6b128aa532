// Two relays behind one name share a SQLite store, and each remembers its own nonces: a copied request changes no wrapped key at the other one, nor after a restart.
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RelayError, relayIdOf, type RelayStore } from '../src/index.ts';
import { createKeyShelf, createRelayKeys } from '../src/keys.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { openDesk } from './desk.ts';
import { createFleet, ed25519, hasher, relaySigner } from './fleet.ts';

/** Behind a proxy: whichever front end is asked, devices signed for this. */
const url = 'http://relay.test';
const name = `${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;
let folder: string;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deleted-keys-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends to one front end what is meant for the relay. */
type Send = (request: Request) => Promise<Response>;

async function startFrontEnd(store: RelayStore): Promise<Send> {
  const shelf = createKeyShelf({ store, signer: relaySigner(), hasher, ed25519, url });
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', headers } = request;
      const body = method === 'PUT' ? { body: await text(request) } : {};
      const sent = { method, headers: headers as Record<string, string>, ...body };
      const answer = await shelf.fetch(new Request(`http://inside${request.url}`, sent));
      response.writeHead(answer?.status ?? 500).end(await answer?.text());
    })();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return async (request) => {
    const { method, headers } = request;
    const body = method === 'PUT' ? { body: await request.text() } : {};
    return fetch(request.url.replace(url, `http://127.0.0.1:${port}`), { method, headers, ...body });
  };
}

it('changes nothing by a copied request at another front end, nor after a restart', async () => {
  const path = join(folder, 'relay.sqlite');
  const store = createSqliteRelayStore(path);
  const desk = openDesk({ store, reads: 'devices' });
  const fleet = createFleet();
  await desk.push(fleet.book, [fleet.genesis]);
  const [first, second] = [await startFrontEnd(store), await startFrontEnd(store)];
  const { key } = fleet.root;
  const reader = { device: key.device, sign: key.sign, relay: relayIdOf(relaySigner(), hasher) };
  const sent: Request[] = [];
  const keysAt = (send: Send) =>
    createRelayKeys({
      url,
      book: fleet.book,
      reader,
      hasher,
      fetch(request) {
        sent.push(request.clone());
        return send(request);
      },
    });
  const repeat = async (request: Request, send: Send): Promise<unknown> => {
    const answer = await send(request.clone());
    return [answer.status, ((await answer.json()) as { code?: unknown }).code];
  };
  const keys = keysAt(first);
  await keys.put(name, 'wrapped');
  const copy = sent[0] as Request;
  // The other one has not seen the nonce, and what was changed by it already.
  expect(await repeat(copy, second)).toEqual([409, 'relay/changed']);
  expect(await keys.delete(name)).toBe(true);
  const deletion = sent.at(-1) as Request;
  const third = await startFrontEnd(store);
  expect(await repeat(copy, third)).toEqual([409, 'relay/changed']);
  expect(await keysAt(second).names()).toEqual([]);
  // Within the second of the deletion: signed once more, by the time that the refusal says.
  await keysAt(second).put(name, 'wrapped anew');
  for (const front of [second, third]) expect(await repeat(deletion, front)).toEqual([409, 'relay/changed']);
  expect(await keys.get(name)).toBe('wrapped anew');
  expect(await keys.delete(name)).toBe(true);
  const anew = sent.filter(({ method }) => method === 'PUT').at(-1) as Request;
  await desk.relay.close();
  await store.close();
  const again = createSqliteRelayStore(path);
  const restarted = await startFrontEnd(again);
  await keysAt(restarted).put(name, 'once more');
  for (const request of [copy, anew, deletion])
    expect(await repeat(request, restarted)).toEqual([409, 'relay/changed']);
  expect(await keysAt(restarted).get(name)).toBe('once more');
  await again.close();

  // A relay that was restored from a backup has its logs, and neither keys nor what is known of those that were deleted; if it was ended
  // while it began them, their file is there and has nothing in it.
  for (const lose of [rmSync, truncateSync]) {
    lose(join(folder, 'relay-keys.sqlite'));
    const restored = createSqliteRelayStore(path);
    const front = await startFrontEnd(restored);
    expect(await repeat(copy, front), lose.name).toEqual([409, 'relay/changed']);
    const putBack = async (): Promise<void> => keysAt(front).put(name, 'put back by its device');
    // Later than all that may be signed now, so in a second at most.
    await expect.poll(() => putBack().catch(({ code }: RelayError) => code)).toBeUndefined();
    expect(await keysAt(front).get(name)).toBe('put back by its device');
    await restored.close();
  }
});
