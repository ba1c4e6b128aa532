// When a till backs itself up, what it then calls backed up, and that none of it is in the way of a sale.
import { portableHasher } from '@tallystick/chain';
import { createOrganisationIdentity } from '@tallystick/custody';
import {
  type BackupPlace,
  carryParts,
  createBackupKeeper,
  joinFiles,
  memoryPlace,
  parsePartName,
  partName,
} from '@tallystick/recovery';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countOps, createTillBackup, restoredNote, type TillBackup } from '../src/engine/backup-life.ts';
import { closedState } from '../src/engine/closed-state.ts';
import { enter } from '../src/engine/entry.ts';
import { entries } from '../src/engine/entries.ts';
import { backupRows } from '../src/model/backup-words.ts';
import { backupNotice } from '../src/model/notices.ts';
import { cartOf, type Counter, openCounter } from './counter.ts';

const hourMs = 3_600_000;

describe('a till that backs itself up', () => {
  let counter: Counter;
  let backup: TillBackup;
  const device = memoryPlace('this device');
  let office: BackupPlace;
  let isOfficeAway = false;
  let bucket: BackupPlace | undefined;
  let keyOfCart = 0;

  beforeEach(async () => {
    counter = await openCounter();
    const { book } = counter.shop;
    await enter(entries.openSession, 0, counter.shop, counter.openAgain);
    const kept = memoryPlace('the office');
    const away = (): never => {
      throw new Error('the office does not answer');
    };
    office = { ...kept, list: () => (isOfficeAway ? away() : kept.list()) };
    vi.useFakeTimers({
      now: Date.now(),
      toFake: ['Date', 'setInterval', 'setTimeout', 'clearTimeout', 'clearInterval'],
    });
    const shop = { ...counter.shop, record: { ...counter.shop.record, office: 'https://office.example' } };
    backup = createTillBackup(
      shop,
      () => undefined,
      async (_shop, { recipients, isQuiet }) => ({
        keeper: createBackupKeeper({
          book,
          hasher: portableHasher,
          recipients,
          isQuiet,
          places: [device],
          state: { load: () => undefined, save: () => undefined },
        }),
        device,
        office,
        readBucket: async () => bucket,
        writeBucket: async (settings) => void (bucket = settings && memoryPlace(settings.url)),
        carry: carryParts,
        countOps: () => countOps(book),
        join: (openers) => joinFiles(device, openers),
      }),
    );
  });
  afterEach(async () => {
    backup.stop();
    vi.useRealTimers();
    isOfficeAway = false;
    bucket = undefined;
    await counter.close();
  });

  async function keepEscrow(): Promise<void> {
    const { recipient } = await createOrganisationIdentity();
    await counter.shop.book.commit('escrow.set', { recipients: [recipient] });
  }

  async function sell(): Promise<void> {
    const sold = await enter(entries.sell, cartOf(`cart ${(keyOfCart += 1)}`, 1), counter.shop, counter.openAgain);
    if (!sold.ok) throw new Error(sold.message);
    backup.entered();
  }
  const title = (): string | undefined =>
    backupNotice({ ...closedState({ kind: 'starting' }), backup: backup.state })?.title;

  it('waits for quiet, goes to the office, and says when one was missed and why', async () => {
    await keepEscrow();
    await sell();
    expect(backup.state).toMatchObject({ outside: undefined, ready: undefined, isMissed: false });
    vi.setSystemTime(Date.now() + hourMs / 4);
    await sell();
    await backup.look();
    // Somebody is selling: the first one would hold the next sale up.
    expect(backup.state.ready).toBeUndefined();
    vi.setSystemTime(Date.now() + 21_000);
    isOfficeAway = true;
    await backup.look();
    expect(backup.state).toMatchObject({
      ready: { number: 1 },
      outside: undefined,
      fault: 'the office does not answer',
    });
    expect(title()).toBeUndefined();
    vi.setSystemTime(Date.now() + hourMs);
    expect(title()).toBe('A backup of this till was missed.');
    expect(backupRows(backup.state)[1]?.[1]).toContain('a backup was missed');
    isOfficeAway = false;
    await backup.look();
    expect(backup.state).toMatchObject({
      behind: 0,
      isMissed: false,
      outside: { number: 1, by: 'office' },
      fault: undefined,
    });
    expect(title()).toBeUndefined();
  });

  it('calls nothing missed that a relay has only just brought, or that a till was brought back with', async () => {
    await keepEscrow();
    for (let sold = 0; sold < 110; sold += 1) await sell();
    expect(title()).toBeUndefined();
    vi.setSystemTime(Date.now() + 5 * 60_000);
    expect([title(), backup.state.behind > 100]).toEqual(['A backup of this till was missed.', true]);
    const { book, log } = counter.shop;
    const noted = { number: 4, at: 0, device: book.device, seq: 1, ops: countOps(book), lost: [] };
    await log.setMeta(restoredNote, JSON.stringify(noted));
    expect([title(), backup.state.behind]).toEqual([undefined, 0]);
    await sell();
    expect([title(), backup.state.behind]).toEqual([undefined, 1]);
    vi.setSystemTime(Date.now() + hourMs);
    expect(title()).toBe('A backup of this till was missed.');
  });

  it('says whose last entries the backup that brought it back knew of and no one has given since', async () => {
    const { book, log } = counter.shop;
    const last = (device: string, seq: number) => ['hq', device, seq, ''];
    const lost = [last(book.device, 1), last('ab'.repeat(32), 7)];
    await log.setMeta(restoredNote, JSON.stringify({ number: 4, at: 0, device: book.device, seq: 1, lost }));
    expect(backup.state.restored).toMatchObject({ missing: 1 });
    expect(backupRows(backup.state).at(-1)?.[1]).toContain('Last entries of a device are still missing');
  });

  it('calls nothing kept at the office that only a passkey opens, whose half is in the files of persons', async () => {
    const { recipient } = await createOrganisationIdentity();
    await backup.nameOpener({ kind: 'passkey', recipient, sealed: 'sealed to the passkey' });
    await sell();
    vi.setSystemTime(Date.now() + 21_000);
    await backup.look();
    expect([(await office.list()).length, backup.state.outside, backup.state.isUnattended]).toEqual([
      2,
      undefined,
      false,
    ]);
    await backup.nameOpener({ kind: 'paper', recipient, sealed: '' });
    await sell();
    vi.setSystemTime(Date.now() + 21_000);
    await backup.look();
    await sell();
    vi.setSystemTime(Date.now() + hourMs);
    await backup.look();
    expect(backup.state).toMatchObject({ outside: { by: 'office' }, isUnattended: true });
  });

  it('goes on after what a copy of it left at the office, which stays, and says that there is one', async () => {
    await keepEscrow();
    const { book } = counter.shop;
    await office.save(partName({ book: book.id, device: book.device, number: 1, kind: 'whole' }), new Uint8Array([1]));
    vi.setSystemTime(Date.now() + hourMs / 4);
    await backup.look();
    expect(backup.state).toMatchObject({ ready: { number: 2 }, outside: { number: 2, by: 'office' } });
    expect(backup.state.fault).toContain('another file');
    // The copy goes on, under a number that this till is about to give.
    const theirs = partName({ book: book.id, device: book.device, number: 3, kind: 'whole' });
    await office.save(theirs, new Uint8Array([3]));
    for (let part = 0; part < 4; part += 1) {
      await sell();
      await backup.hide();
    }
    expect(backup.state.outside?.number).toBeGreaterThan(4);
    const names = await office.list();
    expect(names).toContain(theirs);
    expect(names).toContain(partName({ book: book.id, device: book.device, number: 1, kind: 'whole' }));
    expect(await office.load(theirs)).toEqual(new Uint8Array([3]));
  });

  it('goes out whole when the page is hidden, while a sale goes on beside it', async () => {
    await keepEscrow();
    const hidden = backup.hide();
    await sell();
    await hidden;
    expect(backup.state.outside?.number).toBe(1);
    await sell();
    await backup.hide();
    expect(backup.state).toMatchObject({ behind: 0, outside: { number: 2 } });
  });

  it('hands itself in at a bucket too, whatever the office does, and at none any more where none is named', async () => {
    const settings = { url: 'https://s3.example/shop', accessKeyId: 'id', secretAccessKey: 'secret' };
    expect(await backup.nameBucket(settings)).toMatchObject({ ok: false, code: 'till/no-opener' });
    // What the passkey opens with travels in a file for a person: from the bucket nobody could open it.
    await backup.nameOpener({
      kind: 'passkey',
      recipient: (await createOrganisationIdentity()).recipient,
      sealed: 'x',
    });
    expect(await backup.nameBucket(settings)).toMatchObject({ ok: false, code: 'till/passkey-only' });
    expect(bucket).toBeUndefined();
    await keepEscrow();
    expect(await backup.nameBucket(settings)).toMatchObject({ ok: true });
    expect(backup.state.bucket).toBe(settings.url);
    // The keys of the bucket are in nothing that is handed out with the log.
    expect(JSON.stringify(backup.state)).not.toContain('secret');
    isOfficeAway = true;
    await sell();
    await backup.hide();
    expect(backup.state).toMatchObject({ outside: { number: 1, by: 'bucket' }, fault: 'the office does not answer' });
    expect(backupRows(backup.state)[0]?.[1]).toContain('In the bucket: number 1');
    expect((await bucket?.list())?.length).toBeGreaterThan(0);
    isOfficeAway = false;
    await backup.look();
    expect((await office.list()).length).toBeGreaterThan(0);
    expect(backup.state.fault).toBeUndefined();
    const kept = bucket;
    expect(await backup.nameBucket(undefined)).toMatchObject({ ok: true });
    await sell();
    await backup.hide();
    expect(backup.state).toMatchObject({ bucket: undefined, outside: { number: 2, by: 'office' } });
    const { device: own } = counter.shop.book;
    const there = (await kept?.list())?.map(parsePartName).filter((part) => own.startsWith(part?.device ?? '-'));
    expect([...new Set(there?.map((part) => part?.number))]).toEqual([1]);
  });

  it('counts a file only when a person says that they keep it, and makes none that nobody could open', async () => {
    expect(await backup.makeFile()).toMatchObject({ ok: false, code: 'till/no-opener' });
    await backup.nameOpener({ kind: 'paper', recipient: (await createOrganisationIdentity()).recipient, sealed: '' });
    const made = await backup.makeFile();
    if (!made.ok) throw new Error(made.message);
    expect(backup.state.outside).toBeUndefined();
    await backup.taken(made.value);
    expect(backup.state).toMatchObject({ behind: 0, outside: { number: made.value.number, by: 'person' } });
    expect(backupRows(backup.state)[0]?.[1]).toMatch(/^As somebody said/);
  });
});
