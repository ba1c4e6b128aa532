// Reads signed by devices: who is let in, to what, from which place in the log on, and what is no signature.
import { type BookId, encodeHex, type Scope } from '@tallystick/oplog';
import { createSignature } from 'http-message-sig';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRelayClient, relayIdOf, signReads } from '../src/index.ts';
import type { Reader, RelayClient } from '../src/index.ts';
import { signedComponents, signedHeaders } from '../src/request-signature.ts';
import { clientOf, type Desk, follow, followAll, openDesk } from './desk.ts';
import { branch, createFleet, type Fleet, hasher, hq, keyOf, relaySigner, type Writer } from './fleet.ts';

const startMs = 1_764_500_000_000;
let nowMs = startMs;
let desk: Desk;
let fleet: Fleet;
let till: Writer;

const now = (): number => nowMs;
const readerOf = ({ key }: Writer, relay = relayIdOf(relaySigner(), hasher)): Reader => ({
  device: key.device,
  sign: (message) => key.sign(message),
  relay,
});
const refused = (code: string): object => ({ code });
const clientAt = (): RelayClient => clientOf(desk.relay, { now });

beforeEach(async () => {
  nowMs = startMs;
  desk = openDesk({ reads: 'devices', now });
  fleet = createFleet();
  const { writer, enrolment } = fleet.enrol('till', 'till', fleet.root, branch);
  till = writer;
  await desk.push(fleet.book, [fleet.genesis]);
  await desk.push(fleet.book, [enrolment], branch);
});

describe('a reader', () => {
  it('must be a device of the book', async () => {
    const client = clientAt();
    expect(await client.info()).toMatchObject({ reads: 'devices' });
    await expect(client.pull(fleet.book, hq, 0)).rejects.toMatchObject(refused('relay/unsigned'));
    expect((await client.pull(fleet.book, hq, 0, readerOf(fleet.root))).frames).toHaveLength(1);
    const stranger = fleet.stranger('nobody');
    await expect(client.pull(fleet.book, hq, 0, readerOf(stranger))).rejects.toMatchObject(
      refused('relay/not-enrolled'),
    );
    const elsewhere = 'ab'.repeat(32) as BookId;
    await expect(client.pull(elsewhere, hq, 0)).rejects.toMatchObject(refused('relay/unknown-book'));
  });

  it('reads hq and the scopes that let it in; an owner, a manager or an auditor of hq reads all', async () => {
    const auditor = fleet.enrol('auditor', 'auditor');
    const van = fleet.enrol('van', 'van');
    await desk.push(fleet.book, [auditor.enrolment, van.enrolment]);
    const client = clientAt();
    const scopesOf = async (writer: Writer): Promise<string[]> =>
      (await client.scopes(fleet.book, readerOf(writer))).map(({ scope }) => scope);
    expect(await scopesOf(till)).toEqual([branch, hq]);
    expect(await scopesOf(auditor.writer)).toEqual([branch, hq]);
    expect(await scopesOf(van.writer)).toEqual([hq]);
    const other = 'b/007' as Scope;
    const manager = fleet.enrol('manager', 'manager', fleet.root, other);
    await desk.push(fleet.book, [manager.enrolment], other);
    expect(await scopesOf(manager.writer)).toEqual([other, hq]);
    for (const writer of [till, van.writer])
      await expect(client.pull(fleet.book, other, 0, readerOf(writer))).rejects.toMatchObject(refused('relay/scope'));
    // What the stock of every branch takes, a van or a warehouse follows where it has written.
    await desk.push(fleet.book, [van.writer.write({ scope: other })], other);
    expect(await scopesOf(van.writer)).toEqual([other, hq]);
    expect((await client.pull(fleet.book, other, 0, readerOf(van.writer))).frames).toHaveLength(2);
  });

  it.each(['carrier', 'agent', 'customer'] as const)(
    'of hq that is a %s gets no scope by writing in it',
    async (role) => {
      const { writer, enrolment } = fleet.enrol(role, role);
      await desk.push(fleet.book, [enrolment]);
      const pushed = await desk.push(fleet.book, [writer.write({ verb: 'made.up@1', scope: branch })], branch);
      expect(pushed.results).toMatchObject([{ position: 1 }]);
      const client = clientAt();
      expect(await client.scopes(fleet.book, readerOf(writer))).toMatchObject([{ scope: hq }]);
      await expect(client.pull(fleet.book, branch, 0, readerOf(writer))).rejects.toMatchObject(refused('relay/scope'));
    },
  );

  it('is one from its enrolment to its revocation, each at its place in the log', async () => {
    const client = clientAt();
    const late = fleet.enrol('late');
    await expect(client.pull(fleet.book, hq, 0, readerOf(late.writer))).rejects.toMatchObject(
      refused('relay/not-enrolled'),
    );
    await desk.push(fleet.book, [late.enrolment]);
    expect((await client.pull(fleet.book, hq, 0, readerOf(late.writer))).size).toBe(2);
    const offline = late.writer.write();
    const gone = { device: late.writer.key.device, reason: 'stolen' };
    await desk.push(fleet.book, [fleet.root.write({ verb: 'device.revoke@1', args: gone })]);
    await desk.push(fleet.book, [fleet.root.write()]);
    const asked = readerOf(late.writer);
    for (const read of [client.checkpoint(fleet.book, hq, asked), client.scopes(fleet.book, asked)])
      await expect(read).rejects.toMatchObject(refused('relay/revoked'));
    // What revoked it, it may read, and nothing after; to others nothing has changed.
    const last = await client.pull(fleet.book, hq, 1, asked);
    expect([last.frames.length, last.size]).toEqual([2, 3]);
    await expect(client.pull(fleet.book, hq, 3, asked)).rejects.toMatchObject(refused('relay/revoked'));
    const followed = await followAll(follow(signReads(client, [asked]), fleet.book)).catch((error: unknown) => error);
    expect(followed).toMatchObject(refused('relay/revoked'));
    expect((await client.pull(fleet.book, hq, 1, readerOf(fleet.root))).size).toBe(4);
    // What it has it may still hand in.
    expect((await desk.push(fleet.book, [offline])).results).toMatchObject([
      { position: 4, warnings: ['quarantined'] },
    ]);
  });
});

