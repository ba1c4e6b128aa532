// One device twice, both at work and backed up into one place: a disk that was copied, a backup that was restored while the old machine lived. Neither loses what it wrote there.
import { expect, it } from 'vitest';
import {
  type BackupPlace,
  judgeBackups,
  type Judgement,
  memoryPlace,
  parsePartName,
  restoreBook,
} from '../src/index.ts';
import { parseState } from '../src/state.ts';
import {
  allFiles,
  crypto,
  keep,
  type Kept,
  newKeys,
  newOffice,
  newStore,
  onHand,
  openers,
  sell,
  type Shop,
  verbs,
} from './shop.ts';

const keys = newKeys();

/** What the places give back, as the same device and for good. */
async function broughtBack(judged: Judgement, number = judged.chosen?.number): Promise<Shop> {
  const chosen = [judged.chosen, ...judged.others].find((one) => one?.number === number);
  if (chosen === undefined) throw new Error(`number ${number} cannot be restored`);
  const { book, report } = await restoreBook({ chosen, store: newStore(), keys, verbs });
  expect(report.lost).toEqual([]);
  return book;
}

const judged = async (...places: readonly BackupPlace[]): Promise<Judgement> =>
  judgeBackups(await allFiles(places), { openers, crypto });

const codesOf = ({ findings }: Judgement): string[] => findings.map(({ code }) => code);

interface Copies {
  readonly one: Shop;
  readonly other: Shop;
  readonly states: readonly [Kept['state'], Kept['state']];
}

/** Two that were one up to number 2 in this place, which both remember. */
async function copied(place: BackupPlace): Promise<Copies> {
  const one = await newOffice(keys);
  const first = keep(one, [place]);
  await sell(one, 60);
  await first.keeper.backUp();
  await sell(one, 1);
  await first.keeper.backUp();
  const other = await broughtBack(await judged(place));
  await other.anchor();
  return { one, other, states: [first.state, { text: first.state.text }] };
}

it('writes over nothing that the other copy left in the place, and says that there is one', async () => {
  const files = new Map<string, Uint8Array>();
  const written: string[] = [];
  const inner = memoryPlace('stick', files);
  const place: BackupPlace = {
    ...inner,
    async save(name, bytes) {
      if (parsePartName(name) !== undefined) written.push(name);
      await inner.save(name, bytes);
    },
  };
  const { one, other, states } = await copied(place);
  written.splice(0);
  const [a, b] = [keep(one, [place], states[0]), keep(other, [place], states[1])];
  await sell(one, 1);
  expect(await a.keeper.backUp()).toMatchObject({ number: 3, kind: 'delta' });
  await sell(other, 2);
  expect(await b.keeper.backUp()).toMatchObject({ number: 4, kind: 'whole', places: [{ others: 1 }] });
  expect(b.keeper.standing().copied).toEqual([{ place: 'stick', numbers: [3] }]);
  expect(codesOf(await judged(place))).toContain('recovery/two-series');
  // The first has nothing new to write, and says so all the same.
  expect([await a.keeper.backUp(), a.keeper.standing().copied]).toEqual([
    undefined,
    [{ place: 'stick', numbers: [4] }],
  ]);
  // Each goes on for so long that it drops older ones of its own.
  for (let round = 0; round < 4; round += 1) {
    await sell(one, 1);
    await a.keeper.backUp();
    await sell(other, 1);
    await b.keeper.backUp();
  }
  expect(a.keeper.standing().copied).toMatchObject([{ place: 'stick' }]);
  expect(new Set(written).size).toBe(written.length);
  const found = await judged(place);
  expect(codesOf(found)).toEqual(['recovery/two-series']);
  const last = (state: Kept['state']): number => parseState(state.text)?.number ?? 0;
  for (const [shop, state] of [
    [one, a.state],
    [other, b.state],
  ] as const) {
    const back = await broughtBack(found, last(state));
    expect(onHand(back)).toBe(onHand(shop));
    await back.close();
  }
  // Two wholes of each, and what all of them stood on once.
  expect([...files.keys()].filter((name) => parsePartName(name)?.kind === 'whole').length).toBeLessThanOrEqual(5);
  // Somebody took away what the other one left: with nothing new to write that is seen too.
  await a.keeper.backUp();
  for (const { numbers } of a.keeper.standing().copied)
    for (const name of files.keys()) if (numbers.includes(parsePartName(name)?.number ?? 0)) files.delete(name);
  expect([await a.keeper.backUp(), a.keeper.standing().copied]).toEqual([undefined, []]);
  for (const book of [one, other]) await book.close();
});

