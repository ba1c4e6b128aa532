// How commands on the same machine reach a running relay: a socket in its data folder, which is its owner's alone.
import { randomUUID } from 'node:crypto';
import { chmodSync, globSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isSocketPath } from './socket-path.ts';

const socketPath = (dataDir: string): string => join(dataDir, 'control.sock');

/** Answers commands until it is closed; undefined where the path of the folder is too long for a socket. */
export async function openControl(
  dataDir: string,
  store: { backup(path: string): Promise<void> },
): Promise<Server | undefined> {
  const path = socketPath(dataDir);
  if (!isSocketPath(path)) return undefined;
  // Of a relay that was killed: whoever holds the database is the only one here.
  for (const left of ['control.sock', ...globSync('copy-*.sqlite*', { cwd: dataDir })])
    rmSync(join(dataDir, left), { force: true });
  const server = createServer((asked, response) => {
    const answer = (status: number, said: string): void => void response.writeHead(status).end(said);
    if (asked.method !== 'POST' || asked.url !== '/backup') return answer(404, 'no such command');
    // In its own folder: what else there is may be out of its reach, and within that of whoever asks.
    const name = `copy-${randomUUID()}.sqlite`;
    store.backup(join(dataDir, name)).then(
      () => answer(200, name),
      (error: unknown) => {
        rmSync(join(dataDir, name), { force: true });
        answer(500, error instanceof Error ? error.message : String(error));
      },
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  chmodSync(path, 0o600);
  return server;
}

/** Has the relay that runs on `dataDir` copy its database; the path of the copy, which is the caller's, or undefined where none runs. Throws what it answers. */
export function askCopy(dataDir: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: socketPath(dataDir), path: '/backup', method: 'POST' });
    asking.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? resolve(undefined) : reject(error),
    );
    asking.once('response', (response) => {
      text(response)
        .then((said) =>
          response.statusCode === 200 ? resolve(join(dataDir, said)) : reject(new Error(`the relay answered: ${said}`)),
        )
        .catch(reject);
    });
    asking.end();
  });
}
