/** How many bytes an op costs: on the wire and on the disk. Nothing here depends on the machine's mood; every run must give the same. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import type { OpHash, OpRecord } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createDice, createSeededKeys, createWriter, openingMs } from '@tallystick/testkit';
import Database from 'better-sqlite3';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { openTill, recordsOf, settleAll, trade, wireBytes } from '../sales.ts';
import { type Case, mustBe, type Size, type Suite } from '../suite.ts';

const PAYLOAD_BYTES = 177;
/** How many ops a device pushes in one request. */
const PUSH_OPS = 1_000;

export const bytes: Suite = {
  name: 'bytes',
  summary: 'bytes per op: records and gzipped pushes of sales, the database of a till, the log of small payloads',
  prepare: async (size, folder) => ({
    cases: [salesCase(size, folder), payloadCase(size, folder)],
    close: async () => undefined,
  }),
};

function salesCase({ ops }: Size, folder: string): Case {
  return {
    figures: [
      { name: 'record-sale', unit: 'bytes' },
      { name: 'wire-sale-gzip', unit: 'bytes' },
      { name: 'stored-sale-pending', unit: 'bytes' },
      { name: 'stored-sale-settled', unit: 'bytes' },
    ],
    count: async () => ({ ops, linesPerSale: 3, opsPerPush: PUSH_OPS }),
    run: () =>
      inFolder(folder, async (own) => {
        const path = join(own, 'till.db');
        const till = await openTill({ store: nodeStore(path) });
        const opened = (await recordsOf(till.book)).length;
        const before = usedBytes(path);
        await trade(till, ops);
        const sales = (await recordsOf(till.book)).slice(opened);
        mustBe('sales in the log', sales.length, ops);
        const pending = usedBytes(path) - before;
        await settleAll(till);
        const settled = usedBytes(path) - before;
        await till.book.close();
        const pushes: number[] = [];
        for (let from = 0; from < ops; from += PUSH_OPS)
          pushes.push(gzipSync(encodeBundle(sales.slice(from, from + PUSH_OPS))).length);
        const gzipped = pushes.reduce((sum, length) => sum + length, 0);
        return [wireBytes(sales) / ops, gzipped / ops, pending / ops, settled / ops];
      }),
  };
}

function payloadCase({ ops }: Size, folder: string): Case {
  return {
    figures: [{ name: `stored-payload-${PAYLOAD_BYTES}`, unit: 'bytes' }],
    count: async () => ({ ops, payloadBytes: PAYLOAD_BYTES }),
    run: () =>
      inFolder(folder, async (own) => {
        const path = join(own, 'log.db');
        const db = new Database(path);
        db.pragma('journal_mode = WAL');
        const log = createSqliteLogStore(db);
        const before = usedBytes(path);
        const records = await payloadRecords(ops);
        for (let from = 0; from < ops; from += PUSH_OPS) log.append(records.slice(from, from + PUSH_OPS));
        const after = usedBytes(path);
        db.close();
        return [(after - before) / ops];
      }),
  };
}

/** A chain of ops whose args are exactly so long, of text that does not repeat. */
async function payloadRecords(count: number): Promise<readonly OpRecord[]> {
  const { hasher } = nodeCrypto;
  const key = await createSeededKeys('payload', nodeCrypto).create('device');
  const genesis = hasher.sha256Hex('a book') as OpHash;
  const writer = createWriter({ key, book: genesis as never, after: genesis, hasher, atMs: openingMs });
  const dice = createDice(177);
  const textBytes = PAYLOAD_BYTES - '{"text":""}'.length;
  const records: OpRecord[] = [];
  for (let index = 0; index < count; index++) {
    const text = Buffer.from(dice.bytes(textBytes)).toString('base64').slice(0, textBytes);
    records.push(await writer.write({ verb: 'note.write@1', args: { text } }));
  }
  return records;
}

/** Bytes of the pages in use, as another connection sees them: neither the write-ahead log nor pages that are free again. */
function usedBytes(path: string): number {
  const db = new Database(path, { readonly: true });
  const value = (name: string): number => Number(db.pragma(name, { simple: true }));
  const bytes = (value('page_count') - value('freelist_count')) * value('page_size');
  db.close();
  return bytes;
}

async function inFolder<T>(folder: string, work: (own: string) => Promise<T>): Promise<T> {
  const own = await mkdtemp(join(folder, 'bytes-'));
  try {
    return await work(own);
  } finally {
    await rm(own, { recursive: true });
  }
}
