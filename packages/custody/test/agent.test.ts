// Keys that never enter the process: the port over an agent in another process, its faults, and OpenSSH's own agent.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { portableHasher } from '@tallystick/chain';
import { createMemoryKeyStore, type KeyPair, nobleEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isMissing } from '../../../scripts/test-environment.ts';
import { createAgentKeyStore, type KeyAgent } from '../src/index.ts';
import { createSshAgent } from '../src/node.ts';
import { minted, openBook } from './fixtures.ts';

let folder: string;
const processes: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-agent-'));
});
afterEach(async () => {
  for (const child of processes.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill();
      await once(child, 'exit');
    }
  }
  rmSync(folder, { recursive: true });
});

async function spawnAgent(): Promise<{ agent: KeyAgent; stop: () => Promise<void> }> {
  const socket = join(folder, 'agent.sock');
  const script = fileURLToPath(new URL('agent-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  processes.push(child);
  await once(minted(child.stdout ?? undefined), 'data');
  const stop = async (): Promise<void> => {
    child.kill();
    await once(child, 'exit');
  };
  const request = async (ask: string, name: string, message?: Uint8Array): Promise<Uint8Array | undefined> => {
    const connection = createConnection(socket);
    const failed = once(connection, 'error').then(([cause]) => Promise.reject(cause as Error));
    connection.write(`${JSON.stringify({ ask, name, message: message && Buffer.from(message).toString('hex') })}\n`);
    const [line] = (await Promise.race([once(createInterface({ input: connection }), 'line'), failed])) as [string];
    connection.destroy();
    const answer = JSON.parse(line) as { ok: boolean; hex?: string; message?: string };
    if (!answer.ok) throw new Error(answer.message);
    return answer.hex === undefined ? undefined : Uint8Array.from(Buffer.from(answer.hex, 'hex'));
  };
  const agent: KeyAgent = {
    publicKey: (name) => request('publicKey', name),
    sign: async (name, message) => minted(await request('sign', name, message)),
    create: async (name) => minted(await request('create', name)),
  };
  return { agent, stop };
}

describe('a key in an agent of another process', () => {
  it('signs records of its device, and is the same key for every process that asks', async () => {
    const { agent } = await spawnAgent();
    const store = createAgentKeyStore(agent, { ed25519: nodeEd25519 });
    expect(await store.load('device')).toBeUndefined();
    const created = await store.create('device');
    const signsAgain = await openBook(created);
    const loaded = minted(await createAgentKeyStore(agent).load('device'));
    expect(loaded).toMatchObject({ device: created.device, keyId: created.keyId, publicKey: created.publicKey });
    expect(await signsAgain(loaded)).toBe(true);
    expect(JSON.stringify(Object.keys(loaded).sort())).toBe('["device","keyId","publicKey","sign"]');
  });

  it('fails the signature, and so the commit, when the agent is gone', async () => {
    const { agent, stop } = await spawnAgent();
    const key = await createAgentKeyStore(agent).create('device');
    await stop();
    await expect((async () => key.sign(Uint8Array.of(1)))()).rejects.toMatchObject({
      code: 'custody/agent',
      cause: expect.any(Error),
    });
    await expect(openBook(key)).rejects.toMatchObject({ code: 'custody/agent' });
  });

  it('is told when the agent refuses', async () => {
    const { agent } = await spawnAgent();
    const store = createAgentKeyStore(agent);
    await store.create('device');
    await expect((async () => store.create('device'))()).rejects.toMatchObject({ code: 'custody/agent' });
  });
});

describe('an agent that does not do its work', () => {
  const pair = async (): Promise<KeyPair> => nobleEd25519.generate();
  const codeOfSigning = async (agent: KeyAgent): Promise<unknown> => {
    try {
      const key = minted(await createAgentKeyStore(agent).load('device'));
      await key.sign(Uint8Array.of(1, 2, 3));
      return 'signed';
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };

  it('is found out before its signature goes anywhere', async () => {
    const [own, other] = [await pair(), await pair()];
    const honest: KeyAgent = {
      publicKey: async () => own.publicKey,
      sign: async (_, message) => own.sign(message),
    };
    expect(await codeOfSigning(honest)).toBe('signed');
    const signers: KeyAgent['sign'][] = [
      async (_, message) => other.sign(message),
      async () => own.sign(Uint8Array.of(9)),
      async () => new Uint8Array(64),
      async () => new Uint8Array(0),
      async () => {
        throw new Error('no touch');
      },
    ];
    for (const sign of signers) expect(await codeOfSigning({ ...honest, sign })).toBe('custody/agent');
    for (const publicKey of [new Uint8Array(32), new Uint8Array(31), Uint8Array.of(1, ...new Uint8Array(31))]) {
      expect(await codeOfSigning({ ...honest, publicKey: async () => publicKey })).toBe('custody/agent');
    }
    await expect((async () => createAgentKeyStore(honest).create('device'))()).rejects.toMatchObject({
      code: 'custody/agent',
    });
  });
});

const openSsh = ['/usr/bin/ssh-agent', '/usr/bin/ssh-add', '/usr/bin/ssh-keygen'].every((path) => existsSync(path));

describe.skipIf(isMissing('OpenSSH (ssh-agent)', openSsh))("OpenSSH's agent", () => {
  const socket = (): string => join(folder, 'ssh.sock');

  async function startAgent(): Promise<void> {
    const child = spawn('/usr/bin/ssh-agent', ['-D', '-a', socket()], { stdio: ['ignore', 'pipe', 'inherit'] });
    processes.push(child);
    await once(minted(child.stdout ?? undefined), 'data');
  }

  function addKey(comment: string, type = 'ed25519', file = `${comment}-${type}`): void {
    const path = join(folder, file);
    execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', type, '-N', '', '-C', comment, '-f', path]);
    execFileSync('/usr/bin/ssh-add', ['-q', path], {
      env: { ...process.env, SSH_AUTH_SOCK: socket() },
      stdio: 'ignore',
    });
    // From here on the private key is in the agent alone.
    rmSync(path);
  }

  it('signs records with the key of that comment', async () => {
    await startAgent();
    addKey('another');
    addKey('device', 'ecdsa');
    addKey('device');
    const store = createAgentKeyStore(createSshAgent({ socket: socket() }), { ed25519: nodeEd25519 });
    const key = minted(await store.load('device'));
    const signsAgain = await openBook(key);
    expect(await signsAgain(minted(await store.load('device')))).toBe(true);
    expect((await store.load('another'))?.device).not.toBe(key.device);
    expect(await store.load('nobody')).toBeUndefined();
    await expect((async () => store.create('new'))()).rejects.toMatchObject({ code: 'custody/agent' });
  });

  it('no longer signs when the key is taken out, and never guesses between two', async () => {
    await startAgent();
    addKey('device');
    const environment = { ...process.env, SSH_AUTH_SOCK: socket() };
    const store = createAgentKeyStore(createSshAgent({ socket: socket() }));
    const key = minted(await store.load('device'));
    execFileSync('/usr/bin/ssh-add', ['-q', '-D'], { env: environment, stdio: 'ignore' });
    await expect((async () => key.sign(Uint8Array.of(1)))()).rejects.toMatchObject({ code: 'custody/agent' });
    addKey('device', 'ed25519', 'first');
    addKey('device', 'ed25519', 'second');
    await expect((async () => store.load('device'))()).rejects.toMatchObject({ code: 'custody/agent' });
  });

  it('that is not there is an error of the agent', async () => {
    const store = createAgentKeyStore(createSshAgent({ socket: socket() }));
    await expect((async () => store.load('device'))()).rejects.toMatchObject({ code: 'custody/agent' });
  });
});

describe('a server that is no ssh-agent', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function codeOf(reply: Buffer | 'silence' | 'hang up', timeoutMs = 50): Promise<unknown> {
    const socket = join(folder, `${Math.random()}.sock`);
    server = createServer((connection) => {
      connection.on('error', () => undefined);
      connection.once('data', () => {
        if (reply === 'hang up') connection.end();
        else if (reply !== 'silence') connection.write(reply);
      });
    });
    server.listen(socket);
    await once(server, 'listening');
    const store = createAgentKeyStore(createSshAgent({ socket, timeoutMs }));
    return (async () => store.load('device'))().then(
      (key) => (key === undefined ? 'nothing' : 'a key'),
      (error: { code: unknown }) => error.code,
    );
  }

  const message = (...bytes: number[]): Buffer => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    return Buffer.concat([size, Buffer.from(bytes)]);
  };

  it('gets neither trust nor time', async () => {
    expect(await codeOf(message(12, 0, 0, 0, 0), 60_000)).toBe('nothing');
    const replies = [
      'silence',
      'hang up',
      message(5),
      message(12),
      message(12, 0xff, 0xff, 0xff, 0xff),
      message(12, 0, 0, 0, 1, 0, 0, 0, 9, 1),
      message(12, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
      Buffer.of(0xff, 0xff, 0xff, 0xff),
      Buffer.of(0, 0, 0, 0),
      Buffer.of(0, 0, 0, 5, 12),
    ] as const;
    for (const reply of replies) expect(await codeOf(reply), String(reply)).toBe('custody/agent');
  });
});

describe('an ssh-agent that lies', () => {
  const text = (bytes: Uint8Array | string): Buffer => {
    const body = Buffer.from(bytes);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    return Buffer.concat([size, body]);
  };

  /** The code of signing with an agent that answers the request to sign with `reply`. */
  async function codeOf(publicKey: Uint8Array, reply: (message: Uint8Array) => Promise<Buffer>): Promise<unknown> {
    const blob = Buffer.concat([text('ssh-ed25519'), text(publicKey)]);
    const identities = Buffer.concat([Buffer.of(12, 0, 0, 0, 1), text(blob), text('device')]);
    const message = Uint8Array.of(1, 2, 3);
    const socket = join(folder, 'lies.sock');
    const server = createServer((connection) => {
      connection.once('data', (request) => {
        if (request.readUInt8(4) === 11) connection.write(text(identities));
        else void reply(message).then((body) => connection.write(text(body)));
      });
    });
    server.listen(socket);
    await once(server, 'listening');
    const key = minted(await createAgentKeyStore(createSshAgent({ socket })).load('device'));
    const outcome = await Promise.resolve(key.sign(message)).then(
      () => 'signed',
      (error: { code: unknown }) => error.code,
    );
    server.close();
    return outcome;
  }

  it('is found out: another kind of signature, another length, another message, a refusal', async () => {
    const { publicKey, sign } = await nobleEd25519.generate();
    const answer = (type: string, signature: Uint8Array): Buffer =>
      Buffer.concat([Buffer.of(14), text(Buffer.concat([text(type), text(signature)]))]);
    const replies: [string, (message: Uint8Array) => Promise<Buffer>][] = [
      ['signed', async (message) => answer('ssh-ed25519', await sign(message))],
      ['custody/agent', async (message) => answer('ssh-rsa', await sign(message))],
      ['custody/agent', async (message) => answer('ssh-ed25519', (await sign(message)).subarray(1))],
      ['custody/agent', async () => answer('ssh-ed25519', await sign(Uint8Array.of(9)))],
      ['custody/agent', async () => Buffer.of(5)],
    ];
    for (const [expected, reply] of replies) expect(await codeOf(publicKey, reply)).toBe(expected);
  });
});

describe('the store of an agent', () => {
  it('names keys as every store does', async () => {
    const seed = new Uint8Array(32).fill(1);
    const own = await nobleEd25519.fromSeed(seed);
    const inAgent = await createAgentKeyStore({
      publicKey: async () => own.publicKey,
      sign: async (_, message) => own.sign(message),
    }).load('device');
    const inMemory = await createMemoryKeyStore(nobleEd25519, portableHasher).import('device', seed);
    expect(inAgent).toMatchObject({ device: inMemory.device, keyId: inMemory.keyId });
  });
});
