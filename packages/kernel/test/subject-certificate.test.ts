/** What a certificate of erasure may say, and how somebody who issues one may lie. The form and its refusals are in fixtures/erasure. */
import { createMemoryKeyring, createReaderIdentity } from '@tallystick/erasure';
import { acknowledgeShreds, certifyErasure, readErasure, SubjectDesk, verifyByBook } from '@tallystick/kernel/subjects';
import { encodeHex, type OpHash, type Scope } from '@tallystick/oplog';
import { nodeEd25519 } from '@tallystick/sign/node';
import { describe, expect, it } from 'vitest';
import { HQ } from './fleet.ts';
import { memoryPlace } from './memory-place.ts';
import { day, describeAnna, open, openShop, personVerbs, scene, type Shop, shown } from './people.ts';
import { memoryKeys } from './shop.ts';

async function certificateOf(book: Shop, keys: ReturnType<typeof memoryKeys>, subject: string): Promise<string> {
  const key = await keys.load('device');
  if (key === undefined) throw new Error('no key');
  return (await certifyErasure({ book, subject, day, key })) ?? '';
}

/** The same book in a program that lies: what it answers to a query is changed by `lie`. */
function lying(book: Shop, lie: (sql: string, rows: readonly object[]) => readonly object[]): Shop {
  const query = (sql: string, params?: readonly (string | number)[]): readonly object[] =>
    lie(sql, book.query(sql, params));
  return new Proxy(book, { get: (of, name) => (name === 'query' ? query : (Reflect.get(of, name, of) as unknown)) });
}

/** The same book in a program that says it has a scope, of which it knows nothing. */
function claiming(book: Shop, scope: Scope): Shop {
  const log = overriding(book.log, 'scopes', () => [...book.log.scopes(), scope]);
  return overriding(book, 'log', log);
}

function overriding<T extends object>(whole: T, name: keyof T, value: unknown): T {
  const own = (of: T, asked: string | symbol): unknown => {
    const found: unknown = Reflect.get(of, asked, of);
    return typeof found === 'function' ? found.bind(of) : found;
  };
  return new Proxy(whole, { get: (of, asked) => (asked === name ? value : own(of, asked)) });
}

