// The stores against each other: whatever is done to all of them, they answer alike, and so do their reopened files.
import {
  type DeviceId,
  type OpHash,
  OplogError,
  type OpRecord,
  type Scope,
  type SyncLogStore,
} from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeChain, makeRecord } from './arbitraries.ts';
import { otherwiseSigned } from './contract.ts';
import { createMemoryFile } from './memory-file.ts';

const scopes = ['hq', 'b/1'] as Scope[];
const devices = ['11', '22', '33'].map((byte) => byte.repeat(32)) as DeviceId[];
const chains = scopes.flatMap((scope) => devices.map((device) => makeChain(6, { scope, device })));
const forks = chains.map((chain) => makeRecord({ ...(chain[3] as OpRecord).op, args: { fork: true } }));
const pool: readonly OpRecord[] = [...chains.flat(), ...forks];

type Command = (store: SyncLogStore) => void;

const record = fc.constantFrom(...pool);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.array(record, { maxLength: 6 }).map((records) => (store: SyncLogStore) => store.append(records)),
  fc.tuple(fc.constantFrom(...scopes), fc.nat({ max: 3 }), fc.nat({ max: 9 })).map(([scope, count, skip]) => {
    return (store: SyncLogStore) => {
      const from = store.tip(scope).size;
      const hashes = store
        .pending(scope)
        .slice(skip % 3, (skip % 3) + count)
        .map(({ hash }) => hash);
      store.settle(scope, from, hashes, { size: from + hashes.length, frontier: [`${skip}`], note: `n${skip}` });
    };
  }),
  fc
    .tuple(fc.constantFrom(...scopes), fc.array(record, { maxLength: 3 }), fc.nat({ max: 9 }))
    .map(([scope, records, from]) => {
      const hashes = records.map(({ hash }) => hash);
      return (store: SyncLogStore) =>
        store.settle(scope, from, hashes, { size: from + hashes.length, frontier: [], note: '' });
    }),
  fc
    .tuple(fc.constantFrom(...scopes), fc.uniqueArray(record, { maxLength: 4 }), fc.nat({ max: 4 }))
    .map(([scope, records, byHash]) => {
      return (store: SyncLogStore) => {
        const from = store.tip(scope).size;
        const news = records.filter(({ op, hash }) => op.scope === scope || store.has(hash));
        const ops = news.map((one, index) => (index === byHash ? one.hash : one));
        store.settle(scope, from, ops, { size: from + ops.length, frontier: [], note: 'records' });
      };
    }),
  fc
    .tuple(fc.constantFrom(...scopes), fc.nat({ max: 6 }), record, fc.boolean())
    .map(([scope, size, { op, hash, keyId }, known]) => {
      return (store: SyncLogStore) => {
        const heads = (known ? devices : []).flatMap((device) => {
          const head = store.head(device, scope);
          return head === undefined ? [] : [{ device, ...head, keyId }];
        });
        const named = known ? heads : [{ device: op.device, seq: op.seq, hash, keyId }];
        store.begin(scope, { size, frontier: ['b'], heads: named }, 'begun');
      };
    }),
  fc.tuple(fc.constantFrom(...scopes), fc.nat({ max: 4 })).map(([scope, size]) => {
    return (store: SyncLogStore) => store.unsettle(scope, { size, frontier: ['u'], note: '' });
  }),
  fc.array(record, { maxLength: 3 }).map((records) => {
    return (store: SyncLogStore) => store.replace(records.map(otherwiseSigned));
  }),
  fc.tuple(record, fc.nat({ max: 9 })).map(([{ hash, op }, position]) => {
    return (store: SyncLogStore) =>
      store.addReceipt({ scope: op.scope, note: `r${position}`, lines: [{ hash, position }] });
  }),
  fc.tuple(fc.array(record, { maxLength: 3 }), fc.constantFrom('chain/gap', 'chain/link')).map(([records, code]) => {
    const copies = records.flatMap((one) => (code === 'chain/gap' ? [one] : [one, otherwiseSigned(one)]));
    const entries = copies.map(({ hash, op, bytes }) => ({ hash, scope: op.scope, code, message: op.id, bytes }));
    return (store: SyncLogStore) => store.setAside(entries);
  }),
  fc.array(record, { maxLength: 3 }).map((records) => {
    return (store: SyncLogStore) => store.dropAsides(records.map(({ hash }) => hash));
  }),
  fc.tuple(fc.constantFrom('a', 'b'), fc.string({ unit: 'binary' })).map(([name, value]) => {
    return (store: SyncLogStore) => store.setMeta(name, value);
  }),
);

/** What the store answered: nothing, or the code it threw. */
function run(store: SyncLogStore, step: Command): string {
  try {
    step(store);
    return 'done';
  } catch (error) {
    if (error instanceof OplogError) return error.code;
    throw error;
  }
}

/** Everything a caller can see. */
function observe(store: SyncLogStore): unknown {
  const perScope = scopes.map((scope) => ({
    tip: store.tip(scope),
    base: store.base(scope),
    settled: store.settled(scope, store.base(scope).size, 1_000),
    page: store.settled(scope, store.base(scope).size + 1, 2),
    pending: store.pending(scope),
    receipts: store.receipts(scope),
    asides: store.asides(scope),
    heads: devices.map((device) => store.head(device, scope)),
  }));
  const perHash = (hash: OpHash): unknown => [store.has(hash), store.get(hash), store.receiptPosition(hash)];
  return {
    perScope,
    scopes: store.scopes(),
    asides: store.asides(),
    meta: [store.meta('a'), store.meta('b'), store.meta('c')],
    perHash: pool.map(({ hash }) => perHash(hash)),
  };
}

it('all log stores answer alike, step by step and after reopening (property)', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), fc.nat({ max: 12 }), (steps, indexedAt) => {
      let index: Uint8Array | undefined;
      const db = new Database(':memory:');
      const file = createMemoryFile();
      const [memory, sqlite, framed] = [createMemoryLogStore(), createSqliteLogStore(db), createFileLogStore(file)];
      for (const [at, step] of steps.entries()) {
        const answer = run(memory, step);
        expect(run(sqlite, step)).toBe(answer);
        expect(run(framed, step)).toBe(answer);
        if (at === indexedAt) index = framed.encodeIndex();
      }
      const seen = observe(memory);
      expect(observe(sqlite)).toEqual(seen);
      expect(observe(createSqliteLogStore(db))).toEqual(seen);
      expect(observe(framed)).toEqual(seen);
      expect(observe(createFileLogStore(createMemoryFile(file.contents())))).toEqual(seen);
      expect(observe(createFileLogStore(createMemoryFile(file.contents()), { index }))).toEqual(seen);
      db.close();
    }),
  );
});
