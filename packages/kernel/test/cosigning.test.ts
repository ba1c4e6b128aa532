/** Every device that follows a relay vouches for what it was shown. */
import { nodeHasher } from '@tallystick/chain/node';
import { openCosignature } from '@tallystick/chain/op-proof';
import { decodeHex } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import { RelayError } from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import { afterEach, expect, it } from 'vitest';
import { createFleet, type Fleet, HQ, type ShopBook } from './fleet.ts';

const closing: Fleet[] = [];
afterEach(async () => {
  for (const fleet of closing.splice(0)) await fleet.close();
});

async function openFleet(count: number): Promise<Fleet> {
  const fleet = await createFleet(count);
  closing.push(fleet);
  return fleet;
}

/** The size for which the relay can show this device's word, under the key that the book has of it. */
async function vouchedFor(relay: RelayClient, book: ShopBook, count: number): Promise<unknown> {
  const note = await relay.cosigned(book.id, HQ, count);
  const [row] = book.query('SELECT key FROM devices WHERE device = ?', [book.device]);
  const key = { name: book.device, publicKey: decodeHex(String(row?.['key'])) };
  const opened = await openCosignature(note, key, nodeEd25519.verify.bind(nodeEd25519), nodeHasher);
  return opened.ok ? opened.value.checkpoint.size : opened.code;
}

it('a sync leaves the device’s word with the relay, under its key of now', async () => {
  const { books, relay } = await openFleet(2);
  const [owner, till] = books as [ShopBook, ShopBook];
  for (const book of [owner, till]) await book.sync(relay);
  const { settled } = owner.status().scopes[0] as { settled: number };
  expect([await vouchedFor(relay, owner, 2), await vouchedFor(relay, till, 2)]).toEqual([settled, settled]);
  await till.rotate();
  await till.commit('stock.move', { sku: 'tea', quantity: 1 });
  for (const book of [till, owner]) await book.sync(relay);
  expect([await vouchedFor(relay, owner, 2), await vouchedFor(relay, till, 2)]).toEqual([settled + 2, settled + 2]);
});

it('a word is given once for each checkpoint, and again after it did not arrive', async () => {
  const { books, relay } = await openFleet(1);
  const [owner] = books as [ShopBook];
  const said: string[] = [];
  let isThere = false;
  const counting: RelayClient = {
    ...relay,
    async cosign(book, scope, device, note) {
      said.push(note);
      if (!isThere) throw new RelayError('relay/unreachable', 'gone');
      return relay.cosign(book, scope, device, note);
    },
  };
  await expect(owner.sync(counting)).resolves.toMatchObject({ pushed: 2 });
  await expect(relay.cosigned(owner.id, HQ, 1)).rejects.toMatchObject({ code: 'relay/not-cosigned' });
  isThere = true;
  await owner.sync(counting);
  await owner.sync(counting);
  await owner.commit('stock.move', { sku: 'tea', quantity: 1 });
  await owner.sync(counting, { pull: false });
  expect(said).toHaveLength(2);
  await owner.sync(counting);
  expect(said).toHaveLength(3);
  expect(await vouchedFor(relay, owner, 1)).toBe(3);
});
