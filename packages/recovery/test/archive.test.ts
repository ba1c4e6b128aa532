// Archives of periods: each opens alone, none is lost for another, and a place holds the log about once.
import type { Scope } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import {
  archivedOps,
  type BackupPlace,
  judgeBackups,
  memoryPlace,
  parsePartName,
  restoreArchives,
  restoreBook,
} from '../src/index.ts';
import {
  allFiles,
  crypto,
  keep,
  newKeys,
  newOffice,
  newRelay,
  newStore,
  onHand,
  openers,
  sell,
  type Shop,
  verbs,
} from './shop.ts';

/** The archives with these numbers, all where none is named, put back with nothing else. */
async function restored(place: BackupPlace, ...numbers: number[]) {
  const files = (await allFiles([place])).filter(({ name }) => {
    const part = parsePartName(name);
    return part?.kind === 'log' && (numbers.length === 0 || numbers.includes(part.number));
  });
  const { archives, verdicts } = await judgeBackups(files, { openers, crypto });
  expect(verdicts.filter(({ code }) => code !== undefined)).toEqual([]);
  return restoreArchives({ archives, store: newStore(), keys: newKeys(), verbs });
}

const archivesIn = async (place: BackupPlace): Promise<number[]> =>
  (await place.list())
    .map(parsePartName)
    .filter((part) => part?.kind === 'log')
    .map((part) => part?.number ?? 0)
    .sort((a, b) => a - b);

it('opens each alone, and takes the place of the archives in between', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const place = memoryPlace();
  const { keeper } = keep(shop, [place]);
  const trade = async (sales: number): Promise<void> => {
    await sell(shop, sales);
    await shop.sync(relay);
  };
  await trade(3);
  await keeper.backUp();
  await trade(2);
  await keeper.backUp({ whole: true });
  await trade(1);
  // Sold, and not handed in.
  await sell(shop, 4);
  expect(await archivesIn(place)).toEqual([1, 2]);
  const first = await keeper.archive();
  expect(first).toMatchObject({ from: { hq: 0 }, report: { kind: 'whole', number: 3, places: [{ dropped: 3 }] } });
  expect(await archivesIn(place)).toEqual([3]);
  const digests = [shop.digest().digest];

  await trade(5);
  await keeper.backUp({ whole: true });
  await trade(1);
  const second = await keeper.archive();
  expect(second.from).toEqual(first.until);
  expect(await archivesIn(place)).toEqual([3, 5]);
  digests.push(shop.digest().digest);
  await trade(2);
  await keeper.backUp({ whole: true });
  digests.push(shop.digest().digest);

  const tries = [[3], [5], [5, 6], []];
  const books = [];
  for (const numbers of tries) {
    const { book, report } = await restored(place, ...numbers);
    expect([numbers, report.lost, report.aside]).toEqual([numbers, [], []]);
    books.push({ digest: book.digest().digest, sold: onHand(book), whole: report.from['hq'] === 0 });
    await book.close();
  }
  expect(books).toEqual([
    { digest: digests[0], sold: -10, whole: true },
    { digest: digests[1], sold: -16, whole: false },
    { digest: digests[2], sold: -18, whole: false },
    { digest: digests[2], sold: -18, whole: true },
  ]);
  // And the office gets its whole log back from what is left.
  const { chosen } = await judgeBackups(await allFiles([place]), { openers, crypto });
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book, report } = await restoreBook({ chosen, store: newStore(), keys: newKeys(), verbs, withHistory: true });
  expect(report.from).toEqual({ hq: 0 });
  expect((await book.prove(newStore())).ok).toBe(true);
  for (const open of [book, shop]) await open.close();
});

it('holds the ops of a shop that has no relay', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  const { keeper } = keep(shop, [place]);
  await sell(shop, 7);
  await keeper.archive();
  const digest = shop.digest().digest;
  await sell(shop, 1);
  const { book } = await restored(place);
  expect([book.digest().digest, onHand(book)]).toEqual([digest, -7]);
  for (const open of [book, shop]) await open.close();
});

