// A backup as people hold it: one file of everything, a mail pasted whole, a text of the clipboard; and parts brought from place to place.
import { createOrganisationIdentity, openIdentity, sealIdentity } from '@tallystick/custody';
import { createTransport } from 'nodemailer';
import { expect, it } from 'vitest';
import {
  carryParts,
  filesOf,
  joinFiles,
  judgeBackups,
  memoryPlace,
  noteOf,
  partName,
  restoreBook,
} from '../src/index.ts';
import { crypto, keep, newKeys, newOffice, newStore, onHand, openers, sell, type Shop, verbs } from './shop.ts';

const judged = (files: Parameters<typeof judgeBackups>[0]) => judgeBackups(files, { openers, crypto });

async function backedUp(): Promise<{ shop: Shop; place: ReturnType<typeof memoryPlace> }> {
  const shop = await newOffice();
  const place = memoryPlace();
  const { keeper } = keep(shop, [place]);
  for (let count = 1; count <= 3; count += 1) {
    await sell(shop, count);
    await keeper.backUp();
  }
  return { shop, place };
}

it('is one file, a mail pasted whole or a line of text, and each restores the same', async () => {
  const { shop, place } = await backedUp();
  const own = await createOrganisationIdentity();
  const sealed = await sealIdentity(own.identity, {
    kind: 'passphrase',
    passphrase: 'seven words of a good length',
    workFactor: 10,
  });
  const one = await joinFiles(place, [sealed]);
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail({
    from: 'shop@example.org',
    to: 'shop@example.org',
    subject: 'tallystick backup all.age',
    text: 'A sealed backup of the books. Keep this message.\n',
    attachments: [{ filename: 'all.age', content: Buffer.from(one), contentType: 'application/octet-stream' }],
  });
  const line = new TextEncoder().encode(Buffer.from(one).toString('base64'));
  for (const bytes of [one, new Uint8Array(message as Buffer), line]) {
    const found = filesOf('backup', bytes);
    expect(found.files).toHaveLength(3);
    const [opener = ''] = found.openers;
    expect(
      await openIdentity(opener, { kind: 'passphrase', passphrase: 'seven words of a good length' }),
    ).toMatchObject({
      value: own.identity,
    });
    const { chosen, findings } = await judged(found.files);
    expect([chosen?.number, findings]).toEqual([3, []]);
    if (chosen === undefined) throw new Error('nothing was chosen');
    const { book } = await restoreBook({ chosen, store: newStore(), keys: newKeys(), verbs });
    expect(onHand(book)).toBe(onHand(shop));
    await book.close();
  }
  await shop.close();
});

it('says of what is cut, changed or something else what it is', async () => {
  const { shop, place } = await backedUp();
  const one = await joinFiles(place);
  const codes = async (bytes: Uint8Array) => (await judged(filesOf('x', bytes).files)).verdicts.map(({ code }) => code);
  expect(await codes(one.slice(0, -1))).toEqual(['recovery/truncated', undefined, undefined]);
  expect(await codes(Uint8Array.of(...one, 0))).toEqual(['recovery/damaged', undefined, undefined]);
  expect(await codes(new TextEncoder().encode('Dear shop, please find nothing attached.'))).toEqual([
    'recovery/not-a-backup',
  ]);
  expect(await codes(new Uint8Array())).toEqual(['recovery/not-a-backup']);
  // A digit of the first part's length, and a byte that got lost of it: the others are read.
  const first = Buffer.from(one).indexOf('tallystick/recovery/1 ') + 'tallystick/recovery/1 '.length;
  const longer = Uint8Array.from(one, (byte, index) => (index === first ? (byte === 57 ? 56 : 57) : byte));
  expect(await codes(longer)).toEqual([expect.stringMatching(/truncated|damaged/), undefined, undefined]);
  expect(await codes(Buffer.concat([one.subarray(0, first + 9), one.subarray(first + 10)]))).toEqual([
    'recovery/truncated',
    undefined,
    undefined,
  ]);
  const cut = Buffer.from(one).toString('base64');
  expect(await codes(new TextEncoder().encode(cut.slice(0, -7)))).toContain('recovery/truncated');
  await shop.close();
});

