// What devices may say about days, keys and each other. Each example is one that an implementation with a single rule wrong answers otherwise.
import type { OpRecord } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import type { DeviceKey } from '../src/index.ts';
import { branch, newKey } from './fixtures.ts';
import {
  act,
  answers,
  dayOf,
  enrolling,
  genesis,
  listing,
  overruling,
  revoking,
  root,
  rosterAfter,
} from './roster-story.ts';

const [safe, low, helper] = [newKey(), newKey(), newKey()];
const [manager, till, stranger] = [newKey(), newKey(), newKey()];
const inBranch = { scope: branch };
const owners = [genesis, ...[safe, low, helper].map((device) => enrolling(device, 'owner'))];
const people = [...owners, enrolling(manager, 'manager'), enrolling(till, 'till')];

describe('days', () => {
  it('are opened by owners, managers and tills', () => {
    const warehouse = newKey();
    const roster = rosterAfter(...people, enrolling(warehouse, 'warehouse'));
    const days = [dayOf(warehouse, '01'), dayOf(manager, '01'), dayOf(till, '02'), dayOf(root, '03')];
    expect(answers(roster, ...days)).toEqual(['sign/role', 'ok', 'ok', 'ok']);
  });

  it('are opened by a till no more than a month beyond the last that nobody limits, however many it opens', () => {
    const days = [dayOf(till, '01'), dayOf(root, '01'), dayOf(till, '20'), dayOf(till, '31')];
    const later = act(till, 'day.open@1', { day: '2027-01-01' });
    const beyond = act(till, 'day.open@1', { day: '2027-01-02' });
    expect(answers(rosterAfter(...people), ...days, beyond, later, beyond)).toEqual([
      'sign/role',
      'ok',
      'ok',
      'ok',
      'sign/role',
      'ok',
      'sign/role',
    ]);
  });

  it('are opened as far ahead as an owner says in hq, from the day that is vouched for here or there', () => {
    const policy = (by: DeviceKey, role: string, aheadDays: unknown, place = {}) =>
      act(by, 'policy.day@1', { role, aheadDays } as never, place);
    const roster = rosterAfter(...people);
    expect(
      answers(
        roster,
        policy(manager, 'till', 0),
        policy(root, 'till', 0, inBranch),
        ...[-1, 3651, 'x'].map((days) => policy(root, 'till', days)),
        policy(root, 'owner', 1),
        policy(root, 'till', 0),
        policy(root, 'manager', 1),
      ),
    ).toEqual(['sign/role', 'sign/scope', 'sign/args', 'sign/args', 'sign/args', 'sign/args', 'ok', 'ok']);
    const days = [
      dayOf(manager, '01'),
      dayOf(root, '01'),
      dayOf(manager, '02'),
      dayOf(manager, '03'),
      dayOf(till, '02'),
    ];
    expect(answers(roster, ...days)).toEqual(['sign/role', 'ok', 'ok', 'sign/role', 'sign/role']);
    const inIt = [dayOf(manager, '02', inBranch), dayOf(manager, '03', inBranch), dayOf(root, '05', inBranch)];
    expect(answers(roster, ...inIt, dayOf(manager, '06', inBranch))).toEqual(['ok', 'sign/role', 'ok', 'ok']);
  });

  it('are opened once, and turned back by an owner alone', () => {
    const days = [dayOf(root, '05'), dayOf(root, '05'), dayOf(till, '04'), dayOf(root, '04'), dayOf(till, '05')];
    expect(answers(rosterAfter(...people), ...days)).toEqual(['ok', 'sign/role', 'sign/role', 'ok', 'ok']);
  });

  it('end a device after its last one, and not with it', () => {
    const guest = newKey();
    const roster = rosterAfter(genesis, enrolling(guest, 'till', inBranch, { untilDay: '2026-12-05' }));
    const standings = [dayOf(root, '05'), dayOf(root, '06')].map((day) => {
      expect(answers(roster, day)).toEqual(['ok']);
      return roster.standing(guest.device, branch);
    });
    expect(standings).toEqual(['active', 'expired']);
  });
});

describe('a revocation', () => {
  const himself = revoking(root, root);

  it('leaves hq its last owner, whoever else there is', () => {
    const elsewhere = enrolling(newKey(), 'owner', inBranch);
    const left = [enrolling(safe, 'owner'), revoking(root, safe)];
    for (const others of [[], [enrolling(manager, 'manager')], [elsewhere], left])
      expect(answers(rosterAfter(genesis, ...others), himself)).toEqual(['sign/role']);
    expect(answers(rosterAfter(genesis, enrolling(safe, 'owner')), himself)).toEqual(['ok']);
  });

  it('of a device that hq does not know is made once', () => {
    const twice = [revoking(root, stranger), revoking(safe, stranger)];
    expect(answers(rosterAfter(...people), ...twice)).toEqual(['ok', 'sign/revoked']);
  });

  it('follows what its scope says, even where hq says otherwise', () => {
    const [one, two] = [newKey(), newKey()];
    const tills = [one, two].map((device) => enrolling(device, 'till', inBranch));
    const policy = (revokes: string[], place = {}) => act(root, 'policy.revoke@1', { role: 'till', revokes }, place);
    for (const above of [[], [policy([])]]) {
      const roster = rosterAfter(...people, ...tills, ...above, policy(['till'], inBranch));
      expect(answers(roster, revoking(one, two, inBranch), revoking(till, manager))).toEqual(['ok', 'sign/role']);
    }
  });
});

