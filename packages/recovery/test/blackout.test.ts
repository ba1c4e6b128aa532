// Relay and office gone, some tills too: what is left is folded, and what is not is named, with who had it last.
import { expect, it } from 'vitest';
import { rebuildBook, surveyLogs } from '../src/index.ts';
import { newKeys, newOffice, newRelay, newStore, newTill, onHand, sell, verbs } from './shop.ts';

async function fleet() {
  const relay = await newRelay();
  const office = await newOffice();
  const tills = [await newTill(office, relay), await newTill(office, relay), await newTill(office, relay)] as const;
  for (const till of tills) {
    await sell(till, 4);
    await till.sync(relay);
  }
  for (const till of tills) await till.sync(relay);
  return { relay, office, tills };
}

it('rebuilds the very books where every till has met the relay since', async () => {
  const { office, relay, tills } = await fleet();
  await office.sync(relay);
  const [first] = tills;
  const survivors = [{ name: 'till 1', log: first.log }];
  const { book, survey, waiting } = await rebuildBook({
    store: newStore(),
    keys: newKeys(),
    verbs,
    book: office.id,
    survivors,
  });
  expect([survey.missing, survey.positions, survey.conflicts, waiting]).toEqual([[], [], [], []]);
  expect(book.digest().digest).toBe(office.digest().digest);
  expect(onHand(book)).toBe(-12);
  // Without the relay's last word it writes nothing.
  expect(await book.commit('stock.move', { sku: 'apple', quantity: -1 })).toMatchObject({ ok: false });
  for (const open of [office, book, ...tills]) await open.close();
});

it('names what nobody holds, who had it last, and what the others know of it', async () => {
  const { office, relay, tills } = await fleet();
  const [first, second, third] = tills;
  // The third sells and hands in; the second sees it, writes after it, and only its file reaches the first.
  await sell(third, 2);
  await third.sync(relay);
  await second.sync(relay);
  await sell(second, 1);
  await first.import(await second.export());
  // And one that no relay ever saw, on which the second built.
  await sell(third, 1);
  await second.import(await third.export());
  await sell(second, 1);
  const alone = second
    .pendingOps()
    .filter(({ verb }) => verb.startsWith('stock.move'))
    .at(-1);
  const last = await second.log.get(alone?.hash as never);
  await office.close();
  const headOfThird = third.log.head(third.device, 'hq' as never);

  // Only the first till is left, and the last backup of the second knew how far it was.
  const heads = [['hq', second.device, last?.record.op.seq ?? 0, last?.record.hash ?? ''] as const];
  const survey = await surveyLogs([{ name: 'till 1', log: first.log, heads }]);
  expect(survey.positions).toEqual([]);
  expect(survey.missing).toMatchObject([
    { hash: last?.record.hash, device: second.device, traces: [{ kind: 'head' }] },
  ]);

  // Only the second till's own ops are left, in pieces: the chain of the third is named by the place it stops at.
  const pieces = (await second.log.pending('hq' as never)).filter(({ op }) => op.device === second.device);
  expect(pieces.map(({ op }) => op.seen?.heads ?? []).flat()).toContain(headOfThird?.hash);
  const { createMemoryLogStore } = await import('@tallystick/oplog/memory');
  const scrap = createMemoryLogStore();
  scrap.append(pieces);
  const scraps = await surveyLogs([{ name: 'scrap', log: scrap }]);
  const built = scraps.missing.find(({ hash }) => hash === headOfThird?.hash);
  expect(built?.traces).toMatchObject([{ kind: 'built-on', device: second.device }]);
  const [gap] = scraps.positions;
  expect(gap).toMatchObject({ from: 0, lastDevice: second.device });
  expect(gap?.until).toBe(second.log.tip('hq' as never).size);
  for (const open of tills) await open.close();
});

it('names two survivors who hold different ops at one position', async () => {
  const { office, tills } = await fleet();
  const [first, second] = tills;
  const swapped = {
    ...second.log,
    scopes: () => second.log.scopes(),
    tip: () => ({ ...second.log.tip('hq' as never), frontier: ['ab'.repeat(32)] }),
    base: () => second.log.base('hq' as never),
    pending: () => [],
    receipts: () => [],
    settled: async (...asked: Parameters<typeof second.log.settled>) =>
      [...(await second.log.settled(...asked))].reverse(),
  };
  const { conflicts } = await surveyLogs([
    { name: 'one', log: first.log },
    { name: 'two', log: swapped },
  ]);
  expect(conflicts[0]).toMatchObject({ scope: 'hq', position: 0, survivors: ['one', 'two'] });
  for (const open of [office, ...tills]) await open.close();
});

it('takes the numbers that a survivor says for what somebody said, however large and however many', async () => {
  const office = await newOffice();
  await sell(office, 1);
  const [first, last] = (await office.log.pending('hq' as never)).flatMap((one, at, all) =>
    at === 0 || at === all.length - 1 ? [one] : [],
  );
  const boast = {
    ...last,
    hash: 'ff'.repeat(32),
    op: { ...last?.op, seen: { root: 'ab'.repeat(32), size: Number.MAX_SAFE_INTEGER } },
  };
  const lines = Array.from({ length: 200_000 }, (_, position) => ({ position, hash: 'ab'.repeat(32) }));
  const hostile = {
    ...office.log,
    scopes: () => ['hq'],
    tip: () => ({ size: 0, frontier: [], note: '' }),
    base: () => ({ size: 0 }),
    pending: () => [first, boast],
    receipts: () => [{ note: '', lines: [...lines, { position: 2 ** 40, hash: first?.hash }] }],
  } as never;
  const { scopes, positions } = await surveyLogs([{ name: 'hostile', log: hostile }]);
  expect(scopes).toMatchObject([{ held: 2, settled: [], known: Number.MAX_SAFE_INTEGER }]);
  expect(positions).toMatchObject([
    { from: 0, until: 2 ** 40, lastDevice: office.device },
    { from: 2 ** 40 + 1, until: Number.MAX_SAFE_INTEGER, lastDevice: office.device },
  ]);
  await office.close();
});
