/** A push may be repeated at will, a relay that restarts carries on, and one that is lost is replaced: all come to the same books. */
import { join } from 'node:path';
import { nodeCrypto } from '@tallystick/kernel/node';
import { createSqliteRelayStore } from '@tallystick/relay-protocol/node';
import { createLocalRelay } from '@tallystick/testkit';
import type { Facts, Population, Trial, Witness } from './claim.ts';
import { hq, sell, sellMany, short, type TwoDevices, withShop } from './shop.ts';

const SALES = 10;

/** The relay is gone with its key, and the till alone has what it took last. The fault: a new relay is there, and no owner appointed it. */
async function replace(
  { office, till }: TwoDevices,
  broken: boolean,
): Promise<{ of: Population; facts: Facts; holds: boolean }> {
  const old = await createLocalRelay({ crypto: nodeCrypto, name: 'old.test' });
  const next = await createLocalRelay({ crypto: nodeCrypto, name: 'next.test' });
  for (const book of [office, till, office]) await book.sync(old.client());
  await sellMany(till, SALES);
  await till.sync(old.client());
  await old.close();
  const { size } = office.log.tip(hq);
  const alone = till.log.tip(hq).size - size;
  await next.client().push(office.id, hq, await office.log.settled(hq, 0, size));
  if (!broken) await office.appointRelay({ vkey: next.vkey });
  for (const book of [office, till, office]) await book.sync(next.client()).catch(() => undefined);
  const digests = [office, till].map((book) => book.digest().digest);
  const pending = office.pendingOps().length + till.pendingOps().length;
  await next.close();
  const facts = { pending, epoch: till.status().relayEpoch ?? 0, digest: short(digests[0] ?? '') };
  return { of: { alone }, facts, holds: pending === 0 && digests[0] === digests[1] };
}

export const relay: Witness = {
  name: 'relay',
  claims: ['repeated', 'restarted', 'appointed'],
  async run(trial) {
    const { broken, claim } = trial;
    await goOn(trial);
    await withShop(async (shop) => {
      const { of, facts, holds } = await replace(shop, broken);
      claim(of, { claim: 'appointed', ...facts }, holds);
    });
  },
};

function goOn({ broken, claim }: Trial): Promise<void> {
  return withShop(async (shop) => {
    const path = join(shop.dir, 'relay.db');
    let store = createSqliteRelayStore(path);
    const server = await createLocalRelay({ crypto: nodeCrypto, store });
    // A stop and a start over the file; the fault: over an empty one.
    const restart = async (file: string): Promise<void> => {
      await server.close();
      await store.close();
      store = createSqliteRelayStore(file);
      await server.restart(store);
    };
    await sellMany(shop.till, SALES);
    await shop.office.sync(server.client());
    await shop.till.sync(server.client(), { pull: false });

    if (broken) await restart(join(shop.dir, 'empty.db'));
    const pushed = await shop.till.log.settled(hq, 0, shop.till.log.tip(hq).size);
    const { results } = await server.client().push(shop.till.id, hq, pushed);
    const existed = results.filter(({ verdict }) => verdict === 'exists').length;
    claim({ pushedAgain: pushed.length }, { claim: 'repeated', existed }, existed === pushed.length);

    await restart(path);
    await sell(shop.till, 'pear', 1);
    // The fault: what was sold last stays with the till.
    for (const book of broken ? [shop.office] : [shop.till, shop.office]) await book.sync(server.client());
    const [office, till] = [shop.office.digest().digest, shop.till.digest().digest];
    const size = shop.office.log.tip(hq).size;
    claim({ size }, { claim: 'restarted', digest: short(office) }, office === till);
    await server.close();
    await store.close();
  });
}
