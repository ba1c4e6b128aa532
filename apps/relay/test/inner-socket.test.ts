// The socket between the threads of a relay: its own, also where another relay is in the folder, and none where there cannot be one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { listenInside } from '../src/inner-socket.ts';

const root = mkdtempSync(join(tmpdir(), 'inner-'));
const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map(end)));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(dataDir: string, name: string): Promise<{ at: string | number; server: Server }> {
  const server = createServer((_, response) => response.end(name));
  servers.push(server);
  return { at: await listenInside(server, dataDir), server };
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
}

function ask(at: string | number): Promise<string> {
  const to = typeof at === 'string' ? { socketPath: at } : { host: '127.0.0.1', port: at };
  return new Promise((resolve, reject) => {
    request({ ...to, agent: false }, (response) => resolve(text(response)))
      .on('error', reject)
      .end();
  });
}

describe('the socket inside', () => {
  it('is of one relay alone, and stays when another one of the folder ends', async () => {
    const [one, other] = [await open(root, 'one'), await open(root, 'other')];
    expect([await ask(one.at), await ask(other.at)]).toEqual(['one', 'other']);
    expect(statSync(String(one.at)).mode & 0o777).toBe(0o600);
    await end(servers.pop() as Server);
    expect(await ask(one.at)).toBe('one');
  });

  it('of a relay that was killed goes with the next start', async () => {
    const path = join(root, 'inner-0.sock');
    const killed = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', killed]);
    expect(readdirSync(root)).toEqual(['inner-0.sock']);
    await open(root, 'next');
    expect(readdirSync(root)).not.toContain('inner-0.sock');
  });

  it('is a port of this machine where the path is too long in bytes, or takes no socket', async () => {
    const long = join(root, 'ü'.repeat(40));
    mkdirSync(long);
    for (const folder of [long, join(root, 'missing')]) {
      const { at } = await open(folder, 'by port');
      expect([typeof at, await ask(at)]).toEqual(['number', 'by port']);
    }
  });
});
