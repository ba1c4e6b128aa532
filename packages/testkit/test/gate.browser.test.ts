// The gate in Chromium: the history of every verb folds there, on sql.js with portable cryptography, to the digest that Node comes to.
import { portableHasher } from '@tallystick/chain';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { nobleEd25519 } from '@tallystick/sign';
import { checkBook, everyVerb, liveEveryVerb } from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import sqliteAddress from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { expect, it } from 'vitest';
import { commands } from 'vitest/browser';

const sqlite = await initSqlJs({ locateFile: () => sqliteAddress });
const crypto = { hasher: portableHasher, ed25519: nobleEd25519 };

it.each([1, 2])('folds every verb of seed %i as Node does', async (seed) => {
  const open = () => sqljsStore({ sqlite });
  const fleet = await liveEveryVerb({ seed, crypto, store: open });
  const report = await checkBook(fleet.book(0), { verbs: everyVerb, crypto, stores: { 'sql.js': open } });
  await fleet.close();
  expect(report.problems).toEqual([]);
  expect(report.digest).toBe(await commands.everyVerbDigest(seed));
});
