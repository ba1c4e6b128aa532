/** Ours: oplog, chain and sign, through their public entries, on better-sqlite3. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRecord, verifyChain, verifyRuns } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import {
  type ChainHead,
  createIdMint,
  type DeviceId,
  type OpHash,
  type OpRecord,
  orderTail,
  parseBookId,
  parseOpHash,
  parseScope,
  parseVerbRef,
  type SyncLogStore,
} from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { createMemoryKeyStore, createRecordVerifier, type DeviceKey, signOp } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import Database from 'better-sqlite3';
import { type Done, type Peer, runTask, timed } from './task.ts';

const hasher = nodeHasher;
const scope = known(parseScope('hq'));
const verb = known(parseVerbRef('event.add@1'));
const book = known(parseBookId(hasher.sha256Hex('the book of the peers')));
/** Sequence 1 of every device links to the op that enrolled it. */
const enrolment = known(parseOpHash(hasher.sha256Hex('the op that enrolled both devices')));

/** The keys of both devices are known, as they are to a reader that has the log of people and devices. */
const keys: readonly DeviceKey[] = [await keyOf(1), await keyOf(2)];
const verify = createRecordVerifier({
  book,
  ed25519: nodeEd25519,
  publicKeyOf: (keyId, device) => keys.find((key) => key.keyId === keyId && key.device === device)?.publicKey,
});

async function keyOf(device: number): Promise<DeviceKey> {
  const seed = hasher.sha256(new TextEncoder().encode(`device ${device} of the peers`));
  return createMemoryKeyStore(nodeEd25519, hasher).import('device', seed);
}

const peer: Peer = {
  async append(folder, payloads, group) {
    const { store, close } = openStore(folder);
    const { ms, cpuMs } = await timed(async () => write(store, keys[0] as DeviceKey, payloads, group));
    const done = { ms, cpuMs, payloads: store.pending(scope).map(payloadOf) };
    close();
    return done;
  },

  async reopen(folder) {
    return timedRead(async () => {
      const { store, close } = openStore(folder);
      const chains = Map.groupBy(store.pending(scope), ({ op }) => op.device);
      const payloads: string[] = [];
      for (const chain of chains.values()) {
        const verdict = await verifyChain(chain, { hasher, verify, start: { enrolment } });
        if (!verdict.ok) throw new Error(verdict.message);
        for (const record of chain) payloads.push(payloadOf(record));
      }
      return { payloads, close };
    });
  },

  async part(folder, first, second) {
    const { store, close } = openStore(folder);
    write(store, keys[0] as DeviceKey, first, first.length);
    close();
    const other = new Database(':memory:');
    const apart = createSqliteLogStore(other);
    write(apart, keys[1] as DeviceKey, second, second.length);
    writeFileSync(join(folder, 'update'), encodeBundle(apart.pending(scope)));
    other.close();
  },

  async merge(folder) {
    const { store, close } = openStore(folder);
    return timedRead(async () => {
      const opened: OpRecord[] = [];
      for (const frame of decodeBundle(readFileSync(join(folder, 'update'))).frames) {
        const record = openRecord(frame, hasher);
        if (!record.ok) throw new Error(record.message);
        opened.push(record.value);
      }
      const { accepted, refused, waiting } = await verifyRuns(opened, {
        headOf: (device: DeviceId): ChainHead | undefined => store.head(device, scope),
        enrolmentOf: () => enrolment,
        has: (hash: OpHash) => store.has(hash),
        opOf: (hash: OpHash) => store.get(hash)?.record.op,
        verify,
      });
      if (refused.length + waiting.length > 0) throw new Error('the update is not whole');
      store.append(accepted);
      return { payloads: orderTail(store.pending(scope)).map(payloadOf), close };
    });
  },
};

async function timedRead(read: () => Promise<{ payloads: string[]; close: () => void }>): Promise<Done> {
  const { ms, cpuMs, value } = await timed(read);
  value.close();
  return { ms, cpuMs, payloads: value.payloads };
}

/** One op an event, signed; `append` returns when so many of them are on the disk. */
function write(store: SyncLogStore, key: DeviceKey, payloads: readonly string[], group: number): void {
  const ids = createIdMint({ now: Date.now, random: (count) => randomBytes(count) });
  let [seq, prev] = [1, enrolment];
  for (let from = 0; from < payloads.length; from += group) {
    const records: OpRecord[] = [];
    for (const event of payloads.slice(from, from + group)) {
      const op = { args: { event }, at: Date.now(), device: key.device, id: ids.mint(), prev, scope, seq, verb };
      const record = signOp(op, key, book, hasher);
      if (record instanceof Promise) throw new TypeError('a signer in this process answers at once');
      records.push(record);
      seq += 1;
      prev = record.hash;
    }
    store.append(records);
  }
}

function payloadOf({ op }: OpRecord): string {
  return op.args.event as string;
}

function openStore(folder: string): { store: SyncLogStore; close: () => void } {
  const db = new Database(join(folder, 'store.db'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  return { store: createSqliteLogStore(db), close: () => db.close() };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a constant of the bench is not well formed');
  return value;
}

await runTask(peer);
