// From a device to its backups and back: nothing lost, nothing twice.
import { openBook } from '@tallystick/kernel';
import { expect, it } from 'vitest';
import { judgeBackups, memoryPlace, parsePartName, restoreBook } from '../src/index.ts';
import {
  allFiles,
  crypto,
  keep,
  newKeys,
  newOffice,
  newRelay,
  newStore,
  newTill,
  onHand,
  openers,
  sell,
  verbs,
} from './shop.ts';

it('puts a till back that sold on after its last exchange, and doubles nothing', async () => {
  const relay = await newRelay();
  const office = await newOffice();
  const keys = newKeys();
  const till = await newTill(office, relay, keys);
  const place = memoryPlace();
  const { keeper } = keep(till, [place]);
  await sell(till, 5);
  expect(await keeper.backUp()).toMatchObject({ number: 1, kind: 'whole' });
  await sell(till, 3);
  await till.sync(relay);
  await sell(till, 2);
  expect(await keeper.backUp()).toMatchObject({ number: 2, kind: 'delta' });
  expect(await keeper.backUp()).toBeUndefined();
  const before = till.digest().digest;
  await till.close();

  const { chosen, findings, verdicts } = await judgeBackups(await allFiles([place]), {
    openers,
    crypto,
    book: office.id,
  });
  expect(findings).toEqual([]);
  expect(verdicts.map(({ code }) => code)).toEqual(verdicts.map(() => undefined));
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book, report } = await restoreBook({ chosen, store: newStore(), keys, verbs });
  expect(report).toMatchObject({ number: 2, aside: [], lost: [] });
  expect(book.digest().digest).toBe(before);
  // It does not know yet whether it wrote more.
  expect(await book.commit('stock.move', { sku: 'apple', quantity: -1 })).toMatchObject({ code: 'kernel/unanchored' });
  await book.sync(relay);
  await sell(book, 1);
  await book.sync(relay);
  await office.sync(relay);
  expect([onHand(book), onHand(office)]).toEqual([-11, -11]);
  expect(book.status().scopes.some(({ forked }) => forked)).toBe(false);
  for (const open of [book, office]) await open.close();
});

it('learns from the relay what no backup has', async () => {
  const relay = await newRelay();
  const office = await newOffice();
  const keys = newKeys();
  const till = await newTill(office, relay, keys);
  const place = memoryPlace();
  await sell(till, 4);
  await till.sync(relay);
  await keep(till, [place]).keeper.backUp();
  await sell(till, 6);
  await till.sync(relay);
  await till.close();
  await office.sync(relay);
  const head = office.log.head(till.device, 'hq' as never);
  const files = await allFiles([place]);
  const anchors = [['hq', till.device, head?.seq ?? 0, head?.hash ?? ''] as const];
  const { chosen, findings } = await judgeBackups(files, { openers, crypto, anchors });
  expect(findings).toMatchObject([{ code: 'recovery/withheld' }]);
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book } = await restoreBook({ chosen, store: newStore(), keys, verbs });
  await book.sync(relay);
  await sell(book, 1);
  await book.sync(relay);
  expect(onHand(book)).toBe(-11);
  for (const open of [book, office]) await open.close();
});

it('puts back a shop without a relay, and the whole history of one that has an archive', async () => {
  const keys = newKeys();
  const shop = await newOffice(keys);
  const place = memoryPlace();
  const kept = keep(shop, [place]);
  await sell(shop, 7);
  await kept.keeper.backUp();
  await sell(shop, 2);
  await kept.keeper.backUp();
  const judged = await judgeBackups(await allFiles([place]), { openers, crypto });
  if (judged.chosen === undefined) throw new Error('nothing was chosen');
  const alone = await restoreBook({ chosen: judged.chosen, store: newStore(), keys, verbs });
  expect(alone.book.digest().digest).toBe(shop.digest().digest);
  await alone.book.close();

  const relay = await newRelay();
  await shop.sync(relay);
  await sell(shop, 1);
  for (let part = 0; part < 3; part += 1) {
    await shop.sync(relay);
    await kept.keeper.backUp({ whole: true });
    await sell(shop, 3);
  }
  await kept.keeper.backUp();
  const names = (await place.list()).map(parsePartName);
  // Two wholes and what is on the last of them; archives for all that is before.
  expect(names.filter((name) => name?.kind === 'whole')).toHaveLength(2);
  expect(names.filter((name) => name?.kind === 'delta')).toHaveLength(1);
  const { chosen } = await judgeBackups(await allFiles([place]), { openers, crypto });
  if (chosen === undefined) throw new Error('nothing was chosen');
  const { book, report } = await restoreBook({ chosen, store: newStore(), keys, verbs, withHistory: true });
  expect(report.from).toEqual({ hq: 0 });
  expect(book.digest().digest).toBe(shop.digest().digest);
  expect((await book.verify()).ok).toBe(true);
  expect((await book.prove(newStore())).ok).toBe(true);
  for (const open of [book, shop]) await open.close();
});

it('goes back to an older part where a newer one is damaged, and says what that leaves out', async () => {
  const relay = await newRelay();
  const office = await newOffice();
  const keys = newKeys();
  const till = await newTill(office, relay, keys);
  const place = memoryPlace();
  const { keeper } = keep(till, [place]);
  for (const whole of [true, false, true, false]) {
    await sell(till, 2);
    await till.sync(relay);
    await sell(till, 1);
    await keeper.backUp({ whole });
  }
  const files = await allFiles([place]);
  const before = onHand(till);
  await till.close();
  const damage = async (...kinds: string[]) => {
    const left = files.map((file) => {
      const part = parsePartName(file.name);
      const isDamaged = part?.number === 3 && kinds.includes(part.kind);
      return isDamaged ? { ...file, bytes: file.bytes.map((byte, at) => (at === 400 ? byte ^ 1 : byte)) } : file;
    });
    const judged = await judgeBackups(left, { openers, crypto, book: office.id });
    if (judged.chosen === undefined) throw new Error('nothing was chosen');
    const { book, report } = await restoreBook({ chosen: judged.chosen, store: newStore(), keys, verbs });
    const ended = {
      findings: judged.findings.map(({ code }) => code),
      number: report.number,
      lost: report.lost.length,
    };
    const sold = onHand(book);
    await book.close();
    return { ...ended, sold };
  };
  // The archive beside the damaged whole and the delta on it have every op of it.
  const findings = ['recovery/withheld', 'recovery/incomplete'];
  expect(await damage('whole')).toEqual({ findings, number: 2, lost: 0, sold: before });
  // Nobody has these: the part beyond says how far the device had come.
  expect(await damage('whole', 'log')).toEqual({
    findings: [...findings, 'recovery/incomplete'],
    number: 2,
    lost: 1,
    sold: before + 6,
  });
  await office.close();
});

it('restores into an empty store only', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  await keep(shop, [place]).keeper.backUp();
  const { chosen } = await judgeBackups(await allFiles([place]), { openers, crypto });
  if (chosen === undefined) throw new Error('nothing was chosen');
  const store = newStore();
  const other = await openBook({ store, keys: newKeys(), verbs });
  await expect(restoreBook({ chosen, store, keys: newKeys(), verbs })).rejects.toMatchObject({
    code: 'recovery/not-empty',
  });
  for (const open of [other, shop]) await open.close();
});
