/** Cases that broke the kernel once, as small as they could be made. */
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import {
  type BookId,
  encodeHex,
  encodeRecord,
  type OpHash,
  type OpRecord,
  type Scope,
  signatureOf,
  textOf,
} from '@tallystick/oplog';
import {
  bookFileOf,
  createFleet,
  createSeededKeys,
  createWriter,
  type Fleet,
  type FleetOptions,
  type MemberOptions,
  recutBookFile,
  framesOf,
} from '@tallystick/testkit';
import { openRecord } from '@tallystick/chain';
import { describe, expect, it } from 'vitest';

const { hasher } = nodeCrypto;
const office: MemberOptions = { name: 'office', role: 'owner' };
const till1: MemberOptions = { name: 'till-1', role: 'manager' };
const till2: MemberOptions = { name: 'till-2', role: 'manager' };
const dayMs = 86_400_000;

function openFleet(members: readonly MemberOptions[], more: Partial<FleetOptions> = {}): Promise<Fleet> {
  return createFleet({ seed: 1, members, store: () => nodeStore(':memory:'), crypto: nodeCrypto, ...more });
}

/** Every member's live state is the fold of its own log from nothing. */
async function expectProven(fleet: Fleet): Promise<void> {
  for (const { name, book } of fleet.members) {
    const fresh = nodeStore(':memory:');
    const { problems } = await book.prove(fresh);
    await fresh.close();
    expect(problems, name).toEqual([]);
  }
}
const expectAlike = (fleet: Fleet): void => {
  const [first, ...others] = fleet.members.map(({ book }) => book.digest());
  for (const other of others) expect(other).toEqual(first);
};

const product = (sku: string, name = sku) =>
  ({ sku, name, category: '', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 }) as const;

