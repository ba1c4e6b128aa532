// How a copy and the log that it is of are compared, who compares them, and what is found where they part.
import { leafHash } from '@tallystick/chain';
import Database from 'better-sqlite3';
import type { OpRecord } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { firstDamaged, firstDifference, type KeptOp, type Lease } from '../src/federation.ts';
import { createMemoryRelayStore } from '../src/index.ts';
import { createSqliteOutbox } from '../src/node.ts';
import { growTiles, type ReadTile } from '../src/tiles.ts';
import { follow, followAll, openDesk } from './desk.ts';
import { openFederation, temporaryFolder } from './federation-desk.ts';
import { branch as shop, ed25519, forge, hasher, hq } from './fleet.ts';

async function tilesOver(leaves: readonly Uint8Array[]): Promise<ReadTile & { reads: () => number }> {
  const tiles = new Map<string, Uint8Array>();
  for (const { level, index, hashes } of await growTiles(0, leaves, () => undefined, hasher))
    tiles.set(`${level}/${index}`, hashes);
  let reads = 0;
  const read: ReadTile = (level, index) => {
    reads += 1;
    return tiles.get(`${level}/${index}`);
  };
  return Object.assign(read, { reads: () => reads });
}

describe('two trees', () => {
  const leafOf = (text: string): Uint8Array => leafHash(new TextEncoder().encode(text), hasher);
  it('part where the naive reader finds it, at the cost of one tile a level', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1_500 }), fc.nat(1_600), async (size, at) => {
        const ours = Array.from({ length: size }, (_, index) => leafOf(`op ${index}`));
        const theirs = ours.map((leaf, index) => (index >= at ? leafOf(`other ${index}`) : leaf));
        const naive = ours.findIndex((leaf, index) => leaf !== theirs[index]);
        const [left, right] = [await tilesOver(ours), await tilesOver(theirs)];
        expect(await firstDifference(size, left, right)).toBe(naive === -1 ? undefined : naive);
        expect(right.reads()).toBeLessThanOrEqual(2);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a lease', () => {
  it('is one node at a time, and who lost it changes nothing any more', async () => {
    const path = join(temporaryFolder(), 'outbox.sqlite');
    const [a, b] = [createSqliteOutbox(path), createSqliteOutbox(path)];
    const { fleet } = await openFederation();
    const record = fleet.root.write();
    const op = { ...record, device: record.op.device };
    await a.keep(fleet.book, hq, [op], 1);
    const first = await a.lease('a', 1_000, 500);
    expect([first, await b.lease('b', 1_400, 500)]).toEqual([{ holder: 'a', fence: 1 }, undefined]);
    const second = await b.lease('b', 1_501, 500);
    expect(second).toEqual({ holder: 'b', fence: 2 });
    // Node a slept meanwhile, with an answer of the home relay in its hands.
    const answer = { place: 1, result: { hash: op.hash, verdict: 'stored', position: 7 } } as const;
    expect(() => a.settle(first as never, [answer], 1)).toThrow(expect.objectContaining({ code: 'relay/fenced' }));
    expect(() => a.drop(first as never, [1])).toThrow(expect.objectContaining({ code: 'relay/fenced' }));
    expect((await b.ops(fleet.book, { limit: 9 })).map(({ state }) => state)).toEqual(['waiting']);
    await b.settle(second as never, [answer], 1);
    expect((await a.ops(fleet.book, { limit: 9 })).map(({ state, position }) => [state, position])).toEqual([
      ['acknowledged', 7],
    ]);
    await a.close();
    await b.close();
  });

  it('keeps a second node from dealing with the home relay, until the first is gone', async () => {
    let nowMs = 1_764_500_000_000;
    const now = (): number => nowMs;
    const { fleet, line, branch, another, home } = await openFederation({ now });
    const second = another({ node: 'node 2', now });
    await expect(second.link.exchange()).rejects.toMatchObject({ code: 'relay/fenced' });
    line.state = 'cut';
    const op = fleet.root.write();
    await second.client.push(fleet.book, hq, [op]);
    line.state = 'up';
    // What one keeps the other hands on.
    await branch.link.exchange();
    expect((await home.store.find(fleet.book, hq, [op.hash])).size).toBe(1);
    expect([(await branch.link.status()).isReconciler, (await second.link.status()).isReconciler]).toEqual([
      true,
      false,
    ]);
    nowMs += 31_000;
    await second.link.exchange();
    expect((await second.link.status()).isReconciler).toBe(true);
    await expect(branch.link.exchange()).rejects.toMatchObject({ code: 'relay/fenced' });
  });
});

