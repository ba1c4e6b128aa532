// Connections to the primary among several PostgreSQL servers. A session that does not keep what a relay promises is refused: the
// server itself reports its settings, nothing is taken for granted.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientBase, Pool, type PoolClient, type QueryResult } from 'pg';
import { RelayError } from './errors.ts';

export interface PostgresOptions {
  /** Of every server that may be the primary, such as `postgres://relay@db1/relay`. Who is the primary is asked. */
  readonly urls: readonly string[];
  /**
   * `required` refuses a primary without a synchronous standby of a quorum (`ANY n`), so that what is acknowledged survives the
   * loss of one machine. Default `none`.
   */
  readonly standby?: 'required' | 'none';
  /** Connections at once. Default 8. */
  readonly maxConnections?: number;
  /** How long one statement may take, the wait for the standby included. Default 10,000. */
  readonly statementTimeoutMs?: number;
  /** How long a primary is looked for before a call fails. Default 15,000. */
  readonly reconnectTimeoutMs?: number;
}

export type Row = Readonly<Record<string, unknown>>;

export interface Sessions {
  /** One statement in a transaction of its own. Not tried again: the caller knows whether that is safe. */
  run(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** A statement that only reads, tried again when the server was lost. */
  read(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Several statements on one connection in one transaction. */
  transaction<T>(work: (client: ClientBase) => Promise<T>): Promise<T>;
  /** Resolves when the primary has committed something and its standby has it, if one is required: then no other server was promoted before the call. */
  confirm(): Promise<void>;
  close(): Promise<void>;
}

const retryDelayMs = 100;
const minVersion = 150_000;
/** A commit of nothing. */
const confirming = `SELECT pg_logical_emit_message(true, 'tallystick', '')`;
const notPrimary = new RelayError('relay/store', 'the server is not the primary');

/** Whether the connection was lost or the server turned out not to be the primary, so that it is not known what became of a statement. */
export function isLost(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  // 08: connection exceptions; 57: shutting down, crashed, starting; 25006: a standby; other servers' answers are answers.
  return typeof code !== 'string' || /^(08|57P|25006|E[A-Z]+$)/.test(code);
}

export async function openSessions(options: PostgresOptions): Promise<Sessions> {
  const { urls, standby = 'none', reconnectTimeoutMs = 15_000 } = options;
  let current: Pool | undefined;
  let searching: Promise<Pool> | undefined;
  let timeline = 0;
  let isClosed = false;

  const drop = (pool: Pool): void => {
    if (current !== pool) return;
    current = undefined;
    pool.end().catch(() => undefined);
  };

  async function search(): Promise<Pool> {
    const endMs = Date.now() + reconnectTimeoutMs;
    let failure: unknown;
    for (let tries = 0; ; tries++) {
      const pool = createPool(urls[tries % urls.length] as string, options);
      try {
        const found = await checkPrimary(pool, options);
        if (found < timeline) throw new RelayError('relay/store', `timeline ${found} was left for ${timeline}`);
        timeline = found;
        return pool;
      } catch (cause) {
        pool.end().catch(() => undefined);
        // What a primary lacks tells more than that another one is not there or is none.
        if (!(failure instanceof RelayError) || (cause instanceof RelayError && cause !== notPrimary)) failure = cause;
        const isLast = tries % urls.length === urls.length - 1;
        if (isClosed || (isLast && Date.now() >= endMs)) {
          if (failure instanceof RelayError && failure !== notPrimary) throw failure;
          throw new RelayError('relay/store', 'no primary answers', { cause: failure });
        }
        if (isLast) await sleep(retryDelayMs);
      }
    }
  }

  const primary = async (): Promise<Pool> => {
    if (isClosed) throw new RelayError('relay/store', 'the store is closed');
    if (current !== undefined) return current;
    searching ??= search().finally(() => (searching = undefined));
    return (current = await searching);
  };

  async function run(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const pool = await primary();
    try {
      const result: QueryResult<Row> = await pool.query({ name, text, values: [...values] });
      return result.rows;
    } catch (error) {
      if (isLost(error)) drop(pool);
      throw error;
    }
  }

  await primary();
  return {
    run,
    async read(name, text, values) {
      try {
        return await run(name, text, values);
      } catch (error) {
        if (!isLost(error) || isClosed) throw error;
        return run(name, text, values);
      }
    },
    async transaction(work) {
      const pool = await primary();
      let client: PoolClient | undefined;
      try {
        client = await pool.connect();
        await client.query('BEGIN');
        const value = await work(client);
        await client.query('COMMIT');
        client.release();
        return value;
      } catch (error) {
        client?.release(true);
        if (isLost(error)) drop(pool);
        throw error;
      }
    },
    async confirm() {
      if (standby === 'required') await run('confirm', confirming, []);
    },
    async close() {
      isClosed = true;
      await current?.end();
    },
  };
}

function createPool(url: string, { maxConnections = 8, statementTimeoutMs = 10_000 }: PostgresOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementTimeoutMs,
    // The server does not count the wait for a standby; we do.
    query_timeout: statementTimeoutMs + 1_000,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
    application_name: 'tallystick-relay',
    onConnect,
  });
  // A connection that breaks while idle is not an event: the next statement gets another one.
  pool.on('error', () => undefined);
  return pool;
}

