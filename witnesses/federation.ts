/** A shop and its relay cut off from the town for a day, and joined: what both sides wrote, and what they claimed. */
import { type NoteKey, parseVerifierKey } from '@tallystick/chain';
import { nodeCrypto } from '@tallystick/kernel/node';
import { type BookId, encodeHex } from '@tallystick/oplog';
import { createMemoryRelayStore, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createFollowingRelay, type HomeLink } from '@tallystick/relay-protocol/federation';
import { createSqliteOutbox } from '@tallystick/relay-protocol/node';
import { createMemoryKeyStore } from '@tallystick/sign';
import { createLocalRelay, type LocalRelay } from '@tallystick/testkit';
import { openStage, type Send } from '../packages/cas/test/stage.ts';
import type { Facts, Population, Witness } from './claim.ts';
import { hq, joinShop, sell, type ShopBook, short, type TwoDevices, withShop } from './shop.ts';

interface Line {
  isCut: boolean;
}

interface Near {
  readonly send: Send;
  readonly link: HomeLink;
  close(): Promise<void>;
}

/** A relay in the shop, at the end of a line that can be cut. */
async function openNear(line: Line, town: Send, home: NoteKey, book: BookId): Promise<Near> {
  const overLine: Send = (request) => (line.isCut ? Promise.reject(new TypeError('no route')) : town(request));
  const outbox = createSqliteOutbox(':memory:');
  const { relay, link } = createFollowingRelay({
    client: createRelayClient({ url: 'http://town.test', fetch: overLine, retry: { attempts: 1 } }),
    home,
    mirror: 'shop.test',
    books: [book],
    node: 'one',
    store: createMemoryRelayStore(),
    outbox,
    reads: 'public',
    timing: { firstPauseMs: 1, maxPauseMs: 2 },
    ...nodeCrypto,
  });
  await link.exchange();
  const close = async (): Promise<void> => {
    await relay.close();
    await outbox.close();
  };
  return { send: (request) => relay.fetch(request), link, close };
}

const clientOf = (send: Send): RelayClient =>
  createRelayClient({ url: 'http://shop.test', fetch: send, retry: { attempts: 1 } });

/** The fault: a second relay in the shop that orders by itself, under the key of the first and from where that stands. */
async function openSecondHead(first: LocalRelay, book: BookId): Promise<Send> {
  const second = await createLocalRelay({ crypto: nodeCrypto });
  const { frames } = await clientOf(first.fetch).pull(book, hq, 0);
  const body = new Uint8Array(await new Response(new Blob(frames.map(frameOf))).arrayBuffer());
  await second.fetch(new Request(`http://shop.test/v1/books/${book}/scopes/hq/ops`, { method: 'POST', body }));
  return second.fetch;
}

function frameOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);
}

const hours = 12;

async function anotherTill(shop: TwoDevices): Promise<ShopBook> {
  const keys = createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
  const key = await keys.create('device');
  const enrolment = { device: key.device, key: encodeHex(key.publicKey), name: 'till 2', role: 'till' } as const;
  if (!(await shop.office.commit('device.enroll', enrolment)).ok) throw new Error('not enrolled');
  return joinShop(shop, { keys });
}

interface Day {
  readonly of: Population;
  readonly apart: Facts;
  readonly joined: Facts;
  readonly wentOn: boolean;
  readonly agrees: boolean;
}