describe('two front ends', () => {
  it('both know whom each let in, though a reader came in the middle of a push', async () => {
    const [one, two] = [fleet.enrol('one', 'till', fleet.root, branch), fleet.enrol('two')];
    const { store } = desk;
    const counted = { ...store, enrolmentCount: async (book: BookId) => (await store.enrolments(book)).length };
    let meanwhile = async (): Promise<void> => undefined;
    const slow = {
      ...counted,
      append: async (batches: Parameters<typeof store.append>[0]) => (await meanwhile(), store.append(batches)),
    };
    const [first, second] = [counted, slow].map((shared) => openDesk({ reads: 'devices', now, store: shared })) as [
      Desk,
      Desk,
    ];
    meanwhile = async () => {
      meanwhile = async () => undefined;
      await first.push(fleet.book, [one.enrolment], branch);
      await clientOf(second.relay, { now }).pull(fleet.book, hq, 0, readerOf(fleet.root));
    };
    await second.push(fleet.book, [two.enrolment]);
    for (const { relay } of [first, second])
      expect((await clientOf(relay, { now }).pull(fleet.book, hq, 0, readerOf(two.writer))).size).toBe(2);
  });
});

describe('a signed request', () => {
  const path = (): string => `/v1/books/${fleet.book}/scopes/hq/ops?from=0`;
  const send = async (
    headers: Record<string, string>,
    at = `http://relay.test${path()}`,
    method = 'GET',
  ): Promise<unknown> => {
    const answer = await desk.relay.fetch(new Request(at, { method, headers }));
    const { code = answer.status } = answer.status === 200 ? {} : ((await answer.json()) as { code?: string });
    return code;
  };
  const sign = (reader = readerOf(fleet.root), at = `http://relay.test${path()}`): Promise<Record<string, string>> =>
    signedHeaders(at, reader, nowMs);

  it('counts once, at one relay, for one address, book and question, for some minutes', async () => {
    const headers = await sign();
    expect([await send(headers), await send(headers)]).toEqual([200, 'relay/replayed']);
    expect(await send(await sign(readerOf(fleet.root, 'relay.other+01234567')))).toBe('relay/signature');
    const other = createFleet('another shop');
    await desk.push(other.book, [other.genesis]);
    const asked = path();
    for (const elsewhere of [
      `http://relay.evil${asked}`,
      `http://relay.test${asked.replace(fleet.book, other.book)}`,
      `http://relay.test${asked.replace('from=0', 'from=1')}`,
      `http://relay.test${asked.replace('hq', 'b%2F042')}`,
      `http://relay.test${asked}&from=1`,
    ])
      expect(await send(await sign(), elsewhere), elsewhere).toMatch(/^relay\/(signature|not-enrolled)$/);
    const early = await sign();
    nowMs += 121_000;
    expect(await send(early)).toBe('relay/clock');
    nowMs -= 300_000;
    expect(await send(early)).toBe('relay/clock');
  });

  it('is signed for the address that devices use, not for the one behind the proxy', async () => {
    desk = openDesk({ reads: 'devices', now, url: 'https://relay.example/tally/', store: desk.store });
    expect(await send(await sign(readerOf(fleet.root), `https://relay.example/tally${path()}`))).toBe(200);
    expect(await send(await sign())).toBe('relay/signature');
  });

  it('is refused in any other form', async () => {
    const root = readerOf(fleet.root);
    interface Changes {
      components?: readonly string[];
      parameters?: object;
      label?: string;
    }
    const forged = async ({
      components = signedComponents,
      parameters = {},
      label = 'tallystick',
    }: Changes): Promise<Record<string, string>> => {
      const created = Math.floor(nowMs / 1000);
      const { signature, signatureInput } = await createSignature(
        {
          kind: 'request',
          method: 'GET',
          targetUri: `http://relay.test${path()}`,
          fields: [{ name: 'tallystick-relay', value: root.relay }],
        },
        {
          label,
          components,
          parameters: {
            created,
            expires: created + 60,
            nonce: encodeHex(crypto.getRandomValues(new Uint8Array(16))),
            keyid: root.device,
            tag: 'tallystick',
            ...parameters,
          },
          signer: { algorithm: 'ed25519', sign: async (base) => root.sign(base) },
        },
      );
      return { 'tallystick-relay': root.relay, 'signature-input': signatureInput, signature };
    };
    expect(await send(await forged({}))).toBe(200);
    expect(await send(await forged({ parameters: { alg: 'ed25519' } }))).toBe(200);
    const seconds = Math.floor(nowMs / 1000);
    const cases: Changes[] = [
      { components: signedComponents.slice(1) },
      { components: [...signedComponents].reverse() },
      { components: [...signedComponents, '@scheme'] },
      { parameters: { nonce: 'short' } },
      { parameters: { nonce: undefined } },
      { parameters: { keyid: 'till' } },
      { parameters: { tag: 'other' } },
      { parameters: { created: undefined } },
      { parameters: { expires: undefined } },
      { parameters: { expires: seconds + 301 } },
      { parameters: { expires: seconds } },
      { parameters: { keyid: keyOf('corner shop till').device } },
      { label: 'sig1' },
    ];
    for (const changes of cases)
      expect(await send(await forged(changes)), JSON.stringify(changes)).toBe('relay/signature');
    const good = await forged({});
    const { signature = '', 'signature-input': input = '' } = good;
    const broken: Record<string, string>[] = [
      { 'tallystick-relay': root.relay, signature },
      { ...good, signature: signature.replace(/:./, (text) => (text === ':A' ? ':B' : ':A')) },
      { ...good, 'signature-input': `${input}, ${input}` },
      { ...good, 'signature-input': input.replace('created=', 'created="') },
      { ...good, 'signature-input': `${input};x="${'y'.repeat(3_000)}"` },
      { ...good, 'signature-input': 'tallystick=()' },
      { ...good, 'signature-input': `${input};alg="rsa-pss-sha512"` },
      { ...good, 'tallystick-relay': 'x' },
      { signature, 'signature-input': input },
    ];
    for (const headers of broken) expect(await send(headers), JSON.stringify(headers)).toBe('relay/signature');
    expect(await send(good)).toBe(200);
  });

  it('of a device whose clock is wrong is sent again by the relay’s', async () => {
    let sent = 0;
    const fetch = (request: Request): Promise<Response> => {
      sent += 1;
      return desk.relay.fetch(request);
    };
    const client = createRelayClient({ url: 'http://relay.test', fetch, now: () => nowMs - 86_400_000 });
    for (let round = 0; round < 2; round++)
      expect((await client.pull(fleet.book, hq, 0, readerOf(fleet.root))).size).toBe(1);
    expect(sent).toBe(3);
  });

  it('of a device that asks without end takes no room from those of others', async () => {
    desk = openDesk({ reads: 'devices', now, store: desk.store, limits: { maxNonces: 8, readBurst: 2 } });
    const once = clientOf(desk.relay, { now, retry: { attempts: 1 } });
    const ask = (writer: Writer): Promise<unknown> => once.pull(fleet.book, hq, 0, readerOf(writer));
    for (let asked = 0; asked < 2; asked++) await ask(till);
    for (let asked = 0; asked < 8; asked++) await expect(ask(till)).rejects.toMatchObject(refused('relay/rate'));
    await ask(fleet.root);
  });

  it('that came twice is signed afresh, and one beyond what the relay can remember waits', async () => {
    desk = openDesk({ reads: 'devices', now, store: desk.store, limits: { maxNonces: 2 } });
    const waits: (string | null)[] = [];
    const fetch = async (request: Request): Promise<Response> => {
      await desk.relay.fetch(new Request(request));
      const answer = await desk.relay.fetch(request);
      waits.push(answer.headers.get('retry-after'));
      return answer;
    };
    const twice = createRelayClient({ url: 'http://relay.test', fetch, now, retry: { attempts: 1 } });
    await expect(twice.pull(fleet.book, hq, 0, readerOf(fleet.root))).rejects.toMatchObject(refused('relay/rate'));
    expect(waits.at(-1)).toBe('60');
    nowMs += 900_000;
    expect((await clientAt().pull(fleet.book, hq, 0, readerOf(fleet.root))).size).toBe(1);
  });
});

