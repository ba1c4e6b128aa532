// The args of the verbs that admit and end keys, member by member: what is read, and what is refused with which code.
import { encodeHex, type Json, type Result } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import {
  parseBookOpenArgs,
  parseEnrolArgs,
  parseMembers,
  parseRevokeArgs,
  parseRevokePolicyArgs,
} from '../src/device-args.ts';
import { isDay } from '../src/days.ts';
import { defaultRevokes } from '../src/roles.ts';
import { newKey } from './fixtures.ts';

const { device, publicKey } = newKey();
const other = newKey().device;
const key = encodeHex(publicKey);
const identity = `01${'0'.repeat(62)}`;

const open = { key, name: 'Corner shop', verbs: ['sale.complete@1', 'sale.complete@2'] };
const enrolment = { device, key, name: 'Till 3', role: 'till' };
const revocation = { device, reason: 'lost' };
const policy = { role: 'manager', revokes: ['till', 'van'] };
/** What is no object with members, by its kind; the last two are no JSON, and a program may pass them all the same. */
const shapeless = ['', 'text', 1, true, [], [enrolment], null, undefined] as Json[];

function expectReadAndRefused(
  parse: (value: Json) => Result<unknown>,
  verb: string,
  accepted: readonly Json[],
  refused: readonly Json[],
): void {
  for (const value of accepted) expect(parse(value)).toStrictEqual({ ok: true, value });
  for (const value of [...shapeless, ...refused]) {
    const message = `not the args of ${verb}`;
    expect(parse(value), JSON.stringify(value)).toEqual({ ok: false, code: 'sign/args', message });
  }
}

describe('args', () => {
  it('of book.open hold a key, a name, the verbs adopted, each once, and perhaps tables and a release', () => {
    const verbs = Array.from({ length: 1001 }, (_, i) => `verb.number@${i + 1}`);
    const tables = Object.fromEntries(verbs.map((_, i) => [`table${i}`, 'set(id text)']));
    const { table1000: _, ...thousand } = tables;
    expectReadAndRefused(
      parseBookOpenArgs,
      'book.open@1',
      [
        open,
        { ...open, verbs: [] },
        { ...open, name: 'n'.repeat(200) },
        { ...open, verbs: verbs.slice(1) },
        { ...open, tables: {}, release: 'r' },
        { ...open, tables: thousand, release: 'n'.repeat(200) },
      ],
      [
        { ...open, extra: 1 },
        { name: open.name, verbs: open.verbs },
        { key, nom: 'Corner shop', verbs: [] },
        { ...open, name: '' },
        { ...open, name: 1 },
        { ...open, name: ['Corner shop'] },
        { ...open, name: 'n'.repeat(201) },
        { ...open, verbs: 'sale.complete@1' },
        { ...open, verbs: { length: 0 } },
        { ...open, verbs: ['sale.complete'] },
        { ...open, verbs: ['sale.complete@1', 'sale.complete@1'] },
        { ...open, verbs },
        { ...open, tables },
        { ...open, tables: ['set(id text)'] },
        { ...open, tables: { stock: 1 } },
        { ...open, tables: 'stock' },
        { ...open, release: '' },
        { ...open, release: 'n'.repeat(201) },
      ],
    );
  });

  it('of device.enroll hold a device, its key, a name and a role, and perhaps whom it replaces and until which day', () => {
    expectReadAndRefused(
      parseEnrolArgs,
      'device.enroll@1',
      [
        enrolment,
        { ...enrolment, replaces: other },
        { ...enrolment, untilDay: '2027-01-31' },
        { ...enrolment, replaces: other, untilDay: '2027-01-31' },
      ],
      [
        { ...enrolment, extra: 1 },
        { ...enrolment, device: key.slice(1) },
        { ...enrolment, role: 'king' },
        { ...enrolment, name: '' },
        { ...enrolment, replaces: device },
        { ...enrolment, replaces: 'till' },
        { ...enrolment, untilDay: '2027-02-29' },
      ],
    );
  });

  it.each<[string, Json]>([
    ['of small order', identity],
    ['with a digit more', `${key}0`],
    ['with a digit before', `0${key}`],
    ['in capitals', key.toUpperCase()],
    ['too long', `${key}00`],
    ['behind something', `00${key}`],
    ['no text', 7],
    ['a text in a list', [key]],
  ])('with a key that is %s are refused', (_, bad) => {
    const got = typeof bad === 'string' ? bad : typeof bad;
    const failure = { ok: false, code: 'sign/key', message: `not a public key that may be enrolled: ${got}` };
    expect(parseBookOpenArgs({ ...open, key: bad })).toEqual(failure);
    expect(parseEnrolArgs({ ...enrolment, key: bad })).toEqual(failure);
  });

  it('with a hostile key are refused in few words', () => {
    const answer = parseBookOpenArgs({ ...open, key: 'f'.repeat(50_000) });
    expect(answer).toMatchObject({ message: `not a public key that may be enrolled: ${'f'.repeat(80)}` });
  });

  it('of device.revoke hold a device and one of the reasons', () => {
    expectReadAndRefused(
      parseRevokeArgs,
      'device.revoke@1',
      ['lost', 'stolen', 'retired', 'cloned', 'left', 'other'].map((reason) => ({ device, reason })),
      [{ ...revocation, extra: 1 }, { ...revocation, reason: 'dull' }, { ...revocation, device: 'till' }, { device }],
    );
  });

  it('of policy.revoke hold a role and whom it may revoke, each role once', () => {
    expectReadAndRefused(
      parseRevokePolicyArgs,
      'policy.revoke@1',
      [policy, { ...policy, revokes: [] }],
      [
        { ...policy, extra: 1 },
        { ...policy, role: 'king' },
        { ...policy, revokes: 'till' },
        { ...policy, revokes: ['till', 'king'] },
        { ...policy, revokes: ['king'] },
        { ...policy, revokes: ['till', 'till'] },
      ],
    );
  });
});