describe('a certificate', () => {
  it('is written for a fleet that is longer than an op may be', async () => {
    const { main, settle, counter } = await scene();
    const subject = await describeAnna(main);
    const enrolments = [];
    for (let index = 0; index < 600; index++) {
      const { device, publicKey } = await memoryKeys().create('device');
      const args = { device, key: encodeHex(publicKey), name: `till ${index}`, role: 'till' } as const;
      enrolments.push({ verb: 'device.enroll', args } as const);
    }
    await main.book.commitAll(enrolments);
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, counter]);
    const text = await certificateOf(main.book, main.keys, subject);
    const checked = await verifyByBook(text, main.book, nodeEd25519);
    expect(checked.ok && [checked.outstanding.length, checked.acknowledged.length, checked.unseen]).toEqual([
      602,
      2,
      [],
    ]);
  });

  it('is not believed where it leaves out a device that was enrolled by then', async () => {
    const { main, counter, settle, till } = await scene();
    const subject = await describeAnna(main);
    await settle();
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, counter]);
    const silent = lying(counter.book, (sql, rows) => (/ AS status\s+FROM devices d/.test(sql) ? [] : rows));
    const text = await certificateOf(silent, counter.keys, subject);
    expect(text).toContain('Nobody is left');
    expect(await verifyByBook(text, main.book, nodeEd25519)).toMatchObject({
      code: 'erasure/certificate-left-out',
    });
    const honest = await certificateOf(counter.book, counter.keys, subject);
    expect(await verifyByBook(honest, main.book, nodeEd25519)).toMatchObject({ ok: true, unseen: [] });
    // It stays true when others have acknowledged since, and when devices have come.
    await settle();
    const { device, publicKey } = await memoryKeys().create('device');
    await main.book.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'new', role: 'till' });
    await settle([main, counter, till]);
    expect(await verifyByBook(honest, main.book, nodeEd25519)).toMatchObject({ ok: true, unseen: [] });
  });

  it('is not believed where it leaves out a device whose enrolment went into an archive here', async () => {
    const { main, counter, settle } = await scene();
    const subject = await describeAnna(main);
    await settle();
    await main.book.archive({ to: memoryPlace() });
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, counter]);
    const silent = lying(counter.book, (sql, rows) => (/ AS status\s+FROM devices d/.test(sql) ? [] : rows));
    const text = await certificateOf(silent, counter.keys, subject);
    expect(await verifyByBook(text, main.book, nodeEd25519)).toMatchObject({ code: 'erasure/certificate-left-out' });
  });

  it('is not believed where it counts an acknowledgement that the book gave no effect', async () => {
    const { main, counter, till, relay, settle } = await scene();
    const subject = await describeAnna(main);
    await settle();
    // The same till in a program that acknowledges what nobody ordered.
    const lax = personVerbs.map((verb) => (verb.name === 'subject.acknowledge' ? { ...verb, plan: () => [] } : verb));
    const hostile = await openShop({ keys: till.keys, book: main.book.id, verbs: lax }, 9);
    open.push(hostile);
    await hostile.import(await till.book.export());
    await hostile.anchor();
    const early = await hostile.commit('subject.acknowledge', { subjects: [subject], day });
    expect(early).toMatchObject({ ok: true });
    await hostile.sync(relay);
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, counter]);
    const op = early.ok ? early.hash : '';
    const device = till.book.device;
    const generous = lying(counter.book, (sql, rows) => {
      if (/ AS status\s+FROM devices d/.test(sql))
        return rows.filter((row) => (row as { device: string }).device !== device);
      const all = [...rows, { device, op, day }] as { device: string }[];
      return sql.includes('FROM shredAcks WHERE') ? all.sort((a, b) => (a.device < b.device ? -1 : 1)) : rows;
    });
    const text = await certificateOf(generous, counter.keys, subject);
    expect(text).toContain('3 acknowledged');
    expect(await verifyByBook(text, main.book, nodeEd25519)).toMatchObject({ code: 'erasure/certificate-order' });
  });
});

describe('a device of a branch', () => {
  const branch = 'b/1' as Scope;

  /** A device that was enrolled in the branch, and has `hq` and the branch alone. */
  async function openInBranch(
    { book, sync }: { readonly book: Shop; readonly sync: () => Promise<unknown> },
    relay: Parameters<Shop['sync']>[0],
    role: 'manager' | 'till',
    scope: Scope,
    seed: number,
  ) {
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    const args = { device, key: encodeHex(publicKey), name: `${role} ${seed}`, role };
    expect(await book.commit('device.enroll', args, { scope })).toMatchObject({ ok: true });
    await sync();
    const own = await openShop({ keys, book: book.id, scope }, seed);
    open.push(own);
    await own.sync(relay);
    await own.anchor();
    return { book: own, keys };
  }

  it('learns of the order and acknowledges in its own scope, and its certificate says whose devices it knows', async () => {
    const { main, relay, settle, shared } = await scene('all');
    const subject = await describeAnna(main);
    await settle();
    const till = await openInBranch(main, relay, 'till', branch, 11);
    const other = await openInBranch(main, relay, 'till', 'b/2' as Scope, 12);
    const manager = await openInBranch(main, relay, 'manager', branch, 13);
    const desk = new SubjectDesk({
      book: manager.book,
      keyring: createMemoryKeyring(),
      reader: await createReaderIdentity(),
      blobs: [shared],
      day: () => day,
    });
    await desk.offer();
    for (let round = 0; round < 3; round++) for (const one of [manager, main]) await one.book.sync(relay);
    await main.desk.refresh();
    await desk.during(() => manager.book.sync(relay));
    const managers = { book: manager.book, desk, keyring: createMemoryKeyring(), sync: () => manager.book.sync(relay) };
    expect(await shown(managers)).toMatchObject({ state: 'shown' });

    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle();
    await desk.during(() => manager.book.sync(relay));
    expect(await shown(managers)).toMatchObject({ state: 'erased' });
    await till.book.sync(relay);
    expect(await acknowledgeShreds({ book: till.book, day: () => day })).toMatchObject({ acknowledged: 1, waiting: 0 });
    for (const one of [till, manager, main, main, manager]) await one.book.sync(relay);
    const rows = main.book.query('SELECT DISTINCT scope FROM shredAcks ORDER BY scope');
    expect(rows).toEqual([{ scope: branch }, { scope: HQ }]);
    expect((await readErasure(main.book, subject))?.outstanding.map(({ device }) => device)).toEqual([
      other.book.device,
    ]);

    const text = await certificateOf(manager.book, manager.keys, subject);
    expect(text).toContain('Nobody is left');
    const checked = await verifyByBook(text, main.book, nodeEd25519);
    expect(checked).toMatchObject({ ok: true, unseen: ['b/2'] });
    expect(checked.ok && checked.scopes.map(({ scope }) => scope)).toEqual([branch, HQ]);
    // Whoever names the scope, and claims to know none of its ops, says no more of its devices.
    const claim = await certificateOf(claiming(manager.book, 'b/2' as Scope), manager.keys, subject);
    expect(claim).toContain('\n0 b/2\n');
    expect(await verifyByBook(claim, main.book, nodeEd25519)).toMatchObject({ ok: true, unseen: ['b/2'] });
    const whole = await certificateOf(main.book, main.keys, subject);
    expect(await verifyByBook(whole, main.book, nodeEd25519)).toMatchObject({ ok: true, unseen: [] });
  });
});

