import { encodeHex, type JsonObject, type OpRecord } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { judgeEnrolment, parseBookOpenArgs, parseEnrolArgs, type Role, signOp } from '../src/index.ts';
import { createRoster } from '../src/roster.ts';
import { branch, enrol, enrolArgs, hasher, makeOp, newKey, now, openBook } from './fixtures.ts';
import { smallOrderPoints } from './torsion.ts';

const root = newKey();
const manager = newKey();
const till = newKey();
const { genesis, book } = openBook(root);
const enrolManager = enrol(root, enrolArgs(manager, 'manager', 'Back office'), book, genesis);
const enrolTill = enrol(manager, enrolArgs(till, 'till'), book, enrolManager, branch);

function rosterOf(...records: readonly OpRecord[]) {
  const roster = createRoster();
  for (const record of records) expect(roster.apply(record)).toEqual({ ok: true, value: undefined });
  return roster;
}

const badKeys = smallOrderPoints.map((point) => encodeHex(point));

describe('roster', () => {
  it('holds the root key as an owner in hq, enrolled by the genesis op', () => {
    const roster = rosterOf(genesis);
    expect(roster.book).toBe(book);
    expect(roster.get(root.device)).toMatchObject({
      id: root.device,
      key: encodeHex(root.publicKey),
      role: 'owner',
      name: 'Corner shop',
      scope: 'hq',
      enrolment: genesis.hash,
    });
    expect(roster.publicKeyOf(root.keyId, root.device)).toEqual(root.publicKey);
  });

  it('folds enrolments, each in the scope whose log holds it', () => {
    const roster = rosterOf(genesis, enrolManager, enrolTill);
    expect(roster.devices().map(({ role, scope, enrolment }) => [role, scope, enrolment])).toEqual([
      ['owner', 'hq', genesis.hash],
      ['manager', 'hq', enrolManager.hash],
      ['till', branch, enrolTill.hash],
    ]);
  });

  it('gives a device no key but its own', () => {
    const roster = rosterOf(genesis, enrolManager);
    expect(roster.publicKeyOf(manager.keyId, root.device)).toBeUndefined();
    expect(roster.publicKeyOf(root.keyId, manager.device)).toBeUndefined();
    expect(roster.publicKeyOf(till.keyId, till.device)).toBeUndefined();
  });

  it('takes the same op twice, and other verbs, without a word', () => {
    const sale = now(
      signOp(makeOp({ key: till, verb: 'sale.complete@1', args: {}, prev: enrolTill.hash }), till, book, hasher),
    );
    const roster = rosterOf(genesis, enrolManager, genesis, enrolManager, sale);
    expect(roster.devices()).toHaveLength(2);
  });

  it('refuses what may not be, and is left as it was', () => {
    const roster = rosterOf(genesis, enrolManager, enrolTill);
    const stranger = newKey();
    const at = (key: typeof root, args: JsonObject, scope = branch) => enrol(key, args, book, enrolTill, scope);
    const cases: [OpRecord, string][] = [
      [openBook(root, { name: 'Another shop' }).genesis, 'sign/book'],
      [at(till, enrolArgs(stranger, 'till')), 'sign/role'],
      [at(manager, enrolArgs(stranger, 'owner')), 'sign/role'],
      [at(stranger, enrolArgs(newKey(), 'till')), 'sign/unknown-device'],
      [at(root, enrolArgs(till, 'owner')), 'sign/enrolled'],
      [at(root, { ...enrolArgs(stranger, 'till'), device: till.device }), 'sign/device'],
      [at(root, { ...enrolArgs(stranger, 'till'), extra: 1 }), 'sign/args'],
      ...badKeys.map((key): [OpRecord, string] => [at(root, { ...enrolArgs(stranger, 'till'), key }), 'sign/key']),
    ];
    for (const [record, code] of cases) expect(roster.apply(record)).toMatchObject({ ok: false, code });
    expect(roster.devices()).toHaveLength(3);
  });

  it('lets a manager of a branch enrol there and nowhere else', () => {
    const local = newKey();
    const enrolLocal = enrol(root, enrolArgs(local, 'manager'), book, enrolManager, branch);
    const roster = rosterOf(genesis, enrolLocal);
    const abroad = enrol(local, enrolArgs(newKey(), 'till'), book, enrolLocal, genesis.op.scope);
    expect(roster.apply(abroad)).toMatchObject({ code: 'sign/unknown-device' });
    const athome = enrol(local, enrolArgs(newKey(), 'till'), book, enrolLocal, branch);
    expect(roster.apply(athome)).toMatchObject({ ok: true });
  });

  it('accepts nobody before a genesis op, and no genesis of another key', () => {
    const roster = createRoster(hasher);
    expect(roster.apply(enrolManager)).toMatchObject({ code: 'sign/book' });
    const posing = openBook(root, { key: encodeHex(till.publicKey) }).genesis;
    expect(roster.apply(posing)).toMatchObject({ code: 'sign/device' });
    expect([roster.book, roster.devices()]).toEqual([undefined, []]);
  });
});

describe('enrolment', () => {
  it('is for owners, and for managers below them', () => {
    const roles: Role[] = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'];
    const allowed = roles.flatMap((author) =>
      roles.filter((role) => judgeEnrolment(author, { role }) === undefined).map((role) => `${author} ${role}`),
    );
    const ofOwner = roles.map((role) => `owner ${role}`);
    const ofManager = roles.slice(1).map((role) => `manager ${role}`);
    expect(allowed).toEqual([...ofOwner, ...ofManager]);
    expect(judgeEnrolment(undefined, { role: 'till' })).toMatchObject({ code: 'sign/role' });
  });
});

describe('args', () => {
  const open = { key: encodeHex(root.publicKey), name: 'Corner shop', verbs: ['sale.complete@1', 'sale.void@1'] };
  const args = enrolArgs(till, 'till');

  it('parse to themselves', () => {
    expect(parseBookOpenArgs(open)).toEqual({ ok: true, value: open });
    expect(parseEnrolArgs(args)).toEqual({ ok: true, value: args });
  });

  it('are refused in any other shape', () => {
    const longName = 'x'.repeat(201);
    const badOpens = [
      {},
      [],
      'text',
      { ...open, extra: 1 },
      { ...open, name: '' },
      { ...open, name: longName },
      { ...open, name: 1 },
      { ...open, verbs: ['sale.complete'] },
      { ...open, verbs: ['sale.complete@1', 'sale.complete@1'] },
      { ...open, verbs: 'sale.complete@1' },
      { ...open, verbs: Array.from({ length: 1001 }, (_, i) => `verb.n@${i + 1}`) },
    ];
    for (const bad of badOpens) expect(parseBookOpenArgs(bad)).toMatchObject({ ok: false, code: 'sign/args' });
    const badEnrols = [
      {},
      [],
      1,
      { ...args, role: 'king' },
      { ...args, role: 'constructor' },
      { ...args, device: 'ff' },
      { ...args, name: '' },
      { ...args, extra: 1 },
    ];
    for (const bad of badEnrols) expect(parseEnrolArgs(bad)).toMatchObject({ ok: false, code: 'sign/args' });
    for (const key of ['', 'ff', 1, encodeHex(root.publicKey).toUpperCase(), ...badKeys]) {
      expect(parseBookOpenArgs({ ...open, key })).toMatchObject({ ok: false, code: 'sign/key' });
      expect(parseEnrolArgs({ ...args, key })).toMatchObject({ ok: false, code: 'sign/key' });
    }
  });
});