it('drops nothing where it does not read back, and says so', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const honest = memoryPlace('honest');
  const inner = memoryPlace('liar');
  let isLying = false;
  const liar: BackupPlace = {
    ...inner,
    load: async (name) => {
      const bytes = await inner.load(name);
      return isLying && name.includes('-log.') ? bytes?.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) : bytes;
    },
  };
  const { keeper } = keep(shop, [honest, liar]);
  for (let part = 0; part < 2; part += 1) {
    await sell(shop, 1);
    await shop.sync(relay);
    await keeper.backUp({ whole: true });
  }
  isLying = true;
  await sell(shop, 1);
  await shop.sync(relay);
  const { report } = await keeper.archive();
  expect(report.places).toMatchObject([{ place: 'honest' }, { error: expect.stringContaining('recovery/unverified') }]);
  // What did not read back is not left there either.
  expect([await archivesIn(honest), await archivesIn(inner)]).toEqual([[3], [1, 2]]);
  expect((await inner.list()).map(parsePartName).filter((part) => part?.number === 3)).toEqual([]);
  expect(keeper.standing().lacking).toMatchObject([{ place: 'liar', number: 2 }]);
  await shop.close();
});

it('leaves nothing of an archive that was refused, nor of one in which the process died', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const inner = memoryPlace();
  let isDying = false;
  let saves = 0;
  const died = async (): Promise<never> => Promise.reject(new Error('killed'));
  const mortal: BackupPlace = {
    ...inner,
    save: async (name, bytes) => {
      saves += 1;
      if (!isDying || saves === 1) return inner.save(name, bytes);
      return died();
    },
    drop: (name) => (isDying ? died() : inner.drop(name)),
  };
  const { keeper, state } = keep(shop, [mortal]);
  const trade = async (): Promise<void> => {
    await sell(shop, 1);
    await shop.sync(relay);
  };
  await trade();
  await keeper.backUp();
  await trade();
  const before = await inner.list();
  await expect(keeper.archive(async () => Promise.reject(new Error('nobody can open it')))).rejects.toThrow(
    'nobody can open it',
  );
  expect(await inner.list()).toEqual(before);

  expect(await keeper.backUp()).toMatchObject({ number: 2, kind: 'whole' });
  await trade();

  // Killed between the whole and the archive: neither withdrawn nor remembered.
  saves = 0;
  isDying = true;
  const killed = keep(shop, [mortal], {
    get text() {
      return state.text;
    },
    set text(text) {
      if (saves === 0) state.text = text;
    },
  });
  await expect(killed.keeper.archive()).rejects.toThrow('killed');
  expect((await inner.list()).map(parsePartName).filter((part) => part?.number === 3)).toHaveLength(1);
  isDying = false;
  const anew = keep(shop, [mortal], state).keeper;
  expect(await anew.backUp()).toMatchObject({ number: 3, kind: 'delta' });
  const { findings, chosen } = await judgeBackups(await allFiles([mortal]), { openers, crypto });
  expect([findings, chosen?.number]).toEqual([[], 3]);
  await shop.close();
});

it('drops what an archive replaces only once it is remembered that it stands', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const inner = memoryPlace();
  let isAway = false;
  const place: BackupPlace = {
    ...inner,
    drop: async (name) => (isAway ? Promise.reject(new Error('503')) : inner.drop(name)),
  };
  const { keeper, state } = keep(shop, [place]);
  for (let part = 0; part < 2; part += 1) {
    await sell(shop, 1);
    await shop.sync(relay);
    await keeper.backUp({ whole: true });
  }
  await sell(shop, 1);
  await shop.sync(relay);
  // The number is written down, and then the process dies.
  let saves = 0;
  const killed = keep(shop, [place], {
    get text() {
      return state.text;
    },
    set text(text) {
      saves += 1;
      if (saves > 1) throw new Error('killed');
      state.text = text;
    },
  });
  await expect(killed.keeper.archive()).rejects.toThrow('killed');
  expect(await archivesIn(place)).toEqual([1, 2, 3]);
  const anew = keep(shop, [place], state).keeper;
  expect(await anew.backUp()).toMatchObject({ number: 3, kind: 'delta' });
  expect(await archivesIn(place)).toEqual([1, 2]);
  await anew.backUp({ whole: true });
  const { book, report } = await restored(place);
  expect([report.from, onHand(book)]).toEqual([{ hq: 0 }, -3]);

  // A place that takes the archive, and does not drop what it replaces, has the archive.
  isAway = true;
  await sell(shop, 1);
  const { report: made } = await anew.archive();
  expect(made.places).toMatchObject([{ error: expect.stringContaining('503') }]);
  expect(anew.standing().lacking).toMatchObject([{ number: made.number, error: expect.stringContaining('503') }]);
  for (const open of [book, shop]) await open.close();
});

