/** A push may be repeated at will, and a relay that restarts carries on: all come to the same books. */
import { join } from 'node:path';
import { nodeCrypto } from '@tallystick/kernel/node';
import { createSqliteRelayStore } from '@tallystick/relay-protocol/node';
import { createLocalRelay } from '@tallystick/testkit';
import type { Witness } from './claim.ts';
import { hq, sell, sellMany, short, withShop } from './shop.ts';

const SALES = 10;

export const relay: Witness = {
  name: 'relay',
  claims: ['repeated', 'restarted'],
  run: ({ broken, claim }) =>
    withShop(async (shop) => {
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
    }),
};
