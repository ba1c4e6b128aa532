/** What a book makes of a relay that breaks its word, and of an honest one on a bad day. */
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { Change, RelayFinding } from '@tallystick/kernel';
import type { OpRecord } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import {
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  RelayError,
  type Relay,
  type RelayClient,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { type Mirror, type MirrorCheck, openMirror, publishIndex, publishLog } from '@tallystick/relay-protocol/mirror';
import { verifyRelayProof } from '@tallystick/relay-protocol/proof';
import { nodeEd25519 } from '@tallystick/sign/node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFleet, type Fleet, HQ, provenDigest, type ShopBook } from './fleet.ts';

type Send = (request: Request) => Promise<Response>;

/** A relay whose log can be put in the place of another under the same key, and whose answers can be changed. */
interface Faces {
  readonly vkey: string;
  readonly client: RelayClient;
  show(store: RelayStore): void;
  through(change: (send: Send) => Send): void;
}

async function createFaces(): Promise<Faces> {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(9));
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const start = (store: RelayStore): Relay =>
    createRelay({ store, signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public' });
  let relay = start(createMemoryRelayStore());
  let send: Send = (request) => relay.fetch(request);
  const fetch: Send = (request) => send(request);
  return {
    vkey: relay.vkey,
    client: createRelayClient({ url: 'http://relay.test', fetch, retry: { attempts: 1 } }),
    show: (store) => void (relay = start(store)),
    through: (change) => void (send = change((request) => relay.fetch(request))),
  };
}

let faces: Faces;
let fleet: Fleet;
let [owner, till, other]: ShopBook[] = [];

beforeEach(async () => {
  faces = await createFaces();
  fleet = await createFleet(3);
  [owner, till, other] = fleet.books as [ShopBook, ShopBook, ShopBook];
  for (const book of fleet.books) await book.sync(faces.client);
});
afterEach(() => fleet.close());

const sell = async (book: ShopBook, count = 1): Promise<void> => {
  for (let n = 0; n < count; n++) await book.commit('stock.move', { sku: 'tea', quantity: 1 });
};
/** A log of the same relay with what a book has settled and pending, and nothing else. */
async function logOf(book: ShopBook, settled = book.log.tip(HQ).size): Promise<RelayStore> {
  const store = createMemoryRelayStore();
  const shown = await createFaces();
  shown.show(store);
  await shown.client.push(book.id, HQ, [...(await book.log.settled(HQ, 0, settled)), ...(await book.log.pending(HQ))]);
  return store;
}
/** As files, what a book has settled. */
async function publish(book: ShopBook): Promise<Mirror> {
  const files = new Map<string, Uint8Array>();
  const place = {
    load: (name: string) => files.get(name),
    save: (name: string, bytes: Uint8Array) => void files.set(name, bytes),
    drop: (name: string) => void files.delete(name),
  };
  const { size, note } = book.log.tip(HQ);
  const records = (from: number, limit: number): ReturnType<ShopBook['log']['settled']> =>
    book.log.settled(HQ, from, limit);
  const log = { book: book.id, scope: HQ, size, note, base: 0, records };
  await publishIndex(place, { book: book.id, scopes: [HQ] });
  await publishLog(place, log, noteCheck());
  return openMirror(place, noteCheck());
}
/** The files of a log of the same relay, with what a book has settled and pending, and nothing else. */
async function published(book: ShopBook): Promise<Mirror> {
  faces.show(await logOf(book));
  await book.sync(faces.client);
  return publish(book);
}
function noteCheck(): MirrorCheck {
  const relay = parseVerifierKey(faces.vkey, nodeHasher);
  if (!relay.ok) throw new Error(relay.code);
  return { relay: relay.value, verify: nodeEd25519.verify.bind(nodeEd25519), hasher: nodeHasher };
}
const findings = (book: ShopBook): readonly RelayFinding[] => book.status().relayFindings;
const kinds = (book: ShopBook): readonly string[] => findings(book).map(({ kind }) => kind);
async function isProved(book: ShopBook): Promise<boolean> {
  const judged = await Promise.all(findings(book).map(({ proof }) => verifyRelayProof(proof, noteCheck())));
  return judged.length > 0 && judged.every(({ ok }) => ok);
}

describe('a relay that', () => {
  it('shows another log is convicted at the next contact, before anything is cosigned', async () => {
    const changes: Change['kind'][] = [];
    till?.subscribe(({ kind }) => changes.push(kind));
    await sell(till as ShopBook);
    await till?.sync(faces.client);
    await sell(owner as ShopBook, 4);
    faces.show(await logOf(owner as ShopBook));
    let cosigned = 0;
    const watching: RelayClient = { ...faces.client, cosign: (...said) => (cosigned++, faces.client.cosign(...said)) };
    for (const again of [1, 2]) {
      await expect(till?.sync(watching), `contact ${again}`).rejects.toMatchObject({ code: 'relay/inconsistent' });
      expect(kinds(till as ShopBook)).toEqual(['split']);
    }
    expect([cosigned, changes.filter((kind) => kind === 'relay-proof').length]).toEqual([0, 1]);
    expect(await isProved(till as ShopBook)).toBe(true);
    expect(findings(till as ShopBook)[0]).toMatchObject({ scope: 'hq', promised: till?.log.tip(HQ).size });
  });

  it.each([
    ['only reads', 0, true],
    ['hands in more', 2, true],
    ['only hands in', 2, false],
  ])('was put back to an older state is convicted by a device that %s', async (_, sold, pull) => {
    await sell(till as ShopBook, 3);
    await till?.sync(faces.client);
    faces.show(await logOf(other as ShopBook));
    await sell(till as ShopBook, sold);
    await expect(till?.sync(faces.client, { pull })).rejects.toMatchObject({ code: /rolled-back|inconsistent/ });
    expect(kinds(till as ShopBook)).toContain('shrunk');
    expect(await isProved(till as ShopBook)).toBe(true);
  });

  it.each([0, 2])('was wiped is convicted by a device with %i ops to hand in', async (sold) => {
    faces.show(createMemoryRelayStore());
    await sell(till as ShopBook, sold);
    await expect(till?.sync(faces.client)).rejects.toMatchObject({ code: 'relay/rolled-back' });
    expect(findings(till as ShopBook)).toMatchObject([{ kind: 'shrunk', later: 0 }]);
    expect(await isProved(till as ShopBook)).toBe(true);
    faces.show(await logOf(owner as ShopBook));
    await expect(till?.sync(faces.client)).resolves.toMatchObject({ pushed: sold });
    expect(kinds(till as ShopBook)).toEqual(['shrunk']);
  });

  it('stores another op where it gave a receipt is convicted, and handed the op again', async () => {
    await sell(other as ShopBook);
    await other?.sync(faces.client, { pull: false });
    await sell(till as ShopBook);
    await till?.sync(faces.client, { pull: false });
    const promised = (till as ShopBook).log.tip(HQ).size + 1;
    await sell(owner as ShopBook, 3);
    faces.show(await logOf(owner as ShopBook));
    await expect(till?.sync(faces.client)).rejects.toMatchObject({ code: 'relay/inconsistent' });
    expect(findings(till as ShopBook)).toMatchObject([{ kind: 'broken-receipt', promised }]);
    expect(await isProved(till as ShopBook)).toBe(true);
    await till?.sync(faces.client).catch(() => undefined);
    await till?.sync(faces.client);
    expect([till?.pendingOps().length, kinds(till as ShopBook).length]).toEqual([0, 1]);
  });

  it('forgets what it gave a receipt for is convicted by the receipt', async () => {
    await sell(other as ShopBook);
    await other?.sync(faces.client, { pull: false });
    await sell(till as ShopBook);
    await till?.sync(faces.client, { pull: false });
    faces.show(await logOf(owner as ShopBook));
    await expect(till?.sync(faces.client)).rejects.toMatchObject({ code: 'relay/inconsistent' });
    expect(kinds(till as ShopBook)).toEqual(['shrunk']);
    expect(await isProved(till as ShopBook)).toBe(true);
  });

  it('keeps two devices apart is convicted when one meets the other, or hears of it through the relay', async () => {
    await sell(till as ShopBook);
    await till?.sync(faces.client);
    await sell(owner as ShopBook, 3);
    faces.show(await logOf(owner as ShopBook));
    await owner?.sync(faces.client);
    const file = (await owner?.export()) as Uint8Array;
    await till?.import(file);
    await owner?.import((await till?.export()) as Uint8Array);
    for (const book of [till, owner] as ShopBook[]) {
      expect(kinds(book)).toEqual(['split']);
      expect(await isProved(book)).toBe(true);
    }
    const shown = await faces.client.checkpoint((other as ShopBook).id, HQ);
    const told: RelayClient = { ...faces.client, cosign: async () => shown };
    // Only who has the longer log can show what it had where the other one ended.
    faces.show(await logOf(other as ShopBook));
    await sell(other as ShopBook, 5);
    await other?.sync(told);
    expect(kinds(other as ShopBook)).toEqual(['split']);
    expect(await isProved(other as ShopBook)).toBe(true);
  });

  it.each([
    ['with its op', 0],
    ['after it went on', 2],
  ])(
    'shows a device another log is found by an op of that device %s, accused of nothing, and convicted by its file',
    async (_, later) => {
      const [reader, seller] = [owner as ShopBook, till as ShopBook];
      await sell(seller);
      await seller.sync(faces.client);
      const { size } = seller.log.tip(HQ);
      await sell(seller);
      const shown = [...(await seller.log.settled(HQ, size - 1, 1)), ...(await seller.log.pending(HQ))];
      expect(shown[1]?.op.seen).toMatchObject({ size });
      await sell(reader, 3);
      faces.show(await logOf(reader));
      for (let turn = 0; turn < later; turn++) {
        await reader.sync(faces.client);
        await sell(reader);
      }
      // It takes the ops of one into the log of the other, so that neither misses them.
      await faces.client.push(reader.id, HQ, shown);
      await reader.sync(faces.client);
      const seen = { scope: 'hq', device: shown[1]?.op.device, op: shown[1]?.hash, ...shown[1]?.op.seen };
      expect([reader.status().otherViews, findings(reader)]).toEqual([[{ ...seen, at: expect.any(Number) }], []]);
      await reader.import(await seller.export());
      expect([kinds(reader), await isProved(reader)]).toEqual([['split'], true]);
      // What is kept of it is nothing that a proof of the books would not know.
      await provenDigest(reader);
    },
  );

  it.each([
    ['the shorter one was read', 2, 5],
    ['the longer one was read', 5, 2],
    ['one of the same length was read', 3, 3],
  ])(
    'signed two logs that are published is convicted where %s first, and not by one that only lags',
    async (_, first, second) => {
      const reader = till as ShopBook;
      await reader.sync(faces.client);
      const files = await publish(reader);
      for (const [book, sold] of [
        [owner as ShopBook, first],
        [other as ShopBook, second],
      ] as const)
        await sell(book, sold);
      const [one, two] = [await published(owner as ShopBook), await published(other as ShopBook)];
      await reader.readMirror(one);
      await expect(reader.readMirror(files)).rejects.toMatchObject({ code: 'relay/mirror-stale' });
      expect(findings(reader)).toEqual([]);
      const code = first > second ? 'relay/mirror-stale' : 'relay/inconsistent';
      await expect(reader.readMirror(two)).rejects.toMatchObject({ code });
      expect([kinds(reader), await isProved(reader)]).toEqual([['split'], true]);
    },
  );

  it('costs a look at the log once, however often a device says that it saw another', async () => {
    const [reader, seller] = [owner, till] as [ShopBook, ShopBook];
    const told: OpRecord[] = [];
    await sell(other as ShopBook);
    const [news] = await (other as ShopBook).log.pending(HQ);
    for (const more of [[], [news as OpRecord]]) {
      await faces.client.push(seller.id, HQ, more);
      await sell(seller);
      await seller.sync(faces.client);
      await sell(seller);
      told.push(...(await seller.log.pending(HQ)));
    }
    expect(new Set(told.map(({ op }) => op.seen?.root)).size).toBe(2);
    await sell(reader, 6);
    faces.show(await logOf(reader));
    const chain = (await seller.log.settled(HQ, 0, 100)).filter(({ op }) => op.device === seller.device);
    const looks = vi.spyOn(reader.log, 'settled');
    const counts: number[] = [];
    for (const said of told) {
      await faces.client.push(reader.id, HQ, [...chain.filter(({ op }) => op.seq < said.op.seq), said]);
      looks.mockClear();
      await reader.sync(faces.client);
      counts.push(looks.mock.calls.length);
    }
    expect(reader.status().otherViews).toHaveLength(1);
    expect([counts[0] === 0, counts[1]]).toEqual([false, 0]);
  });

  it('is asked for a proof of what a device saw long ago alone, and believed in nothing', async () => {
    let asked = 0;
    const asking = (consistency: RelayClient['consistency']): RelayClient => ({
      ...faces.client,
      consistency: (...range) => (asked++, consistency(...range)),
    });
    const [reader, seller, late] = [owner, till, other] as [ShopBook, ShopBook, ShopBook];
    for (let round = 0; round < 12; round++) {
      await sell(seller, 2);
      await seller.sync(faces.client);
      await reader.sync(asking(faces.client.consistency));
    }
    expect(asked).toBe(0);
    const { size } = late.log.tip(HQ);
    await sell(late);
    const [said] = await late.log.pending(HQ);
    expect([said?.op.seen?.size, size + 20 < reader.log.tip(HQ).size]).toEqual([size, true]);
    await late.sync(faces.client);
    await reader.sync(asking(async () => []));
    expect([asked, reader.status().otherViews, findings(reader)]).toEqual([1, [], []]);
    await sell(late);
    await late.sync(faces.client);
    await reader.sync(asking(faces.client.consistency));
    expect([asked, reader.status().otherViews]).toEqual([1, []]);
  });

  it('costs a look at the log once and one question, however many devices saw it long ago', async () => {
    await fleet.close();
    fleet = await createFleet(6);
    const [reader, seller, ...away] = fleet.books as [ShopBook, ShopBook, ...ShopBook[]];
    for (const [at, one] of away.entries()) {
      await sell(seller, at + 1);
      await seller.sync(faces.client);
      await one.sync(faces.client);
      await sell(one);
    }
    for (let round = 0; round < 12; round++) {
      await sell(seller, 2);
      await seller.sync(faces.client);
      await reader.sync(faces.client);
    }
    for (const one of away) await one.sync(faces.client);
    let asked = 0;
    const denied = async (): Promise<never> => {
      asked++;
      throw new RelayError('relay/failed', 'no proof today', { status: 500 });
    };
    const looks = vi.spyOn(reader.log, 'settled');
    await reader.sync({ ...faces.client, consistency: denied });
    const read = looks.mock.calls.reduce((sum, [, , limit]) => sum + limit, 0);
    expect([asked, reader.status().otherViews]).toEqual([1, []]);
    expect(read).toBeLessThan(reader.log.tip(HQ).size);
  });

  it('is followed on by a device that has archived what it had when it last looked', async () => {
    const [reader, seller, late] = [owner, till, other] as [ShopBook, ShopBook, ShopBook];
    await sell(seller, 4);
    await seller.sync(faces.client);
    await late.sync(faces.client);
    const { size } = late.log.tip(HQ);
    await sell(seller, 4);
    await seller.sync(faces.client);
    await reader.sync(faces.client);
    const files = new Map<string, Uint8Array>();
    const to = {
      load: (name: string) => files.get(name),
      save: (name: string, parts: readonly Uint8Array[]) => void files.set(name, Buffer.concat(parts)),
    };
    await reader.archive({ to, until: size - 1 });
    await sell(late);
    await late.sync(faces.client);
    await sell(reader);
    // What it saw is in the log here still, and is told from it.
    expect(await reader.sync(faces.client)).toMatchObject({ pushed: 1 });
    expect([reader.log.base(HQ).size, reader.status().otherViews, findings(reader)]).toEqual([size - 1, [], []]);
  });
});

describe('an honest relay', () => {
  /** What a network, a proxy or a cache does to one exchange. */
  const faults = [
    'none',
    'lost request',
    'lost answer',
    'twice',
    'flipped bit',
    'cut short',
    'old answer',
    'refusal',
  ] as const;
  function faulty(next: () => (typeof faults)[number], seen: Map<string, Uint8Array>): (send: Send) => Send {
    return (send) => async (request) => {
      const fault = next();
      if (fault === 'lost request') throw new TypeError('fetch failed');
      if (fault === 'refusal') return new Response('{"code":"relay/busy"}', { status: 503 });
      if (fault === 'twice') await send(request.clone());
      const response = await send(request);
      if (fault === 'lost answer') throw new TypeError('fetch failed');
      const bytes = new Uint8Array(await response.arrayBuffer());
      const { status, headers } = response;
      const answer = (body: Uint8Array): Response =>
        new Response(status === 204 ? null : (body as Uint8Array<ArrayBuffer>), { status, headers });
      const old = seen.get(request.url);
      seen.set(request.url, bytes);
      if (fault === 'old answer' && old !== undefined) return answer(old);
      if (fault === 'cut short') return answer(bytes.slice(0, -1));
      if (fault !== 'flipped bit' || bytes.length === 0) return answer(bytes);
      const changed = bytes.slice();
      changed[Math.floor(bytes.length / 2)] = (changed[Math.floor(bytes.length / 2)] as number) ^ 1;
      return answer(changed);
    };
  }

  it('is never accused, whatever becomes of its answers, and everything arrives once they do', async () => {
    const step = fc.record({
      book: fc.nat(2),
      sold: fc.nat(2),
      faults: fc.array(fc.constantFrom(...faults), { maxLength: 12 }),
      file: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const seen = new Map<string, Uint8Array>();
        for (const { book: index, sold, faults: met, file } of steps) {
          const book = fleet.books[index] as ShopBook;
          const left = [...met];
          faces.through(faulty(() => left.shift() ?? 'none', seen));
          await sell(book, sold);
          if (file) await book.import((await fleet.books[(index + 1) % 3]?.export()) as Uint8Array);
          await book.sync(faces.client).catch(() => undefined);
        }
        faces.through((send) => send);
        for (const book of [...fleet.books, ...fleet.books]) await book.sync(faces.client);
        const said = (book: ShopBook): unknown => [findings(book), book.status().otherViews, book.pendingOps().length];
        expect(fleet.books.map(said)).toEqual(fleet.books.map(() => [[], [], 0]));
      }),
      { numRuns: 12 },
    );
  });

  it('is not accused by what only looks like its past: a mirror that lags, or a page of another book', async () => {
    const past = await logOf(till as ShopBook);
    await sell(owner as ShopBook, 3);
    await owner?.sync(faces.client);
    await till?.sync(faces.client);
    const mirror = await createFaces();
    mirror.show(past);
    const { handshake, pull, checkpoint, consistency } = mirror.client;
    const lagging: RelayClient = { ...faces.client, handshake, pull, checkpoint, consistency };
    await expect(till?.sync(lagging)).rejects.toMatchObject({ code: 'relay/rolled-back' });
    const wild: RelayClient = {
      ...faces.client,
      handshake: async () => ({ epoch: 0, scopes: [{ scope: HQ, size: 10_000 }] }),
      pull: async (book, scope, from) => {
        const page = await faces.client.pull(book, scope, 0);
        return { ...page, from, frames: page.frames.slice(0, 1), size: encodeBundle([]).length };
      },
    };
    await expect(till?.sync(wild)).rejects.toMatchObject({ code: 'relay/bad-page' });
    expect(findings(till as ShopBook)).toEqual([]);
  });
});
