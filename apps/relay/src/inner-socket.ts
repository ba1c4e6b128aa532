// Where only this program asks: a socket in the data folder, which is its owner's alone, or a port of this machine where the system takes no such path.
import { randomBytes } from 'node:crypto';
import { chmodSync, globSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { isSocketPath } from './socket-path.ts';

/** Answers the path, or the port. Relays that share an engine may share a folder, too: each has a socket of its own. */
export async function listenInside(server: Server, dataDir: string): Promise<string | number> {
  await removeLeft(dataDir);
  const path = join(dataDir, `inner-${randomBytes(4).toString('hex')}.sock`);
  // No socket can be where the folder is read alone, or of a file system without them.
  if (process.platform !== 'win32' && isSocketPath(path) && (await isHeard(server, path))) {
    chmodSync(path, 0o600);
    return path;
  }
  await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Whether it listens there now. */
function isHeard(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const fail = (): void => resolve(false);
    server.once('error', fail).listen(path, () => {
      server.off('error', fail);
      resolve(true);
    });
  });
}

/** Sockets of relays that were killed. */
async function removeLeft(dataDir: string): Promise<void> {
  for (const name of globSync('inner-*.sock', { cwd: dataDir })) {
    const path = join(dataDir, name);
    const code = await new Promise<string | undefined>((resolve) => {
      const asking = connect(path, () => resolve(void asking.destroy()));
      asking.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    if (code === 'ECONNREFUSED') rmSync(path, { force: true });
  }
}
