// PostgreSQL on loopback for tests, drills and benches: a primary with page checksums and, if asked for, a synchronous standby,
// in a temporary folder, as the user `postgres` where we are root. Every commit is synced, and waits for the standby.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgresFolder } from '../test-environment.ts';
import { freePorts } from '../free-ports.ts';
import { type ChildServer, createChildServer, until } from './child-server.ts';

const run = promisify(execFile);
const user = 'tallystick';

export interface PostgresServer extends ChildServer {
  readonly url: string;
  /** First column of the first row, as text. */
  query(sql: string): Promise<string>;
}

export interface Postgres {
  /** The server that takes writes: another one after `promote`. */
  readonly primary: PostgresServer;
  readonly standby: PostgresServer | undefined;
  /** Of both servers, in a fixed order: what a relay is given. */
  readonly urls: readonly string[];
  readonly folder: string;
  /** Makes the standby the primary and does not wait for another standby: commits wait until `addStandby`. */
  promote(): Promise<void>;
  /** Copies the primary afresh into the other server's folder and starts it as the synchronous standby. */
  addStandby(): Promise<void>;
  /** Ends the servers and removes the folder. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** A synchronous standby, `ANY 1 (*)`. Default false. */
  readonly standby?: boolean;
}

export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const bin = postgresFolder();
  if (bin === undefined) throw new Error('PostgreSQL is not on this machine');
  const owner = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-postgres-'));
  chmodSync(folder, 0o755);
  const ports = await freePorts(2);
  const servers = ports.map((port) => createServer(bin, folder, port, owner)) as [PostgresServer, PostgresServer];
  const dataOf = (server: PostgresServer): string => join(folder, server.name);
  for (const server of servers) await run('install', ['-d', '-m', '700', ...owner.install, dataOf(server)]);
  let [primary, other] = servers;
  let hasStandby = false;
  const program = (name: string, args: string[]): Promise<unknown> =>
    run(join(bin, name), args, { cwd: '/', ...owner.identity });
  const addStandby = async (): Promise<void> => {
    await other.kill('SIGINT');
    rmSync(dataOf(other), { recursive: true });
    await run('install', ['-d', '-m', '700', ...owner.install, dataOf(other)]);
    await program('pg_basebackup', [
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '--no-sync',
      '-d',
      primary.url,
      '-D',
      dataOf(other),
    ]);
    await other.start();
    hasStandby = true;
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'`);
    await primary.query('SELECT pg_reload_conf()');
    const quorum = `SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum' AND state = 'streaming'`;
    await until('the standby is synchronous', async () => (await primary.query(quorum)) === '1');
  };
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await program('initdb', [
      '--data-checksums',
      '--no-sync',
      '--no-locale',
      '-E',
      'UTF8',
      '-U',
      user,
      '-A',
      'trust',
      '-D',
      dataOf(primary),
    ]);
    await primary.start();
    if (options.standby) await addStandby();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get primary() {
      return primary;
    },
    get standby() {
      return hasStandby ? other : undefined;
    },
    urls: servers.map(({ url }) => url),
    folder,
    async promote() {
      const next = other;
      // Waited for by short queries: one that waits by itself holds a snapshot, and what is still to be replayed may wait for that until the server cancels it.
      await next.query('SELECT pg_promote(false)');
      await until('the standby is the primary', async () => (await next.query('SELECT pg_is_in_recovery()')) === 'f');
      [primary, other] = [other, primary];
      hasStandby = false;
    },
    addStandby,
    stop,
  };
}

function createServer(bin: string, folder: string, port: number, owner: ServerUser): PostgresServer {
  const name = `server-${port}`;
  const url = `postgres://${user}@127.0.0.1:${port}/postgres`;
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    lc_messages: 'C',
    shared_buffers: '128MB',
    max_wal_size: '2GB',
  };
  const server = createChildServer({
    name,
    command: join(bin, 'postgres'),
    args: ['-D', join(folder, name), ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    ...owner.identity,
    ready: /database system is ready to accept/,
  });
  // Not a copy: `pid` is a getter.
  return Object.assign(Object.create(server) as ChildServer, {
    url,
    query: async (sql: string): Promise<string> =>
      (await run(join(bin, 'psql'), ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', sql, url])).stdout.trim(),
  });
}

interface ServerUser {
  readonly identity: { readonly uid?: number; readonly gid?: number };
  readonly install: readonly string[];
}

/** PostgreSQL refuses to run as root. */
function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return { identity: {}, install: [] };
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  return { identity: { uid, gid }, install: ['-o', String(uid), '-g', String(gid)] };
}
