// Cadence, places that fail, and the size of what is kept.
import { nodeHasher } from '@tallystick/chain/node';
import { createOrganisationIdentity } from '@tallystick/custody';
import { parseHeader } from '@tallystick/kernel/backup';
import type { Scope } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { parseState } from '../src/state.ts';
import {
  type BackupPlace,
  createBackupKeeper,
  judgeBackups,
  logOf,
  memoryPlace,
  partName,
  openPart,
  parsePartName,
  restoreBook,
  standingOf,
} from '../src/index.ts';
import {
  allFiles,
  crypto,
  keep,
  newKeys,
  newOffice,
  newRelay,
  newStore,
  newTill,
  openers,
  owner,
  sell,
  verbs,
} from './shop.ts';

it('is due after so many ops or so long, and missed after twice that', () => {
  const cadence = { everyMs: 1_000, everyOps: 10 };
  const at = (ops: number, atMs: number) => {
    const { isDue, isMissed } = standingOf(undefined, { ops, atMs, sinceMs: 0 }, cadence);
    return [isDue, isMissed];
  };
  expect(at(0, 99_999)).toEqual([false, false]);
  expect(at(9, 999)).toEqual([false, false]);
  expect(at(10, 0)).toEqual([true, false]);
  expect(at(1, 1_000)).toEqual([true, false]);
  expect(at(20, 0)).toEqual([true, true]);
  expect(at(1, 2_000)).toEqual([true, true]);
});

it('is due again where the clock was ahead when the last one was made', async () => {
  const shop = await newOffice();
  let nowMs = Date.now() + 30 * 24 * 3_600_000;
  const { keeper } = keep(shop, [memoryPlace()], { text: '' }, { now: () => nowMs });
  await keeper.backUp();
  nowMs = Date.now();
  expect(keeper.standing()).toMatchObject({ isDue: false, isMissed: false });
  await sell(shop, 1);
  expect(keeper.standing()).toMatchObject({ behind: 1, isDue: true, isMissed: true });
  expect(await keeper.keep()).toMatchObject({ number: 2 });
  expect(keeper.standing()).toMatchObject({ isDue: false, isMissed: false });
  await shop.close();
});

it('says which place lacks the last backup, and gives it a whole when it is back', async () => {
  const shop = await newOffice();
  const good = memoryPlace('good');
  const behind = memoryPlace('flaky');
  let isDown = false;
  const down = async (): Promise<never> => Promise.reject(new Error('no route'));
  const flaky: BackupPlace = {
    ...behind,
    list: () => (isDown ? down() : behind.list()),
    save: (name, bytes) => (isDown ? down() : behind.save(name, bytes)),
  };
  const { keeper, state } = keep(shop, [good, flaky]);
  await keeper.backUp();
  isDown = true;
  await sell(shop, 1);
  expect((await keeper.backUp())?.places).toMatchObject([{ place: 'good' }, { place: 'flaky', error: 'no route' }]);
  expect(keeper.standing()).toMatchObject({
    isMissed: true,
    lacking: [{ place: 'flaky', number: 1, error: 'no route' }],
  });
  // The others go on meanwhile, and nobody is asked again before it is time.
  expect(await keeper.keep()).toBeUndefined();
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 3, places: [{ place: 'good' }, { error: 'no route' }] });
  isDown = false;
  expect(await keeper.backUp()).toMatchObject({ number: 4, kind: 'whole' });
  expect(keeper.standing()).toMatchObject({ isMissed: false, lacking: [] });
  // Where no place takes it, nothing counts as backed up.
  isDown = true;
  await sell(shop, 1);
  const alone = keep(shop, [flaky], state);
  await expect(alone.keeper.backUp()).rejects.toMatchObject({ code: 'recovery/place' });
  expect(alone.keeper.standing()).toMatchObject({ behind: 1, isMissed: true });
  await shop.close();
});

