// What a place may do to a backup, done in every kind of place, with real servers behind: each is told from the others by what comes back out of it.
import { nodeHasher } from '@tallystick/chain/node';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type BackupPlace,
  bucketPlace,
  filesIn,
  filesOf,
  type FoundFile,
  joinFiles,
  judgeBackups,
  type JudgeOptions,
  memoryPlace,
  openPart,
  parsePartName,
  partName,
  sealPart,
} from '../src/index.ts';
import { folderPlace } from '../src/node.ts';
import { credentials, folder, hasMail, startBuckets, startMailbox, stopServers } from './place-servers.ts';
import { allFiles, crypto, keep, newOffice, openers, owner, sell } from './shop.ts';

afterAll(stopServers);

const shop = await newOffice();
const made = memoryPlace();
const { keeper } = keep(shop, [made]);
for (let part = 0; part < 4; part += 1) {
  await sell(shop, 2);
  await keeper.backUp({ whole: part === 2 });
}
// Numbers 1 to 4: whole, delta, whole, delta.
const honest = await allFiles([made]);
const byNumber = (number: number): FoundFile =>
  honest.find(({ name }) => parsePartName(name)?.number === number) as FoundFile;

const stranger = await newOffice();
const others = memoryPlace();
await keep(stranger, [others]).keeper.backUp();
const [foreign] = (await allFiles([others])) as [FoundFile];

/** The newest part once more under a greater number, by somebody who can seal to the owner and has no key of the book. */
async function forged(): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const latest = await openPart(byNumber(4).bytes, openers, nodeHasher);
  if (!latest.ok) throw new Error(latest.message);
  const { header, sections } = latest.value;
  const { bytes } = await sealPart(
    {
      header: { ...header, number: 9, kind: 'whole', on: 9 },
      author: header,
      sections,
      sign: async () => ({ ...header, signature: 'ab'.repeat(64) }),
      recipients: [owner.recipient],
    },
    nodeHasher,
  );
  return { name: partName({ ...header, number: 9, kind: 'whole' }), bytes };
}

const newestHead = shop.query<{ device: string; seq: number; hash: string }>('SELECT device, seq, hash FROM chains');
const anchors = newestHead.map(({ device, seq, hash }) => ['hq', device, seq, hash] as const);

interface Hostile {
  readonly name: string;
  readonly does: (place: BackupPlace) => Promise<void>;
  readonly knows?: Partial<JudgeOptions>;
  readonly told: { readonly refused: readonly string[]; readonly findings: readonly string[]; readonly number: number };
}

const dropping =
  (...numbers: readonly number[]) =>
  async (place: BackupPlace): Promise<void> => {
    for (const number of numbers) await place.drop(byNumber(number).name);
  };
const shown = (refused: readonly string[], findings: readonly string[], number: number): Hostile['told'] => ({
  refused,
  findings,
  number,
});

const cases: readonly Hostile[] = [
  { name: 'nothing', does: async () => undefined, told: shown([], [], 4) },
  {
    name: 'cuts the newest short',
    does: (place) => place.save(byNumber(4).name, byNumber(4).bytes.subarray(0, 200)),
    told: shown(['recovery/truncated'], ['recovery/incomplete'], 3),
  },
  {
    name: 'changes a byte of the newest',
    does: ({ save }) =>
      save(
        byNumber(4).name,
        byNumber(4).bytes.map((byte, at) => (at === 300 ? byte ^ 1 : byte)),
      ),
    told: shown(['recovery/damaged'], ['recovery/incomplete'], 3),
  },
  {
    name: 'adds one that nobody signed',
    does: async ({ save }) => forged().then(({ name, bytes }) => save(name, bytes)),
    told: shown(['recovery/forged'], [], 4),
  },
  {
    name: 'adds one of another book',
    does: ({ save }) => save(foreign.name, foreign.bytes),
    told: shown(['recovery/foreign'], [], 4),
  },
  {
    name: 'is older than somebody knows',
    does: dropping(4),
    knows: { knownNumber: 4 },
    told: shown([], ['recovery/older'], 3),
  },
  {
    name: 'holds back the newest, and others know its last op',
    does: dropping(4),
    knows: { anchors },
    told: shown([], ['recovery/withheld'], 3),
  },
  { name: 'holds back one in between', does: dropping(3), told: shown([], ['recovery/withheld'], 2) },
];

interface Kind {
  readonly kind: string;
  readonly isThere?: boolean;
  open(): Promise<BackupPlace>;
  /** What a restore sees of it. */
  found?(place: BackupPlace): Promise<readonly FoundFile[]>;
  /** Within one file parts have no names: of one that does not open nobody can say which it was. */
  readonly isNameless?: boolean;
}

const kinds: readonly Kind[] = [
  { kind: 'folder', open: async () => folderPlace(join(folder, 'stick')) },
  { kind: 'bucket', open: async () => bucketPlace({ url: `${await startBuckets()}/backups`, ...credentials }) },
  { kind: 'mailbox', isThere: hasMail(), open: startMailbox },
  {
    kind: 'download',
    isNameless: true,
    open: async () => memoryPlace(),
    // One file, as the person saved it and chooses it again.
    found: async (place) => filesOf('backup.age', await joinFiles(place)).files,
  },
];

describe.each(kinds.filter(({ isThere }) => isThere !== false))(
  'a $kind that',
  ({ open, found = filesIn, isNameless }) => {
    let place: BackupPlace;
    beforeAll(async () => {
      place = await open();
      for (const { name, bytes } of honest) await place.save(name, bytes);
    });

    /** What whoever holds the place touches is put right afterwards. */
    const touched = new Set<string>();
    const hand = (): BackupPlace => ({
      ...place,
      save: (name, bytes) => place.save(touched.add(name) && name, bytes),
      drop: (name) => place.drop(touched.add(name) && name),
    });
    afterEach(async () => {
      for (const name of touched) {
        const was = honest.find((file) => file.name === name);
        await (was === undefined ? place.drop(name) : place.save(name, was.bytes));
      }
      touched.clear();
    });

    it.each(cases)('does this: $name', async ({ does, knows = {}, told }) => {
      await does(hand());
      const { verdicts, findings, chosen } = await judgeBackups(await found(place), {
        openers,
        crypto,
        book: shop.id,
        ...knows,
      });
      expect({
        refused: verdicts.flatMap(({ code }) => code ?? []),
        findings: findings.map(({ code }) => code),
        number: chosen?.number,
      }).toEqual(
        isNameless === true
          ? { ...told, findings: told.findings.filter((code) => code !== 'recovery/incomplete') }
          : told,
      );
    });
  },
);