describe('several nodes on one copy and outbox', () => {
  it('keep what goes on from what another of them kept, or followed', async () => {
    const { fleet, line, branch, another } = await openFederation();
    const second = another({ node: 'node 2' });
    const push = async (node: typeof second, ...ops: OpRecord[]): Promise<unknown> =>
      (await node.client.push(fleet.book, hq, ops)).results.map(({ verdict }) => verdict);
    const [one, two, three, four, five] = fleet.root.writeMany(5) as [OpRecord, OpRecord, OpRecord, OpRecord, OpRecord];
    line.state = 'cut';
    expect([await push(second, one), await push(branch, two)]).toEqual([['kept'], ['kept']]);
    expect([await push(second, three, four), await push(branch, four)]).toEqual([['kept', 'kept'], ['kept']]);
    line.state = 'up';
    // The first hands all on and follows; the second hears nothing of it.
    await branch.link.exchange();
    await branch.client.push(fleet.book, hq, [five]);
    await branch.link.exchange();
    line.state = 'cut';
    expect(await push(second, fleet.root.write())).toEqual(['kept']);
  });
});

describe('what an outbox says of itself', () => {
  it('is what is in it, whatever became of the ops', async () => {
    const { fleet } = await openFederation();
    const outbox = createSqliteOutbox(':memory:');
    const ops = fleet.root.writeMany(4).map((record) => ({ ...record, device: record.op.device }));
    const bytesOf = (from: number, end: number) =>
      ops.slice(from, end).reduce((sum, { bytes }) => sum + bytes.length, 0);
    await outbox.keep(fleet.book, hq, ops.slice(0, 2), 5);
    await outbox.keep(fleet.book, hq, ops, 7);
    const none = { acknowledged: 0, refused: 0 };
    expect(await outbox.summary(fleet.book)).toEqual({
      waiting: 4,
      waitingBytes: bytesOf(0, 4),
      oldestAtMs: 5,
      ...none,
    });
    const lease = (await outbox.lease('a', 1, 9)) as Lease;
    const [first, second, third, fourth] = (await outbox.ops(fleet.book, { limit: 9 })) as [
      KeptOp,
      KeptOp,
      KeptOp,
      KeptOp,
    ];
    const answers: Parameters<typeof outbox.settle>[1] = [
      { place: first.place, result: { hash: first.hash, verdict: 'stored', position: 3 } },
      { place: second.place, result: { hash: second.hash, verdict: 'gap' } },
      { place: third.place, result: { hash: third.hash, verdict: 'stored', position: 4 } },
    ];
    await outbox.settle(lease, answers, 20);
    await outbox.drop(lease, [first.place]);
    expect(await outbox.summary(fleet.book)).toMatchObject({ waiting: 1, oldestAtMs: 7, acknowledged: 1, refused: 1 });
    await outbox.renew(lease, [second.place, third.place]);
    expect(await outbox.summary(fleet.book)).toEqual({
      waiting: 3,
      waitingBytes: bytesOf(1, 4),
      oldestAtMs: 5,
      ...none,
    });
    await outbox.drop(lease, [second.place, third.place, fourth.place]);
    expect(await outbox.summary(fleet.book)).toEqual({ waiting: 0, waitingBytes: 0, ...none });
    await outbox.close();
  });

  it('is there after a start from the third form of its file, and has when an op was refused first', async () => {
    const path = join(temporaryFolder(), 'outbox.sqlite');
    const { fleet } = await openFederation();
    const [refused, waiting] = fleet.root.writeMany(2).map((record) => ({ ...record, device: record.op.device }));
    if (refused === undefined || waiting === undefined) throw new Error('no ops');
    let outbox = createSqliteOutbox(path);
    await outbox.keep(fleet.book, hq, [refused, waiting], 5);
    const lease = (await outbox.lease('a', 1, 9)) as Lease;
    const answers = [1, 2].map((place) => ({ place, result: { hash: refused.hash, verdict: 'gap' } as const }));
    await outbox.settle(lease, answers.slice(0, 1), 9);
    await outbox.close();
    const db = new Database(path);
    db.exec('ALTER TABLE outbox_ops DROP COLUMN refused_ms; PRAGMA user_version = 3');
    db.close();
    outbox = createSqliteOutbox(path);
    const times = async () => (await outbox.ops(fleet.book, { limit: 9 })).map(({ refusedAtMs }) => refusedAtMs);
    expect(await times()).toEqual([5, undefined]);
    await outbox.settle(lease, answers, 20);
    await outbox.renew(lease, [2]);
    await outbox.settle(lease, answers, 30);
    expect(await times()).toEqual([5, 20]);
    await outbox.close();
  });
});