it('counts a file that does not read back as not kept', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  const liar: BackupPlace = { ...place, load: async (name) => (await place.load(name))?.map((byte) => byte ^ 1) };
  await expect(keep(shop, [liar]).keeper.backUp()).rejects.toMatchObject({
    message: expect.stringContaining('recovery/unverified'),
  });
  await shop.close();
});

it('goes on after the last number a place shows when its memory is lost', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  await keep(shop, [place]).keeper.backUp();
  await sell(shop, 1);
  expect(await keep(shop, [place]).keeper.backUp()).toMatchObject({ number: 2, kind: 'whole' });
  await shop.close();
});

it('keeps a bounded number of files however often it is asked', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  const { keeper } = keep(shop, [place]);
  for (let part = 0; part < 130; part += 1) {
    await sell(shop, 1);
    await keeper.backUp();
  }
  const kinds = (await place.list()).map((name) => parsePartName(name)?.kind);
  expect(kinds.filter((kind) => kind === 'whole')).toHaveLength(2);
  expect(kinds.length).toBeLessThan(110);
  await shop.close();
});

it('gives no number again when its memory is lost and a place does not answer', async () => {
  const shop = await newOffice();
  const away: BackupPlace = { ...memoryPlace('away'), list: async () => Promise.reject(new Error('no route')) };
  await expect(keep(shop, [memoryPlace(), away]).keeper.backUp()).rejects.toThrow('no route');
  await shop.close();
});

it('fills a place that is new where nothing else is, and says until then that it has nothing', async () => {
  const shop = await newOffice();
  const [first, late] = [memoryPlace('first'), memoryPlace('late')];
  const { keeper, state } = keep(shop, [first]);
  await keeper.backUp();
  const both = keep(shop, [first, late], state).keeper;
  expect(both.standing()).toMatchObject({ isMissed: true, lacking: [{ place: 'late', number: 0 }] });
  expect(await both.backUp()).toMatchObject({ number: 2, kind: 'whole' });
  expect([both.standing().lacking, (await late.list()).length]).toEqual([[], 1]);
  await shop.close();
});

it('gives a place that is new the whole history', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const first = memoryPlace('first');
  const { keeper, state } = keep(shop, [first]);
  await sell(shop, 3);
  await shop.sync(relay);
  await keeper.backUp();
  await sell(shop, 1);
  await shop.sync(relay);
  const late = memoryPlace('late');
  await keep(shop, [first, late], state).keeper.backUp();
  const { chosen } = await judgeBackups(await allFiles([late]), { openers, crypto });
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book, report } = await restoreBook({ chosen, store: newStore(), keys: newKeys(), verbs, withHistory: true });
  expect(report.from).toEqual({ hq: 0 });
  expect((await book.prove(newStore())).ok).toBe(true);
  for (const open of [book, shop]) await open.close();
});

it('makes a whole for whoever is named later, once nobody works, and at once where a person asks', async () => {
  const book = await newOffice();
  const added = await createOrganisationIdentity();
  const place = memoryPlace();
  let recipients = [owner.recipient];
  let isQuiet = true;
  const keeper = createBackupKeeper({
    book,
    hasher: nodeHasher,
    recipients: () => recipients,
    places: [place],
    isQuiet: () => isQuiet,
    state: { load: () => undefined, save: () => undefined },
  });
  const opened = async (identity: string) =>
    (await judgeBackups(await allFiles([place]), { openers: [{ kind: 'organisation', identity }], crypto })).chosen
      ?.number;
  await keeper.backUp();
  recipients = [owner.recipient, added.recipient];
  isQuiet = false;
  expect(await keeper.keep()).toBeUndefined();
  isQuiet = true;
  expect(await keeper.keep()).toMatchObject({ number: 2, kind: 'whole' });
  expect(await keeper.keep()).toBeUndefined();
  await sell(book, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 3, kind: 'delta' });
  recipients = [added.recipient];
  isQuiet = false;
  expect(await keeper.backUp()).toMatchObject({ number: 4, kind: 'whole' });
  expect([await opened(added.identity), await opened(owner.identity)]).toEqual([4, 3]);
  await book.close();
});

