// Keys that follow one another and devices that are revoked, at the gate: each branch of a chain has one key in force at each place.
import { encodeHex, type Op, type OpRecord, parseScope, type Scope, type VerbRef } from '@tallystick/oplog';
import { type DeviceKey, signOp } from '@tallystick/sign';
import { laterKey, proveRotation } from '@tallystick/sign/rotation';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Desk, openDesk } from './desk.ts';
import { branch, createFleet, type Fleet, hasher, keyOf, type Writer } from './fleet.ts';

let fleet: Fleet;
let desk: Desk;
let till: Writer;
let first: OpRecord;

beforeEach(async () => {
  fleet = createFleet();
  desk = openDesk();
  const { writer, enrolment } = fleet.enrol('till');
  till = writer;
  first = till.write();
  await desk.push(fleet.book, [fleet.genesis, enrolment, first]);
});

const second = (): DeviceKey => laterKey(till.key.device, keyOf('till, second key'));
const third = (): DeviceKey => laterKey(till.key.device, keyOf('till, third key'));

async function after(before: OpRecord, key: DeviceKey, changes: Partial<Op> = {}): Promise<OpRecord> {
  const { op } = till.craft({ seq: before.op.seq + 1, prev: before.hash });
  return signOp({ ...op, ...changes }, key, fleet.book, hasher);
}

async function rotate(before: OpRecord, from: DeviceKey, to: DeviceKey): Promise<OpRecord> {
  const args = { ...(await proveRotation(before.hash, to)) };
  return after(before, from, { args, verb: 'device.rotate@1' as VerbRef });
}

const push = async (...records: readonly OpRecord[]): Promise<string[]> =>
  (await desk.push(fleet.book, records)).results.map(({ verdict, position }) =>
    position === undefined ? verdict : `${verdict}@${position}`,
  );

describe('a rotation', () => {
  it('changes the key within one push, twice over, and across pushes', async () => {
    const rotation = await rotate(first, till.key, second());
    const next = await after(rotation, second());
    const again = await rotate(next, second(), third());
    expect(await push(rotation, next, again)).toEqual(['stored@3', 'stored@4', 'stored@5']);
    const last = await after(again, third());
    expect(await push(await after(again, second()), await after(again, till.key), last)).toEqual([
      'bad-signature',
      'bad-signature',
      'stored@6',
    ]);
    const more = await after(last, third());
    expect(await push(more, await after(more, second()))).toEqual(['stored@7', 'bad-signature']);
  });

  it('is refused without the new key’s agreement, and so is what builds on it', async () => {
    const honest = await rotate(first, till.key, second());
    const args = { ...honest.op.args, proof: '00'.repeat(64) };
    const forced = await after(first, till.key, { args, verb: 'device.rotate@1' as VerbRef });
    const misplaced = await after(first, till.key, {
      args: { ...(await proveRotation(fleet.genesis.hash, second())) },
      verb: 'device.rotate@1' as VerbRef,
    });
    const toItself = await rotate(first, till.key, till.key);
    for (const rotation of [forced, misplaced, toItself])
      expect(await push(rotation, await after(rotation, second()))).toEqual(['bad-signature', 'gap']);
    expect(await push(honest)).toEqual(['stored@3']);
  });

  it('by a stranger’s key is refused, though proof and signature are his', async () => {
    const thief = laterKey(till.key.device, keyOf('thief'));
    const rotation = await rotate(first, thief, thief);
    expect(await push(rotation, await after(rotation, thief))).toEqual(['bad-signature', 'gap']);
  });

  it('has a key of its own on each branch of a fork', async () => {
    const rotation = await rotate(first, till.key, second());
    expect(await push(rotation)).toEqual(['stored@3']);
    const beside = await after(first, till.key);
    const other = await rotate(beside, till.key, third());
    const onOther = await after(other, third());
    expect(await push(beside, other)).toEqual(['fork@4', 'fork@5']);
    // The relay starts again and knows only what it stored.
    desk = openDesk({ store: desk.store });
    expect(await push(await after(other, second()), await after(other, till.key), onOther)).toEqual([
      'bad-signature',
      'bad-signature',
      'fork@6',
    ]);
    expect(await push(await after(rotation, third()), await after(rotation, second()))).toEqual([
      'bad-signature',
      'stored@7',
    ]);
  });
});