describe('a home relay with another log', () => {
  it('is found out, with the place and its own two notes; what was followed is served on', async () => {
    const { home, fleet, branch, as } = await openFederation();
    const { writer, enrolment } = fleet.enrol('till', 'till', fleet.root, shop);
    await home.push(fleet.book, [enrolment], shop);
    const ops = writer.writeMany(5, { scope: shop });
    await home.push(fleet.book, ops, shop);
    await branch.link.exchange();
    // The same relay, wiped, and filled again with an op more in the middle.
    const other = openDesk({ reads: 'devices' });
    home.relay.fetch = other.relay.fetch;
    const twin = writer.craft({ scope: shop, seq: 4, prev: ops[2]?.hash as never });
    const inHq = await followAll(follow(as(fleet.root), fleet.book, hq));
    await other.push(fleet.book, inHq.records);
    await other.push(fleet.book, [enrolment, ...ops.slice(0, 3), twin, ...ops.slice(3)], shop);
    await branch.link.exchange();
    const [status] = (await branch.link.status()).books;
    expect(status?.findings).toMatchObject([{ scope: shop, code: 'relay/inconsistent', position: 4 }]);
    expect(status?.findings[0]?.evidence).toHaveLength(2);
    expect((await followAll(follow(as(writer), fleet.book, shop))).tip.size).toBe(6);
  });
});

describe('a home relay that checks nothing', () => {
  it('is not copied where an author did not sign', async () => {
    const { home, fleet, branch } = await openFederation({}, { ed25519: { ...ed25519, verify: () => true } });
    const [fine, forged] = [fleet.root.write(), forge(fleet.root.write())];
    await home.push(fleet.book, [fine]);
    await branch.link.exchange();
    expect(await home.push(fleet.book, [forged])).toMatchObject({ results: [{ verdict: 'stored' }] });
    await branch.link.exchange();
    expect((await branch.store.log(fleet.book, hq))?.size).toBe(3);
    expect((await branch.link.status()).books).toMatchObject([
      { gapOps: 1, trouble: expect.stringContaining('relay/bad-signature') as string },
    ]);
  });
});

describe('a damaged copy', () => {
  it('is found by reading it, and accuses nobody', async () => {
    const store = createMemoryRelayStore();
    const { fleet, branch } = await openFederation({ store });
    expect(await firstDamaged(store, fleet.book, hq, hasher)).toBeUndefined();
    const [, second] = await store.records(fleet.book, hq, 0, 2);
    (second as Uint8Array)[200] = ((second as Uint8Array)[200] as number) ^ 1;
    await branch.link.audit();
    await branch.link.exchange();
    expect((await branch.link.status()).books[0]?.findings).toMatchObject([
      { scope: hq, code: 'relay/mirror-damaged', position: 1, evidence: [] },
    ]);
  });
});