it('carries what another place lacks, and drops there what is outlived', async () => {
  const { shop, place } = await backedUp();
  const other = memoryPlace('other');
  expect(await carryParts(place, other)).toBe(3);
  expect(await carryParts(place, other)).toBe(0);
  const { keeper } = keep(shop, [place]);
  await keeper.backUp({ whole: true });
  await keeper.backUp({ whole: true });
  expect(await carryParts(place, other)).toBe(2);
  expect(new Set(await other.list())).toEqual(new Set(await place.list()));
  const liar = { ...memoryPlace(), load: async () => new Uint8Array(3) };
  await expect(carryParts(place, liar)).rejects.toMatchObject({ code: 'recovery/unverified' });
  // A source that was emptied has nothing to say of what others hold.
  expect(await carryParts(memoryPlace(), other)).toBe(0);
  // A device that came back gave a number twice: what is there is not what it made.
  expect(await carryParts(place, other, { checkedUpTo: 0 })).toBe(0);
  const [name = ''] = await place.list();
  await other.save(name, new Uint8Array([1]));
  expect(await carryParts(place, other, { checkedUpTo: 9 })).toBe(0);
  await expect(carryParts(place, other, { checkedUpTo: 0 })).rejects.toMatchObject({ code: 'recovery/two-series' });
  expect(await other.list()).toHaveLength(2);
  // Nor is a later one that it did not make. What it made goes there all the same.
  const later = partName({ book: shop.id, device: shop.device, number: 9, kind: 'whole' });
  const copied = memoryPlace('copied', new Map([[later, new Uint8Array([1])]]));
  await expect(carryParts(place, copied, { checkedUpTo: 0 })).rejects.toMatchObject({ code: 'recovery/two-series' });
  expect(await copied.list()).toHaveLength(3);
  expect(await carryParts(place, copied, { checkedUpTo: 9 })).toBe(0);
  await shop.close();
});

it('drops nothing for parts that the source lists and does not give', async () => {
  const { shop, place } = await backedUp();
  const before = await place.list();
  const nameAt = (number: number): string => partName({ book: shop.id, device: shop.device, number, kind: 'whole' });
  const liar = { ...memoryPlace(), list: async () => [nameAt(1_000), nameAt(1_001)] };
  expect(await carryParts(liar, place)).toBe(0);
  expect(await place.list()).toEqual(before);
  await shop.close();
});

it('seals ahead, waits with a whole until it is quiet, and keeps a note', async () => {
  const shop = await newOffice();
  const place = memoryPlace();
  let isQuiet = false;
  let signatures = 0;
  const counted = new Proxy(shop, {
    get: (book, name) =>
      name === 'sign'
        ? (...said: Parameters<Shop['sign']>) => {
            signatures += 1;
            return book.sign(...said);
          }
        : typeof book[name as keyof Shop] === 'function'
          ? (book[name as keyof Shop] as () => unknown).bind(book)
          : book[name as keyof Shop],
  });
  const { keeper } = keep(
    counted,
    [place],
    { text: '' },
    { isQuiet: () => isQuiet, note: () => 'https://relay.example' },
  );
  await sell(shop, 60);
  expect(await keeper.keep()).toBeUndefined();
  isQuiet = true;
  expect((await keeper.keep())?.kind).toBe('whole');
  await sell(shop, 2);
  await keeper.prepare();
  expect((await place.list()).length).toBe(1);
  const signed = signatures;
  expect(await keeper.backUp()).toMatchObject({ kind: 'delta', number: 2, ops: 2 });
  expect(signatures).toBe(signed);
  await sell(shop, 1);
  await keeper.prepare();
  await sell(shop, 1);
  // What was sealed ahead lacks the last one, so it is not it that is written.
  expect(await keeper.backUp()).toMatchObject({ ops: 2 });
  expect(keeper.standing().behind).toBe(0);
  const { chosen } = await judged(filesOf('all', await joinFiles(place)).files);
  expect(chosen && noteOf(chosen.whole)).toBe('https://relay.example');
  await shop.close();
});
