// The relay store on PostgreSQL. Several relays may share it: an append locks the row of its book, compares, writes and commits in one
// call of `relay_append`, so nobody ever numbers rows that somebody else has not committed (docs/decisions/036-engines.md).
import { randomBytes } from 'node:crypto';
import { type BookId, type DeviceId, encodeHex, type OpHash, type RootHash, type Scope } from '@tallystick/oplog';
import type { ClientBase } from 'pg';
import { RelayError } from './errors.ts';
import { createKeptKeys, type KeptKeysOptions } from './kept-keys.ts';
import { createKeeperTable, postgresKeeper } from './postgres-keys.ts';
import { batchesToValues } from './postgres-values.ts';
import { createGathering } from './gathering.ts';
import { appendFunction, conflictState, queries, schemaVersion, tables } from './postgres-schema.ts';
import { isLost, openSessions, type PostgresOptions, type Row, type Sessions } from './postgres-session.ts';
import type { Batch, LogState, RelayStore } from './store.ts';

const appendTries = 3;
const schemaLock = 7_258_401;

export interface PostgresRelayStoreOptions extends PostgresOptions {
  /** The file of wrapped keys, of one relay of all that share the database; without it this one has none. */
  readonly keys?: Pick<KeptKeysOptions, 'path' | 'takeOver' | 'isElsewhere'>;
}

/**
 * Connects to the primary, checks what it reports of itself and makes the tables where there are none. Rejects with `relay/store`
 * when no server keeps what a relay promises: page checksums, synced commits, and the standby if one is required.
 */
export async function createPostgresRelayStore(options: PostgresRelayStoreOptions): Promise<RelayStore> {
  const sessions = await openSessions(options);
  try {
    await sessions.transaction(createTables);
  } catch (error) {
    await sessions.close();
    throw error;
  }
  const read = (name: keyof typeof queries, ...values: unknown[]): Promise<readonly Row[]> =>
    sessions.read(name, queries[name], values);
  const inLog = (
    name: keyof typeof queries,
    book: BookId,
    scope: Scope,
    ...values: unknown[]
  ): Promise<readonly Row[]> => read(name, hexToBytes(book), scope, ...values);
  const readRecords = async (book: BookId, scope: Scope, from: number, end: number): Promise<Uint8Array[]> =>
    (await inLog('records', book, scope, from, end)).map(({ bytes }) => bytes as Uint8Array);
  const gather = <T>(name: keyof typeof queries, toAnswer: (rows: readonly Row[]) => T) =>
    gatherIn(read, name, toAnswer);
  const readLog = gather('log', ([row]) => row && rowToLog(row));
  const readTile = gather('tile', ([row]) => (row?.['hashes'] as Uint8Array | undefined) ?? undefined);
  const readChains = gather('chains', (rows) =>
    toMap(rows, ({ device, seq, hash, forks, late }) => [
      toHex<DeviceId>(device),
      { seq: Number(seq), hash: toHex<OpHash>(hash), forks: Number(forks), late: Number(late) },
    ]),
  );
  const readPlaces = gather('find', (rows) =>
    toMap(rows, ({ hash, position, device, seq }) => [
      toHex<OpHash>(hash),
      { position: Number(position), device: toHex<DeviceId>(device), seq: Number(seq) },
    ]),
  );
  const keys = createKeptKeys({ path: undefined, ...options.keys, registry: postgresKeeper(sessions) });
  return {
    keys,
    async confirm() {
      try {
        await sessions.confirm();
      } catch (cause) {
        throw new RelayError('relay/store', 'the primary cannot reach its standby, and another one may be in force', {
          cause,
        });
      }
    },
    async adoptIdentity(vkey) {
      await sessions.run('adopt', queries.adopt, [vkey]);
      return String((await read('identity'))[0]?.['vkey']);
    },
    bookCount: async () => Number((await read('bookCount'))[0]?.['count']),
    storedBytes: async (book) => Number((await read('storedBytes', hexToBytes(book)))[0]?.['bytes']),
    scopes: async (book) =>
      (await read('scopes', hexToBytes(book))).map(({ scope, size }) => ({
        scope: scope as Scope,
        size: Number(size),
      })),
    log: (book, scope) => readLog([book, scope, [[]]]),
    chains: (book, scope, devices) => readChains([book, scope, [...devices].map((device) => [hexToBytes(device)])]),
    find: (book, scope, hashes) => readPlaces([book, scope, [...hashes].map((hash) => [hexToBytes(hash)])]),
    append: (batches) => append(sessions, batches),
    claims: async (book, scope, tokens) =>
      toMap(await inLog('claims', book, scope, [...tokens]), ({ token, position, hash, device }) => [
        String(token),
        { hash: toHex<OpHash>(hash), device: toHex<DeviceId>(device), position: Number(position) },
      ]),
    async page(book, scope, from, { maxOps, maxBytes }) {
      const end = (await inLog('pageEnd', book, scope, from, maxOps, maxBytes))[0]?.['end'];
      if (end === null || end === undefined) return undefined;
      const [row] = await inLog('rootAt', book, scope, end);
      return { records: await readRecords(book, scope, from, Number(end)), root: toHex<RootHash>(row?.['root']) };
    },
    records: (book, scope, from, limit) => readRecords(book, scope, from, from + limit),
    tile: (book, scope, level, index) => readTile([book, scope, [[level, index]]]),
    enrolments: async (book) =>
      (await read('enrolments', hexToBytes(book))).map(({ hash, bytes, fork, position }) => ({
        hash: toHex<OpHash>(hash),
        bytes: bytes as Uint8Array,
        isFork: fork === true,
        position: Number(position),
      })),
    enrolmentCount: async (book) => Number((await read('enrolmentCount', hexToBytes(book)))[0]?.['enrolments'] ?? 0),
    async rootAt(book, scope, size) {
      const [row] = await inLog('rootAt', book, scope, size);
      return row === undefined ? undefined : toHex<RootHash>(row['root']);
    },
    async cosign({ book, scope, device, size, line }, maxKept) {
      await sessions.run('cosign', queries.cosign, [hexToBytes(book), scope, hexToBytes(device), size, line]);
      await sessions.run('dropCosignatures', queries.dropCosignatures, [hexToBytes(book), scope, maxKept]);
    },
    cosignatures: async (book, scope) =>
      (await inLog('cosignatures', book, scope)).map(({ device, size, line }) => ({
        device: toHex<DeviceId>(device),
        size: Number(size),
        line: String(line),
      })),
    close() {
      keys.close();
      return sessions.close();
    },
  };
}

