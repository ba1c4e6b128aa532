/** A person is sealed, shown to who may read, forgotten everywhere, and the books do not move. */
import {
  createMemoryKeyring,
  createReaderIdentity,
  findEnvelopes,
  type SubjectId,
  wrappedName,
} from '@tallystick/erasure';
import {
  certifyErasure,
  mayRead,
  readErasure,
  SubjectDesk,
  subjectVerbs,
  verifyByBook,
  verifyCertificate,
} from '@tallystick/kernel/subjects';
import { decodeHex, encodeHex, type OpHash } from '@tallystick/oplog';
import { nodeEd25519 } from '@tallystick/sign/node';
import { describe, expect, it } from 'vitest';
import { provenDigest } from './fleet.ts';
import { day, describeAnna, describePerson, open, openShop, personVerbs, scene, shown } from './people.ts';
import { memoryKeys } from './shop.ts';

describe('personal data', () => {
  it('is refused in the clear at commit and at the fold', async () => {
    const { main, till } = await scene();
    expect(await main.book.commit('people.describe', { id: 'anna', name: 'Anna Nowak' })).toMatchObject({
      ok: false,
      code: 'erasure/in-the-clear',
    });
    // A till whose own schema takes anything signs it in the clear; nobody else gives it effect.
    const lax = {
      ...describePerson,
      args: { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) }, publicTexts: {} },
    } as typeof describePerson;
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    await main.book.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'lax', role: 'till' });
    const hostile = await openShop({ keys, book: main.book.id, verbs: [lax, ...subjectVerbs] }, 9);
    open.push(hostile);
    await hostile.import(await main.book.export());
    await hostile.anchor();
    expect(await hostile.commit('people.describe', { id: 'anna', name: 'Anna Nowak' })).toMatchObject({ ok: true });
    await till.book.import(await hostile.export());
    expect(till.book.query('SELECT code FROM refusals')).toEqual([{ code: 'erasure/in-the-clear' }]);
    expect(till.book.query('SELECT * FROM people')).toEqual([]);
  });

  it('is shown to who may read, and comes to who may read later', async () => {
    const { main, counter, till, phone, settle, shared } = await scene();
    await describeAnna(main);
    await settle();
    const name = { state: 'shown', text: 'Anna Nowak' };
    expect([await shown(main), await shown(counter), await shown(till)]).toEqual([name, name, { state: 'no-key' }]);
    await main.book.commit('reader.grant', { of: 'device', name: till.book.device, access: 1 });
    await settle();
    expect([await shown(till), await shown(phone)]).toEqual([name, { state: 'no-key' }]);
    // Access is lost again: the keys are given up, and what is sealed from now on is under another key.
    const before = shared.names();
    await main.book.commit('reader.grant', { of: 'device', name: till.book.device, access: 0 });
    await settle();
    expect([await shown(till), till.keyring.subjects()]).toEqual([{ state: 'no-key' }, []]);
    expect(shared.names()).not.toEqual(before);
    const [subject] = (await main.keyring.subjects()) as [SubjectId];
    const sealer = await main.desk.renew(subject);
    expect(sealer).toMatchObject({ generation: 2 });
    await settle();
    expect(await counter.desk.sealer(subject)).toMatchObject({ generation: 2 });
    expect(await till.desk.sealer(subject)).toBeUndefined();
    expect(await till.desk.renew(subject)).toMatchObject({ code: 'erasure/no-key' });
    await main.book.commit('reader.grant', { of: 'role', name: 'manager', access: 0 });
    await settle();
    expect([mayRead(main.book, counter.book.device), await shown(counter)]).toEqual([false, { state: 'no-key' }]);
  });

  it('takes no later key from a device that may not read', async () => {
    const { main, counter, till } = await scene();
    const subject = await describeAnna(main);
    await main.sync();
    await till.sync();
    const args = { subject, generation: 2, keyId: 'ab'.repeat(32), kind: 'customer', day };
    expect(await till.book.commit('subject.open', args)).toMatchObject({ ok: false, code: 'erasure/not-a-reader' });
    await counter.sync();
    expect(await counter.book.commit('subject.open', args)).toMatchObject({ ok: true });
  });

  it('takes no key that the log does not name', async () => {
    const { main, counter, shared } = await scene();
    const subject = await describeAnna(main);
    await main.sync();
    const [name = ''] = (await shared.names()) as string[];
    expect(name.startsWith(subject)).toBe(true);
    // Whoever keeps the blobs puts another one there.
    await shared.put(name, 'not age');
    await counter.sync();
    expect([await shown(counter), counter.keyring.subjects()]).toEqual([{ state: 'no-key' }, []]);
  });
});

