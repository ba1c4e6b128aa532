// Cadence, places that fail, and the size of what is kept.
import { expect, it } from 'vitest';
import { type BackupPlace, memoryPlace, parsePartName, standingOf } from '../src/index.ts';
import { keep, newOffice, sell } from './shop.ts';

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

it('says which place lacks the last backup, and gives it a whole when it is back', async () => {
  const shop = await newOffice();
  const good = memoryPlace('good');
  const behind = memoryPlace('flaky');
  let isDown = false;
  const down = async (): Promise<never> => Promise.reject(new Error('no route'));
  const flaky: BackupPlace = { ...behind, save: (name, bytes) => (isDown ? down() : behind.save(name, bytes)) };
  const { keeper, state } = keep(shop, [good, flaky]);
  await keeper.backUp();
  isDown = true;
  await sell(shop, 1);
  expect((await keeper.backUp())?.places).toMatchObject([{ place: 'good' }, { place: 'flaky', error: 'no route' }]);
  expect(keeper.standing()).toMatchObject({
    isMissed: true,
    lacking: [{ place: 'flaky', number: 1, error: 'no route' }],
  });
  isDown = false;
  expect(await keeper.keep()).toMatchObject({ number: 3, kind: 'whole' });
  expect(keeper.standing()).toMatchObject({ isMissed: false, lacking: [] });
  // Where no place takes it, nothing counts as backed up.
  isDown = true;
  await sell(shop, 1);
  const alone = keep(shop, [flaky], state);
  await expect(alone.keeper.backUp()).rejects.toMatchObject({ code: 'recovery/place' });
  expect(alone.keeper.standing()).toMatchObject({ behind: 1, isDue: true });
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