describe('a revoked device', () => {
  it('hands in with a warning, and anyone else without', async () => {
    const args = { device: till.key.device, reason: 'lost' };
    expect(await push(fleet.root.write({ verb: 'device.revoke@1', args }))).toEqual(['stored@3']);
    const [late, other] = [till.write(), fleet.root.write()];
    const { results } = await desk.push(fleet.book, [late, other]);
    expect(results.map(({ verdict, warnings }) => [verdict, warnings])).toEqual([
      ['stored', ['quarantined']],
      ['stored', undefined],
    ]);
  });

  it('hands in up to a quota, which other devices do not feel and a restart does not give back', async () => {
    const revocation = fleet.root.write({
      verb: 'device.revoke@1',
      args: { device: till.key.device, reason: 'stolen' },
    });
    expect(await push(revocation)).toEqual(['stored@3']);
    const open = (): Desk => openDesk({ store: desk.store, limits: { maxQuarantined: 3 } });
    desk = open();
    const late = till.writeMany(2);
    expect(await push(...late)).toEqual(['stored@4', 'stored@5']);
    desk = open();
    const more = till.writeMany(2);
    expect(await push(...more, fleet.root.write())).toEqual(['stored@6', 'quarantined', 'stored@7']);
    expect(await push(...late, ...more)).toEqual(['exists@4', 'exists@5', 'exists@6', 'quarantined']);
    // Forks of a revoked device use it up as well.
    expect(await push(await after(first, till.key))).toEqual(['quarantined']);
    desk = openDesk({ store: desk.store, limits: { maxQuarantined: 4 } });
    expect(await push(more[1] as OpRecord)).toEqual(['stored@8']);
  });

  it('is as before once a recovery key has taken that back', async () => {
    const { writer: safe, enrolment } = fleet.enrol('safe', 'owner');
    const list = fleet.root.write({ verb: 'recovery.set@1', args: { keys: [safe.key.device], windowDays: 2 } });
    const revocation = fleet.root.write({
      verb: 'device.revoke@1',
      args: { device: till.key.device, reason: 'other' },
    });
    desk = openDesk({ store: desk.store, limits: { maxQuarantined: 0 } });
    expect(await push(enrolment, list, revocation, till.write())).toEqual([
      'stored@3',
      'stored@4',
      'stored@5',
      'quarantined',
    ]);
    const overrule = safe.write({ verb: 'key.overrule@1', args: { act: revocation.hash } });
    expect(await push(overrule)).toEqual(['stored@6']);
    desk = openDesk({ store: desk.store, limits: { maxQuarantined: 0 } });
    const chain = await after(first, till.key);
    const { results } = await desk.push(fleet.book, [chain]);
    expect(results).toMatchObject([{ verdict: 'stored', position: 7 }]);
    expect(results[0]).not.toHaveProperty('warnings');
  });

  it('is one whose last day is over, too', async () => {
    const key = keyOf('helper');
    const helper = { device: key.device, key: encodeHex(key.publicKey), name: 'helper', role: 'till' };
    const enrolment = fleet.root.write({ verb: 'device.enroll@1', args: { ...helper, untilDay: '2026-12-24' } });
    const writer = fleet.stranger('helper', enrolment.hash);
    const day = fleet.root.write({ verb: 'day.open@1', args: { day: '2026-12-25' } });
    const { results } = await desk.push(fleet.book, [enrolment, writer.write(), day, writer.write()]);
    expect(results.map(({ verdict, warnings }) => [verdict, warnings])).toEqual([
      ['stored', undefined],
      ['stored', undefined],
      ['stored', undefined],
      ['stored', ['quarantined']],
    ]);
  });

  it('is not made by somebody who may not', async () => {
    const args = { device: fleet.root.key.device, reason: 'lost' };
    expect(await push(till.write({ verb: 'device.revoke@1', args }))).toEqual(['stored@3']);
    const { results } = await desk.push(fleet.book, [fleet.root.write()]);
    expect(results[0]).not.toHaveProperty('warnings');
  });
});

describe('an admission', () => {
  const claims = parseScope('claims') as Scope;

  it('lets a device of a branch write elsewhere, in a chain that begins there', async () => {
    const { writer, enrolment } = fleet.enrol('van', 'van', fleet.root, branch);
    await desk.push(fleet.book, [enrolment], branch);
    const own = writer.write({ scope: branch });
    const pushTo = async (scope: Scope, ...records: readonly OpRecord[]): Promise<string[]> =>
      (await desk.push(fleet.book, records, scope)).results.map(({ verdict }) => verdict);
    expect(await pushTo(branch, own)).toEqual(['stored']);
    expect(await pushTo(claims, writer.craft({ scope: claims }))).toEqual(['unknown-device']);
    const key = encodeHex(writer.key.publicKey);
    const args = { device: writer.key.device, enrolment: enrolment.hash, key, name: 'van', role: 'van' };
    const admission = fleet.root.write({ scope: claims, verb: 'device.admit@1', args });
    const [wrong, right] = [enrolment.hash, admission.hash].map((prev) => writer.craft({ scope: claims, prev }));
    expect(await pushTo(claims, admission, wrong as OpRecord, right as OpRecord)).toEqual(['stored', 'gap', 'stored']);
    desk = openDesk({ store: desk.store });
    const next = writer.craft({ scope: claims, seq: 2, prev: (right as OpRecord).hash });
    expect(await pushTo(claims, next)).toEqual(['stored']);
    expect(await pushTo(branch, writer.write({ scope: branch }))).toEqual(['stored']);
  });
});
