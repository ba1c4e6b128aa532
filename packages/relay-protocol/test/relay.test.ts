// The HTTP surface of a relay: routes, bounds, pages, proofs, tiles, walls between books, faults and restarts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createTree, leafHash, parseVerifierKey, verifyConsistency, verifyInclusion } from '@tallystick/chain';
import { encodeHex, type OpRecord } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryRelayStore, createRelay, type RelayEvent, type RelayStore } from '../src/index.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { bodyOf, type Desk, follow, followAll, get, openDesk, post } from './desk.ts';
import { branch, createFleet, ed25519, type Fleet, hasher, hq, relaySigner } from './fleet.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let fleet: Fleet;
let desk: Desk;
let base: string;

beforeEach(() => {
  fleet = createFleet();
  desk = openDesk();
  base = `/v1/books/${fleet.book}`;
});

async function codeOf(response: Response): Promise<[number, unknown]> {
  const { code } = (await response.json()) as { code: unknown };
  return [response.status, code];
}

describe('a relay', () => {
  it('says who it is and what it takes', async () => {
    const response = await get(desk, '/v1/info');
    const info = (await response.json()) as Record<string, unknown>;
    expect(info).toEqual({
      protocols: { from: 1, to: 1 },
      name: 'relay.test',
      vkey: desk.relay.vkey,
      reads: 'public',
      limits: { maxBatchOps: 1000, maxBatchBytes: 4_194_304 },
    });
    expect(parseVerifierKey(desk.relay.vkey, hasher).ok).toBe(true);
  });

  it('answers what is no request with a code', async () => {
    await desk.push(fleet.book, [fleet.genesis]);
    const cases: [string, number, string][] = [
      ['/', 404, 'relay/not-found'],
      ['/v1', 404, 'relay/not-found'],
      ['/v2/info', 400, 'relay/protocol'],
      ['/v1/books', 404, 'relay/not-found'],
      [`${base}/scopes/hq/other`, 404, 'relay/not-found'],
      [`${base}/scopes/hq/ops/more?from=0`, 404, 'relay/not-found'],
      ['/v1/books/XYZ/scopes', 400, 'relay/bad-request'],
      [`${base}/scopes/%ZZ/ops?from=0`, 400, 'relay/bad-request'],
      [`${base}/scopes/HQ/ops?from=0`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/ops`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/ops?from=-1`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/ops?from=01`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/ops?from=2`, 416, 'relay/beyond-end'],
      [`${base}/scopes/b%2F042/checkpoint`, 404, 'relay/empty'],
      [`${base}/scopes/hq/proof/consistency?first=0&second=1`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/proof/consistency?first=1&second=2`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/proof/inclusion?index=1&size=1`, 400, 'relay/bad-request'],
      [`${base}/scopes/hq/tile/0/1`, 404, 'relay/not-found'],
      [`${base}/scopes/hq/tile/9/000`, 404, 'relay/not-found'],
      [`/v1/books/${'0'.repeat(64)}/scopes`, 404, 'relay/unknown-book'],
      [`/v1/books/${'0'.repeat(64)}/scopes/hq/checkpoint`, 404, 'relay/unknown-book'],
    ];
    for (const [path, status, code] of cases)
      expect([path, ...(await codeOf(await get(desk, path)))]).toEqual([path, status, code]);
    const deleted = await desk.relay.fetch(
      new Request(`http://relay.test${base}/scopes/hq/ops?from=0`, { method: 'DELETE' }),
    );
    expect(await codeOf(deleted)).toEqual([405, 'relay/method']);
  });

  it('lets pages of any origin in', async () => {
    const preflight = await desk.relay.fetch(new Request('http://relay.test/v1/info', { method: 'OPTIONS' }));
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-encoding');
    const responses = [preflight, await get(desk, '/v1/info'), await get(desk, '/nothing')];
    for (const { headers } of responses) {
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-expose-headers')).toContain('tallystick-checkpoint');
    }
  });

  it('serves whole batches with the checkpoint for exactly their end', async () => {
    const small = openDesk({ limits: { maxBatchOps: 3, maxPageOps: 5 } });
    const records = [fleet.genesis, ...fleet.root.writeMany(8)];
    for (const cut of [records.slice(0, 1), records.slice(1, 4), records.slice(4, 6), records.slice(6)]) {
      await small.push(fleet.book, cut);
    }
    const sizes: number[] = [];
    for (let from = 0; from < 9; ) {
      const page = await small.client.pull(fleet.book, hq, from);
      from += page.frames.length;
      sizes.push(from);
      expect((await bodyOf(page.checkpoint)).split('\n')[1]).toBe(String(from));
      expect(page.size).toBe(9);
    }
    expect(sizes).toEqual([4, 9]);
    const end = await small.client.pull(fleet.book, hq, 9);
    expect(end.frames).toEqual([]);
    expect((await bodyOf(end.checkpoint)).split('\n')[1]).toBe('9');
  });

  it('packs pages for those who take gzip', async () => {
    const records = [fleet.genesis, ...fleet.root.writeMany(20)];
    await desk.push(fleet.book, records);
    const path = `${base}/scopes/hq/ops?from=0`;
    const plain = await get(desk, path);
    const packed = await get(desk, path, { 'accept-encoding': 'br, gzip' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const bundle = encodeBundle(records);
    expect(Buffer.from(await plain.arrayBuffer()).equals(bundle)).toBe(true);
    expect(gunzipSync(Buffer.from(await packed.arrayBuffer())).equals(bundle)).toBe(true);
  });

  it('proves what it says', async () => {
    const records = [fleet.genesis, ...fleet.root.writeMany(300)];
    await desk.push(fleet.book, records.slice(0, 120));
    await desk.push(fleet.book, records.slice(120));
    const rootAt = (size: number): Uint8Array => {
      const tree = createTree(hasher);
      for (const { bytes } of records.slice(0, size)) tree.append(leafHash(bytes, hasher));
      return tree.root();
    };
    const proof = await desk.client.consistency(fleet.book, hq, 120, 301);
    const firstRoot = rootAt(120);
    const secondRoot = rootAt(301);
    expect(verifyConsistency({ first: 120, second: 301, firstRoot, secondRoot, proof }, hasher)).toBe(true);
    const path = await desk.client.inclusion(fleet.book, hq, 7, 301);
    const leaf = leafHash((records[7] as OpRecord).bytes, hasher);
    expect(verifyInclusion({ index: 7, size: 301, leaf, root: secondRoot, proof: path }, hasher)).toBe(true);
  });

  it('serves C2SP tiles and entry bundles', async () => {
    const records = [fleet.genesis, ...fleet.root.writeMany(299)];
    await desk.push(fleet.book, records);
    const fetchBytes = async (path: string): Promise<Uint8Array | number> => {
      const response = await get(desk, `${base}/scopes/hq/tile/${path}`);
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : response.status;
    };
    const full = (await fetchBytes('0/000')) as Uint8Array;
    expect(full).toHaveLength(8192);
    expect(encodeHex(full.subarray(32, 64))).toBe(encodeHex(leafHash((records[1] as OpRecord).bytes, hasher)));
    expect(await fetchBytes('0/001.p/44')).toHaveLength(44 * 32);
    expect(await fetchBytes('1/000.p/1')).toHaveLength(32);
    const entries = decodeBundle((await fetchBytes('entries/001.p/44')) as Uint8Array).frames;
    expect(entries.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
      records.slice(256).map(({ bytes }) => Buffer.from(bytes).toString('hex')),
    );
    for (const path of [
      '0/001',
      '0/001.p/45',
      '0/1',
      '0/x000/001',
      '0/000.p/256',
      '0/000.p/0',
      'entries/001',
      '2/000',
    ]) {
      expect([path, await fetchBytes(path)]).toEqual([path, 404]);
    }
  });

  it('walls books off from each other', async () => {
    const other = createFleet('another shop');
    await desk.push(fleet.book, [fleet.genesis, ...fleet.root.writeMany(3)]);
    await desk.push(other.book, [other.genesis]);
    expect(await desk.client.scopes(other.book)).toEqual([{ scope: hq, size: 1 }]);
    const { records } = await followAll(follow(desk.client, other.book));
    expect(records.map(({ hash }) => hash)).toEqual([other.genesis.hash]);
    expect((await bodyOf(await desk.client.checkpoint(other.book, hq))).split('\n')[0]).toBe(
      `relay.test/${other.book}/hq`,
    );
  });

  it('takes only the books it is told to', async () => {
    const closed = openDesk({ books: [fleet.book] });
    const other = createFleet('another shop');
    await closed.push(fleet.book, [fleet.genesis]);
    await expect(closed.push(other.book, [other.genesis])).rejects.toMatchObject({
      code: 'relay/book-refused',
      status: 403,
    });
    const full = openDesk({ limits: { maxBooks: 1 } });
    await full.push(fleet.book, [fleet.genesis]);
    await expect(full.push(other.book, [other.genesis])).rejects.toMatchObject({ code: 'relay/quota' });
  });

  it('keeps a bounded number of scopes', async () => {
    const small = openDesk({ limits: { maxScopes: 2 } });
    await small.push(fleet.book, [fleet.genesis]);
    await small.push(fleet.book, [fleet.root.write({ scope: branch })], branch);
    const third = `${branch}x` as typeof branch;
    await expect(small.push(fleet.book, [fleet.root.write({ scope: third })], third)).rejects.toMatchObject({
      code: 'relay/quota',
    });
  });
});

describe('the bounds of a push', () => {
  it('hold for the body, as sent and unpacked', async () => {
    const small = openDesk({ limits: { maxBatchBytes: 10_000 } });
    const bomb = gzipSync(new Uint8Array(50_000_000));
    expect(bomb.length).toBeLessThan(60_000);
    const tiny = openDesk({ limits: { maxBatchBytes: 100_000 } });
    for (const [where, body, headers] of [
      [small, new Uint8Array(10_001), {}],
      [tiny, bomb, { 'content-encoding': 'gzip' }],
    ] as const) {
      const { status, json } = await post(where, fleet.book, body, headers);
      expect([status, json.code]).toEqual([413, 'relay/too-large']);
    }
  });

  it('hold for a gigabyte behind a megabyte, without unpacking it', async () => {
    const member = gzipSync(new Uint8Array(64 << 20));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    const before = process.memoryUsage().rss;
    const { status, json } = await post(desk, fleet.book, bomb, { 'content-encoding': 'gzip' });
    expect([status, json.code]).toEqual([413, 'relay/too-large']);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  });

  it('hold for a body that never says how long it is', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit;
    const response = await desk.relay.fetch(new Request(`http://relay.test${base}/scopes/hq/ops`, init));
    expect(await codeOf(response)).toEqual([413, 'relay/too-large']);
    expect(sent).toBeLessThan(6 << 20);
  });

  it('hold for a length that is none', async () => {
    const small = openDesk({ limits: { maxBytesInFlight: 10_000 } });
    for (const length of ['x', '-1000000', '1.5', '1e400']) {
      const { status, json } = await post(small, fleet.book, [fleet.genesis], { 'content-length': length });
      expect([length, status, json.code]).toEqual([length, 400, 'relay/bad-request']);
    }
    expect((await post(small, fleet.book, new Uint8Array(20_000), { 'content-length': '20000' })).status).toBe(503);
  });

  it('hold for the number of ops, also of empty ones', async () => {
    const small = openDesk({ limits: { maxBatchOps: 2 } });
    const three = [fleet.genesis, ...fleet.root.writeMany(2)];
    for (const body of [three, new Uint8Array(6)]) {
      const { status, json } = await post(small, fleet.book, body);
      expect([status, json.code]).toEqual([413, 'relay/too-large']);
    }
    expect((await post(small, fleet.book, three.slice(0, 2))).status).toBe(200);
  });

  it('refuse a torn bundle whole, and broken or unknown encodings', async () => {
    const bundle = encodeBundle([fleet.genesis, fleet.root.write()]);
    const cases: [Uint8Array, Record<string, string>, number, string][] = [
      [bundle.subarray(0, -1), {}, 400, 'relay/torn'],
      [bundle, { 'content-encoding': 'gzip' }, 400, 'relay/bad-encoding'],
      [gzipSync(bundle).subarray(0, -5), { 'content-encoding': 'gzip' }, 400, 'relay/bad-encoding'],
      [bundle, { 'content-encoding': 'br' }, 415, 'relay/encoding'],
    ];
    for (const [body, headers, status, code] of cases) {
      const answer = await post(desk, fleet.book, body, headers);
      expect([answer.status, answer.json.code]).toEqual([status, code]);
    }
    await expect(desk.client.scopes(fleet.book)).rejects.toMatchObject({ code: 'relay/unknown-book' });
    expect((await post(desk, fleet.book, gzipSync(bundle), { 'content-encoding': 'gzip' })).status).toBe(200);
  });

  it('hold for pushes under way', async () => {
    const narrow = openDesk({ limits: { maxPushesInFlight: 1 } });
    const [first, second] = [1, 2].map(() => post(narrow, fleet.book, [fleet.genesis]));
    expect((await first)?.status).toBe(200);
    const refused = await second;
    expect([refused?.status, refused?.json.code, refused?.headers.get('retry-after')]).toEqual([
      503,
      'relay/busy',
      '1',
    ]);
    expect((await post(narrow, fleet.book, [fleet.genesis])).status).toBe(200);
  });
});

/** A store whose appends fail on demand: before they are durable, or after. */
function failing(store: RelayStore): { store: RelayStore; fail: 'no' | 'before' | 'after' } {
  const faulty: { store: RelayStore; fail: 'no' | 'before' | 'after' } = {
    fail: 'no',
    store: {
      ...store,
      async append(batches) {
        if (faulty.fail === 'before') throw new Error('disk full');
        await store.append(batches);
        if (faulty.fail === 'after') throw new Error('killed');
      },
    },
  };
  return faulty;
}

describe('when the store fails', () => {
  it('nothing is acknowledged, nothing of it is remembered, and a retry succeeds', async () => {
    const events: RelayEvent[] = [];
    const faulty = failing(createMemoryRelayStore());
    const desk = openDesk({ store: faulty.store, onEvent: (event) => void events.push(event) });
    await desk.push(fleet.book, [fleet.genesis]);
    const { writer, enrolment } = fleet.enrol('till');
    faulty.fail = 'before';
    const lost = await post(desk, fleet.book, [enrolment]);
    expect([lost.status, lost.json.code]).toEqual([500, 'relay/failed']);
    expect(JSON.stringify(lost.json)).not.toContain('disk');
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { message: 'disk full' } });
    faulty.fail = 'no';
    const { results } = await desk.push(fleet.book, [writer.write()]);
    expect(results[0]?.verdict).toBe('unknown-device');
    const again = await desk.push(fleet.book, [enrolment]);
    expect(again.results[0]).toMatchObject({ verdict: 'stored', position: 1 });
  });

  it('a crash between commit and answer is answered `exists` with the same position on retry', async () => {
    const faulty = failing(createMemoryRelayStore());
    const desk = openDesk({ store: faulty.store });
    await desk.push(fleet.book, [fleet.genesis]);
    const records = fleet.root.writeMany(3);
    faulty.fail = 'after';
    expect((await post(desk, fleet.book, records)).status).toBe(500);
    faulty.fail = 'no';
    const { results, receipts } = await desk.push(fleet.book, records);
    expect(results.map(({ verdict, position }) => [verdict, position])).toEqual([
      ['exists', 1],
      ['exists', 2],
      ['exists', 3],
    ]);
    expect(receipts).toHaveLength(1);
  });

  it('a second sequencer on the same data cannot give a position twice', async () => {
    const store = createMemoryRelayStore();
    const [one, two] = [openDesk({ store }), openDesk({ store })];
    await one.push(fleet.book, [fleet.genesis]);
    const { writer, enrolment } = fleet.enrol('till');
    await one.push(fleet.book, [enrolment]);
    const [mine, yours] = [fleet.root.write(), writer.write()];
    const answers = await Promise.all([one.push(fleet.book, [mine]), two.push(fleet.book, [yours])]);
    const positions = answers.map(({ results }) => results[0]?.position);
    expect(new Set(positions).size).toBe(2);
    const { records } = await followAll(follow(one.client, fleet.book));
    expect(records).toHaveLength(4);
  });
});

