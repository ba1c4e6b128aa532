// Two relays as processes of their own on one engine, one of them killed while it takes pushes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { OpHash, OpRecord } from '@tallystick/oplog';
import { createFollower, createRelayClient, relayIdOf } from '@tallystick/relay-protocol';
import { createRelayKeys } from '@tallystick/relay-protocol/keys';
import { nodeEd25519 } from '@tallystick/sign/node';
import { afterAll, describe, expect, it } from 'vitest';
import { createFleet, hq } from '../../../packages/relay-protocol/test/fleet.ts';
import { startNats } from '../../../scripts/servers/nats.ts';
import { startPostgres } from '../../../scripts/servers/postgres.ts';
import { isMissing, natsServerPath, postgresFolder } from '../../../scripts/test-environment.ts';
import { parseEngine } from '../src/engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-engines-'));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Spawned {
  readonly child: ChildProcess;
  readonly url: string;
  readonly vkey: string;
}

async function spawnRelay(dataDir: string, engine: readonly string[]): Promise<Spawned> {
  const args = [main, '--data', dataDir, '--port', '0', '--public', ...engine];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const { url, vkey } = await new Promise<{ url: string; vkey: string }>((resolve, reject) => {
    const lines: string[] = [];
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}: ${lines.join('\n')}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line);
      const said = JSON.parse(line) as { event: string; url: string; vkey: string };
      if (said.event === 'listening') resolve(said);
    });
  });
  return { child, url, vkey };
}

