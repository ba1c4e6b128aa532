// What a place may do to a backup, each told from the others.
import { nodeHasher } from '@tallystick/chain/node';
import { sealBytes } from '@tallystick/custody';
import { bookFile, packed } from '@tallystick/kernel/backup';
import type { Scope } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import {
  filesIn,
  type FoundFile,
  judgeBackups,
  type KeeperState,
  type JudgeOptions,
  logOf,
  memoryPlace,
  openPart,
  parsePartName,
  sealPart,
} from '../src/index.ts';
import {
  allFiles,
  crypto,
  keep,
  type Kept,
  newKeys,
  newOffice,
  newRelay,
  newTill,
  openers,
  owner,
  sell,
  type Shop,
} from './shop.ts';

const shop = await newOffice();
const files = new Map<string, Uint8Array>();
const place = memoryPlace('inbox', files);
const { keeper } = keep(shop, [place]);
for (let part = 0; part < 4; part += 1) {
  await sell(shop, 2);
  await keeper.backUp({ whole: part === 2 });
}
// Numbers 1 to 4: whole, delta, whole, delta.
const found = await allFiles([place]);
const numberOf = ({ name }: FoundFile): number => parsePartName(name)?.number ?? 0;
const byNumber = (number: number): FoundFile => found.find((file) => numberOf(file) === number) as FoundFile;

async function judged(these: readonly FoundFile[], more: Partial<JudgeOptions> = {}) {
  const { verdicts, findings, chosen } = await judgeBackups(these, { openers, crypto, book: shop.id, ...more });
  const refused = verdicts.filter(({ code }) => code !== undefined).map(({ code }) => code);
  return { refused, findings: findings.map(({ code }) => code), number: chosen?.number };
}
const replaced = (file: FoundFile, bytes: Uint8Array): FoundFile[] =>
  found.map((one) => (one === file ? { ...one, bytes } : one));

it('takes the newest by its signed number, in whatever order and under whatever names they come', async () => {
  expect(await judged(found)).toEqual({ refused: [], findings: [], number: 4 });
  const shuffled = [...found].reverse().map((file, index) => ({ ...file, name: `renamed ${index}.age` }));
  expect(await judged(shuffled)).toEqual({ refused: [], findings: [], number: 4 });
});

it('tells truncated, damaged, and what is no backup', async () => {
  const { bytes } = byNumber(4);
  const flipped = Uint8Array.from(bytes, (byte, index) => (index === bytes.length - 9 ? byte ^ 1 : byte));
  for (const [changed, code] of [
    [bytes.subarray(0, bytes.length - 1), 'recovery/truncated'],
    [bytes.subarray(0, 60), 'recovery/truncated'],
    [flipped, 'recovery/damaged'],
    [new TextEncoder().encode('Dear Sir'), 'recovery/not-a-backup'],
    [new Uint8Array(), 'recovery/not-a-backup'],
  ] as const)
    expect(await judged(replaced(byNumber(4), changed))).toEqual({
      refused: [code],
      // What is no file of a backup may bear any name.
      findings: code === 'recovery/not-a-backup' ? [] : ['recovery/incomplete'],
      number: 3,
    });
  // Another place has it whole: nothing is missing.
  const elsewhere = { ...byNumber(4), place: 'bucket' };
  expect(await judged([...replaced(byNumber(4), flipped), elsewhere])).toMatchObject({
    refused: ['recovery/damaged'],
    number: 4,
  });
  expect((await judged([...replaced(byNumber(4), flipped), elsewhere])).findings).not.toContain('recovery/incomplete');
  // An older one is damaged, and what came after it stands by itself.
  expect(await judged(replaced(byNumber(2), byNumber(2).bytes.subarray(0, 90)))).toEqual({
    refused: ['recovery/truncated'],
    findings: [],
    number: 4,
  });
});

