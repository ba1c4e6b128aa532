// A sole office, whose key was copied, dies anywhere while it goes on as another device: it is one of the two afterwards, and asking again makes it the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import type { KeyStore } from '@tallystick/sign';
import { type CrashPoint, crashingStore, createCrashPoint } from '@tallystick/testkit';
import { expect, it } from 'vitest';
import { provenDigest } from './fleet.ts';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

/** A key is kept before it is used: making one is a storage call, too. */
function crashingKeys(keys: KeyStore, point: CrashPoint): KeyStore {
  return {
    load: (name) => keys.load(name),
    create(name) {
      point.step();
      return keys.create(name);
    },
  };
}

it('resumes at every storage call of a renewal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-renew-'));
  const sale = { sku: 'a', quantity: 1 };
  const sweep = async (at: number): Promise<{ readonly calls: number; readonly found: string }> => {
    const keys = memoryKeys();
    const path = join(folder, `${at}.db`);
    const open = (store = nodeStore(path), from = keys) =>
      openBook({ store, keys: from, verbs: shopVerbs, edge: testEdge() });
    const office = await open();
    const { device: before } = office;
    await office.commit('stock.move', sale);
    await office.close();
    const opened = createCrashPoint(Number.MAX_SAFE_INTEGER);
    await (await open(crashingStore(nodeStore(path), opened), crashingKeys(keys, opened))).close();
    const point = createCrashPoint(opened.calls + at);
    const dying = await open(crashingStore(nodeStore(path), point), crashingKeys(keys, point));
    await dying.renew().catch((error: unknown) => {
      if (!point.isDead) throw error;
    });
    await dying.close().catch(() => undefined);
    const book = await open();
    const isNew = book.device !== before;
    const found = `${isNew ? 'new' : 'old'} device, ${book.status().role ?? 'not enrolled'}`;
    if (!isNew || book.status().role === undefined)
      expect(await book.renew()).toMatchObject({ enrolled: true, generation: 2, replaces: before });
    expect(book.status().role).toBe('owner');
    expect(await book.commit('stock.move', sale)).toMatchObject({ ok: true });
    expect(book.query('SELECT name FROM devices ORDER BY name').map(({ name }) => name)).toEqual([
      'office',
      'office (2)',
      'root',
    ]);
    await provenDigest(book);
    await book.close();
    return { calls: point.calls - opened.calls, found };
  };
  const { calls, found: whole } = await sweep(1_000_000);
  const found = new Set([whole]);
  for (let at = 1; at <= calls; at++) found.add((await sweep(at)).found);
  // It is never a device that nobody has enrolled.
  expect([...found].sort()).toEqual(['new device, owner', 'old device, owner']);
  rmSync(folder, { recursive: true, force: true });
});
