// What a device of `hq` still signs in a branch under a key that it has given up in `hq`: counted until the branch has marked that, and owning nothing after it.
import type { Op, OpRecord, VerbRef } from '@tallystick/oplog';
import { type DeviceKey, signOp } from '@tallystick/sign';
import { laterKey, proveRotation } from '@tallystick/sign/rotation';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Desk, openDesk } from './desk.ts';
import { branch, createFleet, type Fleet, hasher, hq, keyOf, type Writer } from './fleet.ts';

let fleet: Fleet;
let desk: Desk;
let till: Writer;
let rotation: OpRecord;

const later = (): DeviceKey => laterKey(till.key.device, keyOf('till, second key'));

async function rotate(scope: typeof hq, before: OpRecord | undefined, prev = before?.hash): Promise<OpRecord> {
  const { op } = till.craft({ scope, seq: (before?.op.seq ?? 0) + 1, ...(prev === undefined ? {} : { prev }) });
  const args = { ...(await proveRotation(op.prev as NonNullable<Op['prev']>, later())) };
  return signOp({ ...op, args, verb: 'device.rotate@1' as VerbRef }, till.key, fleet.book, hasher);
}

beforeEach(async () => {
  fleet = createFleet();
  desk = openDesk();
  const { writer, enrolment } = fleet.enrol('till');
  till = writer;
  await desk.push(fleet.book, [fleet.genesis, enrolment]);
  rotation = await rotate(hq, undefined);
  await desk.push(fleet.book, [rotation]);
});

/** Of the newest `hq` that the relay has, or of what is said. */
async function markArgs(size?: number): Promise<{ size: number; root: string }> {
  const log = await desk.store.log(fleet.book, hq);
  const at = size ?? log?.size ?? 0;
  return { size: at, root: (await desk.store.rootAt(fleet.book, hq, at)) as string };
}

const mark = async (by: Writer, size?: number): Promise<OpRecord> =>
  by.write({ scope: branch, verb: 'hq.mark@1', args: await markArgs(size) });
const claim = (token: string, by: Writer = till): OpRecord =>
  by.write({ scope: branch, args: { claim: token, note: 'sold' } });

/** Verdict, warning, and whether the op has the token that it claims. */
async function push(...records: readonly OpRecord[]): Promise<string[]> {
  const { results } = await desk.push(fleet.book, records, branch);
  return results.map(({ hash, verdict, warnings = [], holder }) =>
    [verdict, ...warnings, ...(holder === undefined ? [] : [holder.hash === hash ? 'has it' : 'lost'])].join(' '),
  );
}

describe('a key that was superseded', () => {
  it('has what it claimed before the branch marked that, and nothing after, by either route and after a restart', async () => {
    expect(await push(claim('a'))).toEqual(['stored has it']);
    expect(await push(await mark(fleet.root))).toEqual(['stored']);
    const stolen = claim('b');
    expect((await desk.client.claim(fleet.book, branch, [stolen])).results).toMatchObject([
      { verdict: 'quarantined', message: expect.stringContaining('no effect') as string },
    ]);
    expect(await push(stolen, claim('b', fleet.root))).toEqual(['stored quarantined', 'stored has it']);
    desk = openDesk({ store: desk.store });
    expect(await push(claim('c'), claim('c', fleet.root))).toEqual(['stored quarantined', 'stored has it']);
    const again = claim('a', fleet.root);
    expect(await push(again)).toEqual(['stored lost']);
  });

  it('has what an honest device had signed with it, however late that is handed in, while nobody marked', async () => {
    const unsent = [claim('a'), claim('b')];
    await desk.push(fleet.book, fleet.root.writeMany(3));
    desk = openDesk({ store: desk.store });
    expect(await push(...unsent)).toEqual(['stored has it', 'stored has it']);
    // A mark of what was before the rotation says nothing of it.
    expect(await push(await mark(fleet.root, 2), claim('c'))).toEqual(['stored', 'stored has it']);
  });

  it('ends with a mark that the device writes itself, in the midst of its run, and leads to the newer key', async () => {
    const [first, own, after] = [claim('a'), await mark(till), claim('b')];
    expect(await push(first, own, after)).toEqual(['stored has it', 'stored', 'stored quarantined']);
    const follows = await rotate(branch, after);
    expect(await push(follows)).toEqual(['stored']);
    const { op } = till.craft({ scope: branch, seq: 5, prev: follows.hash, args: { claim: 'b', note: 'sold' } });
    expect(await push(signOp(op, later(), fleet.book, hasher) as OpRecord)).toEqual(['stored has it']);
  });

  it('is not held to what a revoked device may hand in late, and is counted there if the device is revoked after', async () => {
    desk = openDesk({ store: desk.store, limits: { maxQuarantined: 2 } });
    const many = [await mark(till), ...['a', 'b', 'c'].map((token) => claim(token))];
    const all = await push(...many);
    expect(all).toEqual(['stored', ...Array.from({ length: 3 }, () => 'stored quarantined')]);
    const follows = await rotate(branch, many.at(-1));
    expect(await push(follows)).toEqual(['stored']);
    const revocation = { device: till.key.device, reason: 'lost' };
    await desk.push(fleet.book, [fleet.root.write({ verb: 'device.revoke@1', args: revocation })]);
    const { op } = till.craft({ scope: branch, seq: 6, prev: follows.hash });
    expect(await push(signOp(op, later(), fleet.book, hasher) as OpRecord)).toEqual(['quarantined']);
  });

  it('is in force for all that a mark says which no fold takes', async () => {
    const args = { ...(await markArgs()), note: 'more than a mark says' };
    expect(await push(fleet.root.write({ scope: branch, verb: 'hq.mark@1', args }), claim('a'))).toEqual([
      'stored',
      'stored has it',
    ]);
  });

  it('is in force for all that a mark without effect says', async () => {
    const customer = fleet.enrol('phone', 'customer');
    const lost = fleet.enrol('lost', 'agent');
    await desk.push(fleet.book, [customer.enrolment, lost.enrolment]);
    const revocation = { device: lost.writer.key.device, reason: 'lost' };
    await desk.push(fleet.book, [fleet.root.write({ verb: 'device.revoke@1', args: revocation })]);
    const first = fleet.root.write({ scope: branch });
    const forked = fleet.root.craft({
      scope: branch,
      prev: fleet.genesis.hash,
      verb: 'hq.mark@1',
      args: await markArgs(),
    });
    expect(await push(first, forked)).toEqual(['stored', 'fork']);
    expect(await push(await mark(customer.writer), await mark(lost.writer))).toEqual(['stored', 'stored quarantined']);
    expect(await push(claim('a'))).toEqual(['stored has it']);
    expect(await push(await mark(fleet.root), claim('b'))).toEqual(['stored', 'stored quarantined']);
  });
});
