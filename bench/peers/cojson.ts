/** cojson, with its native cryptography and its own SQLite storage on better-sqlite3. `--map` writes a CoMap, a new key for each event; `--stream` a CoStream. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import {
  type AgentSecret,
  type CoID,
  getSqliteStorage,
  LocalNode,
  type RawAccountID,
  type RawCoMap,
  type RawCoStream,
  type SQLiteDatabaseDriver,
  type SyncMessage,
} from 'cojson';
import { NapiCrypto } from 'cojson/crypto/NapiCrypto';
import { type Done, type Peer, runTask, timed } from './task.ts';

const crypto = await NapiCrypto.create();

/** What a device must know to open its store again. */
interface Known {
  readonly accountID: RawAccountID;
  readonly accountSecret: AgentSecret;
  readonly value: string;
}

/** An account's node on its database. */
interface Opened {
  readonly node: LocalNode;
  readonly events: Events;
  /** Lets the node end, then closes the database, which the node leaves open. */
  close(): Promise<void>;
}

/** A log of events: the two kinds of value that fit. */
interface Events {
  readonly core: RawCoMap['core'];
  push(event: string): void;
  payloads(): string[];
}

const peer = (kind: 'map' | 'stream'): Peer => ({
  async append(folder, payloads, group) {
    const { events, close } = await create(folder, kind);
    const { ms, cpuMs } = await timed(() => write(events, payloads, group));
    const done = { ms, cpuMs, payloads: events.payloads() };
    await close();
    return done;
  },

  async reopen(folder) {
    return timedRead(async () => {
      const { events, close } = await open(folder);
      return { payloads: events.payloads(), close };
    });
  },

  async part(folder, first, second) {
    const made = await create(folder, kind);
    const before = made.events.core.knownState();
    await made.close();
    // The other device starts from a copy: a session of its own of the same account.
    for (const name of ['store.db', 'known.json'])
      writeFileSync(join(folder, `second-${name}`), readFileSync(join(folder, name)));
    const one = await open(folder);
    await write(one.events, first, first.length);
    await one.close();
    const other = await open(folder, 'second-');
    await write(other.events, second, second.length);
    const update = other.events.core.newContentSince(before) ?? [];
    writeFileSync(join(folder, 'update'), JSON.stringify(update));
    await other.close();
  },

  async merge(folder) {
    const { node, events, close } = await open(folder);
    return timedRead(async () => {
      const update = JSON.parse(readFileSync(join(folder, 'update'), 'utf8')) as (SyncMessage & {
        action: 'content';
      })[];
      for (const message of update) node.syncManager.handleNewContent(message, 'import');
      await events.core.waitForSync();
      return { payloads: events.payloads(), close };
    });
  },
});

async function timedRead(read: () => Promise<{ payloads: string[]; close: () => Promise<void> }>): Promise<Done> {
  const { ms, cpuMs, value } = await timed(read);
  await value.close();
  return { ms, cpuMs, payloads: value.payloads };
}

/** Every event is a transaction of its own, signed; `waitForSync` resolves when all are stored. */
async function write(events: Events, payloads: readonly string[], group: number): Promise<void> {
  for (let from = 0; from < payloads.length; from += group) {
    for (const payload of payloads.slice(from, from + group)) events.push(payload);
    await events.core.waitForSync();
  }
}

async function create(folder: string, kind: 'map' | 'stream'): Promise<Opened> {
  const db = openDatabase(folder);
  const { node, accountID, accountSecret } = await LocalNode.withNewlyCreatedAccount({
    creationProps: { name: 'peer' },
    crypto,
    storage: getSqliteStorage(driverOf(db)),
  });
  const group = node.createGroup();
  const value = kind === 'map' ? group.createMap() : group.createStream();
  await node.syncManager.waitForAllCoValuesSync();
  const known: Known = { accountID, accountSecret, value: value.id };
  writeFileSync(join(folder, 'known.json'), JSON.stringify(known));
  return opened(node, db, value);
}

async function open(folder: string, prefix = ''): Promise<Opened> {
  const known = JSON.parse(readFileSync(join(folder, `${prefix}known.json`), 'utf8')) as Known;
  const { accountID, accountSecret } = known;
  const db = openDatabase(folder, prefix);
  const node = await LocalNode.withLoadedAccount({
    accountID,
    accountSecret,
    sessionID: undefined,
    peers: [],
    crypto,
    storage: getSqliteStorage(driverOf(db)),
  });
  const value = await node.load(known.value as CoID<RawCoMap | RawCoStream>);
  if (value === 'unavailable') throw new Error('the value is not in the store');
  // What `load` answers may be the first part of it.
  await value.core.waitForFullStreaming();
  return opened(node, db, value.core.getCurrentContent() as RawCoMap | RawCoStream);
}

function opened(node: LocalNode, db: Database.Database, value: RawCoMap | RawCoStream): Opened {
  const close = async (): Promise<void> => {
    await node.gracefulShutdown();
    db.close();
  };
  return { node, events: value.type === 'comap' ? mapEvents(value) : streamEvents(value), close };
}

/** Keys sort as they were written; those of two sessions differ in their first part. */
function mapEvents(map: RawCoMap): Events {
  const session = map.core.node.currentSessionID;
  let count = 0;
  return {
    core: map.core,
    push: (event) => map.set(`${session} ${String(count++).padStart(9, '0')}`, event, 'trusting'),
    payloads: () =>
      map
        .keys()
        .sort()
        .map((key) => map.get(key) as string),
  };
}

/** In the order of each session. */
function streamEvents(stream: RawCoStream): Events {
  return {
    core: stream.core,
    push: (event) => stream.push(event, 'trusting'),
    payloads: () =>
      stream.sessions().flatMap((session) => [...stream.itemsIn(session)].map(({ value }) => value as string)),
  };
}

function openDatabase(folder: string, prefix = ''): Database.Database {
  const db = new Database(join(folder, `${prefix}store.db`));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  return db;
}

function driverOf(db: Database.Database): SQLiteDatabaseDriver {
  const statements = new Map<string, Database.Statement>();
  const prepare = (sql: string): Database.Statement => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    run: (sql, params) => void prepare(sql).run(...params),
    get: <T>(sql: string, params: unknown[]) => prepare(sql).get(...params) as T | undefined,
    query: <T>(sql: string, params: unknown[]) => prepare(sql).all(...params) as T[],
    transaction: (work) => void db.transaction(work)(),
    closeDb: () => void db.close(),
    getMigrationVersion: () => Number(db.pragma('user_version', { simple: true })),
    saveMigrationVersion: (version) => void db.pragma(`user_version = ${version}`),
  };
}

const kind = process.argv.includes('--stream') ? 'stream' : 'map';
await runTask(peer(kind));
