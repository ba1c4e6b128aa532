/** The live tables are the fold of the log, on either database, and whoever edits them by hand is named. */
import { join } from 'node:path';
import { nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import Database from 'better-sqlite3';
import initSqlJs from 'sql.js';
import type { Witness } from './claim.ts';
import { sellMany, type ShopBook, short, type TwoDevices, withShop } from './shop.ts';

const SALES = 20;

export const replay: Witness = {
  name: 'replay',
  claims: ['proof', 'sqljs', 'edited'],
  run: ({ broken, claim }) =>
    withShop(async (shop) => {
      await sellMany(shop.till, SALES, (sale) => `sku-${sale % 5}`);
      // The fault of the first two claims: a row that no op made so.
      if (broken) editOutsideTheLog(shop);

      const honest = await prove(shop.till);
      claim({ ops: honest.ops, rows: honest.rows }, { claim: 'proof', problems: honest.problems.length }, honest.ok);

      const { ops, digest } = await shop.till.replay(sqljsStore({ sqlite: await initSqlJs() }));
      const facts = { claim: 'sqljs', digest: short(digest.digest) };
      claim({ ops }, facts, digest.digest === shop.till.digest().digest);

      editOutsideTheLog(shop);
      const table = broken ? await selfCheck(shop.till) : (await prove(shop.till)).problems[0]?.table;
      claim({ ops }, { claim: 'edited', edited: 'stock', named: table ?? 'nothing' }, table === 'stock');
    }),
};

async function prove(book: ShopBook): ReturnType<ShopBook['prove']> {
  const fresh = nodeStore(':memory:');
  const report = await book.prove(fresh);
  await fresh.close();
  return report;
}

/** The fault of the third claim: a check that folds the log twice and compares the folds with each other never sees the live tables. */
async function selfCheck(book: ShopBook): Promise<string | undefined> {
  const sqlite = await initSqlJs();
  const [one, two] = [await book.replay(sqljsStore({ sqlite })), await book.replay(sqljsStore({ sqlite }))];
  return one.digest.digest === two.digest.digest ? undefined : 'stock';
}

function editOutsideTheLog({ dir, till }: TwoDevices): void {
  // Rows follow the log a moment later; whoever reads has them written, and only what is written can be edited.
  till.query('SELECT count(*) FROM stock');
  const db = new Database(join(dir, 'till.db'));
  const { changes } = db.prepare('UPDATE stock SET onHand = onHand + 1').run();
  db.close();
  if (changes === 0) throw new Error('there was no stock to edit');
}
