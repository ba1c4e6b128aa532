/** The relay and the office are destroyed; what the till holds makes the books again, without a difference. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCrypto } from '@tallystick/kernel/node';
import { createLocalRelay, recutBookFile } from '@tallystick/testkit';
import type { Witness } from './claim.ts';
import { joinShop, rowsOf, sellMany, short, withShop } from './shop.ts';

const SALES = 10;

export const rebuild: Witness = {
  name: 'rebuild',
  claims: ['edges'],
  run: ({ broken, claim }) =>
    withShop(async (shop) => {
      const server = await createLocalRelay({ crypto: nodeCrypto });
      await sellMany(shop.till, SALES);
      for (let round = 0; round < 2; round++)
        for (const book of [shop.office, shop.till]) await book.sync(server.client());
      const { digest } = shop.office.digest();
      const rows = rowsOf(shop.office);
      const relayKey = shop.till.status().relayKey ?? '';
      await server.close();
      await shop.office.close();
      const path = join(shop.dir, 'office.db');
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });

      const again = await joinShop(shop, { path, relayKey });
      const file = await shop.till.export();
      // The fault: one sale is missing from what the edges hold.
      await again.import(broken ? recutBookFile(file, (frames) => frames.slice(0, -1)) : file);
      const rebuilt = new Set(rowsOf(again));
      const difference = rows.filter((row) => !rebuilt.has(row)).length + Math.abs(rebuilt.size - rows.length);
      const settled = again.status().scopes[0]?.settled ?? 0;
      const facts = { claim: 'edges', relay: 'destroyed', difference, digest: short(again.digest().digest) };
      claim({ rows: rows.length, settled }, facts, difference === 0 && again.digest().digest === digest);
      await again.close();
    }),
};