describe('a restart', () => {
  it('keeps everything: positions, roster, tree and answers', async () => {
    const path = join(folder, 'restart.sqlite');
    const { writer, enrolment } = fleet.enrol('till');
    const first = openDesk({ store: createSqliteRelayStore(path) });
    await first.push(fleet.book, [fleet.genesis, enrolment, ...writer.writeMany(300)]);
    const before = await followAll(follow(first.client, fleet.book));
    await first.relay.close();
    await first.store.close();

    const second = openDesk({ store: createSqliteRelayStore(path) });
    const after = await followAll(follow(second.client, fleet.book));
    expect(after.tip).toEqual(before.tip);
    const { results } = await second.push(fleet.book, [...before.records.slice(-1), writer.write()]);
    expect(results.map(({ verdict, position }) => [verdict, position])).toEqual([
      ['exists', 301],
      ['stored', 302],
    ]);
    const { records } = await followAll(follow(second.client, fleet.book, hq, after.tip));
    expect(records).toHaveLength(1);
    await second.store.close();
  });

  it('under another name or key is refused before it can contradict itself', async () => {
    const store = createMemoryRelayStore();
    await openDesk({ store }).relay.ready();
    const other = createRelay({ store, signer: relaySigner('relay.elsewhere'), hasher, ed25519 });
    await expect(other.ready()).rejects.toMatchObject({ code: 'relay/identity' });
    const { status } = await post({ relay: other }, fleet.book, [fleet.genesis]);
    expect(status).toBe(500);
    expect(await store.bookCount()).toBe(0);
  });
});
