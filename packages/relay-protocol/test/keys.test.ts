// Wrapped keys at a relay: for devices of the book alone, forgotten when told, and nothing that a log would hold.
import type { BookId } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { relayIdOf } from '../src/index.ts';
import { createKeyShelf, createRelayKeys, type KeyBlobs } from '../src/keys.ts';
import type { RelayLimits } from '../src/index.ts';
import { contentDigestOf, signedHeaders } from '../src/request-signature.ts';
import { openDesk } from './desk.ts';
import { createFleet, ed25519, hasher, relaySigner, type Writer } from './fleet.ts';

const nowMs = 1_764_500_000_000;
const now = (): number => nowMs;
const nameOf = (at: number): string => `${'5a'.repeat(16)}.1.${String(at).padStart(16, '0')}`;
const name = nameOf(0);

async function scene(limits: Partial<RelayLimits> = {}) {
  const desk = openDesk({ reads: 'devices', now });
  const fleet = createFleet();
  const van = fleet.enrol('van', 'van');
  await desk.push(fleet.book, [fleet.genesis, van.enrolment]);
  const texts = async () =>
    Promise.all(
      (await desk.store.keys.list(fleet.book)).map(
        async ({ name: of }) => (await desk.store.keys.get(fleet.book, of))?.text,
      ),
    );
  const shelf = createKeyShelf({
    store: desk.store,
    signer: relaySigner(),
    hasher,
    ed25519,
    limits,
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
    return createRelayKeys({ url: 'http://relay.test', book, reader, hasher, fetch, now });
  };
  const customer = fleet.enrol('phone', 'customer');
  await desk.push(fleet.book, [customer.enrolment]);
  return { desk, fleet, van: van.writer, customer: customer.writer, texts, fetch, keysOf, shelf };
}

it('keeps, hands out and forgets for every device of the book', async () => {
  const { fleet, van, keysOf, texts } = await scene();
  const [root, other] = [keysOf(fleet.root), keysOf(van)];
  expect([await root.names(), await root.get(name)]).toEqual([[], undefined]);
  await other.put(name, 'one');
  await other.put(name, 'two');
  expect([await root.names(), await root.get(name)]).toEqual([[name], 'two']);
  expect([await other.delete(name), await root.delete(name), await texts()]).toEqual([true, false, []]);
});

it('lets an owner or manager alone replace or delete what another device has put', async () => {
  const { fleet, van, keysOf, texts } = await scene();
  const [root, other] = [keysOf(fleet.root), keysOf(van)];
  await root.put(name, 'of the owner');
  await expect((async () => other.put(name, 'of the van'))()).rejects.toMatchObject({ code: 'relay/not-yours' });
  expect([await other.delete(name), await texts()]).toEqual([false, ['of the owner']]);
  await other.put(nameOf(1), 'of the van');
  await root.put(nameOf(1), 'mended');
  // From then on it is the owner's.
  expect([await other.delete(nameOf(1)), await root.delete(nameOf(1))]).toEqual([false, true]);
});

it('takes no key away by a body that was long in coming', async () => {
  const { fleet, van, keysOf, fetch, texts } = await scene();
  const { key } = van;
  const url = `http://relay.test/v1/books/${fleet.book}/keys/${name}`;
  const reader = {
    device: key.device,
    sign: (message: Uint8Array) => key.sign(message),
    relay: relayIdOf(relaySigner(), hasher),
  };
  const text = new TextEncoder().encode('of the van');
  const headers = await signedHeaders(url, reader, nowMs, 'PUT', contentDigestOf(text, hasher));
  let end = (): void => undefined;
  let isAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        end = () => {
          controller.enqueue(text);
          controller.close();
        };
        isAsked();
      },
    },
    { highWaterMark: 0 },
  );
  const slow = fetch(new Request(url, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit));
  await asked;
  await keysOf(fleet.root).put(name, 'of the owner');
  end();
  expect(await (await slow).json()).toMatchObject({ code: 'relay/not-yours' });
  expect(await texts()).toEqual(['of the owner']);
});

