/** A book kept outside its store, and brought back: a day's backup, a till restored to its next sale, an office rebuilt from fifty branches. */
import { join } from 'node:path';
import { createOrganisationIdentity } from '@tallystick/custody';
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type Scope } from '@tallystick/oplog';
import {
  createBackupKeeper,
  filesIn,
  judgeBackups,
  memoryPlace,
  rebuildBook,
  restoreBook,
  type StateStore,
  type Survivor,
} from '@tallystick/recovery';
import { createDice, createLocalRelay, createSeededKeys, type ShopBook, shopVerbs } from '@tallystick/testkit';
import { anySale, anySales, checkSales, openTill, settleAll, type Till, trade } from '../sales.ts';
import { type Case, mustBe, type Size, type Suite, timed } from '../suite.ts';

const DAY_SALES = 200;
/** Everything but years of documents. */
const HOT_BYTES = 1 << 20;
const branchesOf = ({ commits }: Size): number => Math.max(2, Math.round(commits / 64));
const salesOf = ({ commits }: Size): number => Math.max(2, Math.round(commits / 8));
const owner = await createOrganisationIdentity();
const openers = [{ kind: 'organisation', identity: owner.identity }] as const;

export const recovery: Suite = {
  name: 'recovery',
  summary: 'a backup of a day, a till restored to its next sale, an office rebuilt from fifty branches',
  async prepare(size, folder) {
    const day = await soldTill(DAY_SALES);
    const year = await soldTill(size.ops * 10);
    const firm = await manyBranches(size);
    return {
      cases: [backupCase(day), await deltaCase(year), await restoreCase(year, size, folder), rebuildCase(firm, size)],
      close: async () => {
        for (const book of [day.book, year.book, firm.office, ...firm.tills]) await book.close();
      },
    };
  },
};

/** A till whose sales have positions. */
async function soldTill(sales: number): Promise<Till> {
  const till = await openTill({ store: nodeStore(':memory:') });
  await trade(till, sales);
  await settleAll(till);
  return till;
}

function keeperOf(
  { book }: Till,
  place = memoryPlace(),
  state: StateStore = { load: () => undefined, save: () => undefined },
): ReturnType<typeof createBackupKeeper> {
  return createBackupKeeper({
    book,
    hasher: nodeCrypto.hasher,
    recipients: () => [owner.recipient],
    places: [place],
    state,
  });
}

function backupCase(till: Till): Case {
  const once = () => keeperOf(till).backUp({ whole: true });
  return {
    figures: figuresOf('backup-day'),
    count: async () => ({ bytes: (await once())?.bytes ?? 0 }),
    async run() {
      const { ms, cpuMs, value } = await timed(once);
      mustBe('kind of part', value?.kind, 'whole');
      return [ms, cpuMs];
    },
  };
}

/** The same day at a till of many years, whose backups go on: what came since the last. */
async function deltaCase(till: Till): Promise<Case> {
  let last: string | undefined;
  const files = new Map<string, Uint8Array>();
  const first = { load: () => undefined, save: (text: string) => void (last = text) };
  await keeperOf(till, memoryPlace('memory', files), first).backUp();
  await trade(till, DAY_SALES);
  // As remembered before the day and as it was in the place, whatever is made now: each run makes the same part.
  const state = { load: () => last, save: () => undefined };
  const once = () => keeperOf(till, memoryPlace('memory', new Map(files)), state).backUp();
  return {
    figures: figuresOf('backup-delta'),
    count: async () => ({ bytes: (await once())?.bytes ?? 0 }),
    async run() {
      const { ms, cpuMs, value } = await timed(once);
      mustBe('kind of part', value?.kind, 'delta');
      return [ms, cpuMs];
    },
  };
}

