/** Keys that come back: with a copy of a disk from before, from a place for wrapped keys, and to a device that lost access. */
import {
  type Blobs,
  createMemoryBlobs,
  createMemoryKeyring,
  createReaderIdentity,
  wrapKey,
  wrappedName,
} from '@tallystick/erasure';
import { certifyErasure, readErasure, SubjectDesk, verifyByBook } from '@tallystick/kernel/subjects';
import { nodeEd25519 } from '@tallystick/sign/node';
import { expect, it } from 'vitest';
import { day, describeAnna, open, openShop, scene, shown } from './people.ts';

it('destroys the keys on a copy of a disk from before, although its device has acknowledged, and puts none anywhere', async () => {
  const { main, counter, till, phone, settle, shared, officeKeys, relay } = await scene();
  const subject = await describeAnna(main);
  await settle();
  // The disk is copied: books, keys of subjects, and the device's own.
  const copied = await openShop({ keys: officeKeys, book: main.book.id }, 9);
  open.push(copied);
  await copied.import(await main.book.export());
  await copied.anchor();
  await copied.sync(relay);
  const keyring = createMemoryKeyring();
  for (const key of await main.keyring.keys(subject)) await keyring.put(key);
  await main.book.commit('subject.shred', { subject, basis: 'request', day });
  await settle();
  expect((await readErasure(main.book, subject))?.outstanding).toEqual([]);
  // It is started, and has not heard of anything.
  const put: string[] = [];
  const blobs: Blobs = {
    ...shared,
    put(name, text) {
      put.push(name);
      return shared.put(name, text);
    },
  };
  const desk = new SubjectDesk({
    book: copied,
    keyring,
    reader: await createReaderIdentity(),
    blobs: [blobs],
    day: () => day,
  });
  await desk.during(() => copied.sync(relay));
  expect([await shown({ ...main, book: copied, desk, keyring }), await keyring.keys(subject)]).toEqual([
    { state: 'erased' },
    [],
  ]);
  expect([put, await shared.names(), await keyring.isShredded(subject)]).toEqual([[], [], true]);
  await settle([counter, till, phone]);
});

it('takes no wrapped key of who is forgotten from whoever puts it again, and takes it away', async () => {
  const { main, counter, till, settle, shared } = await scene();
  const subject = await describeAnna(main);
  await settle();
  const [key] = await main.keyring.keys(subject);
  if (key === undefined) throw new Error('no key');
  const recipients = main.book
    .query<{ recipient: string }>('SELECT recipient FROM readers')
    .map((one) => one.recipient);
  const [name, wrapped] = [wrappedName(key, recipients), await wrapKey(key, recipients)];
  await main.book.commit('subject.shred', { subject, basis: 'request', day });
  await settle();
  await shared.put(name, wrapped);
  // A device that never had the key is let in afterwards, and finds it there.
  await main.book.commit('reader.grant', { of: 'device', name: till.book.device, access: 1 });
  await till.sync();
  expect([await shown(till), await till.keyring.subjects()]).toEqual([{ state: 'erased' }, []]);
  await counter.sync();
  expect(await shared.names()).toEqual([]);
});

it('forgets two at once, one of whom a device had lost and regained, and certifies each for who has answered', async () => {
  const { main, counter, till, phone, settle, officeKeys } = await scene();
  const [anna, ben] = [await describeAnna(main, 'anna'), await describeAnna(main, 'ben')];
  await settle();
  for (const access of [1, 0, 1] as const) {
    await main.book.commit('reader.grant', { of: 'device', name: till.book.device, access });
    await settle();
  }
  expect(await shown(till)).toEqual({ state: 'shown', text: 'Anna Nowak' });
  for (const subject of [anna, ben]) await main.book.commit('subject.shred', { subject, basis: 'request', day });
  // In the middle of it, the law would keep one of them: what is destroyed is not called back, and nobody is told that it were.
  await main.sync();
  expect(await main.book.commit('subject.hold', { subject: ben, held: 1, basis: 'tax', untilDay: '' })).toMatchObject({
    code: 'erasure/shredded',
  });
  await settle([main, counter, till]);
  const key = await officeKeys.load('root');
  if (key === undefined) throw new Error('no key');
  for (const subject of [anna, ben]) {
    const text = (await certifyErasure({ book: main.book, subject, day, key })) ?? '';
    expect(await verifyByBook(text, main.book, nodeEd25519)).toMatchObject({
      ok: true,
      subject,
      outstanding: [{ device: phone.book.device }],
    });
    for (const { keyring } of [main, counter, till]) expect(await keyring.keys(subject)).toEqual([]);
  }
  expect(main.book.query('SELECT DISTINCT op FROM shredAcks WHERE device = ?', [till.book.device])).toHaveLength(1);
});

it('brings nobody back by a snapshot from before, with wrapped keys from before, and says so before anything is shown', async () => {
  const { main, counter, settle, shared, relay } = await scene();
  const subject = await describeAnna(main);
  await settle();
  const files = new Map<string, Uint8Array>();
  const place = {
    load: (name: string) => files.get(name),
    save: (name: string, parts: readonly Uint8Array[]) => void files.set(name, Buffer.concat(parts)),
  };
  await main.book.saveSnapshot(place);
  const copies = new Map<string, string>();
  for (const name of await shared.names()) copies.set(name, (await shared.get(name)) ?? '');
  const before = createMemoryKeyring();
  for (const key of await counter.keyring.keys(subject)) await before.put(key);
  await main.book.commit('subject.shred', { subject, basis: 'request', day });
  await settle();
  // The disk of the counter is lost. Its books begin from the snapshot: once beside its keyring, which has forgotten, and once beside a copy of that from before.
  for (const [keyring, known] of [
    [counter.keyring, 'erased'],
    [before, 'shown'],
  ] as const) {
    const blobs = createMemoryBlobs();
    for (const [name, text] of copies) await blobs.put(name, text);
    const book = await openShop({ keys: counter.keys, book: main.book.id, snapshot: { from: place } }, 7);
    open.push(book);
    expect(book.query('SELECT subject FROM shreds')).toEqual([]);
    const desk = new SubjectDesk({ book, keyring, reader: counter.reader, blobs: [blobs], day: () => day });
    const returned = { ...counter, book, desk, keyring };
    expect((await shown(returned))?.state).toBe(known);
    let during: Promise<unknown> | undefined;
    await desk.during(async () => {
      during = shown(returned);
      await book.anchor();
      await book.sync(relay);
    });
    // Asked in the middle of the contact, and answered after it.
    expect([await during, await shown(returned)]).toEqual([{ state: 'erased' }, { state: 'erased' }]);
    expect([await keyring.keys(subject), await blobs.names()]).toEqual([[], []]);
  }
});
