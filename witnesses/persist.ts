/** A device exports its book, is wiped, takes the file in again, and has the same books. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Witness } from './claim.ts';
import { joinShop, sellMany, short, withShop } from './shop.ts';

const SALES = 20;

export const persist: Witness = {
  name: 'persist',
  claims: ['wiped'],
  run: ({ broken, claim }) =>
    withShop(async (shop) => {
      await sellMany(shop.till, SALES);
      const file = await shop.till.export();
      const before = shop.till.digest().digest;
      await shop.till.close();
      const path = join(shop.dir, 'till.db');
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });

      const again = await joinShop(shop, { path, keys: shop.tillKeys });
      // The fault: the file lost its last byte, and with it the last op.
      const report = await again.import(broken ? file.subarray(0, -1) : file);
      const { digest } = again.digest();
      claim({ bytes: file.length, ops: report.added }, { claim: 'wiped', digest: short(digest) }, digest === before);
      await again.close();
    }),
};