it('has a bound of keys and bytes for a book, and for each device', async () => {
  const { fleet, van, keysOf, desk } = await scene({ maxWrappedKeys: 8, maxWrappedKeyBytes: 400 });
  const till = fleet.enrol('till', 'till');
  const third = fleet.enrol('third', 'till');
  await desk.push(fleet.book, [till.enrolment, third.enrolment]);
  const [root, one, two, three] = [fleet.root, van, till.writer, third.writer].map((writer) => keysOf(writer)) as [
    KeyBlobs,
    KeyBlobs,
    KeyBlobs,
    KeyBlobs,
  ];
  const put = async (by: KeyBlobs, at: number, text = 'x'): Promise<unknown> => {
    try {
      return await by.put(nameOf(at), text);
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };
  expect([await put(one, 1), await put(one, 2), await put(one, 3)]).toEqual([undefined, undefined, 'relay/quota']);
  // What it has put it may put anew, and no longer than its share.
  expect([await put(one, 2, 'y'.repeat(99)), await put(one, 2, 'y'.repeat(100))]).toEqual([undefined, 'relay/quota']);
  expect([await put(two, 3), await put(two, 4), await put(three, 5), await put(three, 6)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect([await put(three, 7), await put(root, 7), await put(root, 8), await put(root, 9)]).toEqual([
    'relay/quota',
    undefined,
    undefined,
    'relay/quota',
  ]);
  await one.delete(nameOf(1));
  expect(await put(root, 9)).toBe(undefined);
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
  expect(await texts()).toEqual(['one']);
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
    hasher,
    now,
    fetch: (request) => fetch((sent = request)),
  });
  await spying.get(name);
  const read = sent as Request;
  const codeOf = async (request: Request): Promise<unknown> =>
    ((await (await fetch(request)).json()) as { code?: string }).code;
  expect(await codeOf(new Request(read.url, { method: 'DELETE', headers: read.headers }))).toBe('relay/signature');
  expect(await codeOf(new Request(read.url, { headers: read.headers }))).toBe('relay/replayed');
  expect(await texts()).toHaveLength(1);
});

it('keeps the body that was signed, and no other', async () => {
  const { fleet, fetch, texts, keysOf } = await scene();
  const url = `http://relay.test/v1/books/${fleet.book}/keys/${name}`;
  const { key } = fleet.root;
  const reader = { device: key.device, sign: key.sign, relay: relayIdOf(relaySigner(), hasher) };
  const digestOf = (text: string): string => contentDigestOf(new TextEncoder().encode(text), hasher);
  // As in RFC 9530, appendix B.
  expect(digestOf('{"hello": "world"}\n')).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:');
  const signed = (text: string): Promise<Record<string, string>> =>
    signedHeaders(url, reader, nowMs, 'PUT', digestOf(text));
  const put = async (headers: Record<string, string>, body: string): Promise<unknown> => {
    const answer = await fetch(new Request(url, { method: 'PUT', headers, body }));
    const { code } = (await answer.json()) as { code?: string };
    return [answer.status, code, answer.headers.get('accept-signature')?.includes('"content-digest"') ?? false];
  };
  const changed = await signed('one');
  expect(await put(changed, 'two')).toEqual([400, 'relay/digest', false]);
  expect(await put(await signed('one'), '')).toEqual([400, 'relay/digest', false]);
  // Whoever changes the body and its digest changes what was signed.
  expect(await put({ ...(await signed('one')), 'content-digest': digestOf('two') }, 'two')).toEqual([
    401,
    'relay/signature',
    true,
  ]);
  const { 'content-digest': _, ...bare } = await signed('one');
  expect(await put(bare, 'one')).toEqual([401, 'relay/signature', true]);
  const asRead = await signedHeaders(url, reader, nowMs, 'GET', digestOf('one'));
  expect(await put(asRead, 'one')).toEqual([401, 'relay/signature', true]);
  for (const other of [digestOf('one').toUpperCase(), `${digestOf('one')}, sha-512=:eA==:`, `sha-512=:eA==:`])
    expect(await put(await signedHeaders(url, reader, nowMs, 'PUT', other), 'one')).toEqual([
      400,
      'relay/digest',
      false,
    ]);
  expect(await texts()).toEqual([]);
  await keysOf(fleet.root).put(name, 'Zoë');
  expect(await texts()).toEqual(['Zoë']);
});

it('keeps a text as it came, or not at all', async () => {
  const { fleet, fetch, texts, keysOf } = await scene();
  const url = `http://relay.test/v1/books/${fleet.book}/keys/${name}`;
  const { key } = fleet.root;
  const reader = { device: key.device, sign: key.sign, relay: relayIdOf(relaySigner(), hasher) };
  const body = Uint8Array.of(0xff, 0x41);
  const headers = await signedHeaders(url, reader, nowMs, 'PUT', contentDigestOf(body, hasher));
  const answer = await fetch(new Request(url, { method: 'PUT', headers, body }));
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'relay/bad-request']);
  await keysOf(fleet.root).put(name, '\ufeffmarked');
  expect(await texts()).toEqual(['\ufeffmarked']);
});

it.each([
  ['POST', ''],
  ['DELETE', ''],
  ['HEAD', ''],
  ['POST', `/${name}`],
])('has no %s, signed or not: %s', async (method, path) => {
  const { fleet, shelf } = await scene();
  const answer = await shelf.fetch(new Request(`http://relay.test/v1/books/${fleet.book}/keys${path}`, { method }));
  expect(answer?.status).toBe(405);
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
      hasher,
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