it('goes on after what others know of, and not on top of what another device wrote here', async () => {
  const shop = await newOffice();
  const [place, elsewhere] = [memoryPlace(), memoryPlace()];
  const { keeper, state } = keep(shop, [place]);
  await keeper.backUp();
  const after = { after: () => 7 };
  // Put back on an empty machine: the old series is elsewhere, and goes to 7.
  expect(await keep(shop, [elsewhere], { text: '' }, after).keeper.backUp()).toMatchObject({
    number: 8,
    kind: 'whole',
  });
  const others = JSON.stringify({ ...(JSON.parse(state.text) as object), device: 'ab'.repeat(32) });
  await sell(shop, 1);
  const anew = keep(shop, [memoryPlace()], { text: others }, after).keeper;
  expect(await anew.backUp()).toMatchObject({ number: 8, kind: 'whole' });
  await sell(shop, 1);
  expect(await anew.backUp()).toMatchObject({ number: 9, kind: 'delta' });
  await shop.close();
});

it('carries no receipts of ops that have their places', async () => {
  const [office, relay] = [await newOffice(), await newRelay()];
  const till = await newTill(office, relay);
  const place = memoryPlace();
  const { keeper } = keep(till, [place]);
  for (let day = 0; day < 3; day += 1) {
    await sell(till, 2);
    await till.sync(relay);
  }
  await keeper.backUp();
  await sell(till, 1);
  await keeper.backUp();
  const [delta] = (await allFiles([place])).filter(({ name }) => name.includes('-delta.'));
  const opened = await openPart(delta?.bytes ?? new Uint8Array(), openers, crypto.hasher);
  if (!opened.ok) throw new Error(opened.message);
  expect((await till.log.receipts('hq' as Scope)).length).toBeGreaterThan(2);
  expect(parseHeader(await logOf(opened.value)).header.scopes).toMatchObject([{ scope: 'hq', receipts: [] }]);
  for (const open of [till, office]) await open.close();
});

it('goes on after no number that a place made up to end the series', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  const madeUp = (number: number): string => partName({ book: shop.id, device: shop.device, number, kind: 'whole' });
  await place.save(madeUp(999_999_999), new Uint8Array(1));
  await place.save(madeUp(7), new Uint8Array(1));
  await sell(shop, 1);
  expect(await keep(shop, [place]).keeper.backUp()).toMatchObject({ number: 8 });
  await shop.close();
});

it('gives a whole to a place that was emptied, or shows another stick, and says so', async () => {
  const shop = await newOffice();
  const [kept, emptied] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
  const places = [memoryPlace('folder', kept), memoryPlace('stick', emptied)];
  const { keeper } = keep(shop, places);
  await sell(shop, 2);
  await keeper.backUp();
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 2, kind: 'delta' });
  // Nothing is new, and one place has nothing any more.
  emptied.clear();
  expect(await keeper.backUp()).toMatchObject({ number: 3, kind: 'whole', places: [{}, { place: 'stick', lost: 2 }] });
  expect(await keeper.backUp()).toBeUndefined();
  // A delta alone is worth nothing where what it stands on is gone.
  emptied.delete([...emptied.keys()].find((name) => name.includes('whole')) as string);
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 4, kind: 'whole' });
  const { chosen, findings } = await judgeBackups(await allFiles(places.slice(1)), { openers, crypto });
  expect([chosen?.number, findings]).toEqual([4, []]);
  await shop.close();
});