// The pool waits for the promise, of which its type says nothing.
const onConnect: (client: ClientBase) => unknown = checkSession;

const sessionReport = `SELECT pg_is_in_recovery() AS "isStandby", current_setting('transaction_read_only') AS "readOnly",
  current_setting('synchronous_commit') AS "synchronousCommit"`;

/** Every session: that it may write, and that its commits are synced and wait for the standby. */
async function checkSession(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ isStandby: boolean; readOnly: string; synchronousCommit: string }>(
    sessionReport,
  );
  const [row] = rows;
  if (row === undefined || row.isStandby || row.readOnly !== 'off') throw notPrimary;
  demand('synchronous_commit', row.synchronousCommit, ['on', 'remote_apply']);
}

interface ServerReport {
  readonly version: number;
  readonly checksums: string;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly standbys: string;
  /** Synchronous standbys that are streaming. */
  readonly quorum: number;
  readonly timeline: number;
}

const serverReport = `SELECT current_setting('server_version_num')::integer AS version, current_setting('data_checksums') AS checksums,
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS "fullPageWrites",
  current_setting('synchronous_standby_names') AS standbys,
  (SELECT count(*)::integer FROM pg_stat_replication WHERE sync_state = 'quorum' AND state = 'streaming') AS quorum,
  ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer AS timeline`;

/** Every server that is taken for the primary. Answers its timeline, which goes up with every promotion. */
async function checkPrimary(pool: Pool, { standby = 'none' }: PostgresOptions): Promise<number> {
  const { rows } = await pool.query<ServerReport>(serverReport);
  const { version, checksums, fsync, fullPageWrites, standbys, quorum, timeline } = rows[0] as ServerReport;
  if (version < minVersion) throw new RelayError('relay/store', `PostgreSQL ${version} is older than ${minVersion}`);
  demand('data_checksums', checksums, ['on']);
  demand('fsync', fsync, ['on']);
  demand('full_page_writes', fullPageWrites, ['on']);
  if (standby === 'required') {
    if (!/^\s*ANY\s+[1-9]/i.test(standbys)) {
      throw new RelayError('relay/store', `synchronous_standby_names is '${standbys}' and must be 'ANY 1 (...)'`);
    }
    if (quorum < 1)
      throw new RelayError(
        'relay/store',
        'no synchronous standby is streaming, or this role may not see it (pg_monitor)',
      );
    // What a crashed primary committed and had not sent is visible and not yet safe; once this commit is, so is that.
    await pool.query(confirming);
  }
  return timeline;
}

function demand(setting: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RelayError('relay/store', `${setting} is '${value}' and must be ${allowed.join(' or ')}`);
}