describe('a handshake', () => {
  it('says where the book stands, with the roots at the sizes that are known', async () => {
    await desk.push(fleet.book, fleet.root.writeMany(3));
    const client = clientAt();
    const known = [
      { scope: hq, size: 2 },
      { scope: branch, size: 9 },
    ];
    const { epoch, scopes } = await client.handshake(fleet.book, known, readerOf(till));
    expect(epoch).toBe(0);
    const longer = await client.handshake(fleet.book, [{ scope: hq, size: 4 }], readerOf(till));
    expect(scopes).toEqual([
      { scope: branch, size: 1 },
      { scope: hq, size: 4, rootAtKnown: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(longer.scopes[1]?.rootAtKnown).not.toBe(scopes[1]?.rootAtKnown);
    const many = Array.from({ length: 65 }, () => ({ scope: hq, size: 1 }));
    await expect(client.handshake(fleet.book, many, readerOf(till))).rejects.toMatchObject(
      refused('relay/bad-request'),
    );
    // Parameters are looked at before anybody is asked who sends them.
    await expect(client.handshake(fleet.book, many.slice(1))).rejects.toMatchObject(refused('relay/unsigned'));
    await expect(client.handshake(fleet.book, many)).rejects.toMatchObject(refused('relay/bad-request'));
    // And before the method is.
    const codeOfPost = async (count: number): Promise<unknown> => {
      const query = Array.from({ length: count }, () => 'known=1:hq').join('&');
      const url = `http://relay.test/v1/books/${fleet.book}/scopes?${query}`;
      return ((await (await desk.relay.fetch(new Request(url, { method: 'POST' }))).json()) as { code: string }).code;
    };
    expect([await codeOfPost(64), await codeOfPost(65)]).toEqual(['relay/method', 'relay/bad-request']);
  });

  it('finds the newest version of the protocol that both speak, or says which those are', async () => {
    const { chooseProtocol } = await import('../src/protocols.ts');
    const range = (from: number, to: number): { from: number; to: number } => ({ from, to });
    const cases = [
      [range(1, 1), range(1, 2), 1],
      [range(1, 2), range(1, 1), 1],
      [range(1, 3), range(2, 4), 3],
      [range(1, 1), range(2, 3), undefined],
      [range(2, 3), range(1, 1), undefined],
    ] as const;
    for (const [own, other, chosen] of cases) expect(chooseProtocol(own, other)).toBe(chosen);
    const later = createRelayClient({
      url: 'http://relay.test',
      fetch: async () => Response.json({ protocols: range(2, 3), name: 'x', vkey: 'x', reads: 'public' }),
    });
    await expect(later.info()).rejects.toMatchObject({ code: 'relay/protocol', details: { protocols: range(2, 3) } });
    const answer = await desk.relay.fetch(new Request('http://relay.test/v2/info'));
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: 'relay/protocol', protocols: range(1, 1) },
    ]);
  });
});