it('gives the archives again to a place that lost them alone', async () => {
  const relay = await newRelay();
  const shop = await newOffice();
  const files = new Map<string, Uint8Array>();
  const place = memoryPlace('stick', files);
  const { keeper } = keep(shop, [place]);
  for (let part = 0; part < 3; part += 1) {
    await sell(shop, 2);
    await shop.sync(relay);
    await keeper.backUp({ whole: true });
  }
  const archives = (): string[] => [...files.keys()].filter((name) => parsePartName(name)?.kind === 'log');
  expect(archives()).toHaveLength(3);
  for (const name of archives().slice(0, 2)) files.delete(name);
  expect(await keeper.backUp()).toMatchObject({ number: 4, kind: 'whole', places: [{ lost: 2 }] });
  const { chosen } = await judgeBackups(await allFiles([place]), { openers, crypto });
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book, report } = await restoreBook({ chosen, store: newStore(), keys: newKeys(), verbs, withHistory: true });
  expect(report.from).toEqual({ hq: 0 });
  expect(await keeper.backUp()).toBeUndefined();
  for (const open of [book, shop]) await open.close();
});

it('seals the archive of a period again that is gone from its only place, and says of what is gone for good that it is', async () => {
  const relay = await newRelay();
  const shop = await newOffice();
  const files = new Map<string, Uint8Array>();
  const place = memoryPlace('stick', files);
  const { keeper, state } = keep(shop, [place]);
  await sell(shop, 5);
  await shop.sync(relay);
  await keeper.archive();
  const isLog = (name: string): boolean => parsePartName(name)?.kind === 'log';
  const lose = (): [string, Uint8Array][] => [...files].filter(([name]) => isLog(name) && files.delete(name));
  expect(lose()).toHaveLength(1);
  expect(await keeper.backUp()).toMatchObject({ number: 2, kind: 'whole', places: [{ lost: 1 }] });
  expect([...files.keys()].filter(isLog)).toHaveLength(1);
  expect(await keeper.backUp()).toBeUndefined();

  const size = shop.log.tip('hq' as Scope).size;
  const drawer = new Map<string, Uint8Array>();
  const to = {
    load: (name: string) => drawer.get(name),
    save: (name: string, parts: readonly Uint8Array[]) => void drawer.set(name, new Uint8Array(Buffer.concat(parts))),
  };
  await shop.archive({ scope: 'hq' as Scope, until: size, to });
  const lost = lose();
  expect(await keeper.backUp()).toBeUndefined();
  expect(keeper.standing()).toMatchObject({ isMissed: true, gone: [{ place: 'stick', numbers: [2] }] });
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 3, kind: 'delta' });
  expect(standingOf(parseState(state.text), { atMs: 0, ops: 0, sinceMs: 0 }).gone).toHaveLength(1);
  for (const [name, bytes] of lost) files.set(name, bytes);
  await keeper.backUp();
  expect(keeper.standing()).toMatchObject({ isMissed: false, gone: [] });
  await shop.close();
});

it('looks at its places once a day with nothing to write, and writes nothing to the others for one that is away', async () => {
  const shop = await newOffice();
  const [kept, lists] = [new Map<string, Uint8Array>(), [] as string[]];
  const [inner, stick] = [memoryPlace('folder', kept), memoryPlace('stick')];
  let isAway = false;
  const places: BackupPlace[] = [
    { ...inner, list: () => (lists.push(inner.name), inner.list()) },
    { ...stick, list: async () => (isAway ? Promise.reject(new Error('away')) : stick.list()) },
  ];
  let atMs = Date.now();
  const { keeper } = keep(shop, places, undefined, { now: () => atMs });
  await sell(shop, 1);
  await keeper.backUp();
  isAway = true;
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 2, kind: 'delta' });
  lists.splice(0);
  // Three hours of looks, every half a minute.
  for (let look = 0; look < 360; look += 1) {
    atMs += 30_000;
    expect(await keeper.keep()).toBeUndefined();
  }
  expect([lists.length, kept.size]).toEqual([12, 2]);
  expect(keeper.standing()).toMatchObject({ isMissed: true, lacking: [{ place: 'stick' }] });
  isAway = false;
  atMs += 15 * 60_000;
  expect(await keeper.keep()).toMatchObject({ number: 3, kind: 'whole' });
  // Nothing is entered for days, and one place is emptied.
  kept.clear();
  lists.splice(0);
  for (let hour = 0; hour < 23; hour += 1) {
    atMs += 3_600_000;
    expect(await keeper.keep()).toBeUndefined();
  }
  expect(lists).toEqual([]);
  atMs += 3_600_000;
  expect(await keeper.keep()).toMatchObject({ number: 4, kind: 'whole', places: [{ lost: 1 }, {}] });
  await shop.close();
});