it.each([
  // Of its own it has two wholes, and what tells of the other copy.
  { kind: 'delta', left: [1, 2, 3, 4, 6, 7] },
  { kind: 'whole', left: [2, 3, 4, 6, 7] },
])('leaves what the last $kind of the other copy needs, which writes no more', async ({ kind, left }) => {
  const place = memoryPlace('stick');
  const { one, other, states } = await copied(place);
  await sell(one, 5);
  const made = await keep(one, [place], states[0]).keeper.backUp({ whole: kind === 'whole' });
  expect(made).toMatchObject({ number: 3, kind });
  // The first machine is gone, and the copy goes on for so long that it drops older ones of its own.
  const b = keep(other, [place], states[1]);
  for (let round = 0; round < 4; round += 1) {
    await sell(other, 1);
    await b.keeper.backUp({ whole: true });
  }
  const found = await judged(place);
  expect(codesOf(found)).toEqual(['recovery/two-series']);
  const back = await broughtBack(found, 3);
  expect(onHand(back)).toBe(onHand(one));
  const numbers = (await place.list()).map((name) => parsePartName(name)?.number);
  expect(numbers.toSorted()).toEqual(left);
  for (const book of [back, one, other]) await book.close();
});

it('writes over nothing where the list of a place comes late, or the place was away', async () => {
  const files = new Map<string, Uint8Array>();
  const inner = memoryPlace('stick', files);
  const { one, other, states } = await copied(inner);
  await sell(one, 1);
  await keep(one, [inner], states[0]).keeper.backUp();
  const third = [...files].find(([name]) => parsePartName(name)?.number === 3) as [string, Uint8Array];
  // The copy does not see number 3 in the list.
  const blind: BackupPlace = { ...inner, list: async () => (await inner.list()).filter((name) => name !== third[0]) };
  const b = keep(other, [blind], states[1]);
  await sell(other, 2);
  await expect(b.keeper.backUp()).rejects.toMatchObject({
    code: 'recovery/place',
    message: expect.stringContaining('is there, and is another file') as string,
  });
  expect(files.get(third[0])).toEqual(third[1]);
  // Nor while the place is away: it gives the number to a part in another one.
  const away: BackupPlace = { ...inner, list: () => Promise.reject(new Error('away')) };
  const own = memoryPlace('own');
  expect(await keep(other, [away, own], b.state).keeper.backUp()).toMatchObject({ number: 3, places: [{}, {}] });
  // Now it sees it: what stands there under a number of its own is another's, and stays for good.
  const again = keep(other, [inner, own], b.state);
  for (let count = 0; count < 4; count += 1) {
    await sell(other, 1);
    const made = await again.keeper.backUp({ whole: true });
    expect(made).toMatchObject({ number: 4 + count, places: [{ others: 1 }, {}] });
  }
  expect(files.get(third[0])).toEqual(third[1]);
  for (const book of [one, other]) await book.close();
});

it('takes what it left itself for its own, where it was ended while it wrote', async () => {
  const files = new Map<string, Uint8Array>();
  const inner = memoryPlace('stick', files);
  const { one, other, states } = await copied(inner);
  await other.close();
  const ended: BackupPlace = {
    ...inner,
    async save(name, bytes) {
      await inner.save(name, bytes);
      // Nothing more happens in this process.
      await new Promise(() => undefined);
    },
  };
  await sell(one, 1);
  void keep(one, [ended], states[0]).keeper.backUp();
  const isThere = (): boolean => [...files.keys()].some((name) => parsePartName(name)?.number === 3);
  await expect.poll(isThere).toBe(true);
  const { keeper } = keep(one, [inner], { text: states[0].text });
  expect(await keeper.backUp()).toMatchObject({ number: 3, kind: 'delta' });
  expect(keeper.standing().copied).toEqual([]);
  expect(codesOf(await judged(inner))).toEqual([]);
  await one.close();
});