describe('recovery keys', () => {
  const listed = [...people, listing(root, [safe, low])];
  const afterList = (...more: readonly OpRecord[]) => rosterAfter(...listed, ...more);

  it('are active owners of hq, named by an owner', () => {
    const lists = [listing(manager, [safe]), listing(root, [safe, stranger]), listing(root, [safe, manager])];
    expect(answers(rosterAfter(...people), ...lists)).toEqual(['sign/role', 'sign/unknown-device', 'sign/role']);
    expect(answers(rosterAfter(...people, revoking(root, low)), listing(root, [low]))).toEqual(['sign/role']);
  });

  it('are asked by owners, of acts in hq', () => {
    const local = enrolling(newKey(), 'till', inBranch);
    const asked = [overruling(manager, genesis), overruling(safe, genesis), overruling(safe, local)];
    expect(answers(afterList(local), ...asked)).toEqual(['sign/role', 'sign/act', 'sign/act']);
  });

  it('overrule no act of their own', () => {
    const [own, others] = [revoking(low, till), revoking(root, manager)];
    const asked = [overruling(low, own), overruling(low, others), overruling(safe, own)];
    expect(answers(afterList(own, others), ...asked)).toEqual(['sign/role', 'ok', 'ok']);
  });

  it('let back the device of the act and no other', () => {
    const [first, second] = [revoking(root, till), revoking(root, manager)];
    const roster = afterList(first, second, overruling(low, first));
    expect([till, manager].map(({ device }) => roster.get(device))).toMatchObject([
      { isRevoked: false },
      { isRevoked: true },
    ]);
  });

  it('bring back the policy that was before', () => {
    const policy = (revokes: string[]) => act(root, 'policy.revoke@1', { role: 'till', revokes });
    const last = policy([]);
    const roster = rosterAfter(...people, policy(['manager']), listing(root, [safe]), last, overruling(safe, last));
    expect(answers(roster, revoking(till, manager))).toEqual(['ok']);
  });

  it('bring back the list that was before', () => {
    const longer = listing(low, [safe, low, helper]);
    const theft = revoking(root, till);
    expect(answers(afterList(longer, theft), overruling(helper, theft))).toEqual(['ok']);
    const asked = [overruling(helper, theft), overruling(low, theft)];
    expect(answers(afterList(longer, overruling(safe, longer), theft), ...asked)).toEqual(['sign/role', 'ok']);
  });
});

describe('the window of an act', () => {
  const listed = [...people, listing(root, [safe, low])];
  const days = (author: DeviceKey, place = {}) => ['01', '02', '03'].map((day) => dayOf(author, day, place));
  const byLow = revoking(low, till);
  const byHelper = revoking(helper, till);

  it.each([
    ['before the act', byLow, [...days(safe), byLow]],
    ['in another scope', byLow, [byLow, ...days(safe, inBranch)]],
    ['by its author', byLow, [byLow, ...days(low)]],
    ['by who is on no list, however short', byHelper, [byHelper, listing(safe, [safe]), ...days(root)]],
  ])('is not used up by days opened %s', (_, theft, story) => {
    expect(answers(rosterAfter(...listed, ...story), overruling(safe, theft))).toEqual(['ok']);
  });
});

describe('a device that is revoked already', () => {
  const listed = [...people, listing(root, [safe, low])];

  it('is revoked again by a key above all who did, whatever else that key did', () => {
    const before = [revoking(helper, till), enrolling(newKey(), 'till')];
    const roster = rosterAfter(...listed, ...before, act(safe, 'policy.revoke@1', { role: 'till', revokes: [] }));
    const again = [helper, safe, low, safe].map((author) => revoking(author, till));
    expect(answers(roster, ...again)).toEqual(['sign/revoked', 'ok', 'sign/revoked', 'sign/revoked']);
  });

  it('is not revoked again outside hq', () => {
    const local = newKey();
    const roster = rosterAfter(...listed, enrolling(local, 'till', inBranch), revoking(helper, local));
    const again = [root, safe].map((author) => revoking(author, local, inBranch));
    expect(answers(roster, ...again)).toEqual(['ok', 'sign/revoked']);
  });
});
