/** Appending ops with oplog, chain and sign alone: id, canonical text, hash, signature, store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyChain } from '@tallystick/chain';
import type { JsonObject, OpRecord, SyncLogStore } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import Database from 'better-sqlite3';
import { countAllocations } from '../allocations.ts';
import { countedCrypto, countPages, countStatements, WorkCounter } from '../counts.ts';
import { anyArgs, type Author, type Crypto, createAuthor, nodeCrypto, verifierOf } from '../ops.ts';
import { type Case, type Counts, mustBe, opsPerSecond, perOp, type Size, type Suite, timed } from '../suite.ts';

const WARM_UP = 100;
/** A whole number of batches, and few enough that no checkpoint falls into them. */
const COUNTED = 100;
/** Enough that what is left of warming up does not show. */
const ALLOCATING = 500;
const GROUP = 100;

export const append: Suite = {
  name: 'append',
  summary: 'ops of 450 bytes minted, encoded, hashed, signed and stored, without a kernel',
  prepare: async (size, folder) => ({
    cases: [
      memoryCase(size),
      sqliteCase('append-sqlite-one', 1, size.commits, folder),
      sqliteCase(`append-sqlite-${GROUP}`, GROUP, size.ops, folder),
    ],
    close: async () => undefined,
  }),
};

function memoryCase({ ops }: Size): Case {
  const work = async (crypto: Crypto): Promise<{ work: () => void; author: Author; store: SyncLogStore }> => {
    const [author, store, args] = [await createAuthor(crypto), createMemoryLogStore(), anyArgs(ops)];
    return { work: () => appendAll(author, store, args, 1), author, store };
  };
  return {
    figures: [
      { name: 'append-memory', unit: 'ops/s' },
      { name: 'append-memory-cpu', unit: 'ops/s' },
    ],
    count: async () => {
      const counter = new WorkCounter();
      const counted = await work(countedCrypto(nodeCrypto, counter));
      counter.reset();
      counted.work();
      const { hashes, signatures } = counter;
      const counts = perOp({ hashes, signatures, bytes: wireBytes(recordsOf(counted.store)) }, ops);
      return { ...counts, ...(await allocationsOf(createMemoryLogStore)) };
    },
    run: async () => {
      const { work: appendThem, author, store } = await work(nodeCrypto);
      const { ms, cpuMs } = await timed(appendThem);
      await check(author, recordsOf(store), ops);
      return [opsPerSecond(ops, ms), opsPerSecond(ops, cpuMs)];
    },
  };
}

function sqliteCase(name: string, group: number, ops: number, folder: string): Case {
  return {
    figures: [{ name, unit: 'ops/s' }],
    count: async () => {
      const counter = new WorkCounter();
      return onFreshDisk(folder, async (store, path) => {
        const author = await createAuthor(countedCrypto(nodeCrypto, counter));
        appendAll(author, store, anyArgs(WARM_UP), group);
        const args = anyArgs(COUNTED);
        let counts: Counts = {};
        const pages = await countPages(path, async () => {
          counter.reset();
          await countStatements(counter, async () => appendAll(author, store, args, group));
          counts = counter.counts();
        });
        const bytes = wireBytes(recordsOf(store).slice(WARM_UP));
        return perOp({ ...counts, pages, bytes }, COUNTED);
      });
    },
    run: () =>
      onFreshDisk(folder, async (store) => {
        const author = await createAuthor();
        appendAll(author, store, anyArgs(WARM_UP), group);
        const args = anyArgs(ops);
        const { ms } = await timed(() => appendAll(author, store, args, group));
        await check(author, recordsOf(store), WARM_UP + ops);
        return [opsPerSecond(ops, ms)];
      }),
  };
}

/** Hands the ops to the store so many at a time; it has them when `append` returns. */
function appendAll(author: Author, store: SyncLogStore, args: readonly JsonObject[], group: number): void {
  for (let from = 0; from < args.length; from += group) {
    const records: OpRecord[] = [];
    for (const one of args.slice(from, from + group)) records.push(author.write(one));
    store.append(records);
  }
}

async function allocationsOf(createStore: () => SyncLogStore): Promise<Counts> {
  const [author, args] = [await createAuthor(), anyArgs(ALLOCATING)];
  return countAllocations(ALLOCATING, () => appendAll(author, createStore(), args, 1));
}

/** The log holds one whole chain, and every signature in it is valid. */
async function check(author: Author, records: readonly OpRecord[], expected: number): Promise<void> {
  const { hasher } = nodeCrypto;
  const start = { enrolment: author.enrolment };
  const verdict = await verifyChain(records, { hasher, verify: verifierOf(author), start, every: true });
  mustBe('the chain', verdict.ok ? 'ok' : verdict.message, 'ok');
  mustBe('ops in the log', verdict.ok ? verdict.head?.seq : undefined, expected);
}

function recordsOf(store: SyncLogStore): readonly OpRecord[] {
  return store.scopes().flatMap((scope) => [...store.pending(scope)]);
}

function wireBytes(records: readonly OpRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

async function onFreshDisk<T>(folder: string, work: (store: SyncLogStore, path: string) => Promise<T>): Promise<T> {
  const own = await mkdtemp(join(folder, 'append-'));
  const path = join(own, 'log.db');
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    return await work(createSqliteLogStore(db), path);
  } finally {
    db.close();
    await rm(own, { recursive: true });
  }
}