it('asks which of several devices is meant, and takes the first digits of one', async () => {
  const relay = await newRelay();
  const till = await newTill(shop, relay);
  const both = memoryPlace('office', new Map(files));
  await keep(till, [both]).keeper.backUp();
  const these = await allFiles([both]);
  const asked = judgeBackups(these, { openers, crypto });
  await expect(asked).rejects.toMatchObject({ code: 'recovery/which' });
  await expect(asked).rejects.toThrow(`${till.device} up to number 1 of `);
  const one = await judged(these, { device: till.device.slice(0, 8) });
  expect(one).toMatchObject({ number: 1, findings: [] });
  expect(await judged(these, { device: shop.device })).toMatchObject({ number: 4 });
  // What bears the name of another device is not even fetched.
  const fetched = await filesIn(both, { device: till.device });
  expect(fetched.map(({ name }) => parsePartName(name)?.device)).toEqual(fetched.map(() => till.device.slice(0, 12)));
  expect(fetched.length).toBeLessThan(these.length);
  await till.close();
});

it('tells foreign, sealed to others, and forged', async () => {
  const other = await newOffice();
  const elsewhere = memoryPlace('inbox');
  await keep(other, [elsewhere]).keeper.backUp();
  const foreign = await allFiles([elsewhere]);
  expect(await judged([...found, ...foreign])).toEqual({ refused: ['recovery/foreign'], findings: [], number: 4 });
  await expect(judgeBackups([...found, ...foreign], { openers, crypto })).rejects.toMatchObject({
    code: 'recovery/which',
  });
  // Nobody signed a part of that book: it asks no one which is meant.
  const alien = await openPart((foreign[0] as FoundFile).bytes, openers, nodeHasher);
  if (!alien.ok) throw new Error(alien.message);
  const unsigned = await sealPart(
    {
      header: alien.value.header,
      author: alien.value.header,
      sections: alien.value.sections,
      sign: async () => ({ ...alien.value.header, signature: 'ab'.repeat(64) }),
      recipients: [owner.recipient],
    },
    nodeHasher,
  );
  const spam = { place: 'inbox', name: 'spam.age', bytes: unsigned.bytes };
  const asked = await judgeBackups([...found, spam], { openers, crypto });
  expect([asked.chosen?.number, asked.verdicts.find(({ name }) => name === 'spam.age')?.code]).toEqual([
    4,
    'recovery/forged',
  ]);
  const stranger = await judged(found, { openers: [{ kind: 'passphrase', passphrase: 'not the right one' }] });
  expect(stranger).toMatchObject({ refused: found.map(() => 'recovery/no-match'), number: undefined });

  // Anybody can seal to the owner. The forger has the latest part, raises its number, and signs by a key of his own.
  const latest = await openPart(byNumber(4).bytes, openers, nodeHasher);
  if (!latest.ok) throw new Error(latest.message);
  const thief = await newKeys().create('device');
  const { header, sections } = latest.value;
  const forge = async (device: Shop['device'], keyId: typeof thief.keyId) => {
    const { bytes } = await sealPart(
      {
        header: { ...header, number: 9, kind: 'whole', on: 9 },
        author: { device, keyId },
        sections,
        sign: async () => ({ device, keyId, signature: 'ab'.repeat(64) }),
        recipients: [owner.recipient],
      },
      nodeHasher,
    );
    return [...found, { place: 'inbox', name: 'new.age', bytes }];
  };
  for (const [device, keyId] of [
    [shop.device, header.keyId],
    [shop.device, thief.keyId],
  ] as const)
    expect(await judged(await forge(device, keyId))).toEqual({ refused: ['recovery/forged'], findings: [], number: 4 });
  await other.close();
});

