// Claims: a push on the condition that nobody was first (docs/spec/relay.md, "Claims").
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpRecord, parseScope, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimOf, createMemoryRelayStore, type PushResult, type RelayEvent, type RelayStore } from '../src/index.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { clientOf, type Desk, follow, followAll, openDesk } from './desk.ts';
import { createFleet, type Fleet, forge, hq, type Writer } from './fleet.ts';

const claims = parseScope('claims') as Scope;

interface Stage {
  readonly fleet: Fleet;
  readonly desk: Desk;
  readonly tills: readonly [Writer, Writer, Writer];
}

/** A book with three tills of hq, who may write in `claims` too. */
async function openStage(name: string, store: RelayStore): Promise<Stage> {
  const fleet = createFleet(name);
  const desk = openDesk({ store });
  const made = ['one', 'two', 'three'].map((till) => fleet.enrol(till));
  await desk.push(fleet.book, [fleet.genesis, ...made.map(({ enrolment }) => enrolment)]);
  const [one, two, three] = made.map(({ writer }) => writer) as [Writer, Writer, Writer];
  return { fleet, desk, tills: [one, two, three] };
}

function claimBy(writer: Writer, token: string, scope = claims): OpRecord {
  return writer.write({ verb: 'test.claim@1', args: { claim: token, amountMinor: 500 }, scope });
}

async function claim({ desk, fleet }: Stage, ...records: OpRecord[]): Promise<readonly PushResult[]> {
  return (await desk.client.claim(fleet.book, records[0]?.op.scope ?? claims, records)).results;
}

function holderOf({ hash, op }: OpRecord, position: number): object {
  return { hash, device: op.device, position };
}

describe('what an op claims', () => {
  it('is the text `claim` of its args, in visible ASCII and no longer than 128', () => {
    const { root } = createFleet();
    const claimed = (token: unknown): string | undefined =>
      claimOf({ ...root.write().op, args: { claim: token } as never });
    expect(['a', '~!', 'x'.repeat(128)].map(claimed)).toEqual(['a', '~!', 'x'.repeat(128)]);
    expect(['', 'x'.repeat(129), 'a b', 'é', 'a\u0000', 7, ['a']].map(claimed)).toEqual(Array(7).fill(undefined));
  });
});