describe('forgetting', () => {
  it('destroys every key once settled, moves no number, and certifies who has not acknowledged', async () => {
    const { main, counter, till, phone, settle, shared, officeKeys } = await scene();
    const [subject, other] = [await describeAnna(till, 'anna'), await describeAnna(main, 'ben')];
    await settle();
    const rows = (): unknown => main.book.query('SELECT * FROM people');
    const [rowsBefore, keys] = [rows(), await main.keyring.keys(subject)];
    expect(keys).toHaveLength(1);

    await main.book.commit('subject.hold', { subject, held: 1, basis: 'tax-records', untilDay: '' });
    const shred = { subject, basis: 'request', day } as const;
    expect(await main.book.commit('subject.shred', shred)).toMatchObject({
      code: 'erasure/held',
      details: { basis: 'tax-records' },
    });
    await main.book.commit('subject.hold', { subject, held: 0, basis: 'tax-records', untilDay: '' });
    expect(await main.book.commit('subject.acknowledge', { subjects: [subject], day })).toMatchObject({
      code: 'erasure/not-shredded',
    });
    const ordered = await main.book.commit('subject.shred', shred);
    expect(ordered).toMatchObject({ ok: true });
    expect(await main.book.commit('subject.shred', shred)).toMatchObject({ code: 'erasure/shredded' });

    // Nothing is destroyed before the op is settled, and nothing is shown from now on.
    expect(await main.desk.refresh()).toMatchObject({ shredded: 0, waiting: 1 });
    expect([await shown(main), (await main.keyring.keys(subject)).length]).toEqual([{ state: 'erased' }, 1]);
    await settle([main, counter, till]);
    expect([await shown(main), await shown(counter), await shown(till), await shown(main, 'ben')]).toMatchObject([
      { state: 'erased' },
      { state: 'erased' },
      { state: 'erased' },
      { state: 'shown' },
    ]);
    expect([await main.keyring.keys(subject), shared.names()]).toEqual([[], [expect.stringContaining(other)]]);
    expect(rows()).toEqual(rowsBefore);
    expect(await main.desk.sealer(subject)).toBeUndefined();
    expect(
      await main.book.commit('subject.open', { subject, generation: 2, keyId: 'ab'.repeat(32), kind: 'customer', day }),
    ).toMatchObject({ code: 'erasure/shredded' });

    const signer = await officeKeys.load('root');
    if (signer === undefined || !ordered.ok) throw new Error('no key');
    const certify = () => certifyErasure({ book: main.book, subject, day, key: signer });
    const text = (await certify()) ?? '';
    const standing = await readErasure(main.book, subject);
    expect(standing?.outstanding).toEqual([{ device: phone.book.device, role: 'till', status: 'active' }]);
    const keyOf = (keyId: string): Uint8Array | undefined => {
      const [row] = main.book.query<{ key: string }>('SELECT key FROM devices WHERE keyId = ?', [keyId]);
      return row && Uint8Array.from(Buffer.from(row.key, 'hex'));
    };
    const verifier = { book: main.book.id, ed25519: nodeEd25519, keyOf, publicKeyOf: keyOf };
    const checked = await verifyCertificate(text, verifier);
    expect(checked).toMatchObject({ ok: true, subject, op: ordered.hash, outstanding: standing?.outstanding });
    expect(checked.ok && [...checked.acknowledged].sort()).toEqual(
      [main, counter, till].map(({ book }) => book.device).sort(),
    );
    expect(text).toContain('1 have NOT acknowledged yet');

    const changed = async (from: string | RegExp, to: string) =>
      (await verifyCertificate(text.replace(from, to), verifier)) as { code?: string };
    expect([
      (await changed('CERTIFICATE', 'certificate')).code,
      (await changed('1 have NOT', '0 have NOT')).code,
      (await changed(/Signed: .{4}/, 'Signed: 0000')).code,
      (await changed(/\n[0-9a-f]{300,}\nSigned/, '\nSigned')).code,
      (await changed('For programs: {', 'For programs: x{')).code,
      ((await verifyCertificate(text.replace(/"position":\d+/, '"position":0'), verifier)) as { code?: string }).code,
      ((await verifyCertificate(text, { ...verifier, publicKeyOf: () => undefined })) as { code?: string }).code,
      ((await verifyCertificate(text, { ...verifier, keyOf: () => undefined })) as { code?: string }).code,
    ]).toEqual([
      'erasure/certificate-words',
      'erasure/certificate-words',
      'erasure/certificate-signature',
      'erasure/certificate-words',
      'erasure/certificate-form',
      'erasure/certificate-words',
      'erasure/certificate-record',
      'erasure/certificate-signature',
    ]);

    // The phone was away. What it hears first is who is forgotten.
    await phone.sync();
    await settle();
    expect((await readErasure(main.book, subject))?.outstanding).toEqual([]);
    expect(await certify()).toContain('Nobody is left');
    const digests = await Promise.all([main, counter, till, phone].map(({ book }) => provenDigest(book)));
    expect(new Set(digests).size).toBe(1);
  });

  it('acknowledges nothing while a wrapped key is left that this device opens', async () => {
    const { main, relay, shared } = await scene();
    const subject = await describeAnna(main);
    await main.sync();
    let isAway = true;
    const atTheRelay = {
      ...shared,
      delete: (name: string) => {
        if (isAway) throw new Error('away');
        return shared.delete(name);
      },
    };
    const { book, keyring } = main;
    const reader = await createReaderIdentity();
    const desk = new SubjectDesk({ book, keyring, reader, blobs: [atTheRelay], day: () => day });
    await book.commit('subject.shred', { subject, basis: 'request', day });
    await book.sync(relay);
    const acknowledged = async () => (await readErasure(book, subject))?.acknowledged.map(({ device }) => device);
    expect((await desk.refresh()).unreachable).toHaveLength(1);
    expect([await keyring.keys(subject), await acknowledged(), shared.names()]).toEqual([
      [],
      [],
      [expect.stringContaining(subject)],
    ]);
    isAway = false;
    await desk.refresh();
    expect([await acknowledged(), shared.names()]).toEqual([[book.device], []]);
  });

  it('lets nobody be the first under the name of a key before it is there', async () => {
    const { main, counter, till, relay, shared } = await scene();
    const subject = await describeAnna(till);
    const readers = [main, counter].map(
      ({ book }) => book.query('SELECT recipient FROM readers WHERE device = ?', [book.device])[0]?.['recipient'],
    );
    await till.desk.during(async () => {
      await till.book.sync(relay);
      // Whoever has the op can name the key.
      const name = wrappedName({ subject, generation: 1 }, readers as string[]);
      if ((await shared.get(name)) === undefined) await shared.put(name, 'of no use');
    });
    await main.sync();
    expect([await till.keyring.keys(subject), await shown(main)]).toMatchObject([[], { state: 'shown' }]);
  });

  it('passes keys on where one of somebody forgotten cannot be deleted', async () => {
    const { main, till, shared, settle, relay } = await scene();
    const old = await describeAnna(main, 'old');
    await settle();
    await main.book.commit('subject.shred', { subject: old, basis: 'request', day });
    await settle();
    const blobs = [{ ...shared, delete: () => false }];
    await shared.put(`${old}.1.${'0'.repeat(16)}`, 'put by another');
    const { book, keyring } = till;
    const reader = await createReaderIdentity();
    const desk = new SubjectDesk({ book, keyring, reader, blobs, day: () => day });
    const subject = await describeAnna({ ...till, desk });
    const { report } = await desk.during(() => book.sync(relay));
    const names = await shared.names();
    expect([report.unreachable.length, names.filter((name) => name.startsWith(subject)).length]).toEqual([1, 1]);
  });

  it('names a reader that was stolen and revoked', async () => {
    const { main, counter, till, phone, settle } = await scene();
    const subject = await describeAnna(main);
    await settle();
    await main.book.commit('device.revoke', { device: counter.book.device, reason: 'stolen' });
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, till, phone]);
    expect((await readErasure(main.book, subject))?.outstanding).toEqual([
      { device: counter.book.device, role: 'manager', status: 'revoked' },
    ]);
  });

  it('names a till that was revoked with the only key of a name that it wrote down', async () => {
    const { main, counter, till, phone, relay, settle } = await scene();
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    await main.book.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'new', role: 'till' });
    const book = await openShop({ keys, book: main.book.id }, 8);
    open.push(book);
    await book.import(await main.book.export());
    await book.anchor();
    const [keyring, reader] = [createMemoryKeyring(), await createReaderIdentity()];
    // It has not said yet to whom keys are wrapped for it.
    const desk = new SubjectDesk({ book, keyring, reader, blobs: [], day: () => day });
    await main.sync();
    const subject = await describeAnna({ book, desk, keyring, sync: () => book.sync(relay) });
    await book.sync(relay);
    await main.sync();
    await main.book.commit('device.revoke', { device, reason: 'stolen' });
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, counter, till, phone]);
    expect((await readErasure(main.book, subject))?.outstanding).toEqual([{ device, role: 'till', status: 'revoked' }]);
  });

  it('takes no certificate of an order that only its author believes in', async () => {
    const { main, till, relay, settle } = await scene();
    const subject = await describeAnna(main);
    await settle();
    // The same book in a program that lets tills order.
    const lax = personVerbs.map((verb) => ({ ...verb, roles: ['owner', 'manager', 'till'] }));
    const hostile = await openShop({ keys: till.keys, book: main.book.id, verbs: lax }, 9);
    open.push(hostile);
    await hostile.import(await till.book.export());
    await hostile.anchor();
    await hostile.commit('subject.shred', { subject, basis: 'request', day });
    await hostile.sync(relay);
    await main.sync();
    const key = await till.keys.load('device');
    if (key === undefined) throw new Error('no key');
    const text = (await certifyErasure({ book: hostile, subject, day, key })) ?? '';
    const keyOf = (keyId: string): Uint8Array =>
      decodeHex(String(main.book.query('SELECT key FROM devices WHERE keyId = ?', [keyId])[0]?.['key']));
    const whole = await verifyCertificate(text, {
      book: main.book.id,
      ed25519: nodeEd25519,
      keyOf,
      publicKeyOf: keyOf,
    });
    expect(whole).toMatchObject({ ok: true, issuer: key.keyId });
    expect(await verifyByBook(text, main.book, nodeEd25519)).toMatchObject({ code: 'erasure/certificate-order' });
  });

  it('shows nothing during a contact that brings a shred', async () => {
    const { main, counter, settle } = await scene();
    const subject = await describeAnna(main);
    await settle();
    expect(await shown(counter)).toMatchObject({ state: 'shown' });
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await main.sync();
    let isOver = false;
    const contact = counter.sync().then(() => (isOver = true));
    const seen = await shown(counter);
    expect([seen, isOver]).toEqual([{ state: 'erased' }, true]);
    await contact;
    expect(await counter.keyring.keys(subject)).toEqual([]);
  });

  it('leaves rows that name an op, so that an access request finds all', async () => {
    const { main } = await scene();
    const subject = await describeAnna(main);
    const [row] = main.book.query<{ op: string }>('SELECT op FROM people');
    const heads = main.book.query<{ hash: OpHash }>('SELECT hash FROM chains WHERE device = ?', [main.book.device]);
    const stored = await main.book.log.get(heads[0]?.hash as OpHash);
    expect([
      stored?.record.op.id,
      findEnvelopes(stored?.record.op.args ?? {}).map(({ envelope }) => envelope.subject),
    ]).toEqual([row?.op, [subject]]);
    expect(await main.book.commit('subject.request', { subject, kind: 'access', day })).toMatchObject({ ok: true });
    expect(await main.book.commit('retention.set', { kind: 'customer', days: 365 })).toMatchObject({ ok: true });
  });
});