it('believes what is signed though a forger sent the ops that bring its keys under other signatures', async () => {
  const first = await openPart(byNumber(1).bytes, openers, nodeHasher);
  if (!first.ok) throw new Error(first.message);
  const records = (await shop.log.pending('hq' as Scope)).map((record) => ({
    ...record,
    bytes: Uint8Array.from(record.bytes, (byte, index) => (index === 40 ? byte ^ 1 : byte)),
  }));
  const scope = { scope: 'hq' as Scope, from: 0, size: 0, note: '', receipts: [] };
  const { header } = first.value;
  const spam = await sealPart(
    {
      header,
      author: header,
      sections: new Map([['log', await packed(bookFile(shop.id, [scope], records))]]),
      sign: async () => ({ ...header, signature: 'ab'.repeat(64) }),
      recipients: [owner.recipient],
    },
    nodeHasher,
  );
  const mail = { place: 'inbox', name: 'later.age', bytes: spam.bytes };
  expect(await judged([...found, mail])).toEqual({ refused: ['recovery/forged'], findings: [], number: 4 });
});

it('tells what is older than known from what is withheld', async () => {
  const without = (...numbers: number[]) => found.filter((file) => !numbers.includes(numberOf(file)));
  expect(await judged(without(4), { knownNumber: 4 })).toMatchObject({ findings: ['recovery/older'], number: 3 });
  // The whole between is gone: the delta on it is of no use, and says that something is missing.
  expect(await judged(without(3), { knownNumber: 4 })).toMatchObject({
    findings: ['recovery/withheld', 'recovery/older'],
    number: 2,
  });
  const second = without(4).map((file) => ({ ...file, place: 'bucket' }));
  expect(await judged([...found, ...second])).toMatchObject({ findings: ['recovery/withheld'], number: 4 });
  expect(await judged(found, { anchors: [['hq', shop.device, 999, 'ab'.repeat(32)]] })).toMatchObject({
    findings: ['recovery/withheld'],
  });
});

it('prefers, of two parts with one number, the one that others bear out', async () => {
  // The state of number 3 was copied: two devices go on from it, each with a part 4 and 5 of its own.
  const copy: Kept['state'] = { text: '' };
  const second = memoryPlace('second', new Map(files));
  const first = keep(shop, [second], copy);
  await sell(shop, 1);
  await first.keeper.backUp({ whole: true });
  const stale = JSON.stringify({ ...(JSON.parse(copy.text) as KeeperState), number: 4 });
  await sell(shop, 1);
  const twice = memoryPlace('third');
  await keep(shop, [twice], { text: stale }).keeper.backUp({ whole: true });
  expect(await judged([...(await allFiles([second])), ...(await allFiles([twice]))])).toMatchObject({
    findings: expect.arrayContaining(['recovery/two-series']),
  });
});

it('never throws for what a file holds', async () => {
  const texts = ['', '{}', '{"tallystick":"recovery/1"}\n\n', `${'x'.repeat(300)}\n`, '\n\n'];
  for (const text of texts) {
    const sealed = await sealBytes(new TextEncoder().encode(text), [owner.recipient]);
    const outer = new TextEncoder().encode(`tallystick/recovery/1 ${sealed.length}\n`);
    const bytes = new Uint8Array([...outer, ...sealed]);
    expect(await judged([{ place: 'inbox', name: 'x.age', bytes }])).toMatchObject({ refused: ['recovery/format'] });
  }
});

it('says that there is nobody to seal to, and that the ops of a part cannot be read', async () => {
  const latest = await openPart(byNumber(4).bytes, openers, nodeHasher);
  if (!latest.ok) throw new Error(latest.message);
  const { header, sections } = latest.value;
  const sign = async () => shop.sign('recovery/1', '');
  const part = { header, author: header, sections, sign, recipients: [] };
  await expect(sealPart(part, nodeHasher)).rejects.toMatchObject({ code: 'recovery/recipients' });
  await expect(logOf({ ...latest.value, sections: new Map() })).rejects.toMatchObject({ code: 'recovery/log' });
  const noise = new Map([['log', new Uint8Array(9)]]);
  await expect(logOf({ ...latest.value, sections: noise })).rejects.toMatchObject({ code: 'recovery/log' });
});