const wrappedName = `${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;

/** Puts one, takes it away and puts another, each by the relay that the other one sees it through. Answers the keys by way of the second. */
async function wrappedAt({ book, root }: ReturnType<typeof createFleet>, relays: readonly Spawned[]) {
  const [first, second] = relays.map(({ url, vkey }) => {
    const key = parseVerifierKey(vkey, nodeHasher);
    if (!key.ok) throw new Error(key.code);
    const reader = { device: root.key.device, sign: root.key.sign, relay: relayIdOf(key.value, nodeHasher) };
    return createRelayKeys({ url, book, reader, hasher: nodeHasher });
  }) as [ReturnType<typeof createRelayKeys>, ReturnType<typeof createRelayKeys>];
  await second.put(wrappedName, 'wrapped');
  expect(await first.get(wrappedName)).toBe('wrapped');
  expect(await second.delete(wrappedName)).toBe(true);
  expect([await first.names(), await second.names()]).toEqual([[], []]);
  await first.put(wrappedName, 'wrapped anew');
  expect(await second.get(wrappedName)).toBe('wrapped anew');
  return second;
}

/** The file of a relay that is lost, and comes back when another one has the keys. */
async function comeBackAfter(taker: string, lost: string, engine: readonly string[]): Promise<void> {
  const file = join(lost, 'relay-keys.sqlite');
  expect(readFileSync(file).includes('wrapped anew')).toBe(true);
  const second = await spawnRelay(taker, [...engine, '--keys', 'take']);
  const first = await spawnRelay(lost, [...engine, '--keys', second.url]);
  await Promise.all([first, second].map(({ child }) => stop(child)));
  expect(readFileSync(file).includes('wrapped anew')).toBe(false);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Four tills hand in to two relays, and go to the other one when theirs is gone. */
async function killOneOfTwo(name: string, engine: readonly string[]): Promise<void> {
  const fleet = createFleet(name);
  const dataDirs = ['first', 'second'].map((relay) => join(folder, `${name}-${relay}`)) as [string, string];
  const first = await spawnRelay(dataDirs[0], engine);
  mkdirSync(dataDirs[1], { mode: 0o700 });
  cpSync(join(dataDirs[0], 'relay.key'), join(dataDirs[1], 'relay.key'));
  const second = await spawnRelay(dataDirs[1], [...engine, '--keys', first.url]);
  const relays = [first, second];
  const clients = relays.map(({ url }) => createRelayClient({ url, retry: { attempts: 2, baseMs: 10 } }));
  const [client, other] = clients as [(typeof clients)[0], (typeof clients)[0]];
  try {
    expect(second.vkey).toBe(first.vkey);
    const tills = ['a', 'b', 'c', 'd'].map((till) => fleet.enrol(till));
    await client.push(fleet.book, hq, [fleet.genesis, ...tills.map(({ enrolment }) => enrolment)]);
    const wrapped = await wrappedAt(fleet, relays);
    const acknowledged = new Map<OpHash, number>();
    const handIn = async (at: number, records: readonly OpRecord[]): Promise<number> => {
      try {
        const { results } = await (clients[at] as typeof client).push(fleet.book, hq, records);
        for (const { hash, position } of results) acknowledged.set(hash, position as number);
        return at;
      } catch {
        return handIn(1 - at, records);
      }
    };
    const sell = async ({ writer }: (typeof tills)[number], index: number): Promise<void> => {
      let at = index % 2;
      for (let sale = 0; sale < 15; sale++) {
        at = await handIn(at, writer.writeMany(2));
        if (acknowledged.size > 40) first.child.kill('SIGKILL');
      }
    };
    await Promise.all(tills.map(sell));
    expect(first.child.signalCode).toBe('SIGKILL');
    expect(acknowledged.size).toBe(4 * 15 * 2);
    // The one that has them is gone: nothing is said to be deleted.
    await expect(wrapped.delete(wrappedName)).rejects.toMatchObject({ code: 'relay/failed' });
    const key = parseVerifierKey(second.vkey, nodeHasher);
    if (!key.ok) throw new Error(key.code);
    const verifyNote: typeof nodeEd25519.verify = (...args) => nodeEd25519.verify(...args);
    const tip = { size: 0, frontier: [], note: '' };
    const follower = createFollower({
      client: other,
      book: fleet.book,
      scope: hq,
      relay: key.value,
      verifyNote,
      hasher: nodeHasher,
      tip,
    });
    const followed: OpRecord[] = [];
    for (let page = await follower.next(); page !== undefined; page = await follower.next())
      followed.push(...page.records);
    expect(followed).toHaveLength(5 + acknowledged.size);
    for (const [position, { hash }] of followed.entries()) expect(acknowledged.get(hash) ?? position).toBe(position);
  } finally {
    for (const { child } of relays) await stop(child);
  }
  await comeBackAfter(dataDirs[1], dataDirs[0], engine);
}

describe('two relays on one engine, one of them killed', () => {
  it.skipIf(isMissing('PostgreSQL', postgresFolder()))('lose nothing on PostgreSQL', async () => {
    const postgres = await startPostgres();
    try {
      await killOneOfTwo('postgres', ['--engine', 'postgres', ...postgres.urls.flatMap((url) => ['--server', url])]);
    } finally {
      await postgres.stop();
    }
  });

  it.skipIf(isMissing('nats-server 2.12.3', natsServerPath()))('lose nothing on NATS', async () => {
    const nats = await startNats();
    try {
      const servers = nats.urls.flatMap((url) => ['--server', url]);
      await killOneOfTwo('nats', [
        '--engine',
        'nats',
        ...servers,
        ...nats.monitorUrls.flatMap((url) => ['--monitor', url]),
      ]);
    } finally {
      await nats.stop();
    }
  });
});

/** In front of a server; `freeze` leaves all connections open and hands on nothing more, as a machine does that is lost. */
async function startProxy(port: number): Promise<{ readonly server: Server; readonly port: number; freeze(): void }> {
  const pairs: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    pairs.push(near, far);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const freeze = (): void => pairs.forEach((socket) => void socket.unpipe().pause());
  return { server, port: (server.address() as AddressInfo).port, freeze };
}

describe('a relay whose engine no longer answers', () => {
  it.skipIf(isMissing('PostgreSQL', postgresFolder()))('ends when it is told to', async () => {
    const postgres = await startPostgres();
    const url = new URL(postgres.primary.url);
    const proxy = await startProxy(Number(url.port));
    url.port = String(proxy.port);
    const { child } = await spawnRelay(join(folder, 'frozen'), ['--engine', 'postgres', '--server', String(url)]);
    try {
      proxy.freeze();
      child.kill('SIGTERM');
      await expect.poll(() => child.exitCode).toBe(0);
    } finally {
      child.kill('SIGKILL');
      proxy.server.close();
      await postgres.stop();
    }
  });
});

describe('the options of an engine', () => {
  it('fit each other or are refused', () => {
    const urls = ['postgres://a/b', 'postgres://c/d'];
    expect(parseEngine({}, {})).toEqual({ kind: 'sqlite' });
    expect(parseEngine({ engine: 'postgres' }, { TALLYSTICK_RELAY_SERVERS: urls.join(' ') })).toEqual({
      kind: 'postgres',
      servers: urls,
    });
    expect(parseEngine({ engine: 'postgres', server: urls, standby: 'required' }, {})).toEqual({
      kind: 'postgres',
      servers: urls,
      standby: 'required',
    });
    expect(parseEngine({ engine: 'nats', server: ['n'], monitor: ['m'] }, {})).toEqual({
      kind: 'nats',
      servers: ['n'],
      monitors: ['m'],
    });
    for (const [given, keys] of [
      ['take', 'take'],
      ['https://keeper.example', { url: 'https://keeper.example' }],
    ] as const)
      expect(parseEngine({ engine: 'postgres', server: urls, keys: given }, {})).toMatchObject({ keys });
    const wrong = [
      { keys: 'take' },
      { engine: 'postgres', server: urls, keys: 'here' },
      { engine: 'oracle', server: urls },
      { engine: 'postgres' },
      { engine: 'nats', server: ['n'] },
      { server: urls },
      { engine: 'postgres', server: urls, stream: 's' },
      { engine: 'postgres', server: urls, standby: 'perhaps' },
    ];
    for (const flags of wrong) expect(parseEngine(flags, {})).toBeUndefined();
  });
});