describe('a claim', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await openStage('claims', createMemoryRelayStore());
  });

  it('is granted to the first, and the next hears who has it and is not stored', async () => {
    const [one, two] = stage.tills;
    const [first, second] = [claimBy(one, 'gift/1'), claimBy(two, 'gift/1')];
    const holder = holderOf(first, 0);
    expect(await claim(stage, first)).toEqual([{ hash: first.hash, verdict: 'stored', position: 0, holder }]);
    expect(await claim(stage, second)).toMatchObject([{ hash: second.hash, verdict: 'held', holder }]);
    expect((await claim(stage, second))[0]?.position).toBeUndefined();
    // Whoever never heard the answer asks again.
    expect(await claim(stage, first)).toEqual([{ hash: first.hash, verdict: 'exists', position: 0, holder }]);
    expect((await stage.desk.store.log(stage.fleet.book, claims))?.size).toBe(1);
    const other = claimBy(stage.tills[2], 'gift/2');
    expect(await claim(stage, other)).toMatchObject([{ verdict: 'stored', position: 1, holder: holderOf(other, 1) }]);
  });

  it('is one of its own log', async () => {
    const [one, two] = stage.tills;
    await claim(stage, claimBy(one, 'gift/1'));
    expect(await claim(stage, claimBy(two, 'gift/1', hq))).toMatchObject([{ verdict: 'stored' }]);
  });

  it('that lost is stored by a push, changes nothing, and the chain goes on from it', async () => {
    const [one, two] = stage.tills;
    const [first, second] = [claimBy(one, 'gift/1'), claimBy(two, 'gift/1')];
    await claim(stage, first);
    const next = claimBy(two, 'gift/2');
    // Nothing after it can be stored while it is not.
    expect((await claim(stage, second, next)).map(({ verdict }) => verdict)).toEqual(['held', 'gap']);
    const { results } = await stage.desk.push(stage.fleet.book, [second], claims);
    expect(results).toMatchObject([{ verdict: 'stored', position: 1, holder: holderOf(first, 0) }]);
    expect(await claim(stage, second, next)).toMatchObject([
      { verdict: 'exists', holder: holderOf(first, 0) },
      { verdict: 'stored', holder: holderOf(next, 2) },
    ]);
  });

  it('takes what it builds on with it, and of two for one token in a push the first wins', async () => {
    const [one, two] = stage.tills;
    const before = one.write({ scope: claims });
    const [first, again, other] = [claimBy(one, 'a'), claimBy(one, 'a'), claimBy(two, 'b')];
    const results = await claim(stage, before, first, again, other);
    expect(results.map(({ verdict }) => verdict)).toEqual(['stored', 'stored', 'held', 'stored']);
    // Every batch ends in a signature that was checked, so the log is covered for any reader.
    const { records } = await followAll(follow(stage.desk.client, stage.fleet.book, claims));
    expect(records.map(({ hash }) => hash)).toEqual([before, first, other].map(({ hash }) => hash));
  });

  it('with a signature that is not valid hears nothing of the holder', async () => {
    const [one, two] = stage.tills;
    await claim(stage, claimBy(one, 'gift/1'));
    const [result] = await claim(stage, forge(claimBy(two, 'gift/1')));
    expect(result).toMatchObject({ verdict: 'bad-signature' });
    expect(result?.holder).toBeUndefined();
  });

  it('by a revoked device is not stored, and what such a device hands in otherwise claims nothing', async () => {
    const [one, two] = stage.tills;
    const revoked = { device: two.key.device, reason: 'lost' };
    await stage.desk.push(stage.fleet.book, [stage.fleet.root.write({ verb: 'device.revoke@1', args: revoked })]);
    const late = claimBy(two, 'gift/1');
    const [refused] = await claim(stage, late);
    expect(refused).toMatchObject({ verdict: 'quarantined' });
    expect(refused?.position).toBeUndefined();
    const { results } = await stage.desk.push(stage.fleet.book, [late], claims);
    expect(results).toMatchObject([{ verdict: 'stored', warnings: ['quarantined'] }]);
    const mine = claimBy(one, 'gift/1');
    expect(await claim(stage, mine)).toMatchObject([{ verdict: 'stored', holder: holderOf(mine, 1) }]);
  });

  it('off the branch that counts is not stored, and claims nothing where it is', async () => {
    const [one, two] = stage.tills;
    const first = one.write({ scope: claims });
    const prev = first.op.prev as NonNullable<typeof first.op.prev>;
    const forked = one.craft({ args: { claim: 'gift/1' }, scope: claims, seq: 1, prev });
    await claim(stage, first);
    const [refused] = await claim(stage, forked);
    expect([refused?.verdict, refused?.position]).toEqual(['fork', undefined]);
    await stage.desk.push(stage.fleet.book, [forked], claims);
    const mine = claimBy(two, 'gift/1');
    expect(await claim(stage, mine)).toMatchObject([{ verdict: 'stored', holder: holderOf(mine, 2) }]);
  });

  it('is granted once by two front ends on one store, whoever of them is asked', async () => {
    const { fleet, desk, tills } = stage;
    const beside: Stage = { ...stage, desk: openDesk({ store: desk.store }) };
    const rounds = Array.from({ length: 20 }, (_, index) => `prize/${index}`);
    for (const token of rounds) {
      const [first, second] = [claimBy(tills[0], token), claimBy(tills[1], token)];
      const asked = await Promise.allSettled([claim(stage, first), claim(beside, second)]);
      expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      expect(answers.map(({ verdict }) => verdict).sort()).toEqual(['held', 'stored']);
      expect(answers[0]?.holder).toEqual(answers[1]?.holder);
      const loser = answers[0]?.verdict === 'held' ? first : second;
      await desk.push(fleet.book, [loser], claims);
    }
    expect((await desk.store.log(fleet.book, claims))?.size).toBe(40);
  });
});

