// Which ops of which chain a roster takes notice of, and which key it then holds to be in force.
import { describe, expect, it } from 'vitest';
import { createRoster } from '../src/roster.ts';
import { laterKey, proveRotation } from '../src/rotation.ts';
import type { DeviceKey } from '../src/index.ts';
import { branch, hasher, newKey } from './fixtures.ts';
import {
  act,
  answers,
  dayOf,
  enrolling,
  genesis,
  listing,
  overruling,
  type Place,
  revoking,
  root,
  rosterAfter,
} from './roster-story.ts';

const inBranch = { scope: branch };
const [till, next] = [newKey(), newKey()];
/** The till under its second key. */
const renewed = laterKey(till.device, next);
const proof = { ...(await proveRotation(genesis.hash, next)) };
const rotating = (place: Place = {}) => act(till, 'device.rotate@1', proof, place);
const keysOf = (roster: ReturnType<typeof createRoster>, { device }: DeviceKey) => roster.keysInForce(device);

describe('a roster', () => {
  it('judges an op that it refused again when it comes again', () => {
    const roster = createRoster(hasher);
    const early = enrolling(till, 'till');
    expect(answers(roster, early, genesis, early)).toEqual(['sign/book', 'ok', 'ok']);
    expect(roster.get(till.device)?.enrolment).toBe(early.hash);
  });

  it('names devices in the order in which they came to be what they are', () => {
    const [owner, local, later] = [newKey(), newKey(), newKey()];
    const letIn = (by: DeviceKey) =>
      act(by, 'device.enroll@1', { ...enrolling(local, 'till').op.args }, { scope: branch });
    const gone = [enrolling(owner, 'owner'), revoking(root, owner), letIn(owner)];
    const roster = rosterAfter(genesis, ...gone, enrolling(later, 'till', inBranch), letIn(root));
    expect(roster.devices().map(({ id }) => id)).toEqual([root, owner, later, local].map(({ device }) => device));
    expect(roster.standing(local.device, branch)).toBe('active');
  });
});

describe('a chain', () => {
  const manager = newKey();
  const enrolManager = enrolling(manager, 'manager');
  const known = [genesis, enrolManager];

  it('begins at the op that lets its device write, or its first op has no effect', () => {
    const first = (prev: typeof genesis) =>
      act(manager, 'day.open@1', { day: '2026-12-01' }, { prev, seq: 1, scope: branch });
    expect(answers(rosterAfter(...known), first(genesis), first(enrolManager))).toEqual(['sign/unknown-device', 'ok']);
  });

  it('has no effect on a branch that does not count', () => {
    const roster = rosterAfter(...known);
    expect(roster.apply(enrolling(till, 'till'), true)).toEqual({ ok: true, value: undefined });
    expect(roster.get(till.device)).toBeUndefined();
  });
});

describe('a rotation', () => {
  const enrolTill = enrolling(till, 'till', {}, { untilDay: '2026-12-05' });
  const known = [genesis, enrolTill];

  it('puts its key in force', () => {
    expect(keysOf(rosterAfter(...known, rotating()), till)).toEqual([next.publicKey]);
  });

  it('of hq that is made elsewhere makes its key known and no more', () => {
    const roster = rosterAfter(...known, rotating(inBranch));
    expect(keysOf(roster, till)).toEqual([till.publicKey]);
    expect(roster.publicKeyOf(next.keyId, till.device)).toEqual(next.publicKey);
  });

  it('makes its key known and no more on a fork, at the start of another chain, or after the last day', () => {
    for (const [rotation, isFork] of [
      [rotating(), true],
      [rotating({ seq: 1 }), false],
    ] as const) {
      const roster = rosterAfter(...known);
      expect(roster.apply(rotation, isFork)).toMatchObject({ ok: true });
      expect(keysOf(roster, till)).toEqual([till.publicKey]);
      expect(roster.publicKeyOf(next.keyId, till.device)).toEqual(next.publicKey);
    }
    const late = rosterAfter(...known, dayOf(root, '06'), rotating(), dayOf(root, '05'));
    expect(keysOf(late, till)).toEqual([till.publicKey]);
  });
});

describe('the key of an op', () => {
  const day = (by: DeviceKey, date: string, place: Place = {}) => dayOf(by, date, place);

  it('is in another scope the one that is in force in hq', () => {
    const roster = rosterAfter(genesis, enrolling(till, 'till'), dayOf(root, '01'), rotating());
    const days = [day(till, '02', inBranch), day(renewed, '02', inBranch)];
    expect(answers(roster, ...days)).toEqual(['sign/revoked', 'ok']);
  });

  it.each([
    ['hq', {}],
    ['the scope that enrolled its device', inBranch],
  ])('is in %s the business of its chain', (_, place) => {
    const enrolment = enrolling(till, 'till', place, { untilDay: '2026-12-05' });
    const roster = rosterAfter(genesis, enrolment, dayOf(root, '06', place), rotating(place), dayOf(root, '03', place));
    expect(keysOf(roster, till)).toEqual([till.publicKey]);
    expect(answers(roster, day(renewed, '04', place))).toEqual(['ok']);
  });
});

it('a revoked device takes its revocation back by the verb for that, and not by naming it', () => {
  const gone = revoking(root, till);
  const listed = [enrolling(till, 'owner'), listing(root, [till])];
  const naming = act(till, 'day.open@1', { day: '2026-12-01', act: gone.hash });
  expect(answers(rosterAfter(genesis, ...listed, gone), naming, overruling(till, gone))).toEqual([
    'sign/revoked',
    'ok',
  ]);
});