it('is not made twice of the same ops', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const { keeper } = keep(shop, [memoryPlace()]);
  await sell(shop, 1);
  await shop.sync(relay);
  await keeper.archive();
  await expect(keeper.archive()).rejects.toMatchObject({ code: 'recovery/log' });
  await shop.close();
});

it('keeps a bounded number of archives between periods, with every op in them', async () => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const place = memoryPlace();
  const { keeper, state } = keep(shop, [place]);
  await sell(shop, 1);
  await shop.sync(relay);
  const { report } = await keeper.archive();
  let most = 0;
  for (let part = 0; part < 70; part += 1) {
    await sell(shop, 1);
    await shop.sync(relay);
    await keeper.backUp({ whole: true });
    most = Math.max(most, (await archivesIn(place)).length);
  }
  expect([most, (await archivesIn(place))[0]]).toEqual([33, report.number]);
  const { book, report: put } = await restored(place);
  expect([put.from, onHand(book)]).toEqual([{ hq: 0 }, -71]);
  // One that was named since gets every op, and the archive of the period stays as it is.
  const late = memoryPlace('late');
  await sell(shop, 1);
  await shop.sync(relay);
  await keep(shop, [place, late], state).keeper.backUp();
  expect((await archivesIn(place))[0]).toBe(report.number);
  const anew = await restored(late);
  expect([anew.report.from, onHand(anew.book)]).toEqual([{ hq: 0 }, -72]);
  for (const open of [anew.book, book, shop]) await open.close();
});

/** Lets the settled ops go that the archives in the place have. */
async function letGo(shop: Shop, place: BackupPlace): Promise<void> {
  const { archives } = await judgeBackups(await allFiles([place]), { openers, crypto });
  const here = shop.log.scopes().map((scope) => [scope, shop.log.base(scope).size, shop.log.tip(scope).size] as const);
  const ranges = new Map(here.map(([scope, from, until]) => [scope, { from, until }]));
  for (const { scope, until, file } of await archivedOps(archives, shop.id, ranges, crypto))
    await shop.archive({ scope, until, to: { save: () => undefined, load: () => file } });
}

const afterLettingGo = {
  'a period is archived': async ({ keeper }) => void (await keeper.archive()),
  'a place is new': async ({ shop, place, state }) =>
    void (await keep(shop, [place, memoryPlace('late')], state).keeper.backUp()),
  'there are as many archives as are merged': async ({ keeper, trade }) => {
    for (let part = 0; part < 33; part += 1) {
      await trade();
      await keeper.backUp({ whole: true });
    }
  },
} satisfies Record<
  string,
  (
    kept: ReturnType<typeof keep> & { readonly shop: Shop; readonly place: BackupPlace; trade: () => Promise<void> },
  ) => Promise<void>
>;

it.each(Object.entries(afterLettingGo))('keeps archives of ops that are here no more when %s', async (_what, act) => {
  const [shop, relay] = [await newOffice(), await newRelay()];
  const place = memoryPlace();
  const kept = keep(shop, [place]);
  let sold = 0;
  const trade = async (): Promise<void> => {
    await sell(shop, 1);
    sold += 1;
    await shop.sync(relay);
  };
  for (let part = 0; part < 3; part += 1) {
    await trade();
    await kept.keeper.backUp({ whole: true });
  }
  await letGo(shop, place);
  expect(shop.log.base('hq' as Scope).size).toBe(shop.log.tip('hq' as Scope).size);
  await trade();
  await act({ ...kept, shop, place, trade });
  expect(await archivesIn(place)).toEqual(expect.arrayContaining([1, 2, 3]));
  const { book, report } = await restored(place);
  expect([report.from, onHand(book)]).toEqual([{ hq: 0 }, -sold]);
  for (const open of [book, shop]) await open.close();
});