/** Two tills of the shop sell all day and so does the office in town; in the evening the line is back. */
async function liveDay(shop: TwoDevices, broken: boolean): Promise<Day> {
  const town = await createLocalRelay({ crypto: nodeCrypto });
  const home = parseVerifierKey(town.vkey, nodeCrypto.hasher);
  if (!home.ok) throw new Error(home.code);
  const second = await anotherTill(shop);
  const tills = [shop.till, second];
  await shop.office.sync(town.client());
  const line = { isCut: false };
  const near = await openNear(line, town.fetch, home.value, shop.office.id);
  for (const till of tills) await till.sync(clientOf(near.send));
  line.isCut = true;
  const reached = broken ? await openSecondHead(town, shop.office.id) : near.send;
  let sold = 0;
  for (let hour = 1; hour <= hours; hour++)
    for (const [index, book] of [...tills, shop.office].entries()) {
      await sell(book, `sku ${index}`, hour);
      sold += 1;
      await book.sync(book === shop.office ? town.client() : clientOf(reached));
    }
  for (const till of tills) await till.sync(clientOf(reached));
  const countOf = (book: ShopBook): number => book.query('SELECT id FROM documents').length;
  const together = tills.every((till) => countOf(till) === 2 * hours);
  const { waiting: kept = 0 } = (await near.link.status()).books[0] ?? {};
  line.isCut = false;
  await near.link.exchange();
  const everybody = [shop.office, ...tills];
  for (const book of [...tills, shop.office]) await book.sync(town.client()).catch(() => undefined);
  const digests = new Set(everybody.map((book) => book.digest().digest));
  const pending = everybody.reduce((sum, book) => sum + book.pendingOps().length, 0);
  const ids = await idsIn(town, shop.office);
  const { waiting = -1 } = (await near.link.status()).books[0] ?? {};
  await near.close();
  const documents = countOf(shop.office);
  await second.close();
  return {
    of: { hours, sold },
    apart: { kept, together },
    joined: {
      documents,
      pending,
      waiting,
      twice: ids.length - new Set(ids).size,
      digests: digests.size,
      digest: short([...digests][0] ?? ''),
    },
    wentOn: together && kept === 2 * hours,
    agrees: documents === sold && pending + waiting === 0 && digests.size === 1 && ids.length === new Set(ids).size,
  };
}

async function idsIn(town: LocalRelay, { id }: ShopBook): Promise<string[]> {
  const { frames } = await clientOf(town.fetch).pull(id, hq, 0);
  return frames.map((bytes) => (JSON.parse(new TextDecoder().decode(bytes.subarray(96))) as { id: string }).id);
}

/** What is worth waiting for is not given away in the shop; what is not is, and the loser stands in the log. The fault: the shop's relay grants. */
async function claimApart(broken: boolean): Promise<{ of: Population; facts: Facts; holds: boolean }> {
  const stage = await openStage(nodeCrypto);
  const front = stage.frontEnd();
  const town: Send = (request) => front.fetch(request);
  const line = { isCut: false };
  const near = await openNear(line, town, stage.signer, stage.book);
  line.isCut = true;
  const alone = stage.frontEnd({
    ...createMemoryRelayStore(),
    log: stage.store.log,
    enrolments: stage.store.enrolments,
  });
  const inShop: Send = broken ? (request) => alone.fetch(request) : near.send;
  const [inTown, waits, trusts] = stage.devices;
  if (inTown === undefined || waits === undefined || trusts === undefined) throw new Error('three devices');
  const once = { attempts: 1 };
  const blocked = await waits.claimOp('motor');
  const admitted = await trusts.claimOp('coffee');
  const first = await stage.claimant(inShop, { retry: once }).claim('motor', blocked, { deadlineMs: 100 });
  const second = await stage.claimant(inShop, { retry: once }).claim('coffee', admitted, { tier: 'admit' });
  for (const token of ['motor', 'coffee']) await stage.claimant(town).claim(token, await inTown.claimOp(token));
  line.isCut = false;
  await near.link.exchange();
  const last = await stage
    .claimant(near.send)
    .claim('motor', blocked)
    .catch(() => ({ kind: 'unknown' }));
  const [lost] = await stage.claimant(near.send).reconcile([admitted]);
  const positioned = (await stage.read(town)).length;
  await near.close();
  const facts = {
    block: first.kind,
    admit: second.kind,
    afterwards: last.kind,
    reconciled: lost?.outcome.kind ?? '',
    positioned,
  };
  const holds =
    first.kind === 'unknown' && second.kind === 'admitted' && last.kind === 'held' && lost?.outcome.kind === 'held';
  return { of: { claims: 4 }, facts, holds };
}

export const federation: Witness = {
  name: 'federation',
  claims: ['together', 'joined', 'tiers'],
  async run({ broken, claim }) {
    await withShop(async (shop) => {
      const { of, apart, joined, wentOn, agrees } = await liveDay(shop, broken);
      claim(of, { claim: 'together', ...apart }, wentOn);
      claim(of, { claim: 'joined', ...joined }, agrees);
    });
    const { of, facts, holds } = await claimApart(broken);
    claim(of, { claim: 'tiers', ...facts }, holds);
  },
};