describe('found', () => {
  it('A: what waited aside and then came by the relay is no longer kept aside', async () => {
    const fleet = await openFleet([office, till1]);
    const [a, b] = [fleet.book(0), fleet.book(1)];
    await a.commit('product.set', product('a'));
    await a.commit('product.set', product('b'));
    const late = recutBookFile(await a.export(), (frames) => frames.slice(-1));
    expect((await b.import(late)).aside).toHaveLength(1);
    await fleet.sync(0);
    await fleet.sync(1);
    await expectProven(fleet);
    await fleet.close();
  });

  it('C: a signature inside a run that a pipe turned over does not part the author from the relay', async () => {
    const fleet = await openFleet([office, till1]);
    const a = fleet.book(0);
    await fleet.sync(0);
    for (const sku of ['a', 'b', 'c']) await a.commit('product.set', product(sku));
    const good = fleet.relay.client();
    const pipe = {
      ...good,
      push: (book: BookId, scope: Scope, records: readonly OpRecord[]) =>
        good.push(
          book,
          scope,
          records.map((record, index) => (index === 1 ? forged(record) : record)),
        ),
    };
    await a.sync(pipe);
    await a.sync(good);
    await fleet.sync(1);
    await expectProven(fleet);
    expectAlike(fleet);
    expect((await a.verify()).problems).toEqual([]);
    await fleet.close();
  });

  it('C2: nor does one that a pipe turned over in a file', async () => {
    const fleet = await openFleet([office, till1]);
    const [a, b] = [fleet.book(0), fleet.book(1)];
    for (const sku of ['a', 'b', 'c']) await a.commit('product.set', product(sku));
    const file = recutBookFile(await a.export(), (frames) =>
      frames.map((frame, index) => (index === frames.length - 2 ? forgedBytes(frame) : frame)),
    );
    await b.import(file);
    await fleet.sync(0);
    await fleet.sync(1);
    await expectProven(fleet);
    expectAlike(fleet);
    await fleet.close();
  });

  it('D: ops that come together are folded in the order of the whole tail', async () => {
    // ahead's clock is two days ahead, so its ids advance nobody's; B builds on it, and so must come after what C wrote in between.
    const fleet = await openFleet([office, { ...till1, skewMs: 2 * dayMs }, till2, { ...till2, name: 'till-3' }]);
    const [, ahead, b, c] = fleet.members.map((m) => m.book);
    await fleet.settle();
    await ahead!.commit('product.set', product('x'));
    await fleet.deliver(1, 2);
    await fleet.deliver(1, 0);
    fleet.clock.advance(1000);
    await b!.commit('product.set', product('y', 'by b')); // id before ahead's, but after it by its heads
    fleet.clock.advance(1000);
    await c!.commit('product.set', product('y', 'by c')); // id between the two
    const both = bookFileOf(fleet.book(0).id, [...(await records(b!)), ...(await records(c!))]);
    await fleet.book(0).import(both);
    await expectProven(fleet);
    await fleet.exchange();
    await expectProven(fleet);
    expectAlike(fleet);
    await fleet.close();
  });

  it('E: a device that two people enrolled at once is the same device everywhere', async () => {
    const fleet = await openFleet([office, till1]);
    const [a, b] = [fleet.book(0), fleet.book(1)];
    const key = await createSeededKeys('new', nodeCrypto).create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'new', role: 'till' } as const;
    const byA = await a.commit('device.enroll', args);
    const byB = await b.commit('device.enroll', args);
    expect([byA.ok, byB.ok]).toEqual([true, true]);
    if (!byA.ok) return;
    const writer = createWriter({ key, book: a.id, after: byA.hash, hasher, atMs: fleet.clock.nowMs() });
    const op = await writer.write({
      verb: 'session.open@1',
      args: { day: '2026-11-21', currency: 'GBP', floatMinor: 0 },
    });
    await a.import(bookFileOf(a.id, [op]));
    await fleet.exchange();
    expectAlike(fleet);
    await expectProven(fleet);
    await fleet.close();
  });

  it('J: who built on the op of a device that a revoked one let in is not held up for ever', async () => {
    const fleet = await openFleet([office, till1, till2]);
    const [owner, revoked, honest] = fleet.members.map((m) => m.book);
    await fleet.settle();
    expect(await owner!.commit('device.revoke', { device: revoked!.device, reason: 'stolen' })).toMatchObject({
      ok: true,
    });
    await fleet.sync(0);
    const key = await createSeededKeys('new', nodeCrypto).create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'new', role: 'manager' } as const;
    const enrolled = await revoked!.commit('device.enroll', args);
    if (!enrolled.ok) throw new Error(enrolled.code);
    const writer = createWriter({ key, book: owner!.id, after: enrolled.hash, hasher, atMs: fleet.clock.nowMs() });
    const op = await writer.write({ verb: 'product.set@1', args: product('guest') });
    await revoked!.import(bookFileOf(owner!.id, [op]));
    await fleet.deliver(1, 2);
    await honest!.commit('product.set', product('built on it'));
    await fleet.settle();
    for (const book of [owner, revoked, honest])
      expect(book!.query("SELECT sku FROM products WHERE sku IN ('guest', 'built on it')")).toEqual([
        { sku: 'built on it' },
      ]);
    expect(honest!.pendingOps().map(({ hash }) => hash)).toEqual([op.hash]);
    await fleet.exchange();
    expectAlike(fleet);
    await expectProven(fleet);
    await fleet.close();
  });

  it('F: a device id that is not the hash of its key is not enrolled', async () => {
    const fleet = await openFleet([office, till1]);
    const a = fleet.book(0);
    const own = await createSeededKeys('thief', nodeCrypto).create('device');
    const victim = await createSeededKeys('victim', nodeCrypto).create('device');
    const enrolled = await a.commit('device.enroll', {
      device: victim.device,
      key: encodeHex(own.publicKey),
      name: 'x',
      role: 'owner',
    });
    expect(enrolled.ok).toBe(false);
    await fleet.close();
  });

  it('G: a name that no table can hold refuses the op instead of halting everybody', async () => {
    const fleet = await openFleet([office, till1]);
    const a = fleet.book(0);
    const key = await createSeededKeys('new', nodeCrypto).create('device');
    const made = await a.commit('device.enroll', {
      device: key.device,
      key: encodeHex(key.publicKey),
      name: 'a\0b',
      role: 'till',
    });
    expect(made.ok).toBe(false);
    await fleet.close();
  });

  it('H: a forked chain is proven whichever branch came first', async () => {
    const fleet = await openFleet([office, till1, till2]);
    const a = fleet.book(0);
    const seat = fleet.members[1]!;
    const key = await createSeededKeys('till-1 of fleet 1', nodeCrypto).create('device');
    expect(key.device).toBe(seat.book.device);
    const enrolment = a.query('select enrolment from devices where device = ?', [key.device])[0]![
      'enrolment'
    ] as OpHash;
    const one = await createWriter({
      key,
      book: a.id,
      after: enrolment,
      hasher,
      atMs: fleet.clock.nowMs() + 5000,
    }).write({ verb: 'product.set@1', args: product('one') });
    const two = await createWriter({
      key,
      book: a.id,
      after: enrolment,
      hasher,
      atMs: fleet.clock.nowMs() + 6000,
    }).write({ verb: 'product.set@1', args: product('two') });
    await fleet.book(0).import(bookFileOf(a.id, [one]));
    await fleet.book(0).import(bookFileOf(a.id, [two]));
    await fleet.book(2).import(bookFileOf(a.id, [two]));
    await fleet.book(2).import(bookFileOf(a.id, [one]));
    await expectProven(fleet);
    await fleet.exchange();
    await expectProven(fleet);
    expectAlike(fleet);
    await fleet.settle();
    await expectProven(fleet);
    expectAlike(fleet);
    await fleet.close();
  });

  it('I: a mark that waits for hq stops every replica at the same op', async () => {
    const fleet = await openFleet([
      office,
      { ...till1, scope: 'b/1' },
      { ...till2, scope: 'b/1' },
      { ...till2, name: 'reader', scope: 'b/1' },
    ]);
    await fleet.settle();
    const [a, one, two, reader] = fleet.members.map((m) => m.book);
    const open = { day: '2026-11-21', currency: 'GBP', floatMinor: 0 } as const;
    await one!.commit('session.open', open);
    await fleet.settle();
    // hq grows, only till-1 learns of it and writes a mark; till-2 writes later
    await a!.commit('product.set', product('new'));
    await fleet.sync(0);
    await fleet.sync(1);
    fleet.clock.advance(1000);
    const closed = await one!.commit('stock.receive', {
      day: '2026-11-21',
      currency: 'GBP',
      reference: 'x',
      lines: [{ sku: 'new', name: 'n', quantity: 1, unitCostMilliMinor: 1000 }],
    });
    expect(closed.ok).toBe(true);
    fleet.clock.advance(1000);
    await two!.commit('session.open', open);
    await reader!.import(await two!.export({ scopes: ['b/1' as Scope] }));
    await reader!.import(await one!.export({ scopes: ['b/1' as Scope] }));
    await expectProven(fleet);
    await fleet.settle();
    await expectProven(fleet);
    expectAlike(fleet);
    await fleet.close();
  });
});

async function records(book: { export(): Promise<Uint8Array> }): Promise<OpRecord[]> {
  return framesOf(await book.export()).flatMap((frame) => {
    const opened = openRecord(frame, hasher);
    return opened.ok ? [opened.value] : [];
  });
}
function forged(record: OpRecord): OpRecord {
  const signature = signatureOf(record).slice();
  signature[5] = (signature[5] as number) ^ 1;
  return { ...record, bytes: encodeRecord(record.keyId, signature, textOf(record)) };
}
function forgedBytes(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[40] = (copy[40] as number) ^ 1;
  return copy;
}