describe('the second memory', () => {
  let folder: string;
  let store: RelayStore;
  const events: RelayEvent[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'claims-'));
    store = createSqliteRelayStore(join(folder, 'relay.db'));
    events.length = 0;
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  async function edit(change: (db: Database.Database) => void): Promise<void> {
    await store.close();
    const db = new Database(join(folder, 'relay.db'));
    change(db);
    db.close();
    store = createSqliteRelayStore(join(folder, 'relay.db'));
  }

  const run = (sql: string) => (db: Database.Database) => expect(db.prepare(sql).run().changes).toBe(1);

  /** In the signature of the claim, which the op's own hash does not cover. */
  function flipBit(db: Database.Database): void {
    const row = 'FROM relay_entries JOIN relay_claims USING (entry)';
    const bytes = db.prepare(`SELECT bytes ${row}`).pluck().get() as Buffer;
    bytes[40] = (bytes[40] as number) ^ 4;
    const entry = db.prepare(`SELECT entry ${row}`).pluck().get();
    db.prepare('UPDATE relay_entries SET bytes = ? WHERE entry = ?').run(bytes, entry);
  }

  it.each([
    ['a row of the index is lost', run('DELETE FROM relay_claims'), 'gift/1'],
    ['a row of the index names another op', run('UPDATE relay_claims SET entry = entry + 1'), 'gift/1'],
    ['the index gives away what nobody claimed', run("UPDATE relay_claims SET token = 'gift/2'"), 'gift/2'],
    ['an op of the log has a flipped bit', flipBit, 'gift/2'],
  ])('raises an alarm and grants nothing where %s', async (_, change, token) => {
    const stage = await openStage('memory', store);
    const [one, two, three] = stage.tills;
    await claim(stage, claimBy(one, 'gift/1'));
    await stage.desk.push(stage.fleet.book, [two.write({ scope: claims })], claims);
    await edit(change);
    const desk = openDesk({ store, onEvent: (event) => void events.push(event) });
    const contender = claimBy(three, token);
    await expect(claim({ ...stage, desk }, contender)).rejects.toMatchObject({
      code: 'relay/claim-alarm',
      status: 409,
    });
    expect((await store.log(stage.fleet.book, claims))?.size).toBe(2);
    expect(events.map(({ kind }) => kind)).toEqual(['alarm']);
  });

  it('agrees after the relay was started again', async () => {
    const stage = await openStage('memory', store);
    const [one, two] = stage.tills;
    const first = claimBy(one, 'gift/1');
    await claim(stage, first);
    const after: Stage = { ...stage, desk: openDesk({ store }) };
    expect(await claim(after, claimBy(two, 'gift/1'))).toMatchObject([{ verdict: 'held', holder: holderOf(first, 0) }]);
  });

  it('of a running relay remembers what its store has forgotten, log and index both', async () => {
    const stage = await openStage('memory', store);
    const [one, two] = stage.tills;
    await claim(stage, claimBy(one, 'gift/1'));
    const contender = claimBy(two, 'gift/1');
    const { log } = store;
    Object.assign(store, {
      claims: () => new Map(),
      log: async (...name: Parameters<RelayStore['log']>) =>
        name[1] === claims ? { size: 0, frontier: [], checkpoint: '' } : log(...name),
    });
    await expect(claim(stage, contender)).rejects.toMatchObject({ code: 'relay/claim-alarm' });
  });
});

it('a claim that is no bundle is refused as a push is', async () => {
  const { fleet, desk } = await openStage('torn', createMemoryRelayStore());
  const body = encodeBundle([fleet.genesis]).subarray(0, 20) as Uint8Array<ArrayBuffer>;
  const url = `http://relay.test/v1/books/${fleet.book}/scopes/claims/claims`;
  expect((await desk.relay.fetch(new Request(url, { method: 'POST', body }))).status).toBe(400);
  expect((await desk.relay.fetch(new Request(url))).status).toBe(405);
  expect(clientOf(desk.relay).url).toBe('http://relay.test');
});
