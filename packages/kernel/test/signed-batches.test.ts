/** Batches signed on the second thread, as they are stored: each signature by itself, because a check of the log takes the one at a run's end for all of it. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { availableParallelism } from 'node:os';
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { type OpRecord, parseScope, type Scope, signatureOf } from '@tallystick/oplog';
import { type DeviceKey, signaturePreimage } from '@tallystick/sign';
import { afterEach, expect, it } from 'vitest';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

const hq = parseScope('hq') as Scope;
/** So many at once and as many after them; between them more than the thread has places for. */
const sizes = [...Array.from({ length: 20 }, () => 32), 700, 32];

const { sign } = crypto;
afterEach(() => {
  crypto.sign = sign;
  syncBuiltinESMExports();
});

/** Counts what this thread signs itself. */
function countedSigning(): { here: number } {
  const counts = { here: 0 };
  crypto.sign = ((...args: Parameters<typeof sign>) => {
    counts.here += 1;
    return sign(...args);
  }) as typeof sign;
  syncBuiltinESMExports();
  return counts;
}

it('stores every op of small and large batches with a signature of its own, made on the second thread or here', async () => {
  const counts = countedSigning();
  const keys = memoryKeys();
  const book = await openBook({ store: nodeStore(':memory:'), keys, verbs: shopVerbs, edge: testEdge() });
  counts.here = 0;
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
  // The first 256 are signed here in any case, and what the thread has not begun when it is wanted.
  expect(counts.here).toBeGreaterThanOrEqual(256);
  if (availableParallelism() > 1) expect(counts.here).toBeLessThan(records.length);
  await book.close();
});