/** What is asked of one log: rows of values, one for each thing that is looked up. */
type Question = readonly [book: BookId, scope: Scope, lookups: readonly (readonly unknown[])[]];

/** One statement for all questions: the columns of their lookups, each of which has a number that its rows bear. Rows come in the order of the lookups. */
function gatherIn<T>(
  read: (name: keyof typeof queries, ...values: unknown[]) => Promise<readonly Row[]>,
  name: keyof typeof queries,
  toAnswer: (rows: readonly Row[]) => T,
): (question: Question) => Promise<T> {
  return createGathering(async (questions) => {
    const askers: number[] = [];
    const lookups = questions.flatMap(([book, scope, values], asker) => {
      const bytes = hexToBytes(book);
      return values.map((more) => [askers.push(asker) - 1, bytes, scope, ...more]);
    });
    const columns = (lookups[0] ?? []).map((_, column) => lookups.map((lookup) => lookup[column]));
    const rows = columns.length === 0 ? [] : [...(await read(name, ...columns))];
    const answers: Row[][] = questions.map(() => []);
    for (const row of rows.sort((left, right) => Number(left['n']) - Number(right['n'])))
      answers[askers[Number(row['n'])] as number]?.push(row);
    return answers.map(toAnswer);
  });
}

function rowToLog(row: Row): LogState {
  const frontier = row['frontier'] === '' ? [] : String(row['frontier']).split(' ');
  return { size: Number(row['size']), frontier, root: toHex<RootHash>(row['root']) };
}

async function createTables(client: ClientBase): Promise<void> {
  // Front ends that start together make the tables once.
  await client.query('SELECT pg_advisory_xact_lock($1)', [schemaLock]);
  const { rows } = await client.query(`SELECT to_regclass('relay_schema') IS NOT NULL AS exists`);
  if ((rows as { exists: boolean }[])[0]?.exists !== true) {
    await client.query(tables);
    await client.query(appendFunction);
    await client.query(`INSERT INTO relay_schema VALUES (1, ${schemaVersion})`);
  }
  await createKeeperTable(client);
  const version = (await client.query('SELECT version FROM relay_schema')).rows as { version: number }[];
  if (version[0]?.version !== schemaVersion) {
    throw new RelayError(
      'relay/store',
      `schema ${version[0]?.version} is not the ${schemaVersion} that this release knows`,
    );
  }
}

/** Durable when it resolves. An answer that was lost on the way is found out by reading back, never guessed. */
async function append(sessions: Sessions, batches: readonly Batch[]): Promise<void> {
  const id = randomBytes(16);
  const values = batchesToValues(id, batches);
  for (let tries = 1; ; tries++) {
    try {
      await sessions.run('append', queries.append, values);
      return;
    } catch (cause) {
      const code = (cause as { code?: unknown }).code;
      if (code === conflictState) throw new RelayError('relay/conflict', (cause as Error).message, { cause });
      if (cause instanceof RelayError) throw cause;
      if (!isLost(cause)) throw new RelayError('relay/store', 'cannot append', { cause });
      if (await wasAppended(sessions, id, batches[0] as Batch)) return;
      if (tries === appendTries) throw new RelayError('relay/store', `not appended in ${tries} tries`, { cause });
    }
  }
}

function wasAppended(sessions: Sessions, id: Buffer, { book, scope, state }: Batch): Promise<boolean> {
  return sessions.transaction(async (client) => {
    await client.query(queries.settle, [hexToBytes(book)]);
    const { rows } = await client.query(queries.appended, [hexToBytes(book), scope, state.size, id]);
    return rows.length > 0;
  });
}

function hexToBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function toHex<T extends string>(bytes: unknown): T {
  return encodeHex(bytes as Uint8Array) as T;
}

function toMap<K, V>(rows: readonly Row[], toEntry: (row: Row) => [K, V]): Map<K, V> {
  return new Map(rows.map(toEntry));
}
