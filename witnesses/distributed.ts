/** Two devices trade apart; whoever gets their ops, in whatever order and however often, has the same books. */
import { createDice, framesOf, recutBookFile } from '@tallystick/testkit';
import type { Trial, Witness } from './claim.ts';
import { exchange, joinShop, sellMany, short, type TwoDevices, withShop } from './shop.ts';

export const distributed: Witness = {
  name: 'distributed',
  claims: ['meet', 'arrive'],
  async run(trial) {
    for (const crossing of [false, true]) {
      await withShop(async (shop) => {
        await sellMany(shop.office, 10, (sale) => (crossing ? 'apple' : `office-${sale}`));
        await sellMany(shop.till, 10, (sale) => (crossing ? 'apple' : `till-${sale}`));
        await meet(trial, shop, crossing);
        await arrive(trial, shop, crossing);
      });
    }
  },
};

/** The fault: the office never gets what the till sold. */
async function meet({ broken, claim }: Trial, shop: TwoDevices, crossing: boolean): Promise<void> {
  if (broken) await shop.till.import(await shop.office.export());
  else await exchange(shop);
  const [office, till] = [shop.office.digest().digest, shop.till.digest().digest];
  claim({ ops: shop.office.pendingOps().length }, { claim: 'meet', crossing, digest: short(office) }, office === till);
}

type Reorder = (frames: readonly Uint8Array[]) => readonly Uint8Array[];

const dice = createDice(21);
const arrivals: Readonly<Record<string, Reorder>> = {
  backwards: (frames) => [...frames].reverse(),
  shuffled: (frames) => dice.shuffle(frames),
  twice: (frames) => dice.shuffle([...frames, ...frames]),
};

/** Every op comes in a file of its own. The fault: the last op of the till comes in none. */
async function arrive({ broken, claim }: Trial, shop: TwoDevices, crossing: boolean): Promise<void> {
  const file = await shop.till.export();
  const { digest } = shop.till.digest();
  const last = (await shop.till.log.pending('hq' as never)).findLast((record) => record.op.device === shop.till.device);
  for (const [order, reorder] of Object.entries(arrivals)) {
    const frames = framesOf(file).filter((frame) => !broken || !isSame(frame, last?.bytes));
    const reader = await joinShop(shop);
    const arriving = reorder(frames);
    for (const frame of arriving) await reader.import(recutBookFile(file, () => [frame]));
    const facts = { claim: 'arrive', crossing, order, digest: short(reader.digest().digest) };
    claim({ files: arriving.length }, facts, reader.digest().digest === digest);
    await reader.close();
  }
}

function isSame(frame: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.compare(frame, other) === 0;
}
