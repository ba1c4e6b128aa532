/** Signatures of batches, as they are stored: each by itself, because a check of the log takes the one at a run's end for all of it. */
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { type OpRecord, parseScope, type Scope, signatureOf } from '@tallystick/oplog';
import { type DeviceKey, signaturePreimage } from '@tallystick/sign';
import { expect, it } from 'vitest';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

const hq = parseScope('hq') as Scope;
const sizes = [...Array.from({ length: 20 }, () => 32), 700, 32];

it('stores every op of small and large batches with a signature of its own', async () => {
  const keys = memoryKeys();
  const book = await openBook({ store: nodeStore(':memory:'), keys, verbs: shopVerbs, edge: testEdge() });
  for (const size of sizes) {
    const requests = Array.from({ length: size }, (_, at) => ({ sku: `sku-${at}`, quantity: 1 }));
    const commits = await book.commitAll(requests.map((args) => ({ verb: 'stock.move', args })));
    expect(commits.every(({ ok }) => ok)).toBe(true);
  }
  const { device, publicKey } = (await keys.load('device')) as DeviceKey;
  const records = (await book.log.pending(hq)).filter(({ op }) => op.device === device);
  expect(records).toHaveLength(sizes.reduce((sum, size) => sum + size));
  const isSigned = (record: OpRecord): unknown =>
    nodeCrypto.ed25519.verify(publicKey, signaturePreimage(book.id, record.hash), signatureOf(record));
  expect(records.filter((record) => isSigned(record) !== true).map(({ op }) => op.seq)).toEqual([]);
  await book.close();
});
