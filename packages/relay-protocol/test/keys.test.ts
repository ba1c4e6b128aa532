// Wrapped keys at a relay: for devices of the book alone, forgotten when told, and nothing that a log would hold.
import type { BookId } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { relayIdOf } from '../src/index.ts';
import { createKeyShelf, createRelayKeys, type KeyBlobs } from '../src/keys.ts';
import { openDesk } from './desk.ts';
import { createFleet, ed25519, hasher, relaySigner, type Writer } from './fleet.ts';

const nowMs = 1_764_500_000_000;
const now = (): number => nowMs;
const name = `${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;

/** A map that forgets; the adapters on disks pass the contract of their own package. */
function blobsOf(texts: Map<string, string>): KeyBlobs {
  return {
    get: (key) => texts.get(key),
    put: (key, text) => void texts.set(key, text),
    delete: (key) => texts.delete(key),
    names: () => [...texts.keys()].sort(),
  };
}

async function scene() {
  const desk = openDesk({ reads: 'devices', now });
  const fleet = createFleet();
  const van = fleet.enrol('van', 'van');
  await desk.push(fleet.book, [fleet.genesis, van.enrolment]);
  const texts = new Map<string, string>();
  const shelf = createKeyShelf({
    store: desk.store,
    signer: relaySigner(),
    hasher,
    ed25519,
    open: () => blobsOf(texts),
    now,
  });
  const fetch = async (request: Request): Promise<Response> =>
    (await shelf.fetch(request)) ?? desk.relay.fetch(request);
  const keysOf = ({ key }: Writer, book: BookId = fleet.book): KeyBlobs => {
    const reader = {
      device: key.device,
      sign: (message: Uint8Array) => key.sign(message),
      relay: relayIdOf(relaySigner(), hasher),
    };
    return createRelayKeys({ url: 'http://relay.test', book, reader, fetch, now });
  };
  const customer = fleet.enrol('phone', 'customer');
  await desk.push(fleet.book, [customer.enrolment]);
  return { desk, fleet, van: van.writer, customer: customer.writer, texts, fetch, keysOf, shelf };
}

it('keeps, hands out and forgets for every device of the book', async () => {
  const { fleet, van, keysOf, texts } = await scene();
  const [root, other] = [keysOf(fleet.root), keysOf(van)];
  expect([await root.names(), await root.get(name)]).toEqual([[], undefined]);
  await root.put(name, 'one');
  await root.put(name, 'two');
  expect([await other.names(), await other.get(name)]).toEqual([[name], 'two']);
  expect([await other.delete(name), await root.delete(name), [...texts]]).toEqual([true, false, []]);
});

it('is shut to everybody else', async () => {
  const { fleet, keysOf, fetch, texts, customer } = await scene();
  await keysOf(fleet.root).put(name, 'one');
  const phone = keysOf(customer);
  for (const ask of [() => phone.names(), () => phone.get(name), () => phone.put(name, 'x'), () => phone.delete(name)])
    await expect((async () => ask())()).rejects.toMatchObject({ code: 'relay/scope' });
  await expect((async () => keysOf(fleet.stranger('nobody')).get(name))()).rejects.toMatchObject({
    code: 'relay/not-enrolled',
  });
  await expect((async () => keysOf(fleet.root, 'ab'.repeat(32) as BookId).get(name))()).rejects.toMatchObject({
    code: 'relay/unknown-book',
  });
  const url = `http://relay.test/v1/books/${fleet.book}/keys/${name}`;
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const body = method === 'PUT' ? { body: 'x' } : {};
    expect(await (await fetch(new Request(url, { method, ...body }))).json()).toMatchObject({ code: 'relay/unsigned' });
  }
  expect([...texts.values()]).toEqual(['one']);
});

it('takes a signature for nothing but what it signs, once', async () => {
  const { fleet, van, fetch, keysOf, texts } = await scene();
  await keysOf(fleet.root).put(name, 'one');
  let sent: Request | undefined;
  const { key } = van;
  const reader = {
    device: key.device,
    sign: (message: Uint8Array) => key.sign(message),
    relay: relayIdOf(relaySigner(), hasher),
  };
  const spying = createRelayKeys({
    url: 'http://relay.test',
    book: fleet.book,
    reader,
    now,
    fetch: (request) => fetch((sent = request)),
  });
  await spying.get(name);
  const read = sent as Request;
  const codeOf = async (request: Request): Promise<unknown> =>
    ((await (await fetch(request)).json()) as { code?: string }).code;
  expect(await codeOf(new Request(read.url, { method: 'DELETE', headers: read.headers }))).toBe('relay/signature');
  expect(await codeOf(new Request(read.url, { headers: read.headers }))).toBe('relay/replayed');
  expect(texts.size).toBe(1);
});

it('refuses what is no wrapped key, and leaves every other path to the relay', async () => {
  const { fleet, keysOf, shelf } = await scene();
  const root = keysOf(fleet.root);
  await expect((async () => root.put('anna', 'x'))()).rejects.toMatchObject({ code: 'relay/bad-request' });
  await expect((async () => root.put(name, 'x'.repeat(200_001)))()).rejects.toMatchObject({ code: 'relay/too-large' });
  expect(await shelf.fetch(new Request('http://relay.test/v1/info'))).toBeUndefined();
});

it('takes no answer for one that is none', async () => {
  const { fleet } = await scene();
  const { key } = fleet.root;
  const reader = { device: key.device, sign: key.sign, relay: relayIdOf(relaySigner(), hasher) };
  const keysAt = (body: string, status = 200): KeyBlobs =>
    createRelayKeys({
      url: 'http://relay.test',
      book: fleet.book,
      reader,
      now,
      fetch: () => Promise.resolve(new Response(body, { status })),
    });
  const codeOf = async (work: () => unknown): Promise<unknown> => {
    try {
      return await work();
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };
  expect(await codeOf(() => keysAt('<html>a proxy</html>').get(name))).toBe('relay/bad-answer');
  expect(await codeOf(() => keysAt('<html>a proxy</html>', 502).delete(name))).toBe('relay/refused');
  expect(await codeOf(() => keysAt('{}').get(name))).toBe('relay/bad-answer');
  expect(await codeOf(() => keysAt('{}').delete(name))).toBe('relay/bad-answer');
  expect(await codeOf(() => keysAt('{"code":"kernel/anything"}', 400).names())).toBe('relay/refused');
});