async function restoreCase(till: Till, size: Size, folder: string): Promise<Case> {
  const place = memoryPlace();
  const made = await keeperOf(till, place).backUp({ whole: true });
  const whole = (await filesIn(place)).filter(({ name }) => !name.includes('-log.'));
  const settled = await settledDigest(till.book);
  let run = 0;
  return {
    figures: [...figuresOf('restore-till'), ...figuresOf('restore-rest')],
    count: async () => ({ bytes: made?.bytes ?? 0 }),
    async run() {
      run += 1;
      const keys = createSeededKeys('till 1', nodeCrypto);
      const store = nodeStore(join(folder, `restored-${run}.db`));
      const { ms, cpuMs, value } = await timed(async () => {
        const { chosen } = await judgeBackups(whole, { openers, crypto: nodeCrypto, book: till.book.id });
        if (chosen === undefined) throw new Error('nothing was chosen');
        const { book } = await restoreBook({ chosen, store, keys, verbs: shopVerbs, hotBytes: HOT_BYTES });
        await book.anchor();
        const { verb, args } = anySale(till.dice);
        mustBe('the sale', (await book.commit(verb, args)).ok, true);
        return book;
      });
      const rest = await timed(() => value.loadRest());
      checkSales(value, size.ops * 10 + DAY_SALES + 1);
      mustBe('rows that came back', await settledDigest(value), settled);
      await value.close();
      return [ms, cpuMs, rest.ms, rest.cpuMs];
    },
  };
}

/** Of the rows without those of ops that have no position: the sale after a restore is such a one. */
async function settledDigest(book: ShopBook): Promise<string> {
  const { manifest } = await book.saveSnapshot({ save: () => undefined });
  return manifest.scopes[0]?.digest ?? '';
}

interface Firm {
  readonly office: ShopBook;
  readonly tills: readonly ShopBook[];
  readonly survivors: readonly Survivor[];
}

async function manyBranches(size: Size): Promise<Firm> {
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  const office = (await openTill({ store: nodeStore(':memory:') })).book;
  const tills: ShopBook[] = [];
  for (let index = 0; index < branchesOf(size); index += 1) {
    const keys = createSeededKeys(`branch ${index}`, nodeCrypto);
    const key = await keys.create('device');
    const args = {
      device: key.device,
      key: encodeHex(key.publicKey),
      name: `branch ${index}`,
      role: 'manager' as const,
    };
    mustBe('enrolled', (await office.commit('device.enroll', args)).ok, true);
    const scope = `b/${index + 1}` as Scope;
    tills.push(await openBook({ store: nodeStore(':memory:'), keys, verbs: shopVerbs, book: office.id, scope }));
  }
  await office.sync(relay.client());
  for (const [index, till] of tills.entries()) {
    const dice = createDice(index + 2);
    await till.sync(relay.client());
    await till.anchor();
    const commits = await till.commitAll([...anySales(dice, salesOf(size))]);
    mustBe(
      'refused sales',
      commits.find(({ ok }) => !ok),
      undefined,
    );
    await till.sync(relay.client());
  }
  await relay.close();
  return { office, tills, survivors: tills.map((till, index) => ({ name: `branch ${index + 1}`, log: till.log })) };
}

function rebuildCase({ office, tills, survivors }: Firm, size: Size): Case {
  const once = () =>
    rebuildBook({
      store: nodeStore(':memory:'),
      keys: createSeededKeys('new office', nodeCrypto),
      verbs: shopVerbs,
      book: office.id,
      survivors,
      replicate: 'all',
    });
  const check = ({ book, survey, waiting }: Awaited<ReturnType<typeof once>>): void => {
    mustBe('missing', survey.missing.length + survey.positions.length + survey.conflicts.length + waiting.length, 0);
    checkSales(book, branchesOf(size) * salesOf(size));
    const ours = book.digest().scopes;
    for (const [index, till] of tills.entries())
      mustBe('digest', ours[`b/${index + 1}`]?.digest, till.digest().scopes[`b/${index + 1}`]?.digest);
  };
  return {
    figures: figuresOf(`rebuild-${branchesOf(size)}`),
    count: async () => {
      const rebuilt = await once();
      const ops = rebuilt.survey.scopes.reduce((sum, { held }) => sum + held, 0);
      await rebuilt.book.close();
      return { ops };
    },
    async run() {
      const { ms, cpuMs, value } = await timed(once);
      check(value);
      await value.book.close();
      return [ms, cpuMs];
    },
  };
}

const figuresOf = (name: string): Case['figures'] => [
  { name, unit: 'ms' },
  { name: `${name}-cpu`, unit: 'ms' },
];
