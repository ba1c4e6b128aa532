// A row of heads that somebody removed from the log must not bring ops in twice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

it('takes in nothing of its own file where the log has lost its heads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-heads-'));
  const [path, keys] = [join(folder, 'shop.db'), memoryKeys()];
  const open = () => openBook({ store: nodeStore(path), keys, verbs: shopVerbs, edge: testEdge() });
  const book = await open();
  for (let at = 0; at < 4; at++) await book.commit('stock.move', { sku: 'apple', quantity: 2 });
  const [file, digest] = [await book.export(), book.digest()];
  await book.close();
  const db = new Database(path);
  db.exec('DELETE FROM log_heads');
  db.close();
  const again = await open();
  expect(await again.import(file)).toMatchObject({ added: 0 });
  expect(again.digest()).toEqual(digest);
  await again.close();
  rmSync(folder, { recursive: true });
});