describe('an order that went into an archive', () => {
  it('is settled: the keys are destroyed, and it is acknowledged', async () => {
    const { main, relay } = await scene();
    const subject = await describeAnna(main);
    await main.sync();
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await main.book.sync(relay);
    await main.book.archive({ to: memoryPlace() });
    expect(await main.keyring.keys(subject)).toHaveLength(1);
    expect(await main.desk.refresh()).toMatchObject({ shredded: 1, waiting: 0 });
    expect(await main.keyring.keys(subject)).toEqual([]);
    const standing = await readErasure(main.book, subject);
    expect([standing?.isSettled, standing?.acknowledged.length]).toEqual([true, 1]);
    await expect(certificateOf(main.book, main.keys, subject)).rejects.toMatchObject({ code: 'archive/missing' });
  });

  it('leaves a book that cannot judge a true certificate, and refuses a false one all the same', async () => {
    const { main, counter, settle } = await scene();
    const subject = await describeAnna(main);
    await settle();
    await main.book.commit('subject.shred', { subject, basis: 'request', day });
    await settle([main, counter]);
    const text = await certificateOf(counter.book, counter.keys, subject);
    expect(await verifyByBook(text, main.book, nodeEd25519)).toMatchObject({ ok: true });
    const short = lying(counter.book, (sql, rows) => (/ AS status\s+FROM devices d/.test(sql) ? [] : rows));
    const silent = await certificateOf(short, counter.keys, subject);
    await main.book.archive({ to: memoryPlace() });
    const position = main.book.log.base(HQ).size;
    await describeAnna(main, 'other');
    await settle([main, counter]);
    const log = overriding(counter.book.log, 'get', async (hash: OpHash) => {
      const stored = await counter.book.log.get(hash);
      return stored && { ...stored, position };
    });
    const misplaced = await certificateOf(overriding(counter.book, 'log', log), counter.keys, subject);
    const code = async (of: string): Promise<unknown> => {
      const checked = await verifyByBook(of, main.book, nodeEd25519);
      return checked.ok || checked.code;
    };
    expect([await code(text), await code(silent), await code(misplaced)]).toEqual([
      'erasure/certificate-archived',
      'erasure/certificate-left-out',
      'erasure/certificate-order',
    ]);
  });
});
