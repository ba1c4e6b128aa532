// What a roster answers about keys and enrolments, and the args of the verbs that are not enrolments, member by member.
import { encodeHex, type Json, type OpRecord } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { parseAdmitArgs } from '../src/admission.ts';
import { type DeviceKey, signOp } from '../src/index.ts';
import { parseDayArgs, parseOverruleArgs, parseRecoverySetArgs } from '../src/device-args.ts';
import { createRoster } from '../src/roster.ts';
import { laterKey, proveAdmission, proveRotation } from '../src/rotation.ts';
import { branch, enrol, enrolArgs, hasher, hq, makeOp, minted, newKey, now, openBook } from './fixtures.ts';

const root = newKey();
const till = newKey();
const second = newKey();
const { genesis, book } = openBook(root);
const enrolTill = enrol(root, { ...enrolArgs(till, 'till'), untilDay: '2026-11-30' }, book, genesis, branch);

function by(
  key: DeviceKey,
  verb: string,
  args: Record<string, Json>,
  prev: OpRecord,
  seq: number,
  scope = hq,
): OpRecord {
  return now(signOp(makeOp({ key, verb, args, prev: prev.hash, seq, scope }), key, book, hasher));
}

const rotation = by(
  till,
  'device.rotate@1',
  { ...(await proveRotation(enrolTill.hash, second)) },
  enrolTill,
  1,
  branch,
);

describe('a roster', () => {
  it('knows every key of a device, and which of them is in force', () => {
    const roster = createRoster();
    for (const record of [genesis, enrolTill]) expect(roster.apply(record)).toMatchObject({ ok: true });
    expect(roster.hasRotated(till.device)).toBe(false);
    expect(roster.keysInForce(till.device)).toEqual([till.publicKey]);
    expect(roster.apply(rotation)).toMatchObject({ ok: true });
    expect(roster.hasRotated(till.device)).toBe(true);
    expect(roster.keysInForce(till.device)).toEqual([second.publicKey]);
    expect(roster.publicKeyOf(till.keyId, till.device)).toEqual(till.publicKey);
    expect(roster.publicKeyOf(second.keyId, till.device)).toEqual(second.publicKey);
    expect(roster.publicKeyOf(second.keyId, root.device)).toBeUndefined();
    const stranger = newKey().device;
    expect([roster.hasRotated(stranger), roster.keysInForce(stranger)]).toEqual([false, []]);
  });

  it('knows where a device was let in, by which op, and how it stands there', () => {
    const roster = createRoster();
    for (const record of [genesis, enrolTill]) roster.apply(record);
    expect(roster.get(till.device)?.scope).toBe(branch);
    expect([roster.get(till.device, branch)?.role, roster.get(till.device, hq)]).toEqual(['till', undefined]);
    expect(roster.isEnrolment(till.device, enrolTill.hash, branch)).toBe(true);
    expect(roster.isEnrolment(till.device, enrolTill.hash, hq)).toBe(false);
    expect(roster.isEnrolment(root.device, genesis.hash, branch)).toBe(true);
    expect(roster.firstKeyOf(till.device, enrolTill.hash)).toBe(till.keyId);
    expect(roster.firstKeyOf(till.device, genesis.hash)).toBeUndefined();
    expect([roster.standing(till.device, branch), roster.standing(till.device, hq)]).toEqual(['active', undefined]);
    roster.apply(by(root, 'day.open@1', { day: '2026-12-01' }, genesis, 2));
    expect(roster.standing(till.device, branch)).toBe('expired');
    expect(roster.keysInForce(till.device)).toEqual([]);
    roster.apply(by(root, 'device.revoke@1', { device: till.device, reason: 'lost' }, genesis, 3));
    expect(roster.standing(till.device, branch)).toBe('revoked');
  });
});

describe('an admission', () => {
  const args = { ...enrolArgs(till, 'till'), enrolment: enrolTill.hash };

  it('is of the first key, or of one that the first key vouched for at this enrolment', async () => {
    expect(parseAdmitArgs(args)).toEqual({ ok: true, value: args });
    const vouched = await proveAdmission(enrolTill.hash, second.publicKey, laterKey(till.device, till));
    const key = encodeHex(second.publicKey);
    const admitted = { ...args, key, ...vouched };
    expect(parseAdmitArgs(admitted)).toEqual({ ok: true, value: admitted });
    const { first: _, proof: __, ...alone } = admitted;
    for (const [bad, code] of [
      [{ ...admitted, enrolment: genesis.hash }, 'sign/proof'],
      [alone, 'sign/device'],
      [{ ...admitted, first: encodeHex(root.publicKey) }, 'sign/device'],
      [{ ...admitted, first: 'ff'.repeat(32) }, 'sign/key'],
      [{ ...admitted, proof: `${vouched.proof}00` }, 'sign/args'],
      [{ ...admitted, proof: 7 }, 'sign/args'],
      [{ ...admitted, proof: [vouched.proof] }, 'sign/args'],
      [{ ...alone, first: vouched.first }, 'sign/args'],
      [{ ...alone, proof: vouched.proof }, 'sign/args'],
      [{ ...args, ...vouched }, 'sign/args'],
      [{ ...args, first: vouched.first }, 'sign/args'],
      [{ ...args, proof: vouched.proof }, 'sign/args'],
      [{ ...args, key: '00'.repeat(32) }, 'sign/key'],
      [{ ...args, enrolment: 'here' }, 'sign/args'],
      [{ ...args, role: 'king' }, 'sign/args'],
      ['text', 'sign/args'],
      [[], 'sign/args'],
      [null, 'sign/args'],
      [undefined, 'sign/args'],
    ] as [Json, string][]) {
      expect(parseAdmitArgs(bad), JSON.stringify(bad)).toMatchObject({ ok: false, code });
    }
  });
});

describe('args', () => {
  const keys = [root.device, till.device];
  const tooMany = Array.from({ length: 17 }, () => newKey().device);

  it('of recovery.set name 1 to 16 devices, each once, and 1 to 3,650 days', () => {
    const set = { keys, windowDays: 7 };
    for (const good of [
      set,
      { ...set, windowDays: 1 },
      { ...set, windowDays: 3650 },
      { ...set, keys: tooMany.slice(1) },
    ])
      expect(parseRecoverySetArgs(good)).toEqual({ ok: true, value: good });
    for (const bad of [
      { keys },
      { ...set, extra: 1 },
      { ...set, keys: [] },
      { ...set, keys: tooMany },
      { ...set, keys: 'all' },
      { ...set, keys: [root.device, root.device] },
      { ...set, keys: [root.device, 'x'] },
      { ...set, windowDays: 0 },
      { ...set, windowDays: 3651 },
      { ...set, windowDays: '7' },
      'text',
    ])
      expect(parseRecoverySetArgs(bad), JSON.stringify(bad)).toMatchObject({ code: 'sign/args' });
  });

  it('of key.overrule and day.open are one hash and one day', () => {
    const act = minted(genesis.hash);
    expect(parseOverruleArgs({ act })).toEqual({ ok: true, value: { act } });
    expect(parseDayArgs({ day: '2026-11-21' })).toEqual({ ok: true, value: { day: '2026-11-21' } });
    for (const bad of [{}, { act: 'x' }, { act, more: 1 }, [act]])
      expect(parseOverruleArgs(bad)).toMatchObject({ code: 'sign/args' });
    for (const bad of [{}, { day: '2026-02-30' }, { day: '2026-11-21', more: 1 }, 'today'])
      expect(parseDayArgs(bad)).toMatchObject({ code: 'sign/args' });
  });
});