it('does not count a place that takes a file and does not list it', async () => {
  const shop = await newOffice();
  const [good, hiding] = [memoryPlace('folder'), { ...memoryPlace('bucket'), list: async () => [] }];
  const { keeper } = keep(shop, [good, hiding]);
  await sell(shop, 1);
  const made = await keeper.backUp();
  expect(made?.places).toMatchObject([
    { dropped: 0 },
    { error: expect.stringContaining('is not in its list') as string },
  ]);
  expect(keeper.standing()).toMatchObject({ isMissed: true, lacking: [{ place: 'bucket' }] });
  await shop.close();
});

it('makes no whole for a place that takes no file, nor for one that lets go of none', async () => {
  const shop = await newOffice();
  const files = new Map<string, Uint8Array>();
  let [isFull, isLocked] = [false, false];
  const [good, stick, bucket] = [memoryPlace('folder'), memoryPlace('stick', files), memoryPlace('bucket')];
  const refuse = async (): Promise<void> => {
    throw new Error('denied');
  };
  const places: BackupPlace[] = [
    good,
    { ...stick, save: (name, bytes) => (isFull ? refuse() : stick.save(name, bytes)) },
    { ...bucket, drop: (name) => (isLocked ? refuse() : bucket.drop(name)) },
  ];
  const { keeper } = keep(shop, places);
  await sell(shop, 60);
  for (let count = 0; count < 2; count += 1) await keeper.backUp({ whole: true });
  isFull = true;
  for (let count = 0; count < 3; count += 1) {
    await sell(shop, 1);
    expect(await keeper.backUp()).toMatchObject({ kind: 'delta', places: [{}, { error: 'denied' }, {}] });
  }
  isFull = false;
  isLocked = true;
  expect(await keeper.backUp()).toMatchObject({
    number: 6,
    kind: 'whole',
    places: [{}, {}, { error: expect.stringContaining('denied') as string }],
  });
  expect([...files.keys()].filter((name) => parsePartName(name) === undefined)).toEqual([]);
  expect(keeper.standing().lacking).toMatchObject([{ place: 'bucket', number: 6 }]);
  // With nothing new there is nothing to write for it.
  expect(await keeper.backUp()).toBeUndefined();
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 7, kind: 'delta' });
  const { chosen, findings } = await judgeBackups(await allFiles([bucket]), { openers, crypto });
  expect([chosen?.number, findings]).toEqual([7, []]);
  await shop.close();
});

it('waits for a place whose list comes after what was written', async () => {
  const shop = await newOffice();
  const inner = memoryPlace('bucket');
  const shown = new Map<string, number>();
  const late: BackupPlace = {
    ...inner,
    async save(name, bytes) {
      await inner.save(name, bytes);
      shown.set(name, 2);
    },
    async list() {
      const names = (await inner.list()).filter((name) => (shown.get(name) ?? 0) === 0);
      for (const [name, times] of shown) shown.set(name, Math.max(0, times - 1));
      return names;
    },
  };
  const { keeper } = keep(shop, [late]);
  await sell(shop, 1);
  expect(await keeper.backUp()).toMatchObject({ number: 1, places: [{ dropped: 0 }] });
  expect(keeper.standing().lacking).toEqual([]);
  await shop.close();
});