describe('members', () => {
  it('are all of those named, and none beside them but the optional ones', () => {
    const value = { a: 1, b: 2 };
    expect(parseMembers(value, ['a', 'b'])).toBe(value);
    expect(parseMembers(value, ['a'], ['b', 'c'])).toBe(value);
    expect(parseMembers(value, ['a'])).toBeUndefined();
    expect(parseMembers(value, ['a', 'c'])).toBeUndefined();
    expect(parseMembers(value, ['a', 'b', 'c'])).toBeUndefined();
    expect(parseMembers([], [])).toBeUndefined();
    expect(parseMembers('', [])).toBeUndefined();
  });
});

describe('who may revoke whom, unless the book says otherwise', () => {
  it('is everyone for an owner, those below for a manager, nobody for the rest', () => {
    const below = ['till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'] as const;
    expect(defaultRevokes('owner')).toEqual(['owner', 'manager', ...below]);
    expect(defaultRevokes('manager')).toEqual(below);
    for (const role of below) expect(defaultRevokes(role)).toEqual([]);
  });
});

describe('a day', () => {
  it.each(['2026-01-01', '2026-12-31', '2026-04-30', '2026-02-28', '2024-02-29', '2000-02-29'])('is %s', (day) => {
    expect(isDay(day)).toBe(true);
  });

  it.each([
    '2026-00-10',
    '2026-13-01',
    '2026-01-00',
    '2026-01-32',
    '2026-04-31',
    '2026-06-31',
    '2026-09-31',
    '2026-11-31',
    '2026-02-29',
    '2026-02-30',
    '2024-02-30',
    '1900-02-29',
    '2026-1-01',
    '12026-01-01',
    '2026-01-011',
    '',
    20_260_101,
    ['2026-01-01'],
    undefined,
  ])('is not %j', (day) => {
    expect(isDay(day)).toBe(false);
  });
});
