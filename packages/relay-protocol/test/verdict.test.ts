// Each verdict of the gate, over HTTP requests to a relay in this process.
import {
  type BookId,
  encodeRecord,
  type OpHash,
  type OpRecord,
  type RootHash,
  signatureOf,
  textOf,
} from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { signOp } from '@tallystick/sign';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRelay, createRelayClient, verifyReceipt } from '../src/index.ts';
import { type Desk, follow, followAll, openDesk, post, verifyNote } from './desk.ts';
import {
  branch,
  createFleet,
  ed25519,
  type Fleet,
  forge,
  hasher,
  hq,
  keyOf,
  relaySigner,
  resign,
  type Writer,
} from './fleet.ts';

describe('a push', () => {
  let fleet: Fleet;
  let desk: Desk;
  let till: Writer;
  let van: Writer;
  let vanEnrolment: OpHash;
  let checks: number;

  beforeEach(async () => {
    fleet = createFleet();
    checks = 0;
    desk = openDesk({ onEvent: (event) => void (checks += event.kind === 'pushed' ? event.signaturesChecked : 0) });
    const first = fleet.enrol('till');
    const second = fleet.enrol('van');
    till = first.writer;
    van = second.writer;
    vanEnrolment = second.enrolment.hash;
    await desk.push(fleet.book, [fleet.genesis, first.enrolment, second.enrolment]);
    checks = 0;
  });

  const verdictsOf = async (...records: Parameters<Desk['push']>[1][]): Promise<string[]> => {
    const { results } = await desk.push(fleet.book, records.flat());
    return results.map(({ verdict, position }) => (position === undefined ? verdict : `${verdict}@${position}`));
  };

  it('is stored in order, with a receipt and a checkpoint, for one signature check', async () => {
    const records = till.writeMany(5);
    const { results, receipts, size, checkpoint } = await desk.push(fleet.book, records);
    expect(results.map(({ position }) => position)).toEqual([3, 4, 5, 6, 7]);
    expect(checks).toBe(1);
    expect(size).toBe(8);
    const origin = `relay.test/${fleet.book}/hq`;
    expect(checkpoint.split('\n').slice(0, 2)).toEqual([origin, '8']);
    const receipt = await verifyReceipt(receipts[0] as string, {
      key: relaySigner(),
      origin,
      verify: verifyNote,
      hasher,
    });
    const lines = records.map(({ hash }, index) => ({ position: index + 3, hash }));
    expect(receipt).toEqual({ ok: true, value: { lines } });
  });

  it('that comes again is answered with the same positions and a receipt again', async () => {
    const records = till.writeMany(3);
    await desk.push(fleet.book, records);
    const again = await desk.push(fleet.book, [...records, till.write()]);
    expect(again.results.map(({ verdict }) => verdict)).toEqual(['exists', 'exists', 'exists', 'stored']);
    expect(again.results.map(({ position }) => position)).toEqual([3, 4, 5, 6]);
    expect(again.receipts).toHaveLength(1);
  });

  it('with the same op twice stores it once', async () => {
    const [first, second] = till.writeMany(2);
    expect(await verdictsOf([first!, second!, second!, first!])).toEqual([
      'stored@3',
      'stored@4',
      'exists@4',
      'exists@3',
    ]);
  });

  it('with a gap is refused from there on, and says what is here', async () => {
    const [first, , third, fourth] = till.writeMany(4);
    const { results } = await desk.push(fleet.book, [first!, third!, fourth!]);
    expect(results.map(({ verdict }) => verdict)).toEqual(['stored', 'gap', 'gap']);
    expect(results[1]?.head).toEqual({ seq: 1, hash: first?.hash });
    const { results: fresh } = await desk.push(fleet.book, [van.writeMany(2)[1]!]);
    expect(fresh[0]).toMatchObject({ verdict: 'gap', head: { seq: 0 } });
  });

  it('whose first op does not link to the enrolment is a gap', async () => {
    const foreign = till.craft({ seq: 1, prev: 'ab'.repeat(32) as OpHash });
    expect(await verdictsOf([foreign])).toEqual(['gap']);
  });

  it('of a device nobody enrolled is refused, also after a retry', async () => {
    const stranger = fleet.stranger('stranger');
    const record = stranger.write();
    expect(await verdictsOf([record, till.write()])).toEqual(['unknown-device', 'stored@3']);
    expect(await verdictsOf([record])).toEqual(['unknown-device']);
  });

  it('may enrol a device and carry its first ops', async () => {
    const { writer, enrolment } = fleet.enrol('second till');
    expect(await verdictsOf([enrolment], writer.writeMany(2))).toEqual(['stored@3', 'stored@4', 'stored@5']);
  });

  it('of a till that enrols gets a position and enrols nobody', async () => {
    const { writer, enrolment } = fleet.enrol('smuggled', 'till', till);
    expect(await verdictsOf([enrolment], [writer.write()])).toEqual(['stored@3', 'unknown-device']);
  });

  it('with a forged end is walked back to the last valid signature', async () => {
    const [first, second, third] = till.writeMany(3);
    expect(await verdictsOf([first!, second!, forge(third!)])).toEqual(['stored@3', 'stored@4', 'bad-signature']);
    expect(checks).toBe(2);
    expect(await verdictsOf([third!])).toEqual(['stored@5']);
  });

  it('with no valid signature at all stores nothing', async () => {
    const records = till.writeMany(3).map(forge);
    expect(await verdictsOf(records)).toEqual(['bad-signature', 'bad-signature', 'bad-signature']);
    expect(await verdictsOf([van.write()])).toEqual(['stored@3']);
  });

  it('covers a forged signature in the middle of a run by the valid one at its end', async () => {
    const [first, second, third] = till.writeMany(3);
    expect(await verdictsOf([first!, forge(second!), third!])).toEqual(['stored@3', 'stored@4', 'stored@5']);
  });

  it('checks each device on its own: one bad op never blocks the others', async () => {
    const [first, second] = till.writeMany(2);
    const others = van.writeMany(2);
    const answer = await verdictsOf([forge(first!), others[0]!, second!, others[1]!]);
    expect(answer).toEqual(['bad-signature', 'stored@3', 'gap', 'stored@4']);
  });

  it('takes the true op after a forged copy of it', async () => {
    const record = till.write();
    expect(await verdictsOf([forge(record), record])).toEqual(['bad-signature', 'stored@3']);
  });

  it("signed by another device's key, or a stranger's, is refused", async () => {
    const record = till.write();
    const byVan = await resign(record, van.key);
    const byNobody = await resign(record, keyOf('nobody'));
    expect(await verdictsOf([byVan])).toEqual(['bad-signature']);
    expect(await verdictsOf([byNobody])).toEqual(['bad-signature']);
    const mislabelled = { ...record, bytes: encodeRecord(van.key.keyId, signatureOf(record), textOf(record)) };
    expect(await verdictsOf([mislabelled])).toEqual(['bad-signature']);
    expect(await verdictsOf([record])).toEqual(['stored@3']);
  });

  it('with a fork keeps both branches, and the chain goes on from the one that came first', async () => {
    const [first, second] = till.writeMany(2);
    const twin = till.craft({ seq: 2, prev: first!.hash, args: { note: 'restored from a backup' } });
    const twinNext = till.craft({ seq: 3, prev: twin.hash });
    expect(await verdictsOf([first!, second!])).toEqual(['stored@3', 'stored@4']);
    expect(await verdictsOf([twin, twinNext])).toEqual(['fork@5', 'fork@6']);
    expect(await verdictsOf([till.write()])).toEqual(['stored@7']);
    expect(await verdictsOf([twinNext])).toEqual(['exists@6']);
    const { records } = await followAll(follow(desk.client, fleet.book));
    expect(records.slice(5, 7).map(({ hash }) => hash)).toEqual([twin.hash, twinNext.hash]);
  });

  it('with a fork in one push finds it too', async () => {
    const [first, second] = till.writeMany(2);
    const twin = till.craft({ seq: 1, prev: first!.op.prev as OpHash });
    expect(await verdictsOf([first!, twin, second!])).toEqual(['stored@3', 'fork@4', 'stored@5']);
  });

  it('with a forged fork, or one that links to nothing here, stores neither', async () => {
    const [first, second] = till.writeMany(2);
    await desk.push(fleet.book, [first!, second!]);
    const twin = till.craft({ seq: 2, prev: first!.hash });
    const loose = till.craft({ seq: 2, prev: van.write().hash });
    const skipping = till.craft({ seq: 3, prev: first!.hash });
    expect(await verdictsOf([forge(twin)], [loose], [skipping])).toEqual(['bad-signature', 'gap', 'gap']);
  });

  it('with more forks than the quota gets the verdict but no position, and the chain is not blocked', async () => {
    const small = openDesk({ store: desk.store, limits: { maxForks: 2 } });
    const [first] = till.writeMany(1);
    const twins = [1, 2, 3].map((note) => till.craft({ seq: 1, prev: first!.op.prev as OpHash, args: { note } }));
    const { results } = await small.push(fleet.book, [first!, ...twins, till.write()]);
    expect(results.map(({ verdict }) => verdict)).toEqual(['stored', 'fork', 'fork', 'fork', 'stored']);
    expect(results.map(({ position }) => position)).toEqual([3, 4, 5, undefined, 6]);
  });

  it('whose fork enrols a device enrols nobody', async () => {
    const before = fleet.root.write();
    await desk.push(fleet.book, [before]);
    const ghost = keyOf('ghost');
    const args = {
      device: ghost.device,
      key: Buffer.from(ghost.publicKey).toString('hex'),
      name: 'ghost',
      role: 'till',
    };
    const fork = fleet.root.craft({
      seq: before.op.seq,
      prev: before.op.prev as OpHash,
      verb: 'device.enroll@1',
      args,
    });
    const record = fleet.stranger('ghost', fork.hash).write();
    expect(await verdictsOf([fork, record])).toEqual(['fork@4', 'unknown-device']);
  });

  it('waits for what it builds on', async () => {
    const other = van.write();
    const record = till.write({ seen: { heads: [other.hash] } });
    expect(await verdictsOf([record, other])).toEqual(['basis', 'stored@3']);
    expect(await verdictsOf([record])).toEqual(['stored@4']);
    const unseen = till.write({ seen: { size: 99, root: 'ab'.repeat(32) as RootHash } });
    expect(await verdictsOf([unseen])).toEqual(['basis']);
  });

  it('waits for nothing that no relay will ever place, where it stands before in the push', async () => {
    const { writer: guest, enrolment } = fleet.enrol('guest', 'till', till);
    const [first, second] = guest.writeMany(2) as [OpRecord, OpRecord];
    const later = fleet.stranger('friend', second.hash).write();
    const record = till.write({ seen: { heads: [second.hash, later.hash] } });
    expect(await verdictsOf([first, second, later, record])).toEqual([...Array(3).fill('unknown-device'), 'gap']);
    expect(await verdictsOf([enrolment])).toEqual(['stored@3']);
    expect(await verdictsOf([record])).toEqual(['basis']);
    expect(await verdictsOf([first, later, record])).toEqual(['unknown-device', 'unknown-device', 'basis']);
    const all = await verdictsOf([first, second, later, record]);
    expect(all).toEqual([...Array(3).fill('unknown-device'), 'stored@4']);
  });

  it('does not wait in a branch for a device that a till let in above', async () => {
    const { writer: guest, enrolment } = fleet.enrol('guest', 'till', till);
    const first = guest.write({ scope: branch, prev: enrolment.hash });
    const record = van.write({ scope: branch, prev: vanEnrolment, seen: { heads: [first.hash] } });
    const push = async () =>
      (await desk.push(fleet.book, [first, record], branch)).results.map(({ verdict }) => verdict);
    expect(await push()).toEqual(['unknown-device', 'basis']);
    await desk.push(fleet.book, [enrolment]);
    expect(await push()).toEqual(['unknown-device', 'stored']);
  });

  it('that builds on a refused op of the same push is refused', async () => {
    const bad = forge(van.write());
    const record = till.write({ seen: { heads: [bad.hash] } });
    expect(await verdictsOf([bad, record])).toEqual(['bad-signature', 'basis']);
  });

  it('cut short by a missing basis still ends in a checked signature', async () => {
    const [first, second] = till.writeMany(2);
    const third = till.write({ seen: { heads: [van.write().hash] } });
    expect(await verdictsOf([first!, forge(second!), third])).toEqual(['stored@3', 'bad-signature', 'basis']);
  });

  it('says when the author saw another root for a size we signed', async () => {
    const { tip } = await followAll(follow(desk.client, fleet.book));
    const root = (await desk.client.checkpoint(fleet.book, hq)).split('\n')[2] as string;
    const seen = { size: tip.size, root: Buffer.from(root, 'base64').toString('hex') as RootHash };
    const honest = till.write({ seen });
    const accusing = van.write({ seen: { size: 2, root: 'ab'.repeat(32) as RootHash } });
    const { results } = await desk.push(fleet.book, [honest, accusing]);
    expect(results.map(({ verdict, warnings }) => [verdict, warnings])).toEqual([
      ['stored', undefined],
      ['stored', ['seen-differs']],
    ]);
  });

  it('warns of an id a day ahead, and takes it', async () => {
    const desk = openDesk({ now: () => 1_764_500_000_000 });
    await desk.push(fleet.book, [fleet.genesis]);
    const ahead = fleet.root.craft({ seq: 2, prev: fleet.genesis.hash, idMs: 1_764_500_000_000 + 86_400_001 });
    const { results } = await desk.push(fleet.book, [ahead]);
    expect(results[0]).toMatchObject({ verdict: 'stored', warnings: ['clock-ahead'] });
  });

  it('to the wrong scope, or with another book, is misplaced', async () => {
    const away = till.write({ scope: branch });
    const other = createFleet('another shop');
    expect(await verdictsOf([away, other.genesis])).toEqual(['misplaced', 'misplaced']);
  });

  it("of another book's op is never taken, even when the device is in both", async () => {
    const other = createFleet('another shop');
    const twin = fleet.root.craft({ seq: 9, prev: other.genesis.hash });
    await desk.push(other.book, [other.genesis]);
    const { results } = await desk.push(other.book, [twin, fleet.genesis]);
    expect(results.map(({ verdict }) => verdict)).toEqual(['unknown-device', 'misplaced']);
  });

  it('that is not canonical, or too large, is refused alone', async () => {
    const record = till.write();
    const spaced = encodeRecord(record.keyId, signatureOf(record), textOf(record).replace('{', '{ '));
    const huge = new Uint8Array(65_535).fill(0x20);
    const { status, json } = await post(desk, fleet.book, encodeBundle([{ bytes: spaced }, { bytes: huge }, record]));
    expect(status).toBe(200);
    expect((json.results as { verdict: string }[]).map(({ verdict }) => verdict)).toEqual([
      'not-canonical',
      'too-large',
      'stored',
    ]);
  });

  it('to a branch is taken from devices of hq and of that branch alone', async () => {
    const { writer, enrolment } = fleet.enrol('branch till', 'till', fleet.root, branch);
    const { results } = await desk.push(
      fleet.book,
      [enrolment, writer.write({ scope: branch }), till.write({ scope: branch })],
      branch,
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(['stored', 'stored', 'stored']);
    expect(await verdictsOf([writer.write()])).toEqual(['unknown-device']);
  });

  it('with a mark is taken when the relay can confirm it', async () => {
    const root = Buffer.from(
      (await desk.client.checkpoint(fleet.book, hq)).split('\n')[2] as string,
      'base64',
    ).toString('hex');
    const mark = (args: { size: number; root: string }) => ({ verb: 'hq.mark@1', scope: branch, args }) as const;
    const marks = [
      till.write(mark({ size: 3, root })),
      van.write(mark({ size: 4, root })),
      fleet.root.write(mark({ size: 2, root })),
    ];
    const { results } = await desk.push(fleet.book, marks, branch);
    expect(results.map(({ verdict }) => verdict)).toEqual(['stored', 'basis', 'basis']);
  });

  it('is not judged by a relay whose verifier says yes to everything (falsifier)', async () => {
    const gullible = createRelay({
      store: desk.store,
      signer: relaySigner(),
      hasher,
      ed25519: { ...ed25519, verify: () => true },
    });
    const client = createRelayClient({ url: 'http://relay.test', fetch: (request) => gullible.fetch(request) });
    const { results } = await client.push(fleet.book, hq, [forge(till.write())]);
    expect(results[0]?.verdict).toBe('stored');
  });
});

describe('a genesis', () => {
  it('opens a book only with its own valid signature', async () => {
    const fleet = createFleet();
    const desk = openDesk();
    const next = fleet.root.write();
    const { results } = await desk.push(fleet.book, [forge(fleet.genesis), next]);
    expect(results.map(({ verdict }) => verdict)).toEqual(['bad-signature', 'unknown-device']);
    await expect(desk.client.scopes(fleet.book)).rejects.toMatchObject({ code: 'relay/unknown-book' });
    await expect(desk.push(fleet.book, [next])).rejects.toMatchObject({ code: 'relay/unknown-book' });
    const opened = await desk.push(fleet.book, [fleet.genesis, next]);
    expect(opened.results.map(({ verdict }) => verdict)).toEqual(['stored', 'stored']);
  });

  it('whose author is not the hash of its key opens nothing', async () => {
    const { genesis } = createFleet();
    const impostor = keyOf('impostor');
    const record = await signOp({ ...genesis.op, device: impostor.device }, impostor, undefined, hasher);
    const book = String(record.hash) as BookId;
    const { results } = await openDesk().push(book, [record]);
    expect(results[0]?.verdict).toBe('unknown-device');
  });
});
